"""ab's report and table, by real ones of 50 and of 2 connections."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.importers import read
from bizra_lab.model import Declared
from tests.importers.reading import MADE, REAL, ends, only_claim, reason, says, value

REPORT = REAL / "ab_nginx_c50.txt"


def test_its_figures_are_read_in_ns_and_per_second() -> None:
    says(
        only_claim(REPORT),
        {
            "throughput_per_s": 37665.29,
            "latency_ns.min": 0,
            "latency_ns.mean": 1e6,
            "latency_ns.p50": 1e6,
            "latency_ns.p66": 1e6,
            "latency_ns.p90": 2e6,
            "latency_ns.p99": 4e6,
            "latency_ns.max": 7e6,
            "share.failed": 0,
        },
    )
    assert Declared("http", "closed", 50, None, 0.0, 1.327, 50_000, 1e6) == only_claim(REPORT).declared


def test_whole_milliseconds_leave_open_what_was_in_flight() -> None:
    claim = only_claim(REPORT)
    low_ns, high_ns = ends(claim, "latency_ns.mean")
    rate = value(claim, "throughput_per_s")
    assert (18.8, 56.5) == pytest.approx((rate * low_ns / 1e9, rate * high_ns / 1e9), abs=0.05)


def test_a_failure_may_be_counted_twice(tmp_path: Path) -> None:
    path = tmp_path / "failing.txt"
    path.write_text(
        REPORT.read_text().replace("requests:        0\n", "requests:        500\nNon-2xx responses: 1000\n")
    )
    assert (0.02, 0.03) == ends(only_claim(path), "share.failed")


def test_the_table_has_the_mean_of_every_request() -> None:
    claim = only_claim(MADE / "ab_c2.tsv")
    says(
        claim,
        {
            "latency_ns.min": 5e6,
            "latency_ns.mean": 5_574_444.4444444,
            "latency_ns.p50": 5e6,
            "latency_ns.p90": 9e6,
            "latency_ns.p99": 10e6,
            "latency_ns.max": 11e6,
        },
    )
    assert (5_074_444.44, 6_074_444.44) == ends(claim, "latency_ns.mean")
    assert None is claim.declared.workers


def test_the_tables_rate_holds_what_the_report_of_the_same_run_prints() -> None:
    low, high = ends(only_claim(MADE / "ab_c2.tsv"), "throughput_per_s")
    assert low < value(only_claim(MADE / "ab_c2.txt"), "throughput_per_s") < high


def test_a_run_within_a_second_has_no_rate(tmp_path: Path) -> None:
    path = tmp_path / "short.tsv"
    lines = (MADE / "ab_c2.tsv").read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], *(line for line in lines[1:] if "\t1" in line)][:3]))
    assert "by a clock of whole seconds" in reason(only_claim(path), "throughput_per_s")


@pytest.mark.parametrize(
    ("found", "instead", "said"),
    [
        ("37665.29", "37.665,29", "line 22: expected a number of 0 or more with a decimal point"),
        ("Total:          0    1   0.6      1       7", "", "no line 'Total: min mean sd median max'"),
        ("50000\nFailed", "-1\nFailed", "line 17: expected a number of 0 or more, got '-1'"),
    ],
)
def test_a_bad_line_is_told_with_its_number(found: str, instead: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(REPORT.read_text().replace(found, instead))
    with pytest.raises(Unreadable, match=said):
        read(path)


def test_a_table_without_requests_is_none(tmp_path: Path) -> None:
    path = tmp_path / "empty.tsv"
    path.write_text("starttime\tseconds\tctime\tdtime\tttime\twait\n")
    with pytest.raises(Unreadable, match="no requests below its header"):
        read(path)
