"""hey's report and CSV, by real ones; one server stood still for 1.5 s, one was not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.importers import read
from bizra_lab.importers.hey import _lanes
from bizra_lab.model import Declared
from tests.importers.reading import MADE, REAL, ends, in_flight, only_claim, reason, says, value

SLOW = REAL / "hey_uvicorn_slow10ms_c20.txt"
CSV = REAL / "hey_nginx_c10.csv"


def test_its_figures_are_read_in_ns_and_per_second() -> None:
    says(
        only_claim(SLOW),
        {
            "throughput_per_s": 1301.6666,
            "latency_ns.min": 10.5e6,
            "latency_ns.mean": 15.3e6,
            "latency_ns.p10": 12.3e6,
            "latency_ns.p25": 13.2e6,
            "latency_ns.p50": 14.7e6,
            "latency_ns.p75": 16.8e6,
            "latency_ns.p90": 19.6e6,
            "latency_ns.p95": 21.1e6,
            "latency_ns.p99": 24.2e6,
            "latency_ns.max": 30.4e6,
            "share.failed": 0,
        },
    )
    assert (15.25e6, 15.35e6) == ends(only_claim(SLOW), "latency_ns.mean")


def test_it_does_not_say_how_many_workers() -> None:
    assert Declared("http", "closed", None, None, 0.0, 6.0146, 7829, 1e5) == only_claim(SLOW).declared


def test_a_slow_server_keeps_all_workers_busy() -> None:
    assert 0.996 == pytest.approx(in_flight(only_claim(SLOW, workers=20)) / 20, abs=0.0005)


def test_a_stall_leaves_littles_law_intact() -> None:
    claim = only_claim(REAL / "hey_stall1500ms_c20.txt", workers=20)
    assert 0.997 == pytest.approx(in_flight(claim) / 20, abs=0.0005)
    assert (1.5335e9, 28.1e6) == pytest.approx((value(claim, "latency_ns.max"), value(claim, "latency_ns.p99")))


def test_a_server_that_is_not_there_has_no_latency() -> None:
    claim = only_claim(MADE / "hey_refused_c8.txt")
    assert 1 == value(claim, "share.failed")
    assert "no request was answered" == reason(claim, "latency_ns.mean")
    assert 200 == claim.declared.operations


def test_beyond_a_million_its_average_is_no_mean(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text(SLOW.read_text().replace("7829 responses", "1000001 responses\n  [503]\t20 responses"))
    claim = only_claim(path)
    assert "its Average is no mean" in reason(claim, "latency_ns.mean")
    assert 20 / 1_000_021 == pytest.approx(value(claim, "share.failed"))


def test_a_quantile_a_short_run_does_not_have_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "short.txt"
    path.write_text(SLOW.read_text().replace("99% in 0.0242 secs", "0% in 0.0000 secs"))
    claim = only_claim(path)
    assert "latency_ns.p99" not in claim.results
    says(claim, {"latency_ns.min": 10.5e6})


def test_the_csv_has_every_request() -> None:
    claim = only_claim(CSV)
    samples = claim.samples
    assert samples is not None
    assert 2000 == len(samples)
    assert [1_300_000, 1_300_000, 1_000_000] == samples.latency_ns[:3].tolist()
    assert [0, 400_000, 800_000] == samples.started_ns[:3].tolist()
    assert ("ok",) == samples.outcomes
    assert (None, None) == (claim.declared.workers, claim.declared.operations)
    assert "--workers" in reason(claim, "littles_law.ratio")


def test_the_csvs_workers_may_be_told() -> None:
    claim = only_claim(CSV, workers=10)
    assert claim.samples is not None
    assert 10 == claim.declared.workers == claim.samples.measurement.load.workers
    assert {} == claim.results


def test_requests_share_a_lane_only_one_after_the_other() -> None:
    lanes, lane = _lanes(np.array([5, 0, 1, 10, 11]), np.array([10, 4, 10, 12, 13]))
    assert 2 == lanes
    assert [0, 0, 1, 0, 1] == lane.tolist()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("0.0013,0,0,0,0,0,200", "line 2: 7 fields; expected 8"),
        ("0,0013,0,0,0,0,0,200,0.0002", "line 2: 9 fields; expected 8"),
        ("NaN,0,0,0,0,0,200,0.0002", "line 2: expected a number of 0 or more, got 'NaN'"),
        ("-0.1,0,0,0,0,0,200,0.0002", "line 2: expected a number of 0 or more, got '-0.1'"),
        ("1e29,0,0,0,0,0,200,0.0002", "line 2: expected a time within 100 days, got 1E\\+29 s"),
        ("0.1,0,0,0,0,0,200,1e29", "line 2: expected a time within 100 days"),
        ("", "no requests below its header"),
    ],
)
def test_a_bad_row_is_told_with_its_line(rows: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(CSV.read_text().splitlines()[0] + "\n" + rows + "\n")
    with pytest.raises(Unreadable, match=said):
        read(path)


def test_a_csv_without_starts_is_of_an_old_version(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_text("response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read\n0.1,0,0,0,0,0\n")
    with pytest.raises(Unreadable, match="no column 'status-code'"):
        read(path)


def test_failures_are_outcomes_of_their_status(tmp_path: Path) -> None:
    path = tmp_path / "failing.csv"
    header = CSV.read_text().splitlines()[0]
    path.write_text(f"{header}\n0.1,0,0,0,0,0,200,0.0\n0.1,0,0,0,0,0,503,0.2\n0.1,0,0,0,0,0,301,0.4\n")
    samples = only_claim(path).samples
    assert samples is not None
    assert [True, False, True] == samples.succeeded.tolist()
    assert ("ok", "503") == samples.outcomes
