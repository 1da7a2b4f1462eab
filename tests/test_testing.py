"""Ready-made measurements are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from bizra_lab.testing import DOCTORED, LOADS, clean_samples, honest, samples_from


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_clean_samples_last_long_enough_and_their_workers_never_rest(workers: int) -> None:
    samples = clean_samples(1, workers=workers)
    assert 120.0 <= samples.measurement.duration_s < 122.0
    for worker in range(workers):
        own = samples.worker == worker
        assert samples.started_ns[own][1:].tolist() == samples.finished_ns[own][:-1].tolist()


def test_workers_take_the_times_in_turn_each_after_its_gap() -> None:
    samples = samples_from([10, 20, 30, 40], workers=2, gap_ns=5)
    assert [0, 1, 0, 1] == samples.worker.tolist()
    assert [10, 20, 30, 40] == samples.service_ns.tolist()
    assert [5, 5] == (samples.started_ns[2:] - samples.finished_ns[:2]).tolist()


@pytest.mark.parametrize("load", LOADS)
def test_an_honest_load_was_watched_and_all_of_it_is_recorded(load: str) -> None:
    samples = honest(load, 1)
    workers = samples.measurement.load.workers
    assert samples.instrument is not None and samples.instrument.in_flight is not None
    gate, cut = samples.instrument.in_flight, samples.instrument.cut
    assert workers == pytest.approx(gate.integral_ns / gate.window_ns, rel=0.01)
    assert len(samples) == pytest.approx(gate.completed - (cut.ended_inside if cut else 0), abs=workers)
    assert len(samples) == samples.measurement.operations_attempted
    assert honest(load, 1).finished_ns.tolist() == samples.finished_ns.tolist()


@pytest.mark.parametrize("name", DOCTORED)
def test_doctored_records_are_in_order_by_themselves(name: str) -> None:
    samples = honest("bimodal_8", 1)
    doctored = DOCTORED[name](samples, np.random.default_rng(1))
    assert len(doctored) == doctored.measurement.operations_attempted
    assert 0 <= doctored.service_ns.min()
    assert samples.instrument is doctored.instrument
    assert samples.latency_ns.tolist() != doctored.latency_ns.tolist()


@pytest.mark.parametrize(
    ("name", "times_ns"),
    [
        ("slowest_dropped", [1_250, 1_350, 1_450]),
        ("upper_outliers_removed", [1_250, 1_350, 1_450]),
        ("wrong_unit", [1_221, 1_318, 1_416, 87_891]),
        ("floored", [1_000, 1_000, 1_000, 90_000]),
        ("median_for_mean", [1_400, 1_400, 1_400, 1_400]),
    ],
)
def test_each_fault_does_what_it_is_called(name: str, times_ns: list[int]) -> None:
    doctored = DOCTORED[name](samples_from([1_250, 1_350, 1_450, 90_000]), np.random.default_rng(1))
    assert times_ns == doctored.service_ns.tolist()


def test_two_in_a_hundred_are_lost_at_random() -> None:
    doctored = DOCTORED["lost_at_random"](samples_from([1_000] * 10_000), np.random.default_rng(1))
    assert 9_800 == pytest.approx(len(doctored), abs=50)


def test_a_load_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError, match="gamma_3"):
        honest("gamma_3", 1)
