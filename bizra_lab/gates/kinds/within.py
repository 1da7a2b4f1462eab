"""The result must lie between two limits, ends included."""

from __future__ import annotations

from bizra_lab.gates._gate import gate
from bizra_lab.model import Answer


@gate(limits=2)
def decide(low: float, high: float, limit: tuple[float, ...]) -> Answer:
    least, most = limit
    if least <= low and high <= most:
        return Answer.PASS
    return Answer.FAIL if high < least or low > most else Answer.OPEN
