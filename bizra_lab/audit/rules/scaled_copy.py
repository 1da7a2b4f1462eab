"""
Another run has another shape.

Claim: these quantiles were measured, and those of another run as well.
Reason: load, boundary and luck move the quantiles of a run by different amounts: the tail more than the middle. Where
    each of one set is the same multiple of the other's, it may have been worked out from it.
Threshold: noted when two claims of one source have at least three quantiles in common, no two of them equal, and one
    factor, other than 1 and known to a fifth, maps each of one set to what rounds to the other's. Only a note: the
    same work on a processor that is slower by that factor looks just so, and few digits leave room for chance.
Source: U. Simonsohn (2013), Psychological Science 24(10), 1875-1888, on data too alike to be of two samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bizra_lab.audit._published import UNCLAIMED, Bounds, Knot, and_more, knots
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Estimate, Finding, NotChecked, Weight

QUANTILES_MIN = 3  # of two there is nearly always a factor, within their digits
KNOWN_TO = 1.2  # of the largest factor to the smallest that fits; less well known, any two sets are copies


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    quantiles = [knot for knot in knots(claim, "latency_ns") if 0 < knot.p < 1 and knot.figure.low > 0]
    if claim.samples is not None or len(quantiles) < QUANTILES_MIN or not claim.beside:
        yield UNCLAIMED
        return
    copies: dict[tuple[float, float], list[str]] = {}
    for other in claim.beside:
        factor = _factor(quantiles, other)
        if factor is not None and (factor.low > 1 or factor.high < 1):
            copies.setdefault((factor.low, factor.high), []).append(other.name)
    for (low, high), (first, *more) in copies.items():
        yield Finding(
            Weight.NOTE,
            f"each quantile is {low:.4g} to {high:.4g} times that of {first}{and_more(more)}: one set may "
            "have been worked out from the other",
            ("latency_ns.*",),
        )


def _factor(quantiles: Sequence[Knot], other: Claim) -> Bounds | None:
    """What maps each quantile of the other claim to one of these; None where nothing does, or there are too few."""
    pairs = [(knot.figure, there) for knot in quantiles if (there := given(other, knot.name)) and there.low > 0]
    if min(_different([here for here, _ in pairs]), _different([there for _, there in pairs])) < QUANTILES_MIN:
        return None
    low = max(here.low / there.high for here, there in pairs)
    high = min(here.high / there.low for here, there in pairs)
    return Bounds(low, high) if low <= high <= KNOWN_TO * low else None


def _different(figures: Sequence[Estimate]) -> int:
    return len({figure.value for figure in figures})
