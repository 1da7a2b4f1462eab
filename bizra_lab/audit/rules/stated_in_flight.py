"""
L is λ times the mean, and nothing else.

Claim: so many operations were in flight on average, worked out from the rate and a latency.
Reason: L = λ·W holds for the mean W. The median in its place gives any L that is asked for, by how skewed the latencies
    are; a latency read in another unit gives one a thousand times off; and a figure that a clock rounded to 0 gives 0.
    A check of L against a limit then tests the slip, not the run.
Threshold: refuted when no rate, no mean and no L that round to what is printed agree, with 2 % allowed for windows that
    differ by a moment; where no mean is given, what percentiles leave open for it. Where the stated L agrees, but is
    within 2 % the rate times another figure than the mean, that is noted; it is doubted when the claim's limit for L
    lies between the two.
Source: J. D. C. Little (1961), Operations Research 9(3), 383-387, on W as an expectation.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._published import UNCLAIMED, Bounds, apart, forced_mean
from bizra_lab.audit._rule import estimates, given, rule
from bizra_lab.audit.rules.littles_law import in_flight
from bizra_lab.model import Claim, Estimate, Finding, NotChecked, Weight
from bizra_lab.units import SECOND_NS, say

STATED = "littles_law.in_flight"
WINDOWS_DIFFER = 0.02  # relative; a tool's rate and its concurrency are over windows that differ by a moment
ALIKE = 0.02  # relative; a product that is cut to two digits, where it might have been rounded, is off by less

# How much too large a unit was read, and how that is said.
_UNITS = (
    (1.0, ""),
    (1e-3, ", read in a unit a thousand times too small"),
    (1e3, ", read in one a thousand times too large"),
)


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    stated, rate = given(claim, STATED), given(claim, "throughput_per_s")
    if stated is None or claim.samples is not None:
        yield UNCLAIMED
        return
    wait = given(claim, "latency_ns.mean") or forced_mean(claim)
    if rate is None or wait is None:
        missing = "throughput_per_s was not" if rate is None else "neither a mean latency nor percentiles were"
        yield NotChecked(f"{missing} given", undisclosed=True)
        return
    low, high = in_flight(rate, wait, printed=True)
    computed = Bounds(low * (1 - WINDOWS_DIFFER), high * (1 + WINDOWS_DIFFER))
    slip = _slip(claim, stated, rate)
    if apart(stated, computed):
        yield Finding(
            Weight.REFUTES, f"{_product(stated, low, high)}{slip}{_limit(claim, stated, wait, rate)}", (STATED,)
        )
    elif slip and not (isinstance(wait, Estimate) and _alike(stated.value, rate.value * wait.value / SECOND_NS)):
        between = _limit(claim, stated, wait, rate)
        yield Finding(
            Weight.DOUBT if between else Weight.NOTE,
            f"{say(stated.value, '')} in flight is stated{slip}, and only the mean makes L"
            f"{_by_mean(rate, wait)}{between}",
            (STATED,),
        )


def _slip(claim: Claim, stated: Estimate, rate: Estimate) -> str:
    """Which other product the stated L is, where it is one."""
    for scale, unit in _UNITS:
        for name, figure in estimates(claim, "latency_ns."):
            if (name, scale) != ("latency_ns.mean", 1.0) and _alike(
                stated.value, rate.value * figure.value * scale / SECOND_NS
            ):
                return f"; it is λ × {name.removeprefix('latency_ns.')}{unit}"
    return ""


def _alike(here: float, there: float) -> bool:
    return abs(here - there) <= ALIKE * max(here, there)


def _product(stated: Estimate, low: float, high: float) -> str:
    level = f"{low:.4g} or more" if high == float("inf") else f"{low:.4g} to {high:.4g}"
    return f"{say(stated.value, '')} in flight is stated, but λ·W of the figures beside it is {level}"


def _by_mean(rate: Estimate, wait: Estimate | Bounds) -> str:
    return f"; λ × mean is {rate.value * wait.value / SECOND_NS:.4g}" if isinstance(wait, Estimate) else ""


def _limit(claim: Claim, stated: Estimate, wait: Estimate | Bounds, rate: Estimate) -> str:
    """What becomes of the claim's own limit for L, where the stated one and λ times the mean lie on two sides of it."""
    limit = (claim.declared.limits or {}).get(STATED)
    if limit is None or not isinstance(wait, Estimate):
        return ""
    by_mean = rate.value * wait.value / SECOND_NS
    if (stated.value > limit) == (by_mean > limit):
        return ""
    return f"; the limit of {say(limit, '')} lies between the two, so the slip decides"
