"""What a batch does of each."""

from __future__ import annotations

import pytest

from bizra_lab.analysis.batches import per_record
from bizra_lab.model import Estimate, Results, Unavailable

RESULTS: Results = {
    "throughput_per_s": Estimate(10.0, 9.0, 12.0, "per_s", 40),
    "latency_ns.mean": Estimate(100_000.0, 90_000.0, 120_000.0, "ns", 40),
    "latency_ns.p50": Estimate(95_000.0, 94_000.0, 96_000.0, "ns", 40),
}


def test_a_batch_of_a_thousand_ten_times_a_second_is_ten_thousand_a_second() -> None:
    assert Estimate(10_000.0, 9_000.0, 12_000.0, "per_s", 40) == per_record(RESULTS, 1_000)["records_per_s"]


def test_a_batch_that_takes_its_time_costs_a_record_its_part() -> None:
    assert Estimate(100.0, 90.0, 120.0, "ns", 40) == per_record(RESULTS, 1_000)["record_ns"]


def test_no_quantile_of_a_batch_is_one_of_a_record() -> None:
    assert {"records_per_s", "record_ns"} == set(per_record(RESULTS, 1_000))


def test_what_was_not_told_of_the_batch_is_not_told_of_a_record() -> None:
    assert (
        Unavailable("no operations")
        == per_record({"throughput_per_s": Unavailable("no operations")}, 9)["records_per_s"]
    )
    assert Unavailable("not measured") == per_record({}, 9)["record_ns"]


def test_a_batch_of_none_has_none() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        per_record(RESULTS, 0)
