"""
Histograms as HdrHistogram writes them: the payload of a line, and the `.hlog` text of lines.

    log_lines(intervals)            text that HdrHistogram's own tools read, payload V2
    read_log(lines, "name.hlog")    intervals of payload V0, V1 or V2, tagged or not, one at a time
    encode(h) · decode(payload)     one histogram as base64

A payload is a cookie, a length and a zlib stream of a header and the counts: ZigZag LEB128 numbers in V2, where a
number below 0 stands for so many empty buckets; words of 2, 4 or 8 bytes before that. It carries counts and nothing
else, so what is read has no `exact`. What unpacks to more than a histogram can be is refused before it is unpacked.

Nothing here opens a file: an open text file is an iterable of lines.

Source: G. Tene, HdrHistogram, for both formats.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bizra_lab.analysis.buckets import DIGITS_MAX, LARGEST, Buckets
from bizra_lab.analysis.histogram import Histogram
from bizra_lab.errors import LabError, Unreadable, one_line
from bizra_lab.model import Ints, Unavailable

try:
    from bizra_lab.analysis import _histogram
except ImportError:  # no compiler where this was installed
    _histogram = None  # type: ignore[assignment]

LEGEND = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'
FORMAT_VERSION = "1.3"  # with tags
MILLISECOND_NS = 1e6  # the unit of Interval_Max

# Times this long before the log's start are no times of day but seconds since then.
_YEAR_S = 365 * 24 * 3600.0

_V0, _V1, _V2 = 0x1C849308, 0x1C849301, 0x1C849303  # cookies, but for the length of a word
_V2_COMPRESSED = 0x1C849304
_WITHIN = {0x1C849309: _V0, 0x1C849302: _V1, _V2_COMPRESSED: _V2}
_WORD = 0xF0  # where a cookie says how long a word is
_V2_WORD = 0x10

_WRAPPER = struct.Struct(">II")  # cookie, bytes that follow
_HEADER_V0 = struct.Struct(">IIqqq")  # cookie, digits, lowest, highest, values in all
_HEADER = struct.Struct(">IIiIqqd")  # cookie, bytes of counts, index offset, digits, lowest, highest, ratio

_ZLIB_LEVEL = 1  # counts hardly repeat: the fastest level packs them as tightly as the slowest
_NUMBER_BYTES = 9  # the longest number of V2; of its last byte all bits count
_MORE = 0x80  # another byte of this number follows

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Interval:
    """What was counted from `start_s` on, in seconds since the epoch where the log tells, for `length_s` seconds."""

    start_s: float
    length_s: float
    histogram: Histogram
    tag: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start_s) and math.isfinite(self.length_s) and self.length_s >= 0):
            raise ValueError(f"an interval has a start and a length, got {self.start_s} and {self.length_s} s")
        if re.search(r"[\s,]", self.tag):
            raise ValueError(f"a tag has no comma and no space, got {self.tag!r}")


# --- the log


def log_lines(intervals: Iterable[Interval], started_s: float | None = None) -> Iterator[str]:
    """
    A `.hlog`, line by line with its line break; `started_s`, seconds since the epoch, is when logging began.

    Times are written to the microsecond, and the largest value in milliseconds, where values are nanoseconds.
    """
    yield f"#[Histogram log format version {FORMAT_VERSION}]\n"
    if started_s is not None:
        yield f"#[StartTime: {started_s:.3f} (seconds since epoch)]\n"
    yield f"{LEGEND}\n"
    for each in intervals:
        tag = f"Tag={each.tag}," if each.tag else ""
        largest = each.histogram.max
        largest_ms = 0.0 if isinstance(largest, Unavailable) else largest.high / MILLISECOND_NS
        times = f"{each.start_s:.6f},{each.length_s:.6f},{largest_ms:.3f}"
        yield f"{tag}{times},{encode(each.histogram)}\n"


def read_log(lines: Iterable[str], where: str) -> Iterator[Interval]:
    """
    The intervals of a `.hlog`, each when it is asked for; `where` is what the log is called in errors.

    Raises Unreadable with one line: which line, what was found, what was expected.
    """
    clock = _LogClock()
    here = where
    try:
        for number, line in enumerate(lines, 1):
            here, text = f"{where}:{number}", line.strip()
            if text.startswith("#"):
                clock.note(text)
            elif text and not text.startswith('"'):
                yield _interval(text, clock)
    except (LabError, ValueError) as error:  # which a line that is no text at all is, too
        raise Unreadable(f"{here}: {one_line(error)}") from None


class _LogClock:
    """What a log's comments say about its times."""

    def __init__(self) -> None:
        self._noted_s: dict[str, float] = {}

    def note(self, comment: str) -> None:
        found = re.match(r"#\[(StartTime|BaseTime): *([^\s\]]+)", comment)
        if found:
            self._noted_s[found[1]] = _number(found[1], found[2])

    def since_epoch_s(self, written_s: float) -> float:
        """Seconds since the epoch, or what was written where nothing says since when it counts."""
        started_s = self._noted_s.get("StartTime", written_s)
        relative = written_s < started_s - _YEAR_S
        return written_s + self._noted_s.setdefault("BaseTime", started_s if relative else 0.0)


