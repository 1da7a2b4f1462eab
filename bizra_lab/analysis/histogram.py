"""
Latencies by the hundred million in a few megabytes: counted in HDR buckets, the largest of them kept as they are.

Every value from 0 to 2^63 − 1 has its bucket, no wider than 2^-10 of the values in it (three digits), so whatever n is,
counts take half a megabyte; bucket for bucket they are HdrHistogram's. Beside them stand the number of values, the
smallest, their sum, and the largest 100,001 values themselves: a quantile with no more than 100,000 values beyond it
has no error, which is p99.9 of a hundred million. Every figure comes as `Bounded`, which says between what it surely
lies; it is exact where that is one number.

    Histogram.of(latency_ns)                     of an array
    tally.add(chunk) … tally.histogram()         of one that does not fit into memory
    merge(a, b)                                  of both: what counting all of it at once would have given

Counting is C where the extension was built, and numpy otherwise; both give the same. Cost: benchmarks/RESULTS.md.

Source: G. Tene, HdrHistogram, for the buckets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import mul
from typing import Literal

import numpy as np
import numpy.typing as npt

from bizra_lab.analysis.buckets import DIGITS, LARGEST, Buckets
from bizra_lab.analysis.quantiles import probability, rank, rank_interval, samples_needed
from bizra_lab.errors import CannotMeasure, LabError
from bizra_lab.model import Estimate, Floats, Ints, Result, Unavailable

try:
    from bizra_lab.analysis import _histogram
except ImportError:  # no compiler where this was installed
    _histogram = None  # type: ignore[assignment]

N_MAX = 2**62 - 1  # values in one histogram: counts stay countable, and two of them can be added

EXACT_BEYOND = 100_000  # values beyond a quantile up to which it is exact: p99.9 of 10^8; 0.8 MB

CHUNK = 1 << 17  # values counted at a time: a megabyte, which a processor's cache holds
PIECE = 1 << 14  # values moved at a time: what the allocator hands out without asking the kernel for pages
SPARE = 2 * CHUNK  # places beside those of the largest values, for what may be among them

NOTHING = Unavailable("no values")


@dataclass(frozen=True, slots=True)
class Bounded:
    """A figure that surely lies within `low` to `high`; exact where these are the same."""

    low: float
    high: float

    @property
    def exact(self) -> bool:
        """Whether the figure is known without error."""
        return self.low == self.high

    @property
    def value(self) -> float:
        """The figure, or the middle of where it lies: at most half the width away from it."""
        return self.low if self.exact else self.low + (self.high - self.low) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Exact:
    """
    What is known of values beyond their buckets.

    `tail` holds the largest `kept` of them in rising order, all when there are no more. Of no values, `smallest` is
    `LARGEST`: whatever comes is not above it.
    """

    smallest: int
    total: int
    tail: Ints
    kept: int


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """
    How often values fell into which bucket, and what is known of them beyond that.

    `counts` ends with the last bucket that is not empty. `exact` is None where only counts came, as from a file.
    """

    buckets: Buckets
    counts: Ints
    n: int
    exact: Exact | None

    @classmethod
    def of(cls, values: Ints, digits: int = DIGITS, exact_beyond: int = EXACT_BEYOND) -> Histogram:
        """
        The histogram of `values`, whole numbers from 0 to 2^63 − 1.

        Raises LabError with one line for others.
        """
        tally = Tally(digits, exact_beyond)
        tally.add(values)
        return tally.histogram()

    @classmethod
    def counted(cls, buckets: Buckets, counts: Ints, exact: Exact | None = None) -> Histogram:
        """
        The histogram of counts a bucket; what cannot be written to is kept as it is, and copied otherwise.

        Raises LabError when one is below 0, or all of them together are more than `N_MAX`.
        """
        if len(counts) and not counts[-1]:
            filled = np.flatnonzero(counts)
            counts = counts[: int(filled[-1]) + 1 if len(filled) else 0]
        if len(counts) > buckets.slots:
            raise LabError(f"counts: {len(counts)}; expected at most one for each of {buckets.slots} buckets")
        least, n = int(counts.min(initial=0)), _sum(counts, int(counts.max(initial=0)))
        if least < 0 or n > N_MAX:
            raise LabError(f"counts: {f'one of {least}' if least < 0 else f'{n} in all'}; expected 0 to {N_MAX}")
        if counts.flags.writeable:
            counts = counts.copy()
            counts.setflags(write=False)
        return cls(buckets, counts, n, exact)

    @property
    def min(self) -> Bounded | Unavailable:
        """The smallest value."""
        return self.order_statistics([1])[1] if self.n else NOTHING

    @property
    def max(self) -> Bounded | Unavailable:
        """The largest value."""
        return self.order_statistics([self.n])[self.n] if self.n else NOTHING

    @property
    def total(self) -> Bounded:
        """The sum of all values."""
        if self.exact is not None:
            return Bounded(self.exact.total, self.exact.total)
        filled = np.flatnonzero(self.counts)
        counts = self.counts[filled].tolist()
        low, high = (sum(map(mul, counts, ends.tolist())) for ends in self.buckets.bounds(filled))
        return Bounded(low, high)

    @property
    def mean(self) -> Bounded | Unavailable:
        """The mean of all values."""
        total = self.total
        return Bounded(total.low / self.n, total.high / self.n) if self.n else NOTHING

    def quantile(self, p: float | str) -> Bounded | Unavailable:
        """
        The p-quantile: the value at rank ⌈n·p⌉, `p` read as the decimal number it was written as.

        It has no error where no more than `exact_beyond` values lie beyond it. Raises ValueError unless 0 < p < 1.
        """
        wanted = rank(self.n, probability(p))
        return self.order_statistics([wanted])[wanted] if self.n else NOTHING

    def quantiles(self, probabilities: Sequence[Fraction], confidence: float, unit: str) -> dict[Fraction, Result]:
        """
        Each quantile as an Estimate in `unit`, or Unavailable with the number of operations it needs.

        The interval is that of `analysis.quantiles`, made wider by what buckets do not tell.
        """
        found: dict[Fraction, Result] = {}
        for p in probabilities:
            between = rank_interval(self.n, p, confidence) if self.n >= samples_needed(p) else None
            if between is None:
                found[p] = Unavailable(
                    f"{self.n} operations do not bound the {float(p):.10g} quantile; it needs {samples_needed(p)}"
                )
                continue
            low, middle, high = between[0], rank(self.n, p), between[1]
            order = self.order_statistics([low, middle, high])
            found[p] = Estimate(order[middle].value, order[low].low, order[high].high, unit, self.n)
        return found

    def order_statistics(self, ranks: Sequence[int]) -> dict[int, Bounded]:
        """The value at each rank, 1 the smallest. Raises ValueError for a rank outside 1..n."""
        if ranks and not 1 <= min(ranks) <= max(ranks) <= self.n:
            raise ValueError(f"a rank lies within 1 to {self.n}, got {min(ranks)} to {max(ranks)}")
        places = np.searchsorted(np.cumsum(self.counts), np.asarray(ranks, np.int64))
        low, high = self.buckets.bounds(places)
        return {
            each: self._known(each, Bounded(*ends))
            for each, *ends in zip(ranks, low.tolist(), high.tolist(), strict=True)
        }

    def _known(self, each: int, bucket: Bounded) -> Bounded:
        """The value at a rank, given its bucket."""
        if self.exact is None:
            return bucket
        tail, smallest = self.exact.tail, self.exact.smallest
        place = each - 1 - (self.n - len(tail))
        if place >= 0:
            return Bounded(int(tail[place]), int(tail[place]))
        if each == 1:
            return Bounded(smallest, smallest)
        return Bounded(max(bucket.low, smallest), min(bucket.high, int(tail[0])))


def merge(a: Histogram, b: Histogram) -> Histogram:
    """
    The histogram of the values of both, as if they had been counted together.

    Where they differ in digits, unit or `exact_beyond` it is in the coarser of each, which loses nothing but what the
    finer one told more; where one knows its counts only, so does the outcome. Raises LabError beyond `N_MAX` values.
    """
    buckets = Buckets(min(a.buckets.digits, b.buckets.digits), max(a.buckets.unit_bits, b.buckets.unit_bits))
    parts = [_coarsened(each, buckets) for each in (a, b)]
    counts = np.zeros(max(map(len, parts)), np.int64)
    for part in parts:
        counts[: len(part)] += part
    exact = None if a.exact is None or b.exact is None else together(a.exact, b.exact)
    return Histogram.counted(buckets, counts, exact)


def _coarsened(histogram: Histogram, buckets: Buckets) -> Ints:
    """The counts in coarser buckets; each of the finer ones lies within one of them."""
    if histogram.buckets == buckets:
        return histogram.counts
    filled = np.flatnonzero(histogram.counts)
    places = buckets.of(histogram.buckets.bounds(filled)[0])
    counts = np.zeros(int(places[-1]) + 1 if len(places) else 0, np.int64)
    np.add.at(counts, places, histogram.counts[filled])
    return counts


def together(a: Exact, b: Exact) -> Exact:
    """What is known of the values of both; of the largest, as many as the one knows that knows fewer."""
    kept = min(a.kept, b.kept)
    tail = np.sort(np.concatenate([a.tail, b.tail]), kind="stable")[-kept:]  # which merges what is sorted in two parts
    tail.setflags(write=False)
    return Exact(min(a.smallest, b.smallest), a.total + b.total, tail, kept)


def _sum(values: Ints, most: int) -> int:
    """The sum of whole numbers of up to `most`, exactly: in two halves where it might overflow."""
    if most * len(values) <= LARGEST:
        return int(values.sum())
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())


# --- counting

# Counts up to `CHUNK` values into `counts`, and appends those from `tail_from` on to the first `filled` of `room`. It
# returns how many of that are filled then, the smallest value of all, and the sum of these. ValueError when one is
# below 0.
Kernel = Callable[[Ints, Ints, Buckets, Ints, int, int, int], tuple[int, int, int]]


class Tally:
    """
    Values being counted, a chunk at a time; `histogram()` is what they come to so far.

    It takes five megabytes, however many values there are; five digits instead of three take fifty more.
    One thread may add at a time: give each its own, and merge.
    """

    __slots__ = (
        "_buckets",
        "_complete",
        "_count",
        "_counts",
        "_filled",
        "_kept",
        "_room",
        "_smallest",
        "_tail_from",
        "_total",
    )

    def __init__(self, digits: int = DIGITS, exact_beyond: int = EXACT_BEYOND, count: Kernel | None = None) -> None:
        if exact_beyond < 0:
            raise ValueError(f"exact_beyond must be at least 0, got {exact_beyond}")
        self._buckets = Buckets(digits)
        self._count = count or kernel()
        self._counts: Ints = np.zeros(self._buckets.slots, np.int64)
        self._kept = exact_beyond + 1
        self._room: Ints = np.empty(self._kept + SPARE, np.int64)
        self._filled = 0
        self._tail_from = 0  # what is smaller is not among the largest
        self._smallest = LARGEST
        self._total = 0
        self._complete = True

    def add(self, values: Ints) -> None:
        """
        Count `values`, whole numbers from 0 to 2^63 − 1.

        Raises LabError with one line for others. Where one of them is below 0, some have been counted before it was
        met: the tally is of no more use then, and says so.
        """
        if values.dtype.kind not in "iu" or values.ndim != 1:
            raise LabError(f"values: {values.ndim} dimensions of {values.dtype}; expected one of whole numbers")
        self._check_complete()
        self._complete = False
        for first, chunk in _chunks(values):
            if self._filled + len(chunk) > len(self._room):
                self._keep_largest()
            try:
                self._filled, self._smallest, total = self._count(
                    chunk, self._counts, self._buckets, self._room, self._filled, self._smallest, self._tail_from
                )
            except ValueError:
                place = first + int(np.argmax(chunk < 0))
                raise LabError(f"values: {values[place]} at place {place}; expected 0 to {LARGEST}") from None
            self._total += total
        self._complete = True

    def histogram(self) -> Histogram:
        """What has been counted so far. Raises LabError when `add` was left half-way."""
        self._check_complete()
        room = self._room[: self._filled].copy()
        if self._filled > self._kept:
            room.partition(self._filled - self._kept)
        tail = np.sort(room[-self._kept :])
        tail.setflags(write=False)
        return Histogram.counted(self._buckets, self._counts, Exact(self._smallest, self._total, tail, self._kept))

    def _check_complete(self) -> None:
        if not self._complete:
            raise LabError("a tally that was left half-way through its values; expected one that counted all of them")

    def _keep_largest(self) -> None:
        """Make room: the counts tell from which bucket on there are enough values."""
        beyond = np.cumsum(self._counts[::-1])
        first = self._buckets.slots - 1 - int(np.searchsorted(beyond, self._kept))
        least = int(self._buckets.bounds(np.array([first]))[0][0])
        self._filled = _to_front(self._room, self._filled, least)
        self._tail_from = max(self._tail_from, least)
        if self._filled > self._kept + CHUNK // 2:  # that bucket holds so many that they have to be told apart
            room = self._room[: self._filled]
            room.partition(self._filled - self._kept)
            self._room[: self._kept] = room[-self._kept :]
            self._filled = self._kept
            self._tail_from = min(int(self._room[: self._kept].min()), LARGEST - 1) + 1


def _to_front(room: Ints, filled: int, least: int) -> int:
    """Move those of the first `filled` of `room` that are not below `least` to its front; returns how many."""
    kept = 0
    for first in range(0, filled, PIECE):
        piece = room[first : min(first + PIECE, filled)]
        large = piece[np.flatnonzero(piece >= least)]
        room[kept : kept + len(large)] = large
        kept += len(large)
    return kept


def _chunks(values: Ints) -> Iterator[tuple[int, Ints]]:
    """Where each chunk begins, and the chunk as int64 in a row; what int64 does not hold comes out below 0."""
    for first in range(0, len(values), CHUNK):
        yield first, np.ascontiguousarray(values[first : first + CHUNK], np.int64)


def kernel(kind: Literal["auto", "c", "numpy"] = "auto") -> Kernel:
    """
    What counts; "auto" is C where it was built.

    Raises CannotMeasure when C is asked for and was not.
    """
    if kind == "numpy" or (kind == "auto" and _histogram is None):
        return _InNumpy()
    if _histogram is None:
        raise CannotMeasure("histogram c was not built here; expected a C compiler at installation, or histogram numpy")
    return _in_c


def _in_c(
    values: Ints, counts: Ints, buckets: Buckets, room: Ints, filled: int, smallest: int, tail_from: int
) -> tuple[int, int, int]:
    filled, smallest, total, carries = _histogram.count(
        values, counts, buckets.half_bits, room, filled, smallest, tail_from
    )
    return filled, smallest, total + (carries << 64)


class _InNumpy:
    """The same in numpy, chunk by chunk in memory that the processor's cache holds."""

    __slots__ = ("_floats", "_in_tail")

    def __init__(self) -> None:
        self._floats: Floats = np.empty(CHUNK)
        self._in_tail: npt.NDArray[np.bool_] = np.empty(CHUNK, np.bool_)

    def __call__(
        self, values: Ints, counts: Ints, buckets: Buckets, room: Ints, filled: int, smallest: int, tail_from: int
    ) -> tuple[int, int, int]:
        n = len(values)
        least = int(values.min())
        if least < 0:
            raise ValueError("a value is below 0")
        tail = values[np.greater_equal(values, tail_from, out=self._in_tail[:n])]
        room[filled : filled + len(tail)] = tail
        most = int(tail.max(initial=tail_from))
        found = np.bincount(buckets.into(self._floats[:n], values, least, most))
        counts[: len(found)] += found
        return filled + len(tail), min(smallest, least), _sum(values, most)
