"""HdrHistogram logs, by ones that HdrHistogram's Python library wrote: 1 to 1000 µs once each, then 50 ms ten times."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.importers import read
from bizra_lab.importers.hlog import COMPRESSED_COOKIE, COOKIE, HEADER, _bucket, _numbers
from bizra_lab.model import Declared
from tests.importers.reading import MADE, ends, only_claim, reason, value


def _row(payload: bytes, digits: int = 3, lowest: int = 1, cookie: int = COOKIE, length: int | None = None) -> str:
    header = HEADER.pack(cookie, len(payload) if length is None else length, 0, digits, lowest, 10**9, 1.0)
    packed = zlib.compress(header + payload)
    return base64.b64encode(struct.pack(">ii", COMPRESSED_COOKIE, len(packed)) + packed).decode()


def _log(tmp_path: Path, histogram: str) -> Path:
    path = tmp_path / "made.hlog"
    path.write_text(f"#[Histogram log format version 1.2]\n0.0,1.0,1.0,{histogram}\n")
    return path


@pytest.mark.parametrize("name", ["hlog_ns.hlog", "hlog_us.hlog"])
def test_quantiles_lie_in_their_buckets_whatever_the_unit(name: str) -> None:
    claim = only_claim(MADE / name)
    for quantile, true_ns in (("p50", 505_000), ("p90", 909_000), ("p99", 1_000_000), ("p99.9", 50_000_000)):
        low_ns, high_ns = ends(claim, f"latency_ns.{quantile}")
        assert low_ns <= true_ns <= high_ns
        assert high_ns - low_ns <= 0.001 * true_ns


def test_the_mean_is_as_open_as_its_buckets() -> None:
    low_ns, high_ns = ends(only_claim(MADE / "hlog_ns.hlog"), "latency_ns.mean")
    assert low_ns <= (500_500 * 1000 + 50_000_000 * 10) / 1010 <= high_ns


def test_the_rate_is_the_count_over_the_intervals() -> None:
    claim = only_claim(MADE / "hlog_ns.hlog")
    assert 505 == value(claim, "throughput_per_s")
    assert Declared(duration_s=2.0, operations=1010) == claim.declared


def test_each_tag_is_a_claim() -> None:
    plain, reads = read(MADE / "hlog_tagged.hlog").claims
    assert ("hlog_tagged", 1000, "hlog_tagged reads", 10) == (
        plain.name,
        plain.declared.operations,
        reads.name,
        reads.declared.operations,
    )


def test_a_unit_that_nothing_tells_is_not_guessed() -> None:
    claim = only_claim(MADE / "hlog_without_unit.hlog")
    assert "the unit of the values is not in the file" == reason(claim, "latency_ns.mean")


@pytest.mark.parametrize(
    ("index", "bucket"),
    [(0, (0, 1)), (2047, (2047, 1)), (2048, (2048, 2)), (3071, (4094, 2)), (3072, (4096, 4)), (4096, (8192, 8))],
)
def test_a_bucket_doubles_with_each_power_of_two(index: int, bucket: tuple[int, int]) -> None:
    assert bucket == _bucket(index, 0, 10, "here")


@pytest.mark.parametrize(
    ("payload", "numbers"),
    [
        (b"\x00", [0]),
        (b"\x01", [-1]),
        (b"\x02", [1]),
        (b"\x80\x01", [64]),
        (b"\xff" * 9, [-(2**63)]),
        (b"\x02\x03", [1, -2]),
    ],
)
def test_numbers_take_as_many_bytes_as_they_need(payload: bytes, numbers: list[int]) -> None:
    assert numbers == list(_numbers(payload, "here"))


@pytest.mark.parametrize(
    ("histogram", "said"),
    [
        ("not base64!", "expected a histogram in base64"),
        ("AAAA", "expected a histogram in base64"),
        (base64.b64encode(b"\0" * 40).decode(), "no compressed histogram of version 2"),
        (_row(b"\x02", cookie=1), "a histogram of another encoding"),
        (_row(b"\x02", digits=9), "a histogram of another encoding"),
        (_row(b"\x02", lowest=0), "a histogram of another encoding"),
        (_row(b"\x02", length=7), "1 bytes of counts; expected 7"),
        (_row(b"\x82"), "a count cut short"),
        (_row(b"\xff" * 9 + b"\x02"), "a count beyond the largest value"),
        (_row(b"\x00" * 30_000_000), "a histogram of more than 20,000,000 bytes"),
    ],
)
def test_a_bad_histogram_is_told_with_its_line(histogram: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=rf"made\.hlog: line 2: .*{said}"):
        read(_log(tmp_path, histogram))


def test_a_row_of_other_fields_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "made.hlog"
    path.write_text("#[Histogram log format version 1.2]\n0.0,1.0\n")
    with pytest.raises(Unreadable, match="line 2: 2 fields; expected start, length, maximum and histogram"):
        read(path)
