"""How throughput scales: sweeps that obey a law, and sweeps that show none."""

from __future__ import annotations

import numpy as np
import pytest

from bizra_lab.analysis.scaling import RESULTS, Run, Scaling, scaling
from bizra_lab.model import Estimate, Result, Unavailable


def _around(value: float, unit: str) -> Estimate:
    return Estimate(value, 0.9 * value, 1.1 * value, unit, 1_000)


def _run(workers: int, throughput_per_s: float) -> Run:
    return workers, {
        "throughput_per_s": _around(throughput_per_s, "per_s"),
        "latency_ns.mean": _around(workers * 1e9 / throughput_per_s, "ns"),
        "littles_law.balance": _around(1.0, "ratio"),
    }


def _known(result: Result) -> Estimate:
    assert isinstance(result, Estimate), result
    return result


# 1,000/s a worker, contention 0.1, coherency 0.01: by hand, 8 workers do 8,000/2.26, and √(0.9/0.01) = 9.5 most.
LAW = {1: 1_000.0, 2: 1_785.714, 4: 2_816.901, 8: 3_539.823, 16: 3_265.306}
FOUND = scaling([_run(*each) for each in LAW.items()])


def test_a_law_is_found_in_what_obeys_it() -> None:
    values = [_known(FOUND.results[f"usl.{name}"]).value for name in ("per_worker_per_s", "contention", "coherency")]
    assert [1_000.0, 0.1, 0.01] == pytest.approx(values, rel=1e-3)
    assert 9.487 == pytest.approx(_known(FOUND.results["usl.peak_workers"]).value, rel=1e-3)
    assert 0.1 > _known(FOUND.results["usl.misfit_per_s"]).value


def test_curves_go_from_one_worker_to_the_most_there_were() -> None:
    for curve in (FOUND.law, FOUND.bound):
        assert (1.0, 16.0) == (min(curve), max(curve))
    assert 3_265.306 == pytest.approx(FOUND.law[16.0], rel=1e-3)


def test_workers_do_at_most_as_many_times_what_one_does_alone() -> None:
    """1 ms alone: 16 workers at most 16,000/s."""
    assert 16_000 == pytest.approx(FOUND.bound[16.0])
    assert {} == scaling([_run(2, 1_500.0), _run(4, 2_500.0)]).bound


def test_workers_over_throughput_is_the_mean_response_with_the_ends_turned() -> None:
    found = _known(FOUND.by_run["8 workers, run 1"]["workers / throughput"])
    assert (2.26e6, 2.0545e6, 2.5111e6) == pytest.approx((found.value, found.low, found.high), rel=1e-4)


def test_runs_are_listed_by_workers_and_numbered_in_the_order_they_came() -> None:
    found = scaling([_run(1, 100.0), _run(2, 200.0), _run(2, 210.0), _run(1, 110.0)])
    assert ["1 worker, run 1", "1 worker, run 2", "2 workers, run 1", "2 workers, run 2"] == list(found.by_run)
    assert 110.0 == _known(found.by_run["1 worker, run 2"]["throughput_per_s"]).value
    assert ((1, 100.0), (2, 200.0), (2, 210.0), (1, 110.0)) == found.seen


def test_few_numbers_of_workers_show_no_law() -> None:
    found = scaling([_run(1, 100.0), _run(2, 200.0), _run(4, 300.0)])
    reason = "3 different numbers of workers do not show how throughput scales; it needs 4"
    assert dict.fromkeys(RESULTS, Unavailable(reason)) == found.results
    assert {} == found.law


def test_a_straight_line_has_neither_contention_nor_coherency() -> None:
    """With noise of a per cent the search ends next to 0, on one machine here and on another there."""
    rng = np.random.default_rng(4)
    found = scaling([_run(each, 1_000 * each * (1 + 0.01 * rng.standard_normal())) for each in (1, 2, 4, 8) * 2])
    for name in ("usl.contention", "usl.coherency"):
        coefficient = _known(found.results[name])
        assert coefficient.low == 0
        assert coefficient.value == 0 or coefficient.value > 0.01 * coefficient.high
    assert isinstance(found.results["usl.peak_workers"], Unavailable)


def test_a_run_without_a_throughput_says_why_and_is_left_out() -> None:
    few = Unavailable("3 operations do not bound a rate")
    found = scaling([*(_run(*each) for each in LAW.items()), (32, {"throughput_per_s": few})])
    assert FOUND.results == found.results
    row = found.by_run["32 workers, run 1"]
    assert (few, few) == (row["throughput_per_s"], row["workers / throughput"])
    assert Unavailable("it was not estimated") == row["littles_law.balance"]


def test_a_rate_that_may_be_0_bounds_no_response() -> None:
    found = scaling([(2, {"throughput_per_s": Estimate(5.0, -1.0, 11.0, "per_s", 9)})])
    reason = "the throughput may be 0, and bounds no response"
    assert Unavailable(reason) == found.by_run["2 workers, run 1"]["workers / throughput"]


def test_no_runs_are_no_sweep() -> None:
    found = scaling([])
    assert Scaling(found.results, {}, (), {}, {}) == found
