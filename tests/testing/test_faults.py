"""Each fault does what it is called, and no more than its size."""

from __future__ import annotations

import numpy as np
import pytest

from bizra_lab.audit import RULES
from bizra_lab.model import Samples
from bizra_lab.testing import FAULTS, SHAPES, drafted
from bizra_lab.testing.faults import (
    BackwardClock,
    CoarseClock,
    CoordinatedOmission,
    DeclaredRate,
    Dependence,
    Drift,
    FastFailures,
    Fault,
    FewOperations,
    HiddenConcurrency,
    InfiniteMean,
    LevelShift,
    LostAtRandom,
    PeriodicPauses,
    Saturated,
    SlowestDropped,
    StampsInAnotherUnit,
    TooShort,
    Truncated,
    UnitSlip,
    WarmUpInside,
)

N = 5_000


def clean(load: str) -> Samples:
    return drafted(load, 1, N).seen()


def planted(fault: Fault, load: str) -> Samples:
    return fault.planted(drafted(load, 1, N), np.random.default_rng(1))


def median_ns(samples: Samples, part: slice) -> float:
    """Of what operations took that are in a part of the run."""
    return float(np.median(samples.service_ns[np.argsort(samples.started_ns)][part]))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_by_rules_that_there_are_and_told_somewhere(name: str) -> None:
    plant = FAULTS[name]
    assert set(plant.rules) <= set(RULES.names())
    told = [load for load, shape in SHAPES.items() if plant.where(shape)]
    assert told
    assert bool(plant.elsewhere) == (len(told) < len(SHAPES))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_repeats_by_its_seed(name: str) -> None:
    plant = FAULTS[name]
    load = next(load for load, shape in SHAPES.items() if plant.where(shape))
    first, again = planted(plant.fault, load), planted(plant.fault, load)
    assert first.finished_ns.tolist() == again.finished_ns.tolist()
    assert first.measurement == again.measurement


def test_truncated_durations_are_whole_ticks_and_stamps_are_not() -> None:
    samples = planted(Truncated(5.0), "closed_1")
    tick_ns = int(np.gcd.reduce(samples.service_ns))
    assert 5 == pytest.approx(float(np.median(clean("closed_1").service_ns)) / tick_ns, rel=0.01)
    assert 1 == int(np.gcd.reduce(samples.started_ns))


def test_a_coarse_clock_is_declared_and_all_stamps_are_its_steps() -> None:
    samples = planted(CoarseClock(5.0), "poisson_1")
    step_ns = int(samples.measurement.clock_step_ns)
    assert 0 == int(
        np.max([samples.scheduled_ns % step_ns, samples.started_ns % step_ns, samples.finished_ns % step_ns])
    )


def test_a_clock_that_is_set_back_stamps_the_second_half_earlier() -> None:
    before, after = clean("closed_1"), planted(BackwardClock(20.0), "closed_1")
    back_ns = before.finished_ns - after.finished_ns
    assert {0, int(20 * np.median(before.service_ns))} == set(back_ns.tolist())
    assert 0.5 == pytest.approx(float((back_ns > 0).mean()), abs=0.01)


def test_a_short_window_holds_what_ended_in_it() -> None:
    samples = planted(TooShort(60.0), "closed_64")
    assert (60.0, 60.0) == pytest.approx(
        (samples.measurement.duration_s, (samples.finished_ns.max() - samples.scheduled_ns.min()) / 1e9), rel=0.01
    )


@pytest.mark.parametrize("load", ["closed_64", "poisson_1"])
def test_a_few_operations_fill_a_long_window(load: str) -> None:
    samples = planted(FewOperations(500), load)
    assert 500 == pytest.approx(len(samples), abs=1)
    assert 120 < (samples.finished_ns.max() - samples.scheduled_ns.min()) / 1e9 < 140


@pytest.mark.parametrize(
    ("fault", "begin", "end"), [(WarmUpInside(2.0), 1.9, 1.0), (Drift(0.3), 1.0, 1.3), (LevelShift(0.2), 1.0, 1.2)]
)
def test_what_changes_is_at_its_begin_and_end_as_much_slower_as_it_says(fault: Fault, begin: float, end: float) -> None:
    usual_ns = median_ns(clean("closed_1"), slice(None))
    samples = planted(fault, "closed_1")
    assert begin == pytest.approx(median_ns(samples, slice(0, 60)) / usual_ns, abs=0.1)
    assert end == pytest.approx(median_ns(samples, slice(-300, None)) / usual_ns, abs=0.05)


def test_dependence_changes_the_order_and_no_time() -> None:
    samples = planted(Dependence(0.99), "closed_1")
    logs = np.log(samples.service_ns)
    assert 0.98 < float(np.corrcoef(logs[1:], logs[:-1])[0, 1]) < 1.0
    assert float(np.median(samples.service_ns)) == pytest.approx(
        float(np.median(clean("closed_1").service_ns)), rel=0.2
    )


