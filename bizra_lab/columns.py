"""
Columns as long as a measurement: arrays like any other, which lie in a file where they are long.

A hundred million stamps are 0.8 GB, and as many columns as an analysis needs do not fit into memory. So a long one is
mapped from a file without a name: what was touched lately is in memory, and the kernel takes pages back when it needs
them. `blocks` walks over columns and hands back what lies behind, so that no walk holds more than a block of each.

    room(n, dtype)         a column to be filled
    difference(a, b)       a − b, row by row
    blocks(column, …)      slices that together are all rows
    span(column)           the smallest and the largest element
    is_rising(stamps)      whether no row is below the one before
    places(stamps, …)      where moments would stand among them
    in_order(stamps)       rows by their stamps, a block at a time, whatever order they are in
    ordered(stamps, …)     other columns in that order
    grouped(groups, …)     other columns group by group, each in that order
"""

from __future__ import annotations

import mmap
import os
import tempfile
import threading
import weakref
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from bizra_lab.errors import Unwritable, one_line

Ints = npt.NDArray[np.int64]
Element = TypeVar("Element", bound=np.generic)

ROWS = 1 << 20  # in a block: 8 MB of stamps, long enough that what a block costs besides is not seen

ROWS_CACHED = 1 << 15  # in a block that a core's cache holds several of, for what is looked up at random

IN_FILE_FROM = 1 << 27  # bytes, 17 million stamps; a dozen shorter ones fit into any memory, and a file takes longer

# Of each sorted block every so many-th stamp is looked at to cut all stamps into parts of about a block each.
_LOOKED_AT_EVERY = 1 << 12

# By the Filesystem Hierarchy Standard it outlives a restart, so it lies on a disk, where /tmp may be memory.
_LASTING_FOLDER = Path("/var/tmp")  # noqa: S108 - what lies there has no name that anybody could guess


def room(n: int, dtype: type[Element]) -> npt.NDArray[Element]:
    """
    A column of `n` elements to be filled, with no particular content: in memory, or in a file where it is long.

    The file has no name and goes with the array. It lies in the folder that TMPDIR names, or else in /var/tmp.
    Raises Unwritable with one line when the folder does not take it.
    """
    size = n * np.dtype(dtype).itemsize
    if size < IN_FILE_FROM:
        return np.empty(n, dtype)
    folder = _folder()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            _reserve(file.fileno(), size)
            return np.frombuffer(mmap.mmap(file.fileno(), size), dtype)
    except OSError as error:
        raise Unwritable(
            f"{folder}: {error.strerror or one_line(error)}; expected {size / 1e9:.2g} GB of room for a column "
            "(TMPDIR names another folder)"
        ) from None


def difference(later: Ints, earlier: Ints) -> Ints:
    """`later` less `earlier`, row by row: a column of its own, which may be put into another order."""
    found = room(len(later), np.int64)
    for rows in blocks(later, earlier, found):
        np.subtract(later[rows], earlier[rows], out=found[rows])
    return found


def blocks(*columns: npt.NDArray[Any], rows: int | None = None) -> Iterator[slice]:
    """
    Slices of so many rows, or of `ROWS`, that together are all of the equally long columns.

    Once a slice is done with, columns that lie in files leave memory.
    """
    n, step = len(columns[0]), rows or ROWS
    for first in range(0, n, step):
        yield slice(first, min(first + step, n))
        hand_back(*columns)


