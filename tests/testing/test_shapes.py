"""Clean measurements are what an honest harness would have recorded."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.testing import SHAPES, drafted
from bizra_lab.testing.shapes import WARMUP_S, WINDOW_S

N = 5_000


@pytest.mark.parametrize("load", SHAPES)
class TestAShape:
    def test_has_about_as_many_operations_as_asked_for_and_a_counter_that_agrees(self, load: str) -> None:
        samples = drafted(load, 1, N).seen()
        assert N == pytest.approx(len(samples), rel=0.1)
        assert len(samples) == samples.measurement.operations_attempted

    def test_lasts_long_enough_for_evidence(self, load: str) -> None:
        measurement = drafted(load, 1, N).seen().measurement
        assert 120 < measurement.duration_s < WINDOW_S * 1.2
        assert WARMUP_S == measurement.warmup_s

    def test_runs_forward_and_its_workers_do_one_thing_at_a_time(self, load: str) -> None:
        samples = drafted(load, 1, N).seen()
        assert (samples.scheduled_ns <= samples.started_ns).all()
        assert (samples.started_ns < samples.finished_ns).all()
        for worker in range(samples.measurement.load.workers):
            own = samples.worker == worker
            assert (samples.finished_ns[own][:-1] < samples.started_ns[own][1:]).all()

    def test_is_the_same_by_its_seed_and_another_by_another(self, load: str) -> None:
        first, again, other = (drafted(load, seed, N).seen() for seed in (1, 1, 2))
        assert first.finished_ns.tolist() == again.finished_ns.tolist()
        assert first.finished_ns.tolist()[:100] != other.finished_ns.tolist()[:100]

    def test_brings_nothing_but_what_a_samples_file_holds(self, load: str) -> None:
        assert drafted(load, 1, N).seen().instrument is None


@pytest.mark.parametrize(("waiting", "load"), [(0.5, "poisson_1"), (0.05, "poisson_8"), (0.0, "poisson_spare")])
def test_as_many_wait_as_the_workers_are_busy(waiting: float, load: str) -> None:
    samples = drafted(load, 1, 20_000).seen()
    assert waiting == pytest.approx(float((samples.started_ns > samples.scheduled_ns).mean()), abs=0.03)


def test_an_even_plan_is_even() -> None:
    assert {26_000_000} == set(np.diff(drafted("constant_8", 1, N).seen().scheduled_ns).tolist())


@pytest.mark.parametrize("load", ["closed_1", "closed_64"])
def test_a_stop_holds_up_what_is_under_way_and_nothing_ends_in_it(load: str) -> None:
    draft = drafted(load, 1, N)
    stopped = dataclasses.replace(draft, stops_ns=((40_000_000_000, 3_000_000_000),)).seen()
    ended_ns = np.sort(stopped.finished_ns)
    assert 3e9 <= float(np.diff(ended_ns).max()) < 3.2e9
    spanning = (stopped.started_ns <= 7_040_000_000_000) & (stopped.finished_ns >= 7_043_000_000_000)
    assert draft.load.workers == int(spanning.sum())


def test_what_falls_due_in_a_stop_waits_for_its_end() -> None:
    draft = drafted("poisson_spare", 1, N)
    stopped = dataclasses.replace(draft, stops_ns=((40_000_000_000, 3_000_000_000),)).seen()
    assert draft.seen().scheduled_ns.tolist() == stopped.scheduled_ns.tolist()
    since_ns = stopped.scheduled_ns - 7_000_000_000_000
    meanwhile = (since_ns > 40_000_000_000) & (since_ns < 43_000_000_000)
    assert 100 < int(meanwhile.sum())
    assert 7_043_000_000_000 == int(stopped.started_ns[meanwhile].min())
    assert float((stopped.started_ns > stopped.scheduled_ns)[~meanwhile].mean()) < 0.005


def test_a_shape_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError, match="closed_2"):
        drafted("closed_2", 1, N)