def test_a_tail_without_a_mean_has_one_in_ten_times_longer_by_its_index() -> None:
    """Twice as rare is 2^(1/0.8) = 2.38 times as long."""
    times_ns = planted(InfiniteMean(0.8), "poisson_spare").service_ns
    p90, p95 = np.quantile(times_ns, [0.9, 0.95])
    assert 2.38 == pytest.approx(float(p95 / p90), rel=0.15)


def test_pauses_come_as_often_and_take_as_much_of_the_window_as_they_say() -> None:
    samples = planted(PeriodicPauses(40, 0.05), "closed_1")
    long_ns = samples.service_ns[samples.service_ns > 130e9 * 0.05 / 40]
    assert 40 == pytest.approx(len(long_ns), abs=1)
    assert 0.05 == pytest.approx(float(long_ns.sum()) / 130e9, rel=0.3)


def test_failures_are_as_many_and_as_fast_as_they_say() -> None:
    samples = planted(FastFailures(0.05, 10.0), "closed_1")
    assert 0.05 == pytest.approx(1 - float(samples.succeeded.mean()), abs=0.005)
    fast, slow = (float(np.median(samples.service_ns[which])) for which in (~samples.succeeded, samples.succeeded))
    assert 10.0 == pytest.approx(slow / fast, rel=0.1)


def test_hidden_workers_stand_under_the_names_of_others() -> None:
    samples = planted(HiddenConcurrency(2.0), "closed_64")
    assert (32, set(range(32))) == (samples.measurement.load.workers, set(samples.worker.tolist()))


def test_a_load_that_waits_for_a_stop_records_one_wait_a_worker() -> None:
    """Everything stands still for 3.9 s. An even load of 38 operations a second would have had 150 due meanwhile."""
    closed, opened = planted(CoordinatedOmission(0.03), "closed_1"), planted(CoordinatedOmission(0.03), "constant_8")
    assert 1 == int((closed.latency_ns > 3_900_000_000).sum())
    assert int((opened.latency_ns > 3_900_000_000).sum()) <= 8


@pytest.mark.parametrize("load", ["poisson_1", "constant_8"])
def test_a_saturated_queue_is_still_busy_when_its_plan_ends(load: str) -> None:
    samples = planted(Saturated(1.1), load)
    assert 1.1 == pytest.approx((samples.finished_ns.max() - 7e12) / 130e9, abs=0.05)


def test_a_wrong_rate_is_only_declared() -> None:
    before, after = clean("poisson_1"), planted(DeclaredRate(1.1), "poisson_1")
    assert before.measurement.load.rate_per_s is not None and after.measurement.load.rate_per_s is not None
    assert 1.1 == pytest.approx(after.measurement.load.rate_per_s / before.measurement.load.rate_per_s)
    assert before.scheduled_ns.tolist() == after.scheduled_ns.tolist()


@pytest.mark.parametrize(("fault", "kept"), [(SlowestDropped(0.01), 0.99), (LostAtRandom(0.02), 0.98)])
def test_what_is_missing_is_missing_from_the_counter_too(fault: Fault, kept: float) -> None:
    before, after = clean("closed_64"), planted(fault, "closed_64")
    assert kept == pytest.approx(len(after) / len(before), abs=0.005)
    assert len(after) == after.measurement.operations_attempted


def test_or_the_counter_still_counts_it() -> None:
    before, after = clean("closed_64"), planted(LostAtRandom(0.02, counted=True), "closed_64")
    assert len(before) == after.measurement.operations_attempted > len(after)


def test_a_slip_of_durations_leaves_starts_and_one_of_stamps_leaves_nothing() -> None:
    before = clean("closed_1")
    durations, stamps = planted(UnitSlip(1_000.0), "closed_1"), planted(StampsInAnotherUnit(1_000.0), "closed_1")
    assert before.started_ns.tolist() == durations.started_ns.tolist()
    assert 1_000 == pytest.approx(float(before.service_ns.sum() / durations.service_ns.sum()), rel=1e-3)
    assert 1_000 == pytest.approx(np.ptp(before.started_ns) / np.ptp(stamps.started_ns), rel=1e-3)
    assert before.measurement == stamps.measurement


@pytest.mark.parametrize(("floor_ns", "name"), [(40, "dead_code")])
def test_dead_code_takes_as_long_as_a_clock(floor_ns: int, name: str) -> None:
    samples = planted(FAULTS[name].fault, "poisson_1")
    assert floor_ns <= int(samples.service_ns.min()) <= int(samples.service_ns.max()) < 2 * floor_ns
    assert clean("poisson_1").started_ns.tolist() == samples.started_ns.tolist()


def test_the_median_stands_for_every_duration() -> None:
    samples = planted(FAULTS["median_for_mean"].fault, "closed_1")
    assert {int(np.median(clean("closed_1").service_ns))} == set(samples.service_ns.tolist())
