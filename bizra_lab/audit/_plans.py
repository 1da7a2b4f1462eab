"""
The plan of an open load, as its due times show it: even or not, what is missing from it, and what was put off.

A plan is made before the first operation and knows nothing of the system. An even one has a place for every operation,
so that whatever has no record leaves its place empty, and whatever was put off lies beside a place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bizra_lab.columns import blocks, difference, ordered
from bizra_lab.model import Floats, Ints, Samples

EVEN_SHARE_MIN = 0.5  # of the gaps; more alike than chance or a queue makes them
EVEN_WITHIN = 0.01  # of the interval; a plan in whole ns, or µs, differs by far less from place to place
STAMP_NS = 2  # by which two stamps in whole ns move a gap


@dataclass(frozen=True, slots=True)
class Plan:
    """
    Due times by when they fall due, in ns, and the gaps between them.

    `interval_ns` is that of an even plan, 0 where gaps have no size in common.
    """

    due_ns: Ints
    gaps_ns: Ints
    interval_ns: float

    @property
    def span_ns(self) -> int:
        """From the first due time to the last."""
        return int(self.due_ns[-1] - self.due_ns[0]) if len(self.due_ns) else 0

    @property
    def scatter(self) -> float:
        """The standard deviation of the gaps over their mean, which must be above 0."""
        n = len(self.gaps_ns)
        mean_ns = self.span_ns / n
        squares = sum(float(((self.gaps_ns[rows] - mean_ns) ** 2).sum()) for rows in blocks(self.gaps_ns))
        return math.sqrt(squares / n) / mean_ns

    def empty_places(self) -> tuple[Ints, Ints]:
        """Of an even plan: how many places lie empty, and behind which operation of it."""
        empty, behind = [], []
        for rows in blocks(self.gaps_ns):
            places = self._places(rows)
            wide = np.flatnonzero((places > 1.5) & self._kept(places))
            empty.append(np.rint(places[wide]).astype(np.int64) - 1)
            behind.append(wide + rows.start)
        return np.concatenate(empty), np.concatenate(behind)

    def put_off(self) -> int:
        """How many due times of an even plan lie beside its places."""
        return sum(int((~self._kept(self._places(rows))).sum()) for rows in blocks(self.gaps_ns))

    def _places(self, rows: slice) -> Floats:
        return self.gaps_ns[rows] / self.interval_ns

    def _kept(self, places: Floats) -> np.typing.NDArray[np.bool_]:
        whole = np.rint(places)
        within: np.typing.NDArray[np.bool_] = np.abs(places - whole) <= EVEN_WITHIN + STAMP_NS / self.interval_ns
        return within & (whole >= 1)


def plan_of(samples: Samples) -> Plan:
    """The plan of an open load's operations, whatever order their rows are in."""
    (due_ns,) = ordered(samples.scheduled_ns, samples.scheduled_ns)
    gaps_ns = difference(due_ns[1:], due_ns[:-1])
    if not len(gaps_ns):
        return Plan(due_ns, gaps_ns, 0.0)
    # Of gaps that are nothing else's, since finding their middle leaves them in another order.
    interval_ns = float(np.median(difference(due_ns[1:], due_ns[:-1]), overwrite_input=True))
    slack_ns = EVEN_WITHIN * interval_ns + STAMP_NS + samples.measurement.clock_step_ns
    alike = sum(int((np.abs(gaps_ns[rows] - interval_ns) <= slack_ns).sum()) for rows in blocks(gaps_ns))
    even = interval_ns > 0 and alike >= EVEN_SHARE_MIN * len(gaps_ns)
    return Plan(due_ns, gaps_ns, interval_ns if even else 0.0)