def _interval(text: str, clock: _LogClock) -> Interval:
    tagged = re.match(r"Tag=([^,]*),(.*)", text)
    tag, rest = (tagged[1], tagged[2]) if tagged else ("", text)
    fields = rest.split(",")
    if len(fields) != 4:
        raise Unreadable(f"{len(fields)} fields; expected start, length, largest value and histogram")
    start_s, length_s = _number("start", fields[0]), _number("length", fields[1])
    return Interval(clock.since_epoch_s(start_s), length_s, decode(fields[3].strip()), tag)


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Unreadable(f"{name} {text!r}; expected a number") from None


# --- a histogram in a line


def encode(histogram: Histogram) -> str:
    """The counts of a histogram as base64 of a compressed V2 payload."""
    numbers = _packed(histogram.counts) if _histogram is None else _histogram.pack(histogram.counts)
    header = _HEADER.pack(
        _V2 | _V2_WORD, len(numbers), 0, histogram.buckets.digits, 1 << histogram.buckets.unit_bits, LARGEST, 1.0
    )
    stream = zlib.compress(header + numbers, _ZLIB_LEVEL)
    return base64.b64encode(_WRAPPER.pack(_V2_COMPRESSED | _V2_WORD, len(stream)) + stream).decode("ascii")


def decode(payload: str) -> Histogram:
    """
    The histogram of a compressed payload in base64, V0, V1 or V2.

    Raises Unreadable with one line for what is not one, is cut short or damaged, or would unpack to more than one.
    """
    try:
        packed = base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable(f"histogram: {error}; expected base64") from None
    if len(packed) < _WRAPPER.size:
        raise Unreadable(f"histogram: {len(packed)} bytes; expected a cookie and a length first")
    cookie, length = _WRAPPER.unpack_from(packed)
    version = _WITHIN.get(cookie & ~_WORD)
    if version is None:
        raise Unreadable(f"histogram: cookie {cookie:#x}; expected a compressed histogram of HdrHistogram")
    if length != len(packed) - _WRAPPER.size:
        raise Unreadable(f"histogram: {len(packed) - _WRAPPER.size} bytes; expected the {length} it declares")
    try:
        return _unpacked(_Stream(packed[_WRAPPER.size :]), version)
    except zlib.error as error:
        raise Unreadable(f"histogram: {error}; expected a zlib stream") from None
    except (LabError, ValueError) as error:
        raise Unreadable(f"histogram: {error}") from None


class _Stream:
    """A zlib stream that is unpacked no further than is asked for."""

    def __init__(self, packed: bytes) -> None:
        self._unpacker = zlib.decompressobj()
        self._packed = packed

    def read(self, size: int) -> bytes:
        """The next `size` bytes. Raises Unreadable when there are fewer."""
        found = self.rest(size)
        if len(found) < size:
            raise Unreadable(f"histogram: ends after {len(found)} bytes of {size}")
        return found

    def rest(self, limit: int) -> bytes:
        """What is left, but `limit` bytes at most."""
        found = self._unpacker.decompress(self._packed, limit) if limit else b""
        self._packed = self._unpacker.unconsumed_tail
        return found

    def close(self) -> None:
        """Raises Unreadable unless this was all, and its checksum right."""
        left = self.rest(1)
        if left or not self._unpacker.eof or self._unpacker.unused_data:
            raise Unreadable(f"histogram: {'goes on after' if self._unpacker.eof or left else 'ends before'} its end")


