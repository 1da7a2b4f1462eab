"""At least."""

import pytest

from bizra_lab.gates.kinds.at_least import decide
from bizra_lab.model import Answer


@pytest.mark.parametrize(
    ("expected", "low", "high"),
    [(Answer.PASS, 10, 12), (Answer.OPEN, 9.9, 12), (Answer.OPEN, 9, 10), (Answer.FAIL, 9, 9.9)],
)
def test_the_limit_itself_is_still_good(expected: Answer, low: float, high: float) -> None:
    assert expected is decide(low, high, (10.0,))
