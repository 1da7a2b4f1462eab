"""
The shape of a latency distribution: one hump or two, and how much of all time its slowest operations take.

A cache has two kinds of operations, hits and misses, and its mean, its p50 and its p99 may all lie where no operation
ever is. Whether there is more than one hump is asked of the dip, which assumes no family of distributions; only where
it finds more is a valley looked for.

Latencies are compared by their logarithms, and each is first moved at random within the clock's step, since a coarse
clock would give a hump at every tick.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import ndimage

from bizra_lab.analysis import means
from bizra_lab.analysis.quantiles import TAIL_SAMPLES_MIN
from bizra_lab.analysis.shares import share
from bizra_lab.analysis.tails import Values, latencies
from bizra_lab.model import Estimate, Floats, Result, Unavailable

SAMPLE_MAX = 50_000  # latencies looked at: a hump of 1.5 % of them shows, in a third of a second
SAMPLE_MIN = 50  # fewer cannot show a second hump that is not as large as the first
STEPS_MIN = 10  # clock steps in the median; in fewer, humps are ticks

UNIMODAL_P_MIN = 0.01  # less, and one hump is not believed: one in a hundred clean runs is told that it has two
SHARE_MIN = 0.01  # of the operations, on either side of the split: fewer are outliers, not a mode
VALLEY_MAX = 0.5  # of the lower hump's density, at the split: shallower, and the two are not told apart by a time

SLOWEST = Fraction(1, 100)  # what p99 leaves out

# Quantiles of √n·D of n uniform values, the unimodal distribution whose dip is largest: by n, where the p-value is the
# one above. From 100,000 simulations each or more, so that two decimals are sure; past the last n they hardly change.
_P_VALUES = (0.99, 0.9, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
_NULL = {
    50: (0.2222, 0.2667, 0.3455, 0.4157, 0.4591, 0.4968, 0.5423, 0.5734, 0.6021, 0.6365, 0.6624),
    100: (0.2281, 0.2738, 0.3544, 0.4269, 0.4711, 0.5106, 0.5579, 0.5894, 0.6210, 0.6568, 0.6837),
    200: (0.2330, 0.2797, 0.3618, 0.4358, 0.4809, 0.5211, 0.5693, 0.6039, 0.6336, 0.6713, 0.6972),
    500: (0.2383, 0.2854, 0.3678, 0.4431, 0.4893, 0.5309, 0.5802, 0.6145, 0.6500, 0.6873, 0.7157),
    1_000: (0.2404, 0.2873, 0.3710, 0.4469, 0.4933, 0.5348, 0.5845, 0.6188, 0.6508, 0.6920, 0.7206),
    2_000: (0.2432, 0.2895, 0.3735, 0.4493, 0.4961, 0.5371, 0.5881, 0.6237, 0.6573, 0.6982, 0.7315),
    5_000: (0.2439, 0.2917, 0.3760, 0.4520, 0.4990, 0.5418, 0.5929, 0.6278, 0.6595, 0.6956, 0.7284),
    10_000: (0.2445, 0.2923, 0.3768, 0.4533, 0.5006, 0.5427, 0.5928, 0.6288, 0.6634, 0.7037, 0.7349),
}

_BINS = 2_048  # of the density: a bin is a hundredth of a decade or less, unless latencies span twenty


@dataclass(frozen=True, slots=True)
class DipTest:
    """
    The dip of `n` values, a share of them, and how often one hump would dip as much.

    The p-value is held within what was tabulated: 0.001 means at most, 0.99 at least.
    """

    dip: float
    p_value: float
    n: int


@dataclass(frozen=True, slots=True)
class Mode:
    """A hump: where it is highest, in ns, and the share of operations on its side of the split."""

    at_ns: float
    share: Estimate


@dataclass(frozen=True, slots=True)
class TwoModes:
    """Two humps and the latency between them, in ns, that tells fast operations from slow ones."""

    split_ns: float
    fast: Mode
    slow: Mode
    test: DipTest


def dip_test(values: Values) -> DipTest | Unavailable:
    """
    Hartigan and Hartigan's test for more than one hump: the dip, and how often one hump would dip as much.

    Unavailable for fewer than `SAMPLE_MIN` values, and where all are equal. Raises ValueError for values not finite.

    Source: J. A. Hartigan, P. M. Hartigan (1985), Annals of Statistics 13(1), 70-84.
    """
    n = len(values)
    if n < SAMPLE_MIN:
        return Unavailable(f"{n} values do not tell one hump from two; it needs {SAMPLE_MIN}")
    if not np.isfinite(values).all():
        raise ValueError(f"{int((~np.isfinite(values)).sum())} of {n} values are not finite")
    distance = dip(np.sort(values).astype(np.float64))
    if distance is None:
        return Unavailable(f"all {n} values are {values[0]:.10g}: they have no shape")
    return DipTest(distance, _p_value(distance, n), n)


def two_modes(
    latency_ns: Values, step_ns: float, rng: np.random.Generator, confidence: float
) -> TwoModes | Unavailable:
    """
    Where latencies are hits and misses: both humps in ns, the share of each, and the latency that splits them.

    The dip of the logarithms decides whether there are two; the density of the same sample, smoothed by Silverman's
    rule, where the valley is: of the hollows that would hold water between higher ground, the one that holds most. The
    shares are of all operations. Unavailable where there is one hump, where a side has less than `SHARE_MIN` or the
    valley is shallow, and where the clock's step is too coarse to see.

    Source of the smoothing: B. W. Silverman, Density Estimation (1986), section 3.4.2.
    """
    n = len(latencies(latency_ns))
    if n < SAMPLE_MIN:
        return Unavailable(f"{n} operations do not tell one hump from two; it needs {SAMPLE_MIN}")
    if latency_ns.min() == latency_ns.max():
        return Unavailable(f"all {n} latencies are {latency_ns[0]:.10g} ns: they have no shape")
    logs = _log_sample(latency_ns, step_ns, rng)
    if math.exp(logs[len(logs) // 2]) < STEPS_MIN * step_ns:
        return Unavailable(
            f"half of the latencies are below {STEPS_MIN} steps of {step_ns:.4g} ns: humps would be ticks"
        )
    test = dip_test(logs)
    if isinstance(test, Unavailable):
        return test
    if test.p_value >= UNIMODAL_P_MIN:
        return Unavailable(f"one hump explains the latencies (dip {test.dip:.4f}, p {test.p_value:.2g})")
    valley = _valley(logs)
    if valley is None:
        return Unavailable("the latencies have more than one hump, but no valley divides them")
    split_ns, fast_ns, slow_ns = (math.exp(each) for each in valley)
    below = int((latency_ns < split_ns).sum())
    fast, slow = share(below, n, confidence), share(n - below, n, confidence)
    assert isinstance(fast, Estimate) and isinstance(slow, Estimate)
    return TwoModes(split_ns, Mode(fast_ns, fast), Mode(slow_ns, slow), test)


def time_in_slowest(latency_ns: Values, confidence: float, slowest: Fraction = SLOWEST) -> Result:
    """
    The share of all time that the slowest operations take, from latencies in order of completion.

    What a mean is made of: it is 0.01 where all are equal, and where the slowest 1 % take half of the time, the mean
    tells of them and of nobody else. The interval is from batch means of the ratio made linear: by how much each
    operation moves it. Unavailable with fewer than `TAIL_SAMPLES_MIN` among the slowest.

    Source: C. M. Beach, R. Davidson (1983), Review of Economic Studies 50(4), 723-735, on the shares of a Lorenz curve.
    """
    n = len(latencies(latency_ns))
    slow = math.ceil(n * slowest)
    if slow < TAIL_SAMPLES_MIN or n < means.BATCHES * means.BATCH_OPERATIONS_MIN:
        needed = max(math.ceil(TAIL_SAMPLES_MIN / slowest), means.BATCHES * means.BATCH_OPERATIONS_MIN)
        return Unavailable(f"{n} operations do not bound the time of the slowest; it needs {needed}")
    mean_ns = float(latency_ns.mean(dtype=np.float64))
    if mean_ns == 0:
        return Unavailable(f"all {n} operations took 0 ns by the clock")
    limit_ns = float(np.partition(latency_ns, n - slow)[n - slow])
    above_ns = np.maximum(latency_ns - limit_ns, 0.0)
    least = limit_ns * slow / n
    value = (float(above_ns.mean()) + least) / mean_ns
    edges = np.linspace(0, n, means.BATCHES + 1).astype(np.int64)
    above, took = (
        np.add.reduceat(each, edges[:-1], dtype=np.float64) / np.diff(edges) for each in (above_ns, latency_ns)
    )
    around = means.level(value + (above + least - value * took) / mean_ns, confidence, "share", n)
    assert isinstance(around, Estimate)
    return Estimate(value, max(min(around.low, value), 0.0), min(max(around.high, value), 1.0), "share", n)


def dip(rising: Floats) -> float | None:
    """
    The dip of rising values: a share between 1/(2n) and 1/4; None where all are equal.

    The nearest distribution with one hump is convex up to some interval and concave after it. From the whole range the
    interval is narrowed to where the largest convex minorant and the least concave majorant are furthest apart, as long
    as they are further apart there than what lies outside has already cost.
    """
    places, counts = np.unique(rising, return_counts=True)
    if len(places) < 2:
        return None
    upper = np.cumsum(counts) / len(rising)
    lower = np.concatenate(([0.0], upper[:-1]))
    first, last = 0, len(places) - 1
    cost = 1 / len(rising)
    while True:
        x, low, high = places[first : last + 1], lower[first : last + 1], upper[first : last + 1]
        minorant, majorant = _convex(x, low), _convex(x, -high)
        convex, concave = np.interp(x, x[minorant], low[minorant]), np.interp(x, x[majorant], high[majorant])
        corners = np.union1d(minorant, majorant)
        widest = int(corners[np.argmax((concave - convex)[corners])])
        if (concave - convex)[widest] <= cost:
            break
        begin = int(minorant[np.searchsorted(minorant, widest, side="right") - 1])
        end = int(majorant[np.searchsorted(majorant, widest, side="left")])
        # The jumps at both ends stay inside, where the hump may have one.
        left = float((high - convex)[:begin].max(initial=0.0))
        right = float((concave - low)[end + 1 :].max(initial=0.0))
        cost = max(cost, left, right)
        if (begin, end) == (0, last - first):
            break
        first, last = first + begin, first + end
    return cost / 2


def _convex(x: Floats, y: Floats) -> Floats:
    """The places at which the largest convex function below the points (x rising) touches them."""
    corners: list[int] = []
    xs, ys = x.tolist(), y.tolist()
    for place, (right, height) in enumerate(zip(xs, ys, strict=True)):
        while len(corners) > 1:
            before, middle = corners[-2], corners[-1]
            rise = (ys[middle] - ys[before]) * (right - xs[before])
            if rise < (height - ys[before]) * (xs[middle] - xs[before]):
                break
            corners.pop()
        corners.append(place)
    return np.array(corners, dtype=np.int64)


def _p_value(distance: float, n: int) -> float:
    sizes = np.log(list(_NULL))
    at_n = [float(np.interp(math.log(n), sizes, column)) for column in zip(*_NULL.values(), strict=True)]
    logs = np.interp(distance * math.sqrt(n), at_n, np.log(_P_VALUES))
    return float(np.exp(logs))


def _log_sample(latency_ns: Values, step_ns: float, rng: np.random.Generator) -> Floats:
    """Rising logarithms of a sample of the latencies, each moved at random within the clock's step."""
    n = len(latency_ns)
    sample = latency_ns if n <= SAMPLE_MAX else latency_ns[rng.choice(n, SAMPLE_MAX, replace=False, shuffle=False)]
    # A latency of 0 lies anywhere within half a step of 0, to whichever side.
    moved = np.abs(sample + step_ns * (rng.random(len(sample)) - 0.5))
    return np.sort(np.log(np.maximum(moved, np.finfo(np.float64).tiny)))


