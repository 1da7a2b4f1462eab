"""
Exact order statistics of a column by counting, in memory that does not grow with the column.

A rank says in which bucket of a histogram its value lies; what is in that bucket is counted once more in finer cells,
and again until a cell is one value. Each walk over the column is a third of a second for a hundred million values: one
for the extremes, one for the buckets, and one or two for each set of ranks. The column is read, never moved.

Source: J. I. Munro, M. S. Paterson (1980), Theoretical Computer Science 12(3), 315-323 (selection in few passes).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bizra_lab.analysis.buckets import Buckets
from bizra_lab.columns import blocks, span
from bizra_lab.model import Ints

Distances = npt.NDArray[np.uint64]

_BUCKETS = Buckets()
_ROWS = 1 << 17  # looked at together: a megabyte, which a processor's cache holds
_CELL_BITS = 12  # cells of a bucket as a power of two: a walk for values up to 8 ms, two up to 34 s


@dataclass(frozen=True, slots=True)
class Ranked:
    """Values by rank: the smallest, and how many lie up to the end of each bucket of half the distance from it."""

    values: Ints
    least: int
    up_to: Ints

    @classmethod
    def of(cls, values: Ints) -> Ranked:
        """The ranks of `values`, which are at least one; two walks over them."""
        least, _ = span(values)
        counts = np.zeros(_BUCKETS.slots, np.int64)
        for distances in _distances(values, least):
            found = np.bincount(_buckets_of(distances))
            counts[: len(found)] += found
        return cls(values, least, np.cumsum(counts))

    def at(self, ranks: Sequence[int]) -> dict[int, int]:
        """The value at each rank, 1 the smallest. Raises ValueError for a rank outside 1..n."""
        if not ranks:
            return {}
        if not 1 <= min(ranks) <= max(ranks) <= len(self.values):
            raise ValueError(f"a rank lies within 1 to {len(self.values)}, got {min(ranks)} to {max(ranks)}")
        wanted = np.unique(np.asarray(ranks, np.int64))
        places = np.searchsorted(self.up_to, wanted)
        low, high = (ends.astype(np.uint64) for ends in _BUCKETS.bounds(places))
        # From half distances to whole ones; each rank is then one among those of its bucket.
        first, width = low * np.uint64(2), int((high - low).max() + np.uint64(1)) * 2
        left = wanted - np.where(places > 0, self.up_to[places - 1], 0)
        looked_at = np.zeros(_BUCKETS.slots, np.bool_)
        looked_at[places] = True
        while width > 1:
            width = max(width >> _CELL_BITS, 1)
            first, left = self._narrowed(first, left, width, looked_at)
        return {int(rank): self.least + int(distance) for rank, distance in zip(wanted, first, strict=True)}

    def _narrowed(
        self, first: Distances, left: Ints, width: int, looked_at: npt.NDArray[np.bool_]
    ) -> tuple[Distances, Ints]:
        """For ranks among what begins at `first`: where the cell of their value begins, and their rank in it."""
        begins, which = np.unique(first, return_inverse=True)
        counts = np.zeros((len(begins), 1 << _CELL_BITS), np.int64)
        for distances in _distances(self.values, self.least):
            near = distances[looked_at[_buckets_of(distances)]]
            row = np.searchsorted(begins, near, side="right") - 1
            near, row = near[row >= 0], row[row >= 0]
            cell = (near - begins[row]) // np.uint64(width)
            within = cell < np.uint64(counts.shape[1])
            np.add.at(counts, (row[within], cell[within].astype(np.int64)), 1)
        up_to = np.cumsum(counts, axis=1)
        cells = np.array([int(np.searchsorted(up_to[row], rank)) for row, rank in zip(which, left, strict=True)])
        before = np.where(cells > 0, up_to[which, cells - 1], 0)
        return begins[which] + cells.astype(np.uint64) * np.uint64(width), left - before


def _distances(values: Ints, least: int) -> Iterator[Distances]:
    """How far each value lies above the least; with a sign, 64 bits may not tell how far two of 64 bits are apart."""
    for rows in blocks(values, rows=_ROWS):
        yield (values[rows] - least).view(np.uint64)


def _buckets_of(distances: Distances) -> Ints:
    return _BUCKETS.of((distances >> np.uint64(1)).view(np.int64))
