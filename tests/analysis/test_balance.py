"""L, λ and W from three instruments, and the count of completions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.analysis.balance import balance
from bizra_lab.model import Cut, Estimate, InFlight, Instrument, Load, SampledInFlight, Samples, Unavailable
from bizra_lab.testing import samples_from
from tests.analysis.watched import DOCTORED, LOADS, honest

MS = 1_000_000

# Ten seconds of one worker: 10,000 operations of 1 ms.
GATE = InFlight(window_ns=10_000 * MS, integral_ns=10_000 * MS, completed=10_000)


def _watched(samples: Samples, gate: InFlight | None, **found: object) -> Samples:
    instrument = Instrument("c", 0.0, 0.0, (), 10_000 * MS, in_flight=gate)
    return dataclasses.replace(samples, instrument=dataclasses.replace(instrument, **found))  # type: ignore[arg-type]


def _found(samples: Samples, name: str = "littles_law.balance") -> Estimate:
    result = balance(samples, 0.95)[name]
    assert isinstance(result, Estimate), result
    return result


def test_what_is_in_flight_is_the_rate_times_the_wait() -> None:
    samples = _watched(samples_from([1 * MS] * 10_000), GATE)
    assert 1.0 == pytest.approx(_found(samples).value)
    assert 1.0 == _found(samples, "records.counted").value


def test_the_interval_of_one_worker_is_its_edges_the_clocks_step_and_its_drift() -> None:
    """One in 10,000 operations, 1 ns in 1 ms, and 500 ppm."""
    found = _found(_watched(samples_from([1 * MS] * 10_000), GATE))
    assert 1e-4 + 1e-6 + 5e-4 == pytest.approx(found.high - 1)
    assert 1e-4 + 1e-6 + 5e-4 == pytest.approx(1 - found.low)


def test_latencies_that_are_said_to_be_half_as_long_are_out_by_two() -> None:
    found = _found(_watched(samples_from([MS // 2] * 10_000), GATE))
    assert 2.0 == pytest.approx(found.value)
    assert found.low > 1


def test_what_the_edges_cut_is_in_flight_without_a_record() -> None:
    """Two workers: of 10,400 ms in flight, 400 are of two cut operations, one of which ended inside."""
    samples = samples_from([1 * MS] * 10_000, workers=2)
    gate = InFlight(5_000 * MS, 10_400 * MS, 10_001)
    uncut, cut = (_found(_watched(samples, gate, cut=each)) for each in (None, Cut(2, 1, 400 * MS, 200 * MS)))
    assert uncut.low > 1
    assert 1.0 == pytest.approx(cut.value)


def _tasks(samples: Samples) -> Samples:
    load = dataclasses.replace(samples.measurement.load, workers_as="tasks")
    return dataclasses.replace(samples, measurement=dataclasses.replace(samples.measurement, load=load))


def test_the_way_from_a_stamp_to_the_gate_widens_the_interval_of_several_workers() -> None:
    """Two readings of 50 ns are a tenth of a thousandth of 1 ms; in Python, ten are half a thousandth."""
    threads = _watched(samples_from([1 * MS] * 10_000, workers=2), GATE, clock_cost_ns=50.0)
    in_c, in_python = (_found(each).high for each in (threads, _tasks(threads)))
    assert 4e-4 < in_python - in_c
    assert 5e-3 > in_python - 1


def test_threads_recorded_in_python_are_not_weighed() -> None:
    """They hand over the GIL between a stamp and the gate; one thread cannot, nor can tasks, which share one."""
    one, two = (samples_from([1 * MS] * 10_000, workers=workers) for workers in (1, 2))
    reason = "recorded in Python, threads hand over the GIL between a stamp and the gate"
    assert Unavailable(reason) == balance(_watched(two, GATE, recorder="python"), 0.95)["littles_law.balance"]
    for each in (one, _tasks(two)):
        assert _found(_watched(each, GATE, recorder="python")).high > 1


@pytest.mark.parametrize("load", LOADS)
def test_honest_loads_balance_whatever_their_shape(load: str) -> None:
    for seed in range(20):
        samples = honest(load, seed)
        for name in ("littles_law.balance", "records.counted"):
            found = _found(samples, name)
            assert found.low <= 1 <= found.high, (seed, name, found)


def test_a_sampler_finds_the_same_within_its_own_spread() -> None:
    """At 95 % ten of two hundred would be outside on average; the edges and clocks leave fewer."""
    found = [_found(honest("bimodal_8", seed, n=2_000), "littles_law.sampled_balance") for seed in range(200)]
    assert 190 <= sum(each.low <= 1 <= each.high for each in found)


def test_records_lost_at_random_leave_the_balance_and_are_missed_by_the_count() -> None:
    for seed in range(20):
        lost = DOCTORED["lost_at_random"](honest("lognormal_8", seed), np.random.default_rng(seed))
        assert 0.005 > abs(_found(lost).value - 1)
        counted = _found(lost, "records.counted")
        assert 0.98 == pytest.approx(counted.value, abs=0.005)
        assert counted.high < 1


def test_what_had_begun_before_the_window_is_not_missed_by_the_count() -> None:
    """Forty of 10,040 that left the gate are none of the 10,000 inside; four workers explain four, not forty."""
    samples = samples_from([1 * MS] * 10_000, workers=4)
    gate = InFlight(2_500 * MS, 10_000 * MS, 10_040)
    assert _found(_watched(samples, gate), "records.counted").high < 1
    assert 1.0 == _found(_watched(samples, gate, cut=Cut(80, 40, 1 * MS, 1 * MS)), "records.counted").value


def test_an_open_load_waits_from_its_planned_start() -> None:
    """Due every 1 ms, started 3 ms late and done in 1 ms: four are in flight."""
    due_ns = np.arange(10_000, dtype=np.int64) * MS
    late = dataclasses.replace(samples_from([1 * MS] * 10_000), scheduled_ns=due_ns, started_ns=due_ns + 3 * MS)
    samples = dataclasses.replace(
        late,
        finished_ns=late.started_ns + MS,
        measurement=dataclasses.replace(late.measurement, load=Load("open", 4, 1_000.0)),
    )
    found = _found(_watched(samples, InFlight(10_003 * MS, 40_000 * MS, 10_000)))
    assert 1.0 == pytest.approx(found.value)


def test_planned_operations_that_never_ended_make_it_unavailable() -> None:
    samples = samples_from([1 * MS] * 10_000, attempted=10_020)
    opened = dataclasses.replace(samples.measurement, load=Load("open", 1, 1_000.0))
    found = balance(_watched(dataclasses.replace(samples, measurement=opened), GATE), 0.95)
    reason = "20 planned operations never ended: L counts them, and no latency does"
    assert Unavailable(reason) == found["littles_law.balance"]


def test_the_spread_of_the_looks_widens_what_the_sampler_says() -> None:
    """400 looks with a deviation of 1 have a mean known to 1 in 20, and to 1.96 times that at 95 %."""
    samples = _watched(samples_from([1 * MS] * 10_000), GATE, sampled=SampledInFlight(400, 1.0, 1.0, 0.0))
    by_gate, by_sampler = (_found(samples, f"littles_law.{name}") for name in ("balance", "sampled_balance"))
    assert 0.098 == pytest.approx(by_sampler.high - by_gate.high, abs=1e-4)
    assert 0.098 == pytest.approx(by_gate.low - by_sampler.low, abs=1e-4)


def test_a_sampler_that_comes_late_says_nothing() -> None:
    samples = _watched(samples_from([1 * MS] * 10_000), GATE, sampled=SampledInFlight(1_000, 1.0, 0.0, 150_000.0))
    reason = "the sampler came 150.0 µs late on average, and operations take 1.000 ms; it needs at most 10% of that"
    assert Unavailable(reason) == balance(samples, 0.95)["littles_law.sampled_balance"]


@pytest.mark.parametrize(
    ("reason", "sampled"),
    [
        ("no sampler looked at what was in flight", None),
        ("99 looks do not bound what was in flight; it needs 100", SampledInFlight(99, 1.0, 0.0, 0.0)),
    ],
)
def test_too_few_looks_say_nothing(reason: str, sampled: SampledInFlight | None) -> None:
    samples = _watched(samples_from([1 * MS] * 10_000), GATE, sampled=sampled)
    assert Unavailable(reason) == balance(samples, 0.95)["littles_law.sampled_balance"]


def test_without_a_gate_nothing_is_told() -> None:
    names = {"littles_law.balance", "littles_law.sampled_balance", "records.counted"}
    alone = samples_from([1 * MS] * 1_000)
    for samples in (alone, _watched(alone, None)):
        assert dict.fromkeys(names, Unavailable("no gate counted what was in flight")) == balance(samples, 0.95)


def test_without_operations_nothing_is_told() -> None:
    found = balance(_watched(samples_from([]), InFlight(10_000 * MS, 0, 0)), 0.95)
    assert {Unavailable("no operations")} == set(found.values())


def test_a_mean_of_zero_is_below_the_clocks_step() -> None:
    found = balance(_watched(samples_from([0] * 1_000), GATE), 0.95)
    assert Unavailable("the mean latency is 0, which is below the clock's step") == found["littles_law.balance"]
