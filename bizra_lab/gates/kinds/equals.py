"""The result must be the limit exactly: for counts and agreements, which have no spread."""

from __future__ import annotations

from bizra_lab.gates._gate import gate
from bizra_lab.model import Answer


@gate
def decide(low: float, high: float, limit: tuple[float, ...]) -> Answer:
    (value,) = limit
    if low == high == value:
        return Answer.PASS
    return Answer.OPEN if low <= value <= high else Answer.FAIL
