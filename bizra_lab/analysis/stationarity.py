"""
Whether a run settled, and from where on it did.

Three looks at values in the order in which they finished, none of which assumes that there is a steady state:

- where to cut a warm-up so that the mean of the rest is known best (`truncation`, MSER-5);
- which levels the run went through and how they ended: flat, warm-up, slowdown, or no steady state (`steadiness`);
- whether it drifted (`trend`), which needs no levels.

Single latencies are heavy-tailed and depend on their neighbours, so levels and drift are looked for in means of
consecutive batches. The unit changes no answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from bizra_lab.errors import CannotMeasure
from bizra_lab.model import Estimate, Floats, Ints, Unavailable

try:
    from bizra_lab.analysis import _levels
except ImportError:  # no compiler where this was installed
    _levels = None  # type: ignore[assignment]

MSER_BATCH = 5  # values; White's choice: enough to smooth single values, few enough to cut finely
MSER_BATCHES_MIN = 20  # with fewer, the half of them that may be cut is a handful of numbers

PENALTY_PER_LOG = 15.0  # × ln n for each change: Krun's, found by hand so that noise makes no changes in its data
OUTLIER_WINDOW = 200  # batches; Krun's
OUTLIER_SPREADS = 3.0  # distances from the 10th to the 90th percentile; Krun's
TOLERANCE_SHARE = 0.001  # of the last level's mean: Krun's 0.001 s, of iterations that took about a second each
STEADY_SHARE = 0.25  # of the run that must be one level at its end: Krun's last 500 of 2,000 iterations
SERIES_MAX = 2_000  # batches that levels are looked for in: Krun's number of iterations; its time grows as its square
SERIES_MIN = 40  # batches; a quarter of fewer than these is no level

MEMORY_MAX = 0.5  # correlation of a batch with the one before; a series with more wanders, which looks like levels

TREND_BATCHES = 20  # few, so that each is long enough to forget the one before; Kendall's tau needs no more

_LEVEL_MIN = 2  # batches, the fewest that have a variance

# From standardised values, the least variance and the penalty: for each end, with which start its last level fits best.
Search = Callable[[Floats, float, float], Ints]

Kind = Literal["flat", "warmup", "slowdown", "no_steady_state"]


@dataclass(frozen=True, slots=True)
class Level:
    """Batches `first` to before `last` of a series, which have one mean and one standard deviation (÷ n)."""

    first: int
    last: int
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Steadiness:
    """
    How a run went: its kind, and the index of the value with which its steady state begins, None where it has none.

    `flat` means that it was steady throughout; `warmup` and `slowdown` that it became faster or slower before it was.
    `levels` count batches of `batch` values, `outliers` the batches set aside before levels were looked for.
    """

    kind: Kind
    begins: int | None
    batch: int
    levels: tuple[Level, ...]
    outliers: int

    def begins_ns(self, stamps_ns: Ints) -> int | None:
        """The stamp of the value with which the steady state begins, of stamps in the order of the values."""
        return None if self.begins is None else int(stamps_ns[self.begins])


@dataclass(frozen=True, slots=True)
class Truncation:
    """From which value on the mean is known best: `begins` of `n` values are to be left out at the start."""

    begins: int
    n: int


@dataclass(frozen=True, slots=True)
class Trend:
    """By how much values rose from the first batch to the last, in their unit, and how likely chance does as much."""

    rise: Estimate
    p_value: float


def truncation(values: npt.ArrayLike) -> Truncation | Unavailable:
    """
    Where to cut a warm-up by MSER-5: where the rest's variance over the square of its number of batches is least.

    Only the first half may be cut. Unavailable when the best cut lies at its end: then what is best lies beyond, and
    the run is too short to tell a warm-up from what follows.

    Raises ValueError for values that are not finite.

    Source: K. P. White (1997), Simulation 69(6), 323-334; K. P. White, M. J. Cobb, S. C. Spratt (2000), Proc. Winter
    Simulation Conference, 755-760.
    """
    series = _finite(values)
    batches = len(series) // MSER_BATCH
    if batches < MSER_BATCHES_MIN:
        return Unavailable(f"{len(series)} values show no warm-up; it needs {MSER_BATCH * MSER_BATCHES_MIN}")
    means = series[: batches * MSER_BATCH].reshape(batches, MSER_BATCH).mean(axis=1)
    # Around their mean, since squares of large numbers that differ little lose the difference.
    means -= means.mean()
    kept = np.arange(batches, 0, -1, dtype=np.float64)
    total, squares = (np.cumsum(each[::-1])[::-1] for each in (means, means**2))
    half = batches // 2
    doubt = ((squares - total**2 / kept) / kept**2)[: half + 1]
    cut = int(np.argmin(doubt))
    if cut == half:
        return Unavailable(f"the mean still settles half-way through {len(series)} values")
    return Truncation(cut * MSER_BATCH, len(series))


def steadiness(values: npt.ArrayLike, tolerance: float = TOLERANCE_SHARE) -> Steadiness | Unavailable:
    """
    Which levels a run went through, and what it is called for that.

    Means of equal batches, at most `SERIES_MAX`, are cut into levels by the best fit of normal distributions with a
    penalty for each; batches that resemble the one before are made longer until they do not. A level counts as the
    last one when its mean lies within max(variance, tolerance) of it, both relative to the last level's mean, as Krun
    takes them of iterations of about a second. Going back from the end, what counts as the last is the steady state.
    It begins too late where less than `STEADY_SHARE` of the run is left, and then there is none; otherwise the level
    before it was slower (a warm-up) or faster (a slowdown). Where batches vary by much of their mean the band is as
    wide, and hides what is smaller: it takes more values to see that.

    Batches far from their neighbours are set aside first, but for those at the start, where a warm-up is.
    Raises ValueError for values that are not finite.

    Source: E. Barrett et al. (2017), Proc. ACM on Programming Languages 1, OOPSLA, article 52, section 4; R. Killick,
    P. Fearnhead, I. A. Eckley (2012), JASA 107(500), 1590-1598.
    """
    whole = _finite(values)
    if len(whole) < SERIES_MIN:
        return Unavailable(f"{len(whole)} values do not show a steady state; it needs {SERIES_MIN}")
    batch = math.ceil(len(whole) / SERIES_MAX)
    while True:
        # The rest of the division is left out at the start, so that the end of the run is in.
        skipped = len(whole) % batch
        series = whole[skipped:].reshape(-1, batch).mean(axis=1)
        kept = np.flatnonzero(~outliers(series))
        levels = _levels_of(series, kept)
        if len(series) < 2 * SERIES_MIN or _memory(series, kept, levels) <= MEMORY_MAX:
            break
        batch *= 2
    settled = _settled(levels, tolerance)
    kind: Kind = "flat"
    begins: int | None = 0
    if settled:
        kind = "warmup" if levels[settled - 1].mean > levels[-1].mean else "slowdown"
        begins = skipped + levels[settled].first * batch
    if levels[settled].first > len(series) * (1 - STEADY_SHARE):
        kind, begins = "no_steady_state", None
    return Steadiness(kind, begins, batch, levels, len(series) - len(kept))


def trend(values: npt.ArrayLike, confidence: float, unit: str) -> Trend | Unavailable:
    """
    By how much a run drifted from its first batch to its last, by Theil and Sen's slope over `TREND_BATCHES` means.

    The interval is Sen's, from Kendall's tau; both compare ranks of means, so they assume no distribution, only that a
    batch is long enough to forget the one before. Raises ValueError for values that are not finite.

    Source: P. K. Sen (1968), JASA 63(324), 1379-1389; M. G. Kendall (1938), Biometrika 30, 81-93.
    """
    series = _finite(values)
    n = len(series)
    if n < TREND_BATCHES:
        return Unavailable(f"{n} values show no trend; it needs {TREND_BATCHES}")
    edges = np.linspace(0, n, TREND_BATCHES + 1).astype(np.int64)
    means = np.add.reduceat(series, edges[:-1]) / np.diff(edges)
    if np.all(series == series[0]):
        return Trend(Estimate(0.0, 0.0, 0.0, unit, n), 1.0)
    places = np.arange(TREND_BATCHES, dtype=np.float64)
    slope, _, low, high = stats.theilslopes(means, places, confidence)
    value, least, most = (float(each) * (TREND_BATCHES - 1) for each in (slope, low, high))
    return Trend(Estimate(value, least, most, unit, n), float(stats.kendalltau(places, means).pvalue))


def outliers(series: Floats) -> npt.NDArray[np.bool_]:
    """
    Which values lie more than `OUTLIER_SPREADS` × (P90 − P10) from the median of the `OUTLIER_WINDOW` around them.

    Values nearer to the start than half a window are never outliers: a warm-up begins with them.
    """
    half = OUTLIER_WINDOW // 2
    if len(series) <= half:
        return np.zeros(len(series), dtype=np.bool_)
    windows = np.lib.stride_tricks.sliding_window_view(series, min(OUTLIER_WINDOW, len(series)))
    low, median, high = np.quantile(windows, [0.1, 0.5, 0.9], axis=1)
    # The last values share the last whole window.
    at = np.clip(np.arange(len(series)) - half, 0, len(windows) - 1)
    found: npt.NDArray[np.bool_] = np.abs(series - median[at]) > OUTLIER_SPREADS * (high[at] - low[at])
    found[:half] = False
    return found


def change_points(series: Floats, penalty: float, search: Search | None = None) -> tuple[int, ...]:
    """
    The indices at which a new level begins: the best fit of normal levels, each with its own mean and variance.

    Least is the sum over levels of twice the negative log-likelihood, and `penalty` for each change. The series is
    standardised first, and no level's variance is taken for less than that of rounding to the step between its values,
    so that ticks of a coarse timer that happen to repeat are no levels. Pruned exact: a start that is worse than a
    later one by more than the penalty can never be best again. `search` is the loop to use, the fastest there is by
    default.

    Source: R. Killick, P. Fearnhead, I. A. Eckley (2012), JASA 107(500), 1590-1598.
    """
    n = len(series)
    if n < 2 * _LEVEL_MIN or np.all(series == series[0]):
        return ()
    standard = (series - series.mean()) / series.std()
    least = _rounding_variance(standard)
    return tuple(_way_back((search or kernel())(standard, least, penalty)))


def kernel(kind: Literal["auto", "c", "numpy"] = "auto") -> Search:
    """The search that is asked for; `auto` is C where it was built. Raises CannotMeasure for a C that was not."""
    if kind == "numpy" or (kind == "auto" and _levels is None):
        return _starts
    if _levels is None:
        raise CannotMeasure("levels c was not built here; expected a C compiler at installation, or levels numpy")
    return _starts_in_c


def _starts_in_c(standard: Floats, least: float, penalty: float) -> Ints:
    return np.frombuffer(_levels.starts(np.ascontiguousarray(standard), least, penalty), np.int64)


def _starts(standard: Floats, least: float, penalty: float) -> Ints:
    n = len(standard)
    sums, squares = (np.concatenate([[0.0], np.cumsum(each)]) for each in (standard, standard**2))
    best, start = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=np.int64)
    best[0] = -penalty
    open_starts, hopeless = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.bool_)
    for end in range(_LEVEL_MIN, n + 1):
        length = end - open_starts
        mean = (sums[end] - sums[open_starts]) / length
        variance = np.maximum((squares[end] - squares[open_starts]) / length - mean**2, 0.0)
        taken = np.maximum(variance, least)
        cost = best[open_starts] + length * (np.log(taken) + variance / taken)
        chosen = int(np.argmin(cost))
        best[end], start[end] = cost[chosen] + penalty, open_starts[chosen]
        # What loses to a level that ends here may still win the next, too short for a level to begin here.
        keep = ~hopeless
        open_starts, hopeless = open_starts[keep], (cost > best[end])[keep]
        open_starts, hopeless = np.append(open_starts, end - _LEVEL_MIN + 1), np.append(hopeless, False)
    return start


def _way_back(start: Ints) -> Sequence[int]:
    found: list[int] = []
    end = len(start) - 1
    while start[end] > 0:
        end = int(start[end])
        found.append(end)
    return found[::-1]


def _rounding_variance(standard: Floats) -> float:
    steps = np.diff(np.unique(standard))
    # Steps of floats that should be equal differ in their last digits.
    return float(steps[steps > 1e-9].min(initial=np.inf)) ** 2 / 12


def _levels_of(series: Floats, kept: Ints) -> tuple[Level, ...]:
    """The levels of what was kept, with their places in the whole series."""
    used = series[kept]
    changes = change_points(used, PENALTY_PER_LOG * math.log(len(used)))
    found = []
    for first, last in pairwise((0, *changes, len(used))):
        part = used[first:last]
        begins = 0 if first == 0 else int(kept[first])
        ends = len(series) if last == len(used) else int(kept[last])
        found.append(Level(begins, ends, float(part.mean()), float(part.std())))
    return tuple(found)


def _memory(series: Floats, kept: Ints, levels: Sequence[Level]) -> float:
    """The correlation of what was kept with the one before it, about the means of their levels; 0 where none varies."""
    sizes = np.diff(np.searchsorted(kept, [*(level.first for level in levels), len(series)]))
    left = series[kept] - np.repeat([level.mean for level in levels], sizes)
    power = float(left @ left)
    return float(left[1:] @ left[:-1]) / power if power > 0 else 0.0


def _settled(levels: Sequence[Level], tolerance: float) -> int:
    """The first of the levels that, with all after it, count as the last."""
    last = levels[-1]
    size = abs(last.mean)
    # Where the mean is 0 nothing is relative to it: only what is equal counts as the last.
    band = max(last.deviation**2 / size, tolerance * size) if size > 0 else 0.0
    settled = len(levels) - 1
    while settled and abs(levels[settled - 1].mean - last.mean) <= band:
        settled -= 1
    return settled


def _finite(values: npt.ArrayLike) -> Floats:
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1 or not np.all(np.isfinite(series)):
        raise ValueError("expected one list of finite values")
    return series
