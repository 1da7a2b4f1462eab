"""wrk's report, by real ones of runs with 16, 20 and 8 connections."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.importers import read
from bizra_lab.model import Declared
from tests.importers.reading import MADE, REAL, ends, in_flight, only_claim, reason, says, value

SLOW = REAL / "wrk_uvicorn_slow10ms_c20.txt"


def test_its_figures_are_read_in_ns_and_per_second() -> None:
    says(
        only_claim(REAL / "wrk_nginx_c16.txt"),
        {
            "throughput_per_s": 76449.52,
            "latency_ns.mean": 195_230,
            "latency_ns.p50": 161_000,
            "latency_ns.p75": 204_000,
            "latency_ns.p90": 256_000,
            "latency_ns.p99": 1_220_000,
            "latency_ns.max": 10_230_000,
            "share.failed": 0,
        },
    )


def test_a_printed_value_is_open_by_half_its_last_digit() -> None:
    claim = only_claim(SLOW)
    assert (1137.315, 1137.325) == ends(claim, "throughput_per_s")
    assert (27_795_000, 27_805_000) == ends(claim, "latency_ns.p99")


def test_connections_are_its_workers() -> None:
    expected = Declared("http", "closed", 20, None, 0.0, 6.01, 6840, 1000.0)
    assert expected == only_claim(SLOW).declared


def test_a_slow_server_keeps_all_connections_busy() -> None:
    assert 0.996 == pytest.approx(in_flight(only_claim(SLOW)) / 20, abs=0.0005)


def test_phantoms_may_be_in_the_mean_so_its_interval_reaches_down_to_0() -> None:
    assert (0, 17_525_000) == ends(only_claim(SLOW), "latency_ns.mean")


def test_no_phantoms_are_in_the_mean_when_no_latency_is_twice_what_is_expected(tmp_path: Path) -> None:
    path = tmp_path / "even.txt"
    path.write_text(SLOW.read_text().replace("37.40ms", "35.10ms"))  # the expected interval is 17.58 ms
    assert (17_515_000, 17_525_000) == ends(only_claim(path), "latency_ns.mean")


def test_quantiles_are_printed_on_demand_only() -> None:
    claim = only_claim(MADE / "wrk_c8_without_latency.txt")
    assert "--latency" in reason(claim, "latency_ns.p50")
    assert 22_410_000 == value(claim, "latency_ns.max")


def test_failures_are_counted_with_and_without_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "failing.txt"
    lines = "  Socket errors: connect 20, read 30, write 0, timeout 10\n  Non-2xx or 3xx responses: 109\nRequests/sec:"
    path.write_text(SLOW.read_text().replace("Requests/sec:", lines))
    assert 169 / 6900 == pytest.approx(value(only_claim(path), "share.failed"))


@pytest.mark.parametrize(
    ("found", "instead", "said"),
    [
        ("17.52ms", "17,52ms", "line 4: expected a time|line 4: expected a number"),
        ("1137.32", "1.137,32", "line 12: expected a number of 0 or more with a decimal point"),
        ("6840 requests in 6.01s", "lost", "no line 'N requests in …'"),
        ("20 connections", "-20 connections", "line 2: expected a number of 0 or more"),
        ("1137.32", "nan", "line 12: expected a number"),
    ],
)
def test_a_bad_line_is_told_with_its_number(found: str, instead: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(SLOW.read_text().replace(found, instead))
    with pytest.raises(Unreadable, match=said):
        read(path)
