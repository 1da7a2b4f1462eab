"""Locust's CSV files, by real ones of 20 users."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.importers import read
from bizra_lab.model import Declared, Estimate
from tests.importers.reading import REAL, ends, only_claim, reason, says

STATS, HISTORY = REAL / "locust_c20_stats.csv", REAL / "locust_c20_stats_history.csv"


def test_each_kind_of_request_and_their_sum_is_a_claim() -> None:
    assert ["GET /slow", "Aggregated"] == [claim.name for claim in read(STATS).claims]


def test_its_figures_are_read_in_ns_and_per_second() -> None:
    claim, _ = read(STATS).claims
    says(
        claim,
        {
            "throughput_per_s": 583.5709988141665,
            "latency_ns.min": 12_230_873.999669711,
            "latency_ns.mean": 27_717_154.47802709,
            "latency_ns.p50": 27e6,
            "latency_ns.p66": 30e6,
            "latency_ns.p99": 51e6,
            "latency_ns.p99.9": 69e6,
            "latency_ns.max": 78_474_315.99975607,
            "share.failed": 0,
        },
    )
    expected = Declared(
        "http", "closed", None, None, None, 4096 / 583.5709988141665, 4096, 1e6, failures_in_latency=True
    )
    assert expected == claim.declared


def test_quantiles_above_100_ms_have_two_digits(tmp_path: Path) -> None:
    path = tmp_path / "slow.csv"
    path.write_text(STATS.read_text().replace(",69,78,78", ",69,150,3400"))
    claim, _ = read(path).claims
    assert (68.5e6, 69.5e6) == ends(claim, "latency_ns.p99.9")
    assert (145e6, 155e6) == ends(claim, "latency_ns.p99.99")


def test_the_history_has_the_users_and_its_whole_seconds_bound_the_rate() -> None:
    claim = only_claim(HISTORY)
    assert 20 == claim.declared.workers
    assert Estimate(3455 / 6, 3455 / 7, 3455 / 5, "per_s", 3455) == claim.results["throughput_per_s"]
    says(claim, {"latency_ns.mean": 27_717_154.47802709, "latency_ns.p50": 27e6})
    assert {"min", "mean", "p50", "max"} == {name.partition(".")[2] for name in claim.results if "latency" in name}


def test_a_history_of_a_moment_has_no_rate(tmp_path: Path) -> None:
    path = tmp_path / "moment.csv"
    path.write_text("".join(HISTORY.read_text().splitlines(keepends=True)[:4]))
    assert "whole seconds" in reason(only_claim(path), "throughput_per_s")


@pytest.mark.parametrize(
    ("source", "found", "instead", "said"),
    [
        (STATS, "583.5709988141665", '"583,57"', "line 2, Requests/s: expected a number of 0 or more with a decimal"),
        (STATS, ",4096,0,", ",NaN,0,", "line 2, Request Count: expected a number"),
        (STATS, ",99%,", ",99.x%,", "expected a number"),
        (STATS, "Average Response Time", "Mean", "no column 'Average Response Time'"),
        (HISTORY, "Aggregated", "Sum", "no line named Aggregated"),
    ],
)
def test_a_bad_cell_is_told_with_its_place(source: Path, found: str, instead: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(source.read_text().replace(found, instead))
    with pytest.raises(Unreadable, match=said):
        read(path)
