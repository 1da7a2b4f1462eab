"""
One number for two kinds of operations is the number of neither.

Claim: a typical operation takes so long.
Reason: hits and misses, short and long paths, a warm and a cold core: where latencies have two humps the mean lies
    between them, where no operation is. The median lies in the larger hump, and where the humps are about equal it
    jumps from one to the other when the mix changes by a little.
Threshold: a valley in the smoothed density of the logarithms of what operations took, without their wait in an open
    load, which a queue parts from none; at most half as high as the lower of two humps and lower
    than it by 5 standard deviations of what chance puts there, with at least 2 % of the operations on either side. Both
    humps are noted; the median is doubted when the smaller has at least 45 %.
Source: B. W. Silverman, Density Estimation for Statistics and Data Analysis (1986), section 3.4.2, on smoothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Finding, Floats, Samples, Weight
from bizra_lab.units import say

SAMPLE_MAX = 50_000  # operations looked at, evenly over the run; a hump of 2 % of them has a thousand
SAMPLE_MIN = 1_000  # operations; of fewer a hump of 2 % is a handful
STEPS_MIN = 10  # clock steps in the 1 % quantile; in fewer, humps are ticks
VALLEY_MAX = 0.5  # of the lower hump; shallower, and no latency tells one kind from the other
SHARE_MIN = 0.02  # of the operations, on either side of the valley; fewer are outliers
SURE = 5.0  # standard deviations between valley and hump; of many places looked at none is so deep by chance
EQUAL_SHARE_MIN = 0.45  # of the smaller hump; the mix need change by a tenth of it for the median to jump

BINS = 1_024  # of the density; a bin is a fiftieth of its smoothing or less


@dataclass(frozen=True, slots=True)
class _Humps:
    """Where the density is highest on either side of a valley, and the valley, in ns; the share below the valley."""

    fast_ns: float
    slow_ns: float
    valley_ns: float
    share_fast: float


@rule("samples")
def check(claim: Claim) -> Iterator[Finding]:
    samples = claim.samples
    assert samples is not None
    humps = _humps(samples)
    if humps is None:
        return
    smaller = min(humps.share_fast, 1 - humps.share_fast)
    equal = smaller >= EQUAL_SHARE_MIN
    yield Finding(
        Weight.DOUBT if equal else Weight.NOTE,
        f"latencies have two humps: {say(humps.share_fast, 'share')} of the operations around "
        f"{say(humps.fast_ns, 'ns')}, the others around {say(humps.slow_ns, 'ns')}, with a valley at "
        f"{say(humps.valley_ns, 'ns')}; " + ("the median may be of either" if equal else "the mean is of neither"),
        ("latency_ns.p50",) if equal else ("latency_ns.mean",),
    )


def _humps(samples: Samples) -> _Humps | None:
    logs = _log_times(samples)
    if logs is None:
        return None
    low, high = float(logs[0]), float(logs[-1])
    width = (high - low) / BINS
    smoothing = _smoothing(logs)
    if width <= 0 or smoothing <= 0:
        return None
    counts = np.histogram(logs, BINS, (low, high))[0].astype(np.float64)
    density = ndimage.gaussian_filter1d(counts, smoothing / width, mode="constant")
    valley = _deepest(density, logs, low, width, smoothing / width)
    if valley is None:
        return None
    fast, slow = int(np.argmax(density[:valley])), valley + int(np.argmax(density[valley:]))
    fast_ns, valley_ns, slow_ns = (math.exp(low + (place + 0.5) * width) for place in (fast, valley, slow))
    return _Humps(fast_ns, slow_ns, valley_ns, _share_below(logs, math.log(valley_ns)))


def _log_times(samples: Samples) -> Floats | None:
    """Rising logarithms of what operations took, each moved within its step; None of few or coarse ones."""
    n = len(samples)
    if n < SAMPLE_MIN:
        return None
    every = math.ceil(n / SAMPLE_MAX)
    took_ns = np.concatenate(
        [
            (samples.finished_ns[rows] - samples.started_ns[rows])[-rows.start % every :: every].copy()
            for rows in samples.blocks()
        ]
    )
    step_ns = max(samples.measurement.clock_step_ns, 1.0)
    if float(np.quantile(took_ns, 0.01)) < STEPS_MIN * step_ns:
        return None
    # With a seed of its own: the same samples have the same humps.
    moved_ns = took_ns + np.random.default_rng(0).uniform(-step_ns / 2, step_ns / 2, len(took_ns))
    result: Floats = np.sort(np.log(np.maximum(moved_ns, 1.0)))
    return result


def _smoothing(logs: Floats) -> float:
    """Silverman's width for a normal density, from the narrower of two spreads: two humps widen the other."""
    quarter, three_quarters = np.quantile(logs, (0.25, 0.75))
    spread = min(float(logs.std()), float(three_quarters - quarter) / 1.34)
    return 0.9 * spread / math.pow(len(logs), 0.2)


def _deepest(density: Floats, logs: Floats, low: float, width: float, smoothing: float) -> int | None:
    """The place of the deepest valley between two humps, relative to the lower of them; None where there is none."""
    left, right = np.maximum.accumulate(density), np.maximum.accumulate(density[::-1])[::-1]
    hump = np.minimum(left, right)
    # A smoothed count comes of about so many bins, so it varies like the square root of count × that.
    bins = 2 * math.sqrt(math.pi) * smoothing
    sure = (hump - density) * bins >= SURE * np.sqrt((hump + density) * bins)
    shares = np.searchsorted(logs, low + (np.arange(len(density)) + 0.5) * width) / len(logs)
    divides = (density <= VALLEY_MAX * hump) & sure & (shares >= SHARE_MIN) & (shares <= 1 - SHARE_MIN)
    if not divides.any():
        return None
    relative = np.where(divides, density / np.where(hump > 0, hump, 1.0), np.inf)
    ties = np.flatnonzero(relative == relative.min())
    return int(ties[len(ties) // 2])


def _share_below(logs: Floats, place: float) -> float:
    return float(np.searchsorted(logs, place)) / len(logs)
