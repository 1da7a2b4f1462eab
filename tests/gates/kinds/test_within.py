"""Within."""

import pytest

from bizra_lab.gates.kinds.within import decide
from bizra_lab.model import Answer


@pytest.mark.parametrize(
    ("expected", "low", "high"),
    [
        (Answer.PASS, 1, 2),
        (Answer.OPEN, 0.9, 1.5),
        (Answer.OPEN, 0, 3),
        (Answer.FAIL, 0, 0.9),
        (Answer.FAIL, 2.1, 3),
    ],
)
def test_both_ends_are_still_good(expected: Answer, low: float, high: float) -> None:
    assert expected is decide(low, high, (1.0, 2.0))
