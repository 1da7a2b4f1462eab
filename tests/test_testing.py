"""Ready-made measurements are what they say."""

from __future__ import annotations

import pytest

from bizra_lab.testing import clean_samples, samples_from


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
