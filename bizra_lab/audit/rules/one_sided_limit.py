"""
A limit that the impossible keeps tests nothing.

Claim: the figure keeps its limit, so the measurement is good.
Reason: "p99 at most 1.5 ms" is kept best by a clock that stands still, "L at least 0.1" by workers that do not exist.
    A check that a broken measurement passes as easily as a good one, or better, says nothing of either.
Threshold: doubted when a time that may be 0 by its digits is printed as 0 and keeps a limit from above; when an L keeps
    a limit from below and nobody says how many workers there are, or there are fewer than it.
Source: J. D. C. Little (1961), Operations Research 9(3), 383-387: of N workers at most N are in flight.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._published import UNCLAIMED, say_figure
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Estimate, Finding, NotChecked, Weight
from bizra_lab.units import say

IN_FLIGHT = "littles_law.in_flight"


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    limits = claim.declared.limits or {}
    if not claim.stated.sides:
        yield UNCLAIMED
    for name, side in claim.stated.sides.items():
        result = given(claim, name)
        if result is None:
            continue
        if side == "at_most" and result.unit == "ns" and result.value == 0:
            yield Finding(
                Weight.DOUBT,
                f"{say_figure(name, result)} keeps the limit of {say(limits[name], 'ns')} as a clock that stands still "
                "does; it takes a limit from below too, no lower than the clock's step",
                (name,),
            )
        if side == "at_least" and name == IN_FLIGHT and result.high >= limits[name]:
            yield from _without_end(claim, result, limits[name])


def _without_end(claim: Claim, in_flight: Estimate, limit: float) -> Iterator[Finding]:
    workers = claim.declared.workers
    kept = f"an L of {in_flight.value:.4g} keeps the limit of at least {limit:.4g}"
    if workers is None:
        words = "and so does any that is too large; it takes the number of workers, more than which are never in flight"
    elif in_flight.low > workers:
        words = f"with {workers:,} worker{'s' if workers > 1 else ''}; it takes a limit of {workers:,} from above too"
    else:
        return
    yield Finding(Weight.DOUBT, f"{kept}, {words}", (IN_FLIGHT,))
