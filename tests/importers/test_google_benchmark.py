"""Google Benchmark's JSON, by real ones: once, with repetitions, and their aggregates only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.importers import read
from tests.importers.reading import MADE, ends, only_claim, reason, says, value

ONCE, REPEATED = MADE / "google_benchmark.json", MADE / "google_benchmark_3_repetitions.json"


def _changed(tmp_path: Path, **entries: Any) -> Path:
    path = tmp_path / "changed.json"
    content = json.loads(ONCE.read_text())
    content["benchmarks"][0] |= entries
    path.write_text(json.dumps(content))
    return path


def test_each_benchmark_is_a_claim_of_one_thread() -> None:
    claims = read(ONCE).claims
    assert ["sum_hundred", "sort_list/8", "sort_list/64"] == [claim.name for claim in claims]
    says(claims[0], {"latency_ns.mean": 2510.5486284611775, "throughput_per_s": 1e9 / 2510.5486284611775})
    assert ("inproc", "closed", 1) == (claims[0].declared.scope, claims[0].declared.kind, claims[0].declared.workers)
    assert 60_175 == claims[0].declared.operations


def test_quantiles_of_batches_are_not_given_as_those_of_calls() -> None:
    assert "batches of 60,175 calls" in reason(read(ONCE).claims[0], "latency_ns.p50")


def test_units_other_than_ns_are_converted() -> None:
    says(read(ONCE).claims[1], {"latency_ns.mean": 266.79929399245754})


def test_repetitions_span_the_interval_of_the_mean() -> None:
    claim = only_claim(REPEATED)
    assert 1913.1094516432779 == pytest.approx(value(claim, "latency_ns.mean"))
    assert (1343.41354, 2650.87294) == ends(claim, "latency_ns.mean")
    assert 319_212 == claim.declared.operations


def test_aggregates_alone_have_their_mean() -> None:
    assert value(only_claim(MADE / "google_benchmark_aggregates.json"), "latency_ns.mean") > 0


def test_the_time_of_several_threads_means_different_things(tmp_path: Path) -> None:
    claim = read(_changed(tmp_path, threads=4)).claims[0]
    assert "differs between versions" in reason(claim, "latency_ns.mean")
    assert 4 == claim.declared.workers


def test_a_benchmark_that_failed_says_so(tmp_path: Path) -> None:
    claim = read(_changed(tmp_path, error_occurred=True, error_message="no device")).claims[0]
    assert "the benchmark failed: no device" == reason(claim, "latency_ns.mean")


def test_a_time_of_0_has_no_rate(tmp_path: Path) -> None:
    assert "a time of 0 has no rate" == reason(read(_changed(tmp_path, real_time=0.0)).claims[0], "throughput_per_s")


def test_an_unknown_unit_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"benchmarks\[0\]\.time_unit: expected one of ns, us, ms, s, got 'days'"):
        read(_changed(tmp_path, time_unit="days"))
