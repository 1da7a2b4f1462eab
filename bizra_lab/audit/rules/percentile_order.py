"""
Figures of one set of operations cannot contradict each other.

Claim: the minimum, the percentiles, the mean, the deviation and the maximum are of the same operations.
Reason: a quantile rises with its share, whatever the distribution: min ≤ p50 ≤ p95 ≤ … ≤ max. The same figures keep the
    mean between Σ(p₊ − p)·q and Σ(p₊ − p)·q₊, with q₊ the next figure above q, and the deviation between what holds
    operations apart and what the extremes allow. A figure outside was computed of other operations, typed wrongly, or
    is not what it is called.
Threshold: whole intervals. A figure contradicts another when no value that rounds to its digits agrees with any that
    rounds to the other's; means and deviations are given 1 % more, since percentiles of sketches are off by as much.
Source: E[X] = ∫Q(p)dp for a rising quantile function Q; R. Bhatia, C. Davis (2000), American Mathematical Monthly
    107(4), 353-357, on the deviation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bizra_lab.audit._published import Bounds, Knot, deviation_bounds, knots, mean_bounds, say_bounds
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Finding, NotChecked, Weight
from bizra_lab.units import say

STEMS = ("latency_ns", "service_ns")


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    published = {stem: knots(claim, stem) for stem in STEMS}
    if not any(published.values()):
        yield NotChecked("neither percentiles nor extremes were given", undisclosed=False)
    for stem, figures in published.items():
        fallen = tuple(_fallen(figures))
        yield from fallen
        if figures and not fallen:
            yield from _impossible_moments(claim, stem, figures)


def _fallen(figures: Sequence[Knot]) -> Iterator[Finding]:
    """Each figure that lies below one that it should not, with the nearest such."""
    for place, upper in enumerate(figures):
        for lower in reversed(figures[:place]):
            if lower.p < upper.p and lower.figure.low > upper.figure.high:
                yield Finding(
                    Weight.REFUTES,
                    f"{lower.name} of {_figure(lower)} lies above {upper.name} of {_figure(upper)}; "
                    "a quantile cannot fall as its share rises",
                    (lower.name, upper.name),
                )
                break


def _impossible_moments(claim: Claim, stem: str, figures: Sequence[Knot]) -> Iterator[Finding]:
    mean, deviation = given(claim, f"{stem}.mean"), given(claim, f"{stem}.sd")
    n = min((knot.figure.n for knot in figures), default=0)
    possible = mean_bounds(figures, n)
    if mean is not None and not (mean.high >= possible.low and mean.low <= possible.high):
        yield Finding(
            Weight.REFUTES,
            f"{stem}.mean is {say_bounds(Bounds(mean.low, mean.high))}, but {_listed(figures)} permit "
            f"{say_bounds(possible)}",
            (f"{stem}.mean", "littles_law.*", *(knot.name for knot in figures)),
        )
        return
    if deviation is None:
        return
    spread = deviation_bounds(figures, n, Bounds(mean.low, mean.high) if mean is not None else possible)
    if not (deviation.high >= spread.low and deviation.low <= spread.high):
        yield Finding(
            Weight.REFUTES,
            f"{stem}.sd is {say_bounds(Bounds(deviation.low, deviation.high))}, but {_listed(figures)} permit "
            f"{say_bounds(spread)}",
            (f"{stem}.sd", *(knot.name for knot in figures)),
        )


def _figure(knot: Knot) -> str:
    return say(knot.figure.value, "ns")


def _listed(figures: Sequence[Knot]) -> str:
    return ", ".join(f"{knot.name.rpartition('ns.')[2]} {_figure(knot)}" for knot in figures)
