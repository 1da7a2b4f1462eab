"""At most."""

import pytest

from bizra_lab.gates.kinds.at_most import decide
from bizra_lab.model import Answer


@pytest.mark.parametrize(
    ("expected", "low", "high"),
    [(Answer.PASS, 1, 10), (Answer.OPEN, 1, 10.1), (Answer.OPEN, 10, 11), (Answer.FAIL, 10.1, 11)],
)
def test_the_limit_itself_is_still_good(expected: Answer, low: float, high: float) -> None:
    assert expected is decide(low, high, (10.0,))
