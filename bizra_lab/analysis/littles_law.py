"""
Little's Law over a finite window: L = λ·W + E₀/T − E₁/T.

L is the mean number of operations in flight over the window of length T, λ the operations that began in it per second,
W their mean latency. The law has no error over a window: what is left is its edges, E₀ the time inside the window of
operations that had begun before it, E₁ the time after the window of operations that began in it.

From the same stamps this is an identity; it becomes a check where the number of workers is declared, since a closed
load of N workers cannot have more than N operations in flight.

Source: J. D. C. Little (1961), Operations Research 9(3), 383-387; S.-H. Kim, W. Whitt (2013), Operations Research
61(4), 1030-1045, on the edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bizra_lab.model import Floats, Ints


@dataclass(frozen=True, slots=True)
class Window:
    """Every term of L = λ·W + E₀/T − E₁/T, in operations; `began` counts those behind λ and W."""

    duration_s: float
    began: int
    in_flight: float  # L
    arrival_times_wait: float  # λ·W
    edge_before: float  # E₀/T
    edge_after: float  # E₁/T


def over_window(started_ns: Ints, finished_ns: Ints, begin_ns: int, end_ns: int) -> Window:
    """
    The terms of Little's Law over [begin_ns, end_ns) for operations in any order.

    `in_flight` is integrated from the stamps alone; `arrival_times_wait` comes from the operations that began inside.
    Raises ValueError when the window is empty.
    """
    if end_ns <= begin_ns:
        raise ValueError(f"a window must end after it begins, got {begin_ns} to {end_ns}")
    duration_ns = end_ns - begin_ns
    inside = (started_ns >= begin_ns) & (started_ns < end_ns)
    earlier = (started_ns < begin_ns) & (finished_ns > begin_ns)
    covered_ns = np.clip(finished_ns, begin_ns, end_ns) - np.clip(started_ns, begin_ns, end_ns)
    return Window(
        duration_s=duration_ns / 1e9,
        began=int(inside.sum()),
        in_flight=_total(covered_ns) / duration_ns,
        arrival_times_wait=_total((finished_ns - started_ns)[inside]) / duration_ns,
        edge_before=_total(np.minimum(finished_ns[earlier], end_ns) - begin_ns) / duration_ns,
        edge_after=_total(np.maximum(finished_ns[inside] - end_ns, 0)) / duration_ns,
    )


def _total(times_ns: Ints) -> int:
    return int(times_ns.sum(dtype=np.int64))


def in_flight_by_slice(started_ns: Ints, finished_ns: Ints, edges_ns: Ints) -> Floats:
    """
    L in each slice between neighbouring edges: operations in flight, averaged over the slice.

    `started_ns` and `finished_ns` must each be sorted; which start belongs to which finish does not matter.
    """
    # The integral up to t of the number in flight is Σ(t − start) over starts before t, less the same over finishes.
    integral = _integral_up_to(started_ns, edges_ns) - _integral_up_to(finished_ns, edges_ns)
    return np.diff(integral) / np.diff(edges_ns)


def _integral_up_to(stamps_ns: Ints, edges_ns: Ints) -> Floats:
    origin_ns = edges_ns[0]
    before = np.searchsorted(stamps_ns, edges_ns, side="left")
    # Sums between neighbouring edges, then added up: no array as long as the stamps is made.
    pieces = [int((stamps_ns[first:last] - origin_ns).sum(dtype=np.int64)) for first, last in pairwise([0, *before])]
    sums = np.cumsum(np.asarray(pieces, dtype=np.float64))
    result: Floats = before * (edges_ns - origin_ns).astype(np.float64) - sums
    return result