def _unpacked(stream: _Stream, version: int) -> Histogram:
    size: int | None = None
    if version == _V0:
        cookie, digits, lowest, highest, _ = _HEADER_V0.unpack(stream.read(_HEADER_V0.size))
    else:
        # The offset is about how its writer kept the counts in memory; they are written in the order of the buckets.
        cookie, size, _, digits, lowest, highest, ratio = _HEADER.unpack(stream.read(_HEADER.size))
        if ratio != 1.0:
            raise Unreadable(f"histogram: of values times {ratio:g}; expected whole numbers")
    if cookie & ~_WORD != version:
        raise Unreadable(f"histogram: cookie {cookie:#x} within; expected {version:#x}")
    buckets = _buckets(digits, lowest, highest)
    width = _NUMBER_BYTES if version == _V2 else (cookie & _WORD) >> 4
    if width not in (2, 4, 8, _NUMBER_BYTES):
        raise Unreadable(f"histogram: words of {width} bytes; expected 2, 4 or 8")
    limit = width * buckets.slots
    if size is not None and size > limit:
        raise Unreadable(f"histogram: {size} bytes of counts; expected at most {limit} for {buckets.slots} buckets")
    packed = stream.rest(limit) if size is None else stream.read(size)
    stream.close()
    return Histogram.counted(buckets, _numbers(packed, buckets.slots) if version == _V2 else _words(packed, width))


def _buckets(digits: int, lowest: int, highest: int) -> Buckets:
    if digits > DIGITS_MAX or lowest < 1 or highest < 2 * lowest:
        raise Unreadable(
            f"histogram: {digits} digits from {lowest} to {highest}; expected up to {DIGITS_MAX}, and a range of two"
        )
    return Buckets(digits, lowest.bit_length() - 1)


def _words(packed: bytes, width: int) -> Ints:
    """Counts of V0 and V1, a word each."""
    if len(packed) % width:
        raise Unreadable(f"histogram: {len(packed)} bytes of counts; expected a multiple of {width}")
    return np.frombuffer(packed, f">i{width}").astype(np.int64)


# --- numbers of V2


def _packed(counts: Ints) -> bytes:
    """Counts as ZigZag LEB128: empty buckets in a row as one number below 0, but a single one as 0."""
    filled = np.flatnonzero(counts)
    gaps = np.diff(filled, prepend=-1) - 1
    numbers = np.empty(2 * len(filled), np.uint64)
    numbers[0::2] = np.where(gaps > 1, 2 * gaps - 1, 0)
    numbers[1::2] = counts[filled].astype(np.uint64) << 1
    there = np.ones(len(numbers), np.bool_)
    there[0::2] = gaps > 0
    return _leb128(numbers[there])


def _leb128(numbers: Words) -> bytes:
    """Numbers below 2^63 in seven bits a byte, the lowest first."""
    if not len(numbers):
        return b""
    shifts = range(0, max(int(numbers.max()).bit_length(), 1), 7)
    lengths = np.ones(len(numbers), np.int64)
    for shift in shifts[1:]:
        lengths += numbers >> shift > 0
    ends = np.cumsum(lengths)
    packed = np.empty(int(ends[-1]), np.uint8)
    starts = ends - lengths
    for place, shift in enumerate(shifts):
        here = np.flatnonzero(lengths > place)
        packed[starts[here] + place] = (numbers[here] >> shift) & 0x7F | _MORE
    packed[ends - 1] &= 0x7F
    return packed.tobytes()


def _numbers(packed: bytes, slots: int) -> Ints:
    if _histogram is None:
        return _unpacked_numbers(packed, slots)
    return np.frombuffer(_histogram.unpack(packed, slots), np.int64)


def _unpacked_numbers(packed: bytes, slots: int) -> Ints:
    """The counts that `_packed` wrote, `slots` at most. Raises ValueError when it is anything else."""
    found = np.frombuffer(packed, np.uint8)
    ends = np.flatnonzero(found < _MORE)
    if len(found) and found[-1] >= _MORE:
        raise ValueError("its counts end within a number")
    starts = np.concatenate([[0], ends[:-1] + 1])[: len(ends)]
    lengths = ends - starts + 1
    if len(ends) and int(lengths.max()) > _NUMBER_BYTES:
        raise ValueError(f"a number of more than {_NUMBER_BYTES} bytes")
    zigzag = np.zeros(len(ends), np.uint64)
    for place in range(int(lengths.max(initial=0))):
        here = np.flatnonzero(lengths > place)
        zigzag[here] |= (found[starts[here] + place] & 0x7F).astype(np.uint64) << (7 * place)
    numbers = (zigzag >> 1).astype(np.int64) ^ -(zigzag & 1).astype(np.int64)
    steps = np.where(numbers < 0, -numbers, 1)
    if len(steps) > slots or int(steps.max(initial=0)) > slots or int(steps.sum()) > slots:
        raise ValueError("counts for more buckets than there are")
    places = np.cumsum(steps) - steps
    counts = np.zeros(int(steps.sum()), np.int64)
    there = numbers > 0
    counts[places[there]] = numbers[there]
    return counts
