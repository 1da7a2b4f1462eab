"""The result must not be above the limit."""

from __future__ import annotations

from bizra_lab.gates._gate import gate
from bizra_lab.model import Answer


@gate
def decide(low: float, high: float, limit: tuple[float, ...]) -> Answer:
    (most,) = limit
    if high <= most:
        return Answer.PASS
    return Answer.FAIL if low > most else Answer.OPEN