def hand_back(*columns: npt.NDArray[Any]) -> None:
    """Let columns that lie in files leave memory; they are there again when touched. Others stay as they are."""
    for owner in {id(each): each for each in map(_owner, columns)}.values():
        if isinstance(owner, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            owner.madvise(mmap.MADV_DONTNEED)


def _owner(column: npt.NDArray[Any]) -> object:
    owner: object = column
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return owner.obj if isinstance(owner, memoryview) else owner


def span(column: Ints) -> tuple[int, int]:
    """The smallest and the largest of at least one element."""
    ends = [(int(column[rows].min()), int(column[rows].max())) for rows in blocks(column)]
    return min(least for least, _ in ends), max(most for _, most in ends)


def is_rising(stamps: Ints) -> bool:
    """Whether no stamp is below the one before it."""
    for rows in blocks(stamps):
        block = stamps[max(rows.start - 1, 0) : rows.stop]
        if not (block[1:] >= block[:-1]).all():
            return False
    return True


def rising(block: Ints) -> Ints:
    """The stamps of a block in order: themselves where they are so already, which most are."""
    return block if bool((block[1:] >= block[:-1]).all()) else np.sort(block, kind="stable")


def places(stamps: Ints, moments: Ints, side: Literal["left", "right"]) -> Ints:
    """
    Where each of the rising `moments` would stand among the rising `stamps`, as `np.searchsorted` tells it.

    It looks only among the stamps that they span: of a long column those are in the processor's cache.
    """
    if not len(moments):
        return np.zeros(0, dtype=np.int64)
    first, last = np.searchsorted(stamps, moments[[0, -1]], side=side).tolist()
    found: Ints = first + np.searchsorted(stamps[first:last], moments, side=side)
    return found


def in_order(stamps: Ints) -> Iterator[slice | Ints]:
    """
    Rows by rising `stamps`, a block at a time, equal stamps in the order of rows: what a stable sort would give.

    Slices where all are in order already, else arrays of places; either picks its rows out of any column. Of a long
    column that nobody may write to, the order is found once and kept, in a file, for as long as the column is there.
    """
    if is_rising(stamps):
        yield from blocks(stamps)
        return
    if stamps.flags.writeable or stamps.nbytes < IN_FILE_FROM:
        yield from _sorted(stamps)
        return
    order = _ORDERS.of(stamps)
    for rows in blocks(order):
        yield order[rows]
        hand_back(stamps)


def _sorted(stamps: Ints) -> Iterator[Ints]:
    """
    Places by rising stamps, a block at a time.

    Stamps are cut into parts of about a block each, and each part's rows are looked for where they may be: few blocks,
    for workers that were recorded one behind the other, or for operations that overtook each other.

    Source: H. Shi, J. Schaeffer (1992), Journal of Parallel and Distributed Computing 14(4), 361-372, on cutting by
    regular samples.
    """
    spans = [_span(stamps, rows) for rows in blocks(stamps)]
    cuts = np.sort(np.concatenate([span.looked_at for span in spans]))[:: ROWS // _LOOKED_AT_EVERY].tolist()
    least, most = min(span.least for span in spans), max(span.most for span in spans)
    for first, last in pairwise(sorted({least, *cuts, most + 1})):
        parts = [_within(stamps, span, first, last) for span in spans if span.least < last and span.most >= first]
        places = np.concatenate(parts)
        yield places[np.argsort(stamps[places], kind="stable")]
        hand_back(stamps)


class _Orders:
    """The orders of long columns, each for as long as its column is there."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[weakref.ref[Ints], npt.NDArray[Any]]] = {}
        self._lock = (
            threading.Lock()
        )  # who comes second waits for what the first one finds, and does not look for it too

    def of(self, stamps: Ints) -> npt.NDArray[Any]:
        """The places of the rows by rising stamps."""
        with self._lock:
            kept = self._kept.get(id(stamps))
            if kept is not None and kept[0]() is stamps:
                return kept[1]
            places: npt.NDArray[Any] = room(
                len(stamps), np.int32 if len(stamps) <= np.iinfo(np.int32).max else np.int64
            )
            last = 0
            for block in _sorted(stamps):
                places[last : last + len(block)] = block
                last += len(block)
                hand_back(places)
            name = id(stamps)
            self._kept[name] = weakref.ref(stamps, lambda _: self._kept.pop(name, None)), places
            return places


_ORDERS = _Orders()


def ordered(stamps: Ints, *columns: Ints) -> tuple[Ints, ...]:
    """The columns in the order of `stamps`, equal stamps in the order of rows: themselves where they are so already."""
    if is_rising(stamps):
        return columns
    found = tuple(room(len(column), np.int64) for column in columns)
    last = 0
    for rows in in_order(stamps):
        block = [column[rows] for column in columns]
        into = slice(last, last := last + len(block[0]))
        for column, part in zip(found, block, strict=True):
            column[into] = part
        hand_back(*columns, *found)
    return found


def grouped(
    groups: npt.NDArray[np.integer[Any]], stamps: Ints, ties: Ints, *columns: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], ...]:
    """The columns with each group's rows together, groups rising: its rows by `stamps`, and equal ones by `ties`."""
    names, sizes = _sizes(groups)
    filled = np.cumsum(sizes) - sizes  # places of the outcome, by group, up to which it is there
    found = tuple(room(len(column), column.dtype.type) for column in columns)
    for rows in in_order(stamps):
        order = np.lexsort((ties[rows], stamps[rows], groups[rows]))
        which, first, count = np.unique(groups[rows][order], return_index=True, return_counts=True)
        group = np.searchsorted(names, which)
        places = np.repeat(filled[group] - first, count) + np.arange(len(order))
        filled[group] += count
        for column, into in zip(columns, found, strict=True):
            into[places] = column[rows][order]
        hand_back(groups, ties, *columns, *found)
    return found


def _sizes(groups: npt.NDArray[np.integer[Any]]) -> tuple[npt.NDArray[np.integer[Any]], Ints]:
    """The groups there are, rising, and how many rows each has."""
    blockwise = [np.unique(groups[rows], return_counts=True) for rows in blocks(groups)]
    names, place = np.unique(np.concatenate([each for each, _ in blockwise]), return_inverse=True)
    sizes = np.zeros(len(names), dtype=np.int64)
    np.add.at(sizes, place, np.concatenate([count for _, count in blockwise]))
    return names, sizes


@dataclass(frozen=True, slots=True)
class _Span:
    """What a block of stamps reaches over; `looked_at` are some of them, evenly spread by rank."""

    rows: slice
    least: int
    most: int
    in_order: bool
    looked_at: Ints


def _span(stamps: Ints, rows: slice) -> _Span:
    block = stamps[rows]
    sorted_block = rising(block)
    # A copy, since a view would keep all of the block.
    looked_at = sorted_block[_LOOKED_AT_EVERY - 1 :: _LOOKED_AT_EVERY].copy()
    return _Span(rows, int(sorted_block[0]), int(sorted_block[-1]), sorted_block is block, looked_at)


def _within(stamps: Ints, span: _Span, first: int, last: int) -> Ints:
    """The rows of a block whose stamps are at least `first` and below `last`."""
    block = stamps[span.rows]
    if span.in_order:
        places = np.arange(bisect_left(block, first), bisect_left(block, last))
    else:
        places = np.flatnonzero((block >= first) & (block < last))
    found: Ints = places + span.rows.start
    return found


def _folder() -> Path:
    if not os.environ.get("TMPDIR") and os.access(_LASTING_FOLDER, os.W_OK):
        return _LASTING_FOLDER
    return Path(tempfile.gettempdir())


def _reserve(descriptor: int, size: int) -> None:
    """Make a file so long. Where the system can tell, its room is taken now: a full disk later would be a crash."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:
        os.truncate(descriptor, size)
