"""Simulated time: the component really runs, and every digit repeats."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import numpy as np
import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.clock import StepClock
from bizra_lab.harness.span import Span
from bizra_lab.harness.virtual import ServiceTimes, measure_virtually
from bizra_lab.model import Load, Samples, Tally, Workload

FIXED = ServiceTimes(median_ns=1_000_000, spread=0.0)
TENTH = Span(0.0, 0.1)


def simulate(load: Load, span: Span = TENTH, service: ServiceTimes = FIXED, seed: int = 1) -> Samples:
    return measure_virtually(
        Workload("nothing", lambda: None), load, span, StepClock(), service, np.random.default_rng(seed)
    )


def test_the_same_seed_gives_the_same_digits_and_another_seed_others() -> None:
    spread = ServiceTimes(1_000_000, 0.3, 0.01, 5e6)
    first, again, other = (simulate(Load(), service=spread, seed=seed) for seed in (1, 1, 2))
    assert first.finished_ns.tolist() == again.finished_ns.tolist()
    assert first.finished_ns.tolist() != other.finished_ns.tolist()


def test_one_worker_fills_the_window_without_a_gap() -> None:
    samples = simulate(Load())
    assert 100 == len(samples)
    assert samples.finished_ns[:-1].tolist() == samples.started_ns[1:].tolist()
    assert "simulated" == samples.measurement.scope
    assert 0.1 == pytest.approx(samples.measurement.duration_s)


def test_workers_run_side_by_side_each_one_operation_at_a_time() -> None:
    samples = simulate(Load(workers=3))
    assert 300 == len(samples)
    for worker in range(3):
        own = samples.worker == worker
        assert (samples.started_ns[own][1:] >= samples.finished_ns[own][:-1]).all()


def test_the_warm_up_happens_and_leaves_no_record() -> None:
    calls: Iterator[int] = iter(range(10_000))
    samples = measure_virtually(
        Workload("counted", lambda: next(calls)), Load(), Span(0.05, 0.1), StepClock(), FIXED, np.random.default_rng(1)
    )
    assert 100 == len(samples)
    assert 150 == next(calls)


def test_the_component_sees_simulated_time_and_what_it_raises_is_an_outcome() -> None:
    clock = StepClock()
    seen: list[int] = []
    fails = cycle([False, False, True])

    def operate() -> None:
        seen.append(clock.now_ns())
        if next(fails):
            raise ConnectionError("planned")

    samples = measure_virtually(
        Workload("failing", operate), Load(), Span(0.0, 0.009), clock, FIXED, np.random.default_rng(1)
    )
    assert samples.started_ns.tolist() == seen
    assert ("ok", "ConnectionError") == samples.outcomes
    assert [0, 0, 1, 0, 0, 1, 0, 0, 1] == samples.outcome.tolist()


def test_drawn_times_have_the_mean_they_promise() -> None:
    service = ServiceTimes(1_000_000, 0.3, 0.01, 5e6)
    drawn = service.draw(np.random.default_rng(3))
    assert service.mean_ns == pytest.approx(np.mean([next(drawn) for _ in range(40_000)]), rel=0.01)


def test_more_operations_than_are_worth_simulating_are_refused() -> None:
    with pytest.raises(CannotMeasure, match="operations to simulate; expected at most 2,000,000"):
        simulate(Load(), service=ServiceTimes(10, 0.0))
    with pytest.raises(CannotMeasure, match="operations to simulate; expected at most 2,000,000"):
        simulate(Load("open", 1, 1e8))


def test_operations_of_an_open_load_fall_due_by_plan_and_wait_for_a_worker() -> None:
    """Due every half of a service time, one worker: each waits half a service time longer than the one before."""
    samples = simulate(Load("open", 1, 2_000.0))
    waits_ns = samples.started_ns - samples.scheduled_ns
    assert 200 == len(samples) == samples.measurement.operations_attempted
    assert [0, 500_000, 1_000_000, 1_500_000] == waits_ns[:4].tolist()
    assert {500_000} == set(np.diff(samples.scheduled_ns).tolist())
    assert {1_000_000} == set(samples.service_ns.tolist())


def test_two_workers_of_an_open_load_keep_up_where_one_cannot() -> None:
    samples = simulate(Load("open", 2, 2_000.0))
    assert (samples.started_ns == samples.scheduled_ns).all()
    assert {0, 1} == set(samples.worker.tolist())


def test_an_open_load_warms_up_by_the_same_plan_and_leaves_no_record_of_it() -> None:
    samples = simulate(Load("open", 1, 1_000.0), span=Span(0.05, 0.1))
    assert 100 == len(samples)
    assert samples.scheduled_ns[0] == StepClock().now_ns() + 50_000_000


def test_random_arrivals_are_drawn_by_the_seed() -> None:
    load = Load("open", 4, 1_000.0, "poisson")
    first, again, other = (simulate(load, seed=seed).scheduled_ns.tolist() for seed in (1, 1, 2))
    assert first == again != other
    assert len(set(np.diff(first).tolist())) > 10


@pytest.mark.parametrize("wrong", [{"median_ns": 0}, {"spread": -1}, {"stall_share": 1.0}, {"stall_ns": -1}])
def test_times_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="service times need"):
        ServiceTimes(**({"median_ns": 1.0, "spread": 0.0} | wrong))


def test_a_components_account_begins_where_the_warm_up_ends() -> None:
    calls = 0
    begun_at = 0

    def operate() -> None:
        nonlocal calls
        calls += 1

    def mark() -> None:
        nonlocal begun_at
        begun_at = calls

    workload = Workload("counted", operate, tallies=lambda: {"seen": Tally(calls - begun_at, calls)}, mark=mark)
    samples = measure_virtually(workload, Load(), Span(0.05, 0.1), StepClock(), FIXED, np.random.default_rng(1))
    assert samples.instrument is not None
    assert {"seen": Tally(100, 150)} == samples.instrument.tallies
