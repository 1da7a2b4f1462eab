"""Histograms in HdrHistogram's formats: read as its own library reads them, and refused when they are anything else."""

from __future__ import annotations

import base64
import importlib
import importlib.util
import io
import itertools
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]
from hdrh.log import HistogramLogReader, HistogramLogWriter  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from bizra_lab.analysis import hlog
from bizra_lab.analysis.buckets import LARGEST, Buckets
from bizra_lab.analysis.histogram import N_MAX, Bounded, Histogram
from bizra_lab.analysis.hlog import LEGEND, Interval, decode, encode, log_lines, read_log
from bizra_lab.errors import Unreadable
from bizra_lab.model import Ints

EXTENSION = "bizra_lab.analysis._histogram"
BUILT = importlib.util.find_spec(EXTENSION) is not None

LATENCIES = np.random.default_rng(4).lognormal(np.log(120e3), 0.55, 2000).astype(np.int64)

# Few and many empty buckets in a row, and counts of every length.
COUNTS = st.lists(
    st.one_of(st.just(0), st.integers(0, 300), st.sampled_from([63, 64, 8191, 8192, 2**55])), max_size=300
)


@pytest.fixture(autouse=True, params=["c", "numpy"])
def _kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extension where it was built, and without it."""
    if request.param == "numpy":
        monkeypatch.setattr(hlog, "_histogram", None)


def _peer(values: Ints, digits: int = 3, lowest: int = 1) -> HdrHistogram:
    peer = HdrHistogram(lowest, LARGEST, digits)
    for value in values.tolist():
        peer.record_value(value)
    return peer


def _wrapped(content: bytes, cookie: int = 0x1C849314, level: int = 6) -> str:
    """Base64 of a payload around a stream of `content`."""
    stream = zlib.compress(content, level)
    return base64.b64encode(struct.pack(">II", cookie, len(stream)) + stream).decode()


def _v2(numbers: bytes, **changes: float) -> str:
    """A payload with one thing of its header changed."""
    header = {
        "cookie": 0x1C849313,
        "length": len(numbers),
        "offset": 0,
        "digits": 3,
        "lowest": 1,
        "highest": LARGEST,
        "ratio": 1.0,
    }
    return _wrapped(struct.pack(">IIiIqqd", *(header | changes).values()) + numbers)


# --- a payload


@pytest.mark.parametrize("digits", [1, 2, 3, 4])
@pytest.mark.parametrize("lowest", [1, 1000])
def test_what_hdrhistogram_wrote_is_read_count_for_count(digits: int, lowest: int) -> None:
    peer = _peer(LATENCIES, digits, lowest)
    found = decode(peer.encode().decode())
    assert Buckets(digits, (lowest.bit_length() - 1)) == found.buckets
    assert [peer.get_count_at_index(slot) for slot in range(len(found.counts))] == found.counts.tolist()
    assert 2000 == found.n
    assert isinstance(found.max, Bounded)
    assert peer.get_max_value() == found.max.high
    for p in (0.5, 0.9, 0.99):
        told = found.quantile(p)
        assert isinstance(told, Bounded)
        assert peer.get_value_at_percentile(100 * p) == told.high


@pytest.mark.parametrize("digits", [1, 2, 3, 4])
def test_what_is_written_hdrhistogram_reads_count_for_count(digits: int) -> None:
    written = Histogram.of(LATENCIES, digits)
    peer = HdrHistogram.decode(encode(written))
    counts = [peer.get_count_at_index(slot) for slot in range(peer.counts_len)]
    assert written.counts.tolist() == counts[: len(written.counts)]
    assert 2000 == sum(counts) == peer.get_total_count()


@given(counts=COUNTS, digits=st.integers(0, 5), unit_bits=st.integers(0, 20))
def test_what_is_written_is_read_as_it_was(counts: list[int], digits: int, unit_bits: int) -> None:
    buckets = Buckets(digits, unit_bits)
    written = Histogram.counted(buckets, np.array(counts[: buckets.slots], np.int64))
    found = decode(encode(written))
    assert (written.buckets, written.counts.tolist(), written.n) == (found.buckets, found.counts.tolist(), found.n)
    assert None is found.exact


@given(COUNTS)
def test_both_kernels_write_the_same_bytes(counts: list[int]) -> None:
    array = np.array(counts, np.int64)
    array = np.trim_zeros(array, "b")
    packed = hlog._packed(array)
    assert array.tolist() == hlog._unpacked_numbers(packed, len(array)).tolist()
    if BUILT:
        assert packed == importlib.import_module(EXTENSION).pack(array)


@pytest.mark.parametrize(
    ("expected", "counts"),
    [
        (b"", []),
        (b"\x02", [1]),
        (b"\x00\x02", [0, 1]),  # a single empty bucket
        (b"\x03\x02", [0, 0, 1]),  # two of them: −2
        (b"\x7e\x80\x01", [63, 64]),
        (b"\xfe" + b"\xff" * 7 + b"\x7f", [N_MAX]),  # nine bytes
    ],
)
def test_numbers_are_zigzag_leb128(expected: bytes, counts: list[int]) -> None:
    written = zlib.decompress(base64.b64decode(encode(Histogram.counted(Buckets(3), np.array(counts, np.int64))))[8:])
    assert expected == written[40:]
    assert counts == decode(_v2(expected)).counts.tolist()


def test_how_its_writer_kept_the_counts_in_memory_makes_no_difference() -> None:
    """Writers in other languages leave an offset other than 0 there."""
    assert [0, 1] == decode(_v2(b"\x00\x02", offset=1)).counts.tolist()


@pytest.mark.parametrize(("word", "kind"), [(0x20, ">i2"), (0x40, ">i4"), (0x80, ">i8")])
def test_versions_0_and_1_are_words(word: int, kind: str) -> None:
    words = np.array([0, 5, 0, 0, 7, 0], kind).tobytes()
    v0 = struct.pack(">IIqqq", 0x1C849308 | word, 2, 1, 10**9, 12) + words
    v1 = struct.pack(">IIiIqqd", 0x1C849301 | word, len(words), 0, 2, 1, 10**9, 1.0) + words
    for payload in (_wrapped(v0, 0x1C849309 | word), _wrapped(v1, 0x1C849302 | word)):
        found = decode(payload)
        assert (Buckets(2), [0, 5, 0, 0, 7]) == (found.buckets, found.counts.tolist())


GOOD = encode(Histogram.of(LATENCIES))
RAW = base64.b64decode(GOOD)


@pytest.mark.parametrize(
    ("expected", "payload"),
    [
        ("0 bytes; expected a cookie", ""),
        ("expected base64", "not base64!"),
        ("expected base64", GOOD[:-3]),
        ("expected base64", "été"),
        ("cookie 0x41424344; expected a compressed", base64.b64encode(b"ABCDEFGHIJ").decode()),
        ("cookie 0x1c849313; expected a compressed", _wrapped(b"", 0x1C849313)),
        ("bytes; expected the", base64.b64encode(RAW[:-3]).decode()),
        ("bytes; expected the", base64.b64encode(RAW + b"abc").decode()),
        ("ends before its end", base64.b64encode(struct.pack(">II", 0x1C849314, len(RAW) - 9) + RAW[8:-1]).decode()),
        ("expected a zlib stream", base64.b64encode(RAW[:-1] + bytes([RAW[-1] ^ 1])).decode()),
        ("expected a zlib stream", base64.b64encode(RAW[:8] + b"\0" * (len(RAW) - 8)).decode()),
        (
            "goes on after its end",
            base64.b64encode(struct.pack(">II", 0x1C849314, len(RAW) - 5) + RAW[8:] + b"abc").decode(),
        ),
        ("ends after 3 bytes of 40", _wrapped(b"abc")),
        ("cookie 0x1c849311 within; expected 0x1c849303", _v2(b"", cookie=0x1C849311)),
        ("6 digits from 1", _v2(b"", digits=6)),
        ("4294967295 digits", _v2(b"", digits=2**32 - 1)),
        ("digits from 0", _v2(b"", lowest=0)),
        ("digits from -1", _v2(b"", lowest=-1)),
        ("3 digits from 8 to 15", _v2(b"", lowest=8, highest=15)),
        ("unit_bits must be 0 to 51, got 60", _v2(b"", lowest=2**60)),
        ("values times 0.5", _v2(b"", ratio=0.5)),
        ("values times nan", _v2(b"", ratio=float("nan"))),
        ("ends after 2 bytes of 3", _v2(b"\x02\x02", length=3)),
        ("goes on after its end", _v2(b"\x02\x02", length=1)),
        ("4294967295 bytes of counts; expected at most 497664", _v2(b"\x02", length=2**32 - 1)),
        ("its counts end within a number", _v2(b"\x02\x80")),
        ("a number of more than 9 bytes", _v2(b"\x80" * 9 + b"\x02")),
        ("a number of more than 9 bytes", _v2(b"\x02" + b"\xff" * 12 + b"\x02")),
        ("counts for more buckets than there are", _v2(b"\x02" * 55_297)),
        ("counts for more buckets than there are", _v2(b"\xff\xff\xff\xff\x0f\x02")),
        ("counts for more buckets than there are", _v2(b"\xff" * 8 + b"\x7f")),
        (f"{2 * N_MAX} in all", _v2(2 * (b"\xfe" + b"\xff" * 7 + b"\x7f"))),
        ("words of 3 bytes", _wrapped(struct.pack(">IIiIqqd", 0x1C849331, 0, 0, 3, 1, LARGEST, 1.0), 0x1C849332)),
        (
            "1 bytes of counts; expected a multiple of 2",
            _wrapped(struct.pack(">IIqqq", 0x1C849328, 3, 1, 9, 0) + b"a", 0x1C849329),
        ),
        ("one of -1", _wrapped(struct.pack(">IIqqq", 0x1C849328, 3, 1, 9, 0) + b"\xff\xff", 0x1C849329)),
    ],
)
def test_a_payload_that_is_none_is_refused_with_what_was_found(expected: str, payload: str) -> None:
    with pytest.raises(Unreadable) as refused:
        decode(payload)
    assert expected in str(refused.value)
    assert 1 == len(str(refused.value).splitlines())


@given(at=st.integers(0, len(RAW) - 1), bit=st.integers(0, 7))
def test_one_wrong_bit_gives_no_other_histogram(at: int, bit: int) -> None:
    damaged = bytearray(RAW)
    damaged[at] ^= 1 << bit
    try:
        found = decode(base64.b64encode(bytes(damaged)).decode())
    except Unreadable:
        return
    assert Histogram.of(LATENCIES).counts.tolist() == found.counts.tolist()  # as from a header's unused bits


@pytest.mark.parametrize(
    ("version", "header"),
    [
        (0x1C849314, struct.pack(">IIiIqqd", 0x1C849313, 400_000, 0, 3, 1, LARGEST, 1.0)),
        (0x1C849314, struct.pack(">IIiIqqd", 0x1C849313, 2**31, 0, 3, 1, LARGEST, 1.0)),
        (0x1C849389, struct.pack(">IIqqq", 0x1C849388, 3, 1, LARGEST, 1)),
    ],
    ids=["more than it declares", "more than there can be", "nothing declared"],
)
def test_what_unpacks_to_gigabytes_is_not_unpacked(version: int, header: bytes) -> None:
    packer = zlib.compressobj(9)
    stream = packer.compress(header)
    stream += b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    payload = base64.b64encode(struct.pack(">II", version, len(stream)) + stream).decode()
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable):
            decode(payload)
        assert 10e6 > tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# --- a log


def _intervals(start_s: float = 1_441_812_279.0) -> Iterator[Interval]:
    for second, tag in enumerate(("", "A", "")):
        yield Interval(start_s + second, 1.0, Histogram.of(LATENCIES[second * 100 :][:100] + second), tag)


def test_a_log_is_read_as_it_was_written() -> None:
    lines = list(log_lines(_intervals(), started_s=1_441_812_279.0))
    assert LEGEND + "\n" in lines
    for written, found in itertools.zip_longest(_intervals(), read_log(lines, "a.hlog")):
        assert (written.start_s, written.length_s, written.tag) == (found.start_s, found.length_s, found.tag)
        assert written.histogram.counts.tolist() == found.histogram.counts.tolist()


def test_hdrhistogram_reads_the_log_that_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.hlog"
    path.write_text("".join(log_lines(_intervals(), started_s=1_441_812_279.0)), encoding="utf-8")
    reader = HistogramLogReader(str(path), HdrHistogram(1, LARGEST, 3))
    for written in _intervals():
        peer = reader.get_next_interval_histogram()
        assert 1000 * written.start_s == peer.get_start_time_stamp()
        assert 1000 * (written.start_s + 1) == peer.get_end_time_stamp()
        assert (written.tag or None) == peer.get_tag()
        assert 100 == peer.get_total_count()
        assert isinstance(written.histogram.max, Bounded)
        assert written.histogram.max.high <= peer.get_max_value() <= 1.001 * written.histogram.max.high
    assert None is reader.get_next_interval_histogram()
    reader.input_file.close()


def test_the_log_that_hdrhistogram_writes_is_read() -> None:
    text = io.StringIO()
    writer = HistogramLogWriter(text)
    writer.output_comment("[made for this test]")
    writer.output_log_format_version()
    writer.output_base_time(1_441_812_279_000)
    writer.output_legend()
    writer.output_interval_histogram(_peer(LATENCIES), 0.5, 1.25)
    found = list(read_log(text.getvalue().splitlines(keepends=True), "a.hlog"))
    assert [(1_441_812_279.5, 0.75, "", 2000)] == [
        (each.start_s, each.length_s, each.tag, each.histogram.n) for each in found
    ]


def test_the_largest_value_is_written_in_milliseconds() -> None:
    line = list(log_lines([Interval(1.5, 2.0, Histogram.of(np.array([1_234_567])), "A")]))[-1]
    assert line.startswith("Tag=A,1.500000,2.000000,1.235,HISTF")
    empty = list(log_lines([Interval(0.0, 0.0, Histogram.of(np.zeros(0, np.int64)))]))[-1]
    assert empty.startswith("0.000000,0.000000,0.000,HISTF")


@pytest.mark.parametrize(
    ("expected_s", "comments"),
    [
        (5.0, ()),
        (5.0, ("#[StartTime: 4.000 (seconds since epoch), Thu Jan 01]",)),
        (1_441_812_284.0, ("#[StartTime: 1441812279.000 (seconds since epoch), Wed Sep 09]",)),
        (105.0, ("#[StartTime: 1441812279.000 (seconds since epoch)]", "#[BaseTime: 100.000 (seconds since epoch)]")),
    ],
    ids=["as written", "absolute", "since the start", "since the base"],
)
def test_times_are_since_the_epoch_where_the_log_tells(expected_s: float, comments: tuple[str, ...]) -> None:
    found = list(read_log([*comments, LEGEND, "", f"5.0,1.0,0.1,{GOOD}\r\n"], "a.hlog"))
    assert [expected_s] == [each.start_s for each in found]


def test_a_log_without_intervals_has_none() -> None:
    assert [] == list(read_log(log_lines([]), "a.hlog")) == list(read_log([], "a.hlog"))


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        ("2 fields; expected start, length", f"0.1,{GOOD}"),
        ("7 fields; expected start, length", f"0,127,1,007,2,769,{GOOD}"),
        ("start 'soon'; expected a number", f"soon,1.0,2.0,{GOOD}"),
        ("length ''; expected a number", f"0.1,,2.0,{GOOD}"),
        ("a start and a length, got nan", f"nan,1.0,2.0,{GOOD}"),
        ("a start and a length, got 0.1 and -1.0", f"0.1,-1.0,2.0,{GOOD}"),
        ("a tag has no comma and no space, got 'A B'", f"Tag=A B,0.1,1.0,2.0,{GOOD}"),
        ("histogram: 0 bytes", "0.1,1.0,2.0,"),
        ("expected base64", f"0.1,1.0,2.0,{GOOD[:-1]}"),
        ("StartTime 'soon'; expected a number", "#[StartTime: soon]"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_with_its_number(expected: str, line: str) -> None:
    with pytest.raises(Unreadable) as refused:
        list(read_log([LEGEND, line], "a.hlog"))
    assert str(refused.value).startswith("a.hlog:2: ")
    assert expected in str(refused.value)


def test_what_comes_before_a_line_that_cannot_be_read_is_there() -> None:
    found = read_log([f"0.1,1.0,2.0,{GOOD}", "0.2,1.0"], "a.hlog")
    assert 2000 == next(found).histogram.n
    with pytest.raises(Unreadable, match=r"a\.hlog:2: 2 fields"):
        next(found)


def test_a_file_that_is_no_text_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.hlog"
    path.write_bytes(zlib.compress(b"#") + b"\xff\xfe")
    with path.open(encoding="utf-8") as lines, pytest.raises(Unreadable, match="decode"):
        list(read_log(lines, "a.hlog"))


@pytest.mark.parametrize("tag", ["a,b", "a b", "a\n"])
def test_a_tag_that_would_break_its_line_is_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="a tag has no comma"):
        Interval(0.0, 1.0, Histogram.of(LATENCIES), tag)
