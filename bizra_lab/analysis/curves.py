"""
What a chart draws, aggregated: a hundred points instead of a hundred million.

An executed notebook must stay small and repeat to the digit, so the numbers are reduced here and only drawn elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bizra_lab.analysis.littles_law import in_flight_by_slice
from bizra_lab.analysis.quantiles import order_statistics, probability, rank
from bizra_lab.analysis.shares import share_interval
from bizra_lab.columns import blocks, difference, hand_back, ordered, rising, span
from bizra_lab.errors import CannotMeasure
from bizra_lab.model import Exceedance, Floats, Ints, Samples, Timeline

POINTS_PER_DECADE = 12  # of the share exceeded: smooth to the eye, and few
SLICES = 60  # of the window: fine enough for a stall of 2 % of it to stand out


def exceedance(samples: Samples, confidence: float) -> Exceedance:
    """
    The share of operations slower than x, at latencies spread evenly over the decades of the share, down to 1/n.

    Each point is a latency that was seen, the share is of operations strictly slower, its interval Wilson's. Where all
    took the same time there is no point: none was slower than another.
    Raises CannotMeasure when there are no operations.
    """
    n = _some(samples)
    decades = math.ceil(math.log10(n) * POINTS_PER_DECADE)
    beyond = np.unique(np.round(n / 10 ** (np.arange(decades + 1) / POINTS_PER_DECADE)).astype(np.int64))
    ranks = [n - int(k) for k in beyond if 1 <= k < n]
    seen = sorted(set(order_statistics(difference(samples.finished_ns, samples.scheduled_ns), ranks).values()))
    slower = _slower_than(samples, np.array(seen, dtype=np.int64))
    points = [(latency, k) for latency, k in zip(seen, slower, strict=True) if k]
    intervals = np.array([share_interval(k, n, confidence) for _, k in points], dtype=np.float64).reshape(-1, 2)
    return Exceedance(
        latency_ns=np.array([latency for latency, _ in points], dtype=np.float64),
        share=np.array([k / n for _, k in points], dtype=np.float64),
        low=intervals[:, 0],
        high=intervals[:, 1],
    )


def _slower_than(samples: Samples, latencies_ns: Ints) -> list[int]:
    """How many operations took longer than each of the rising latencies."""
    at_most = np.zeros(len(latencies_ns) + 1, dtype=np.int64)
    for rows in samples.blocks():
        took_ns = samples.finished_ns[rows] - samples.scheduled_ns[rows]
        at_most += np.bincount(np.searchsorted(latencies_ns, took_ns, side="left"), minlength=len(at_most))
    return [len(samples) - int(each) for each in np.cumsum(at_most)[:-1]]


def timeline(samples: Samples, slices: int = SLICES) -> Timeline:
    """
    Latency, operations in flight and λW over equal slices of the window; operations belong to where they finished.

    A slice in which nothing finished has NaN latencies: there is nothing to tell, and a chart leaves a gap.
    Raises CannotMeasure when there are no operations.
    """
    _some(samples)
    begin_ns, end_ns = window_of(samples)
    edges_ns = _edges_ns(begin_ns, end_ns, slices)
    duration_s = np.diff(edges_ns) / 1e9
    parts = [_Part.of(latency_ns) for latency_ns in _by_slice(samples, edges_ns)]
    return Timeline(
        time_s=(edges_ns[:-1] + edges_ns[1:] - 2 * begin_ns) / 2e9,
        operations=np.array([part.operations for part in parts]),
        p50_ns=np.array([part.p50_ns for part in parts]),
        p99_ns=np.array([part.p99_ns for part in parts]),
        max_ns=np.array([part.max_ns for part in parts]),
        in_flight=in_flight_by_slice(samples.started_ns, samples.finished_ns, edges_ns),
        arrival_times_wait=np.array([float(part.total_ns) for part in parts]) / 1e9 / duration_s,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What a slice of the window comes to."""

    operations: int
    p50_ns: float
    p99_ns: float
    max_ns: float
    total_ns: int

    @classmethod
    def of(cls, latency_ns: Ints) -> _Part:
        most_ns = float(latency_ns.max()) if len(latency_ns) else math.nan
        p50_ns, p99_ns = _quantile(latency_ns, 0.5), _quantile(latency_ns, 0.99)
        return cls(len(latency_ns), p50_ns, p99_ns, most_ns, int(latency_ns.sum()))


def _by_slice(samples: Samples, edges_ns: Ints) -> Iterator[Ints]:
    """The latencies of what finished in each slice, up to its end; the last slice has all that is left."""
    latency_ns = difference(samples.finished_ns, samples.scheduled_ns)
    latency_ns, finished_ns = ordered(samples.finished_ns, latency_ns, samples.finished_ns)
    ends = np.searchsorted(finished_ns, edges_ns[1:-1], side="right")
    for first, last in pairwise([0, *ends, len(finished_ns)]):
        yield latency_ns[first:last]
        hand_back(latency_ns)


def window_of(samples: Samples) -> tuple[int, int]:
    """The measured window as (begin, end) in ns: from the first operation's planned start to the last one's end."""
    return span(samples.scheduled_ns)[0], span(samples.finished_ns)[1]


def completions_by_slice(samples: Samples, slices: int) -> Ints:
    """Operations finished in each of so many equal slices of the window."""
    edges_ns = _edges_ns(*window_of(samples), slices)
    up_to = np.zeros(len(edges_ns), dtype=np.int64)
    for rows in blocks(samples.finished_ns):
        up_to += np.searchsorted(rising(samples.finished_ns[rows]), edges_ns, side="right")
    up_to[0] = 0
    return np.diff(up_to)


def in_flight_levels(samples: Samples, slices: int) -> Floats:
    """L in each of so many equal slices of the window, by planned starts: who waits to be started is in flight too."""
    return in_flight_by_slice(samples.scheduled_ns, samples.finished_ns, _edges_ns(*window_of(samples), slices))


def _edges_ns(begin_ns: int, end_ns: int, slices: int) -> Ints:
    return np.linspace(begin_ns, end_ns, slices + 1).round().astype(np.int64)


def _some(samples: Samples) -> int:
    if not len(samples):
        raise CannotMeasure(f"{samples.measurement.name}: no operations were recorded; there is nothing to draw")
    return len(samples)


def _quantile(values: Ints, p: float) -> float:
    if not len(values):
        return math.nan
    place = rank(len(values), probability(p)) - 1
    return float(np.partition(values, place)[place])
