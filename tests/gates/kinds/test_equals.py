"""Equals."""

import pytest

from bizra_lab.gates.kinds.equals import decide
from bizra_lab.model import Answer


@pytest.mark.parametrize(
    ("expected", "low", "high"),
    [(Answer.PASS, 1, 1), (Answer.OPEN, 0.9, 1), (Answer.FAIL, 0.9, 0.99), (Answer.FAIL, 2, 2)],
)
def test_only_an_exact_result_equals_its_limit(expected: Answer, low: float, high: float) -> None:
    assert expected is decide(low, high, (1.0,))
