"""What a clock is like is found from its readings alone; and garbage collection is seen."""

from __future__ import annotations

import gc
import itertools
import math

import numpy as np
import pytest

from bizra_lab.harness.calibrate import READINGS, CollectionLog, calibrate, clock_step_ns
from bizra_lab.harness.recorder import Recorder
from bizra_lab.model import Ints


def differences(step_ns: float, cost_ns: float, jitter_ns: float, n: int = READINGS) -> Ints:
    """Between readings of a clock that comes in steps of `step_ns` and is cut to whole ns, each reading taking time."""
    rng = np.random.default_rng(round(1000 * step_ns + 10 * cost_ns + jitter_ns))
    true_ns = 1e9 * rng.random() + np.cumsum(np.maximum(rng.normal(cost_ns, jitter_ns, n), 1.0))
    readings: Ints = np.floor(np.floor(true_ns / step_ns) * step_ns).astype(np.int64)
    return np.diff(readings)


@pytest.mark.parametrize(("cost_ns", "jitter_ns"), [(35, 1), (35, 3), (40, 8), (300, 60)])
@pytest.mark.parametrize("step_ns", [1, 2, 4, 10, 10.04, 15.6, 41.667, 64, 100, 1000, 1e6])
def test_the_step_of_a_clock_is_found_whatever_a_reading_costs(
    step_ns: float, cost_ns: float, jitter_ns: float
) -> None:
    long_enough = max(READINGS, math.ceil(3 * step_ns / cost_ns))
    found_ns = clock_step_ns(differences(step_ns, cost_ns, jitter_ns, long_enough))
    assert step_ns == pytest.approx(found_ns, rel=0.002)


def test_a_constant_clock_has_no_step() -> None:
    with pytest.raises(ValueError, match="the clock did not advance in 100 readings"):
        clock_step_ns(np.zeros(100, dtype=np.int64))


def test_a_clock_that_was_never_read_has_no_step() -> None:
    with pytest.raises(ValueError, match="did not advance in 0 readings"):
        clock_step_ns(np.zeros(0, dtype=np.int64))


def test_interruptions_do_not_hide_the_step() -> None:
    deltas_ns = differences(10, 35, 3)
    deltas_ns[::400] += 12_340
    deltas_ns[::5000] += 3_000_010
    assert 10 == pytest.approx(clock_step_ns(deltas_ns), rel=0.002)


def test_the_cost_of_a_reading_is_not_taken_for_the_step() -> None:
    # Every reading takes about 40 ns, so the smallest difference is near 40; the clock comes in steps of 10.
    deltas_ns = differences(10, 40, 3)
    assert deltas_ns.min() >= 20
    assert 10 == pytest.approx(clock_step_ns(deltas_ns), rel=0.002)


def test_a_single_jump_is_one_step() -> None:
    deltas_ns = np.zeros(READINGS, dtype=np.int64)
    deltas_ns[777] = 15_625_000
    assert 15_625_000 == clock_step_ns(deltas_ns)


def test_a_calibration_says_who_made_it_and_what_its_clock_is_like(recorder: Recorder) -> None:
    calibration = calibrate(recorder)
    assert recorder.name == calibration.recorder
    assert calibration.clock_step_ns >= 1
    assert calibration.clock_cost_ns >= 0
    assert calibration.floor_ns >= 0
    assert calibration.canary_ns > 0


# --- garbage collection


def collections_between(log: CollectionLog) -> set[tuple[int, int, int]]:
    return {(each.started_ns, each.duration_ns, each.generation) for each in log.seen}


def test_a_collection_is_noted_with_when_it_was_and_how_long_it_took() -> None:
    readings = itertools.chain([1000, 1250], itertools.count(10_000))
    with CollectionLog(lambda: next(readings)) as log:
        gc.collect(1)
    assert (1000, 250, 1) in collections_between(log)


def test_nothing_is_noted_before_and_after() -> None:
    log = CollectionLog(itertools.count().__next__)
    gc.collect()
    with log:
        pass
    gc.collect()
    assert [] == log.seen


def test_what_was_seen_can_still_be_read_afterwards() -> None:
    with CollectionLog(itertools.count().__next__) as log:
        gc.collect()
        gc.collect()
    assert 2 <= len(log.seen)
    assert {2} <= {each.generation for each in log.seen}


def test_nobody_is_called_back_once_the_log_is_left() -> None:
    before = list(gc.callbacks)
    with CollectionLog(itertools.count().__next__):
        assert len(before) + 1 == len(gc.callbacks)
    assert before == gc.callbacks


def test_nobody_is_called_back_after_an_error_either() -> None:
    before = list(gc.callbacks)
    with pytest.raises(KeyboardInterrupt), CollectionLog(itertools.count().__next__):
        raise KeyboardInterrupt
    assert before == gc.callbacks


def test_collection_stays_as_it_was_while_it_is_logged() -> None:
    enabled, thresholds = gc.isenabled(), gc.get_threshold()
    with CollectionLog(itertools.count().__next__):
        assert (enabled, thresholds) == (gc.isenabled(), gc.get_threshold())
