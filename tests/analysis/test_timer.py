"""The clock behind latencies: steps of clocks that are known, and the lack of one."""

from __future__ import annotations

import numpy as np
import pytest

from bizra_lab.analysis.timer import ClockStep, recorded_clock, recorded_step
from bizra_lab.model import Estimate, Floats, Ints, Unavailable


def _recorded(step_ns: float, took_ns: Floats, rng: np.random.Generator) -> Ints:
    """Operations between readings of a clock that comes in steps of `step_ns` and is cut to whole ns."""
    started_ns = np.cumsum(rng.exponential(5_000, len(took_ns)))

    def read(true_ns: Floats) -> Ints:
        return np.floor(np.floor(true_ns / step_ns) * step_ns).astype(np.int64)

    return read(started_ns + took_ns) - read(started_ns)


def _step(latency_ns: Ints) -> ClockStep:
    found = recorded_step(latency_ns)
    assert isinstance(found, ClockStep)
    return found


@pytest.mark.parametrize("step_ns", [10.04, 15.6, 125 / 3, 1e9 / 19_200_000, 1e9 / 2**22, 1e9 / 3_000_000])
@pytest.mark.parametrize(("median_ns", "spread", "n"), [(130, 0.5, 20_000), (40_000, 0.5, 20_000), (5e6, 0.3, 2_000)])
def test_a_step_that_is_no_whole_number_is_found(step_ns: float, median_ns: float, spread: float, n: int) -> None:
    rng = np.random.default_rng(round(step_ns + median_ns))
    found = _step(_recorded(step_ns, rng.lognormal(np.log(median_ns), spread, n), rng))
    assert step_ns == pytest.approx(found.step_ns, rel=1e-3)
    assert 0.95 < found.coherence <= 1


@pytest.mark.parametrize("step_ns", [1, 2, 5, 100, 1_000, 15_625_000])
@pytest.mark.parametrize("steps", [0.7, 4.0, 300.0])
def test_a_whole_step_is_exact(step_ns: int, steps: float) -> None:
    rng = np.random.default_rng(step_ns)
    latency_ns = _recorded(step_ns, rng.lognormal(np.log(steps * step_ns), 0.5, 5_000), rng)
    assert ClockStep(step_ns, 1.0) == _step(latency_ns)


def test_a_step_of_milliseconds_that_are_cut_to_whole_ones_is_found() -> None:
    rng = np.random.default_rng(1)
    ms = np.floor(15.625 * rng.geometric(0.2, 5_000)).astype(np.int64)
    assert 15_625_000 == pytest.approx(_step(ms * 1_000_000).step_ns, rel=1e-3)


def test_a_few_odd_values_do_not_hide_the_step() -> None:
    rng = np.random.default_rng(2)
    latency_ns = _recorded(100, rng.lognormal(9, 0.5, 20_000), rng)
    latency_ns[:500] += 1
    found = _step(latency_ns)
    assert 100 == pytest.approx(found.step_ns, rel=1e-5)
    assert 0.99 < found.coherence < 1


def test_a_clock_that_is_mostly_at_rest_has_the_step_of_its_advances() -> None:
    rng = np.random.default_rng(4)
    advances_ns = _recorded(125 / 3, rng.lognormal(np.log(400), 0.5, 500), rng)
    latency_ns = np.concatenate([np.zeros(20_000, dtype=np.int64), advances_ns])
    assert 125 / 3 == pytest.approx(_step(latency_ns).step_ns, rel=1e-3)


@pytest.mark.parametrize("seed", range(20))
def test_no_step_is_seen_where_there_is_none(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for n in (3, 5, 10, 100, 3_000):
        latency_ns = rng.integers(0, rng.integers(50, 100_000), size=n)
        assert ClockStep(float(np.gcd.reduce(latency_ns)), 1.0) == _step(latency_ns)


def test_latencies_that_only_lean_to_a_period_have_no_step() -> None:
    rng = np.random.default_rng(3)
    latency_ns = 6 * rng.integers(10, 200, 5_000) + rng.integers(-1, 2, 5_000)
    assert ClockStep(1.0, 1.0) == _step(latency_ns)


def test_a_value_seen_most_of_the_time_makes_no_step() -> None:
    assert ClockStep(1.0, 1.0) == _step(np.array([100] * 900 + [150] * 50 + [37] * 50))


def test_one_latency_has_no_step() -> None:
    for latency_ns in ([250], [250] * 40):
        found = recorded_step(np.array(latency_ns))
        assert Unavailable(f"all {len(latency_ns)} latencies are 250 ns: any step would give that") == found


def test_nothing_recorded_has_no_clock() -> None:
    clock = recorded_clock(np.array([], dtype=np.int64), 0.95)
    assert Unavailable("no operations") == clock.step == clock.share_zero
    assert 0 == clock.distinct


def test_zeros_and_different_values_are_counted() -> None:
    clock = recorded_clock(np.array([0] * 30 + [100] * 50 + [200] * 15 + [700] * 5), 0.95)
    assert ClockStep(100.0, 1.0) == clock.step
    assert isinstance(clock.share_zero, Estimate)
    assert 0.3 == clock.share_zero.value
    assert 4 == clock.distinct


def test_a_latency_that_is_never_zero_is_counted_as_none() -> None:
    clock = recorded_clock(np.array([100, 200]), 0.95)
    assert isinstance(clock.share_zero, Estimate)
    assert (0.0, 2) == (clock.share_zero.value, clock.share_zero.n)


def test_what_no_clock_gives_is_refused() -> None:
    with pytest.raises(ValueError, match="1 of 2 values are below 0"):
        recorded_step(np.array([5, -1]))
    with pytest.raises(ValueError, match="expected whole ns, got float64"):
        recorded_clock(np.array([1.5, 2.5]), 0.95)
