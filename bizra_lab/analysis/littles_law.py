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

from bizra_lab.columns import blocks, rising
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
    began = covered_ns = waited_ns = before_ns = after_ns = 0
    for rows in blocks(started_ns, finished_ns):
        started, finished = started_ns[rows], finished_ns[rows]
        inside = (started >= begin_ns) & (started < end_ns)
        earlier = (started < begin_ns) & (finished > begin_ns)
        began += int(inside.sum())
        covered_ns += _total(np.clip(finished, begin_ns, end_ns) - np.clip(started, begin_ns, end_ns))
        waited_ns += _total((finished - started)[inside])
        before_ns += _total(np.minimum(finished[earlier], end_ns) - begin_ns)
        after_ns += _total(np.maximum(finished[inside] - end_ns, 0))
    return Window(
        duration_s=duration_ns / 1e9,
        began=began,
        in_flight=covered_ns / duration_ns,
        arrival_times_wait=waited_ns / duration_ns,
        edge_before=before_ns / duration_ns,
        edge_after=after_ns / duration_ns,
    )


def _total(times_ns: Ints) -> int:
    return int(times_ns.sum(dtype=np.int64))


def in_flight_by_slice(started_ns: Ints, finished_ns: Ints, edges_ns: Ints) -> Floats:
    """
    L in each slice between neighbouring edges: operations in flight, averaged over the slice.

    The stamps may be in any order, for which start belongs to which finish does not matter.
    """
    # The integral up to t of the number in flight is Σ(t − start) over starts before t, less the same over finishes.
    integral = _integral_up_to(started_ns, edges_ns) - _integral_up_to(finished_ns, edges_ns)
    return np.diff(integral) / np.diff(edges_ns)


def _integral_up_to(stamps_ns: Ints, edges_ns: Ints) -> Floats:
    origin_ns = edges_ns[0]
    before = np.zeros(len(edges_ns), dtype=np.int64)
    pieces = np.zeros(len(edges_ns), dtype=np.int64)  # of the sum, between neighbouring edges
    for rows in blocks(stamps_ns):
        block = rising(stamps_ns[rows])
        ends = np.searchsorted(block, edges_ns, side="left")
        before += ends
        pieces += [int((block[first:last] - origin_ns).sum()) for first, last in pairwise([0, *ends])]
    result: Floats = before * (edges_ns - origin_ns).astype(np.float64) - np.cumsum(pieces.astype(np.float64))
    return result
