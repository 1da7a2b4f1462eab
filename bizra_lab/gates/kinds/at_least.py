"""The result must not be below the limit."""

from __future__ import annotations

from bizra_lab.gates._gate import gate
from bizra_lab.model import Answer


@gate
def decide(low: float, high: float, limit: tuple[float, ...]) -> Answer:
    (least,) = limit
    if low >= least:
        return Answer.PASS
    return Answer.FAIL if high < least else Answer.OPEN
