"""
HdrHistogram log (`.hlog`): how many operations took how long in each interval of a run, from any tool that writes one.

Counts in buckets: each figure has the interval of its bucket, which is as wide as the digits the histogram was made
with allow. Quantiles, mean and extremes are of all intervals together, those of one tag being one claim. The rate is
the count over the time of the intervals. Neither the load, nor the workers, nor the unit of the values is in the file:
the unit is taken from the column of interval maxima, which by convention is in milliseconds, so values a million times
as large are nanoseconds and values a thousand times as large microseconds; where neither fits, no time is given.
Whether the values were corrected for coordinated omission is not told.

Version 2 of the encoding, compressed, is read: all writers since 2015. What a histogram unpacks to is bounded.

Source: HdrHistogram, HistogramLogWriter and AbstractHistogram (encodeIntoCompressedByteBuffer), ZigZagEncoding.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bizra_lab.errors import Unreadable
from bizra_lab.importers._counts import Bucket, times_of
from bizra_lab.importers._files import name_of, table_rows
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import decimal_of, exact
from bizra_lab.model import Claim, Declared, Result, Unavailable

COMPRESSED_COOKIE = 0x1C849314  # V2, counts of variable length, inside zlib
COOKIE = 0x1C849313  # V2, counts of variable length
HEADER = struct.Struct(">iiiiqqd")  # cookie, payload length, offset, digits, lowest, highest, ratio
UNPACKED_BYTES_MAX = 20_000_000  # of one histogram; the finest there is has 9 bytes for each of 2 million counts
FILE_BYTES_MAX = 200_000_000  # of all histograms of a file; a day of one a second, 2 KB each
TAGS_MAX = 1000  # each is a claim of its own; more are no names of things that were measured
DIGITS_MAX = 5  # significant decimal digits that a histogram can keep
VALUE_BITS = 63  # of the largest value
UNITS_NS = {1_000_000: 1.0, 1_000: 1e3}  # ns in a value, by how much larger it is than its maximum in ms
RATIO_TOLERANCE = 0.05  # maxima are printed with three decimals; a small one is known to a few percent

_BEGIN = (b"#[Histogram log format version", b'"StartTimestamp","Interval_Length"')


@dataclass(slots=True)
class _Tag:
    """What the intervals of one tag amount to."""

    counts: Counter[tuple[int, int]] = field(default_factory=Counter)  # by the lowest and the highest value of a bucket
    seconds: float = 0.0
    ratios: list[float] = field(default_factory=list)  # of each interval, its largest value over the maximum it states


def can_read(head: bytes) -> bool:
    return any(mark in head[:4096] for mark in _BEGIN)


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    tags: dict[str, _Tag] = {}
    unpacked_bytes = 0
    for line, row in table_rows(path):
        if row[0].startswith("#") or row[0] == "StartTimestamp":
            continue
        name = row.pop(0).removeprefix("Tag=") if row[0].startswith("Tag=") else ""
        where = f"{path}: line {line}"
        if len(row) != 4:
            raise Unreadable(f"{where}: {len(row)} fields; expected start, length, maximum and histogram")
        histogram = _unpacked(row[3], where)
        unpacked_bytes += len(histogram)
        tag = tags.setdefault(name_of(name), _Tag())
        if unpacked_bytes > FILE_BYTES_MAX or len(tags) > TAGS_MAX:
            raise Unreadable(f"{where}: more than {FILE_BYTES_MAX:,} bytes of histograms, or {TAGS_MAX:,} tags")
        _add(tag, row, histogram, where)
    return tuple(_claim(f"{path.stem} {name}".strip(), tag) for name, tag in sorted(tags.items()))


def _add(tag: _Tag, row: list[str], histogram: bytes, where: str) -> None:
    decimal_of(row[0], where)
    tag.seconds += float(decimal_of(row[1], where))
    largest = 0
    for low, high, count in _buckets(histogram, where):
        tag.counts[low, high] += count
        largest = max(largest, high)
    stated = float(decimal_of(row[2], where))
    if stated > 0 and largest > 0:
        tag.ratios.append(largest / stated)


def _claim(name: str, tag: _Tag) -> Claim:
    n = tag.counts.total()
    unit_ns = _unit_ns(tag.ratios)
    times: dict[str, Result] = {"latency_ns.mean": Unavailable("the unit of the values is not in the file")}
    if unit_ns is not None:
        times = times_of(
            Bucket(low * unit_ns, (low + high) / 2 * unit_ns, high * unit_ns, count)
            for (low, high), count in tag.counts.items()
        )
    rate: Result = exact(n / tag.seconds, "per_s", n) if tag.seconds else Unavailable("intervals without a length")
    declared = Declared(duration_s=tag.seconds or None, operations=n or None)
    return Claim(name_of(name), {"throughput_per_s": rate, **times}, declared)


def _unit_ns(ratios: list[float]) -> float | None:
    """The ns in a value, by the middle of how much larger values are than maxima in ms; None when it is neither."""
    if not ratios:
        return None
    middle = sorted(ratios)[len(ratios) // 2]
    return next((ns for ratio, ns in UNITS_NS.items() if abs(middle / ratio - 1) <= RATIO_TOLERANCE), None)


def _buckets(unpacked: bytes, where: str) -> Iterator[tuple[int, int, int]]:
    """The lowest and highest value of each bucket that is not empty, and its count."""
    if len(unpacked) < HEADER.size:
        raise Unreadable(f"{where}: a histogram of {len(unpacked)} bytes; expected at least {HEADER.size}")
    cookie, length, _, digits, lowest, _, _ = HEADER.unpack_from(unpacked)
    if cookie != COOKIE or not 0 <= digits <= DIGITS_MAX or lowest < 1:
        raise Unreadable(f"{where}: a histogram of another encoding; expected version 2")
    payload = unpacked[HEADER.size :]
    if length != len(payload):
        raise Unreadable(f"{where}: {len(payload)} bytes of counts; expected {length}")
    unit_bits = int(math.log2(lowest))
    half_bits = max(math.ceil(math.log2(2 * 10**digits)), 1) - 1
    index = 0
    for number in _numbers(payload, where):
        if number < 0:
            index -= number  # that many empty buckets
            continue
        if number:
            low, width = _bucket(index, unit_bits, half_bits, where)
            yield low, low + width - 1, number
        index += 1


def _unpacked(text: str, where: str) -> bytes:
    try:
        packed = base64.b64decode(text, validate=True)
        cookie, length = struct.unpack_from(">ii", packed)
        if cookie != COMPRESSED_COOKIE or length != len(packed) - 8:
            raise Unreadable(f"{where}: no compressed histogram of version 2, or cut short")
        inflater = zlib.decompressobj()
        unpacked = inflater.decompress(packed[8:], UNPACKED_BYTES_MAX)
    except (ValueError, struct.error, zlib.error) as error:  # of base64 the first
        raise Unreadable(f"{where}: {error}; expected a histogram in base64") from None
    if not inflater.eof:
        raise Unreadable(f"{where}: a histogram of more than {UNPACKED_BYTES_MAX:,} bytes, or cut short")
    return unpacked


def _bucket(index: int, unit_bits: int, half_bits: int, where: str) -> tuple[int, int]:
    """The lowest value of a bucket and how many values it holds; half of each power of two has so many buckets."""
    power, step = (index >> half_bits) - 1, (index & ((1 << half_bits) - 1)) + (1 << half_bits)
    if power < 0:
        power, step = 0, step - (1 << half_bits)
    if power + unit_bits + half_bits >= VALUE_BITS:
        raise Unreadable(f"{where}: a count beyond the largest value; expected a histogram")
    return step << (power + unit_bits), 1 << (power + unit_bits)


def _numbers(payload: bytes, where: str) -> Iterator[int]:
    """Signed numbers of variable length: seven bits a byte, the ninth byte whole, the sign in the lowest bit."""
    number = shift = 0
    for byte in payload:
        last = shift == 56
        number |= (byte if last else byte & 0x7F) << shift
        if byte & 0x80 and not last:
            shift += 7
            continue
        yield (number >> 1) ^ -(number & 1)
        number = shift = 0
    if shift:
        raise Unreadable(f"{where}: a count cut short; expected a whole histogram")
