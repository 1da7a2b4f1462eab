"""
A mean that one operation more can double is no mean.

Claim: operations take so long on average.
Reason: where the share slower than x falls like x^(−1/ξ) with ξ ≥ 1, the integral of it has no end: the mean of a
    sample grows with its size for ever. The slowest operation takes as long as a large part of all others together, so
    the next window has another mean.
Threshold: void when the slowest 5 % of the operations, and every tail inside them down to the slowest 50, have a Hill
    estimate of at least 1, and the largest of these tails one whose 99 % bound is at least 1. A tail that is steep only
    where two humps meet, or only far out, is not taken for one.
Source: B. M. Hill (1975), Annals of Statistics 3(5), 1163-1174; that ξ ≥ 1 has no mean: S. Coles, An Introduction to
    Statistical Modeling of Extreme Values (2001), section 4.3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Finding, Floats, Ints, Weight
from bizra_lab.units import say

SHAPE_WITHOUT_MEAN = 1.0  # ξ; from here on the mean is infinite
TAIL_SHARE = 0.05  # of the operations; above, most distributions are not yet their tail
TAIL_MIN = 50  # operations; of fewer an estimate is off by more than a seventh of itself
Z = 2.3263478740408408  # standard deviations; the normal distribution's 99 %, one-sided

TOUCHES = ("latency_ns.mean", "service_ns.mean")


@rule("samples")
def check(claim: Claim) -> Iterator[Finding]:
    samples = claim.samples
    assert samples is not None
    slowest = int(TAIL_SHARE * len(samples))
    if slowest < TAIL_MIN:
        return
    tail_ns = _slowest_ns(samples.latency_ns, slowest + 1)
    if tail_ns[-1] <= 0:
        return
    shapes = _hill(tail_ns)
    # Of a tail of this form an estimate from k operations varies by 1/√k of the shape.
    surely = float(shapes[-1]) / (1 + Z / math.sqrt(slowest))
    if surely >= SHAPE_WITHOUT_MEAN and bool((shapes[TAIL_MIN - 1 :] >= SHAPE_WITHOUT_MEAN).all()):
        share = float(tail_ns[0]) / float(samples.latency_ns.sum(dtype=np.float64))
        yield Finding(
            Weight.VOID,
            f"the slowest {slowest:,} operations fall off like x^(−1/ξ) with ξ = {shapes[-1]:.3g}, at least "
            f"{surely:.3g}: from ξ = 1 on there is no mean; the slowest one alone, {say(float(tail_ns[0]), 'ns')}, is "
            f"{say(share, 'share')} of the time of all",
            TOUCHES,
        )


def _slowest_ns(latency_ns: Ints, count: int) -> Floats:
    """The slowest latencies in ns, falling."""
    place = len(latency_ns) - count
    result: Floats = np.sort(np.partition(latency_ns, place)[place:])[::-1].astype(np.float64)
    return result


def _hill(tail_ns: Floats) -> Floats:
    """Hill's estimate of ξ from the slowest 1, 2, 3 … of falling latencies, each against the next one."""
    logs = np.log(tail_ns)
    counts = np.arange(1, len(tail_ns))
    result: Floats = np.cumsum(logs[:-1]) / counts - logs[1:]
    return result
