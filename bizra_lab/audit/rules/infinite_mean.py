"""
A mean that one operation more can double is no mean.

Claim: operations take so long on average.
Reason: where the share slower than x falls like x^(−1/ξ) with ξ ≥ 1, the integral of it has no end: the mean of a
    sample grows with its size for ever. The slowest operation takes as long as a large part of all others together, so
    the next window has another mean.
Threshold: void when the slowest 5 % of the operations have a Hill estimate whose 95 % bound is at least 1, and no tail
    inside them, down to the slowest 50, one that is surely less: a tail that is steep only where two humps meet is not
    taken for one. What each worker of a closed load was at when the window ended counts as far as it went, unless that
    makes more than half of the estimate. Of an open load the times of service are looked at, since a queue evens them
    out.
Source: B. M. Hill (1975), Annals of Statistics 3(5), 1163-1174; that ξ ≥ 1 has no mean: S. Coles, An Introduction to
    Statistical Modeling of Extreme Values (2001), section 4.3. J. H. J. Einmahl, A. Fils-Villetard, A. Guillou (2008),
    Bernoulli 14(1), 207-227, on what was cut.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Finding, Floats, Ints, Samples, Weight
from bizra_lab.units import say

SHAPE_WITHOUT_MEAN = 1.0  # ξ; from here on the mean is infinite
TAIL_SHARE = 0.05  # of the operations; above, most distributions are not yet their tail
TAIL_MIN = 50  # operations; of fewer an estimate is off by more than a seventh of itself
CUT_PART_MAX = 0.5  # of an estimate; workers that stopped early on purpose look cut for very long
Z = 1.6448536269514722  # standard deviations; the normal distribution's 95 %, one-sided
Z_INSIDE = 3.0  # standard deviations; of hundreds of tails one inside another the least is two below by chance

TOUCHES = ("latency_ns.mean", "service_ns.mean")


@rule("samples")
def check(claim: Claim) -> Iterator[Finding]:
    samples = claim.samples
    assert samples is not None
    slowest = int(TAIL_SHARE * len(samples))
    if slowest < TAIL_MIN:
        return
    closed = samples.measurement.load.kind == "closed"
    times_ns = samples.latency_ns if closed else samples.service_ns
    total_ns = float(times_ns.sum(dtype=np.float64))
    cut_ns = _cut_ns(samples) if closed else np.zeros(0, dtype=np.int64)
    tail_ns, ended = _tail(times_ns, cut_ns, slowest + 1)
    if tail_ns[-1] <= 0:
        return
    shapes, of_ended = _hill(tail_ns, ended)
    # Of a tail of this form an estimate from k operations varies by 1/√k of the shape.
    error = 1 / np.sqrt(np.maximum(np.cumsum(ended[:-1]), 1))
    surely, at_most = float(shapes[-1] / (1 + Z * error[-1])), (shapes * (1 + Z_INSIDE * error))[TAIL_MIN - 1 :]
    if of_ended < CUT_PART_MAX * shapes[-1]:
        return
    if surely >= SHAPE_WITHOUT_MEAN and bool((at_most >= SHAPE_WITHOUT_MEAN).all()):
        yield Finding(
            Weight.VOID,
            f"the slowest {slowest:,} operations fall off like x^(−1/ξ) with ξ = {shapes[-1]:.3g}, at least "
            f"{surely:.3g}: from ξ = 1 on there is no mean; the slowest one alone, {say(float(tail_ns[0]), 'ns')}, is "
            f"{say(float(tail_ns[0]) / total_ns, 'share')} of the time of all",
            TOUCHES,
        )


def _cut_ns(samples: Samples) -> Ints:
    """How long each worker had been at its last operation when the last of all ended, in ns."""
    ended_ns: dict[int, int] = {}
    for rows in samples.blocks():
        worker, finished_ns = samples.worker[rows], samples.finished_ns[rows]
        for each in range(int(worker.min()), int(worker.max()) + 1):
            own_ns = finished_ns[worker == each]
            if len(own_ns):
                ended_ns[each] = max(int(own_ns.max()), ended_ns.get(each, 0))
    last_ns = max(ended_ns.values())
    return np.array([last_ns - each for each in ended_ns.values()], dtype=np.int64)


def _tail(times_ns: Ints, cut_ns: Ints, count: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """
    The longest times in ns, falling, and which of them ended.

    The times are left in another order, since a copy of all is memory.
    """
    place = len(times_ns) - count
    times_ns.partition(place)
    both_ns = np.concatenate([times_ns[place:], cut_ns]).astype(np.float64)
    order = np.argsort(-both_ns, kind="stable")[:count]
    return both_ns[order], order < count


def _hill(tail_ns: Floats, ended: npt.NDArray[np.bool_]) -> tuple[Floats, float]:
    """
    Hill's estimate of ξ from the slowest 1, 2, 3 … of falling times, each against the next one.

    Also the last of them as if there were only those that ended.
    """
    logs = np.log(tail_ns)
    counts = np.cumsum(ended[:-1])
    counted = np.maximum(counts, 1)
    shapes: Floats = (np.cumsum(logs[:-1]) - np.arange(1, len(logs)) * logs[1:]) / counted
    of_ended = float((logs[:-1] - logs[-1])[ended[:-1]].sum()) / int(counted[-1])
    return shapes, of_ended