def _valley(logs: Floats) -> tuple[float, float, float] | None:
    """The places of the valley that holds most, and of the hump to its left and to its right; None without one."""
    counts, edges = np.histogram(logs, bins=_BINS)
    middles = (edges[:-1] + edges[1:]) / 2
    q1, q3 = np.quantile(logs, (0.25, 0.75))
    width = 0.9 * min(float(logs.std()), float(q3 - q1) / 1.349) * len(logs) ** -0.2
    density = ndimage.gaussian_filter1d(counts.astype(np.float64), width / float(edges[1] - edges[0]), mode="constant")
    surface = np.minimum(np.maximum.accumulate(density), np.maximum.accumulate(density[::-1])[::-1])
    water = surface - density
    share_left = np.cumsum(counts) / len(logs)
    between = (share_left >= SHARE_MIN) & (1 - share_left >= SHARE_MIN)
    pools, number = ndimage.label(water > 0)
    if not number:
        return None
    held = ndimage.sum_labels(water, pools, np.arange(1, number + 1))
    fullest = pools == 1 + int(np.argmax(held))
    deep = fullest & between & (density <= VALLEY_MAX * surface)
    if not deep.any():
        return None
    floor = np.flatnonzero(deep & (density <= density[deep].min() + 1e-3 * surface[deep].max()))
    split = int(floor[len(floor) // 2])
    left, right = int(np.argmax(density[:split])), split + int(np.argmax(density[split:]))
    return float(middles[split]), float(middles[left]), float(middles[right])
