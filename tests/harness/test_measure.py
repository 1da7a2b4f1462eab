"""A measurement: what was done is what is written, and what cannot be measured is refused."""

from __future__ import annotations

import gc
import itertools
import threading
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness import measure as module
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.measure import measure
from bizra_lab.harness.recorder import PythonRecorder, Recorder, Recording, digest_results
from bizra_lab.harness.span import Span
from bizra_lab.model import Load, Workload

SHORT = Span(warmup_s=0.02, duration_s=0.05)
WORKERS = pytest.mark.parametrize("workers", [1, 4])


@pytest.fixture(autouse=True)
def _a_host_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing here says how fast anything is, so nobody else has to be quiet.
    monkeypatch.setenv("BIZRA_LAB_LOCK_DIR", str(tmp_path))


def nothing() -> None:
    pass


class Counted:
    """A component that fails at every tenth operation, and counts them all, from however many threads."""

    def __init__(self) -> None:
        self.seen = 0
        self._lock = threading.Lock()

    def operate(self) -> int:
        with self._lock:
            self.seen += 1
            number = self.seen
        if number % 10 == 0:
            raise KeyError(number)
        return number


@WORKERS
def test_the_recorder_counts_what_it_began_and_all_of_it_is_there(recorder: Recorder, workers: int) -> None:
    samples = measure(Workload("counted", Counted().operate), Load(workers=workers), SHORT, recorder)
    assert len(samples) > 0
    assert len(samples) == samples.measurement.operations_attempted
    assert ("ok", "KeyError") == samples.outcomes
    assert len(samples) // 10 == pytest.approx(int((samples.outcome == 1).sum()), abs=1)
    assert set(samples.worker.tolist()) <= set(range(workers))


def test_what_is_declared_is_what_was_asked_and_what_the_clock_said(recorder: Recorder) -> None:
    measurement = measure(Workload("nothing", nothing), Load(workers=2), SHORT, recorder, scope="http").measurement
    assert ("nothing", "http", Load(workers=2), 0.02) == (
        measurement.name,
        measurement.scope,
        measurement.load,
        measurement.warmup_s,
    )
    assert measurement.duration_s >= 0.05
    assert measurement.clock_step_ns >= 1


def test_the_apparatus_is_published_beside_the_samples(recorder: Recorder) -> None:
    samples = measure(Workload("nothing", nothing), Load(), SHORT, recorder)
    instrument = samples.instrument
    assert instrument is not None
    assert recorder.name == instrument.recorder
    assert 3 == len(instrument.canary_ns)
    assert min(*instrument.canary_ns, instrument.clock_cost_ns, instrument.floor_ns) >= 0
    assert instrument.window_ns == pytest.approx(samples.measurement.duration_s * 1e9)
    assert samples.finished_ns[-1] - samples.started_ns[0] <= instrument.window_ns


def test_the_workloads_own_count_is_preferred_and_a_discrepancy_survives(recorder: Recorder) -> None:
    counts = iter([1000, 1012])
    workload = Workload("forgetful", nothing, count=lambda: next(counts))
    samples = measure(workload, Load(), SHORT, recorder)
    assert 12 == samples.measurement.operations_attempted
    assert 12 < len(samples)


@WORKERS
def test_a_component_that_counts_right_agrees_with_the_record(recorder: Recorder, workers: int) -> None:
    component = Counted()
    workload = Workload("counted", component.operate, count=lambda: component.seen)
    samples = measure(workload, Load(workers=workers), SHORT, recorder)
    assert len(samples) == samples.measurement.operations_attempted


@WORKERS
def test_the_warm_up_happens_and_leaves_no_record(recorder: Recorder, workers: int) -> None:
    component = Counted()
    began_ns = recorder.now_ns()
    samples = measure(Workload("counted", component.operate), Load(workers=workers), SHORT, recorder)
    assert 0 < len(samples) < component.seen
    assert samples.started_ns.min() >= began_ns + 20_000_000


def test_without_warm_up_there_is_still_a_measurement(recorder: Recorder) -> None:
    samples = measure(Workload("nothing", nothing), Load(), Span(0.0, 0.01), recorder)
    assert len(samples) == samples.measurement.operations_attempted > 0


@pytest.mark.parametrize("warmup_s", [0.0, 0.001])
def test_an_operation_longer_than_the_span_gives_one_record(recorder: Recorder, warmup_s: float) -> None:
    workload = Workload("slow", partial(MonotonicClock.sleep, 0.03))
    samples = measure(workload, Load(), Span(warmup_s, 0.001), recorder)
    assert 1 == len(samples) == samples.measurement.operations_attempted
    assert samples.latency_ns[0] >= 30_000_000


@WORKERS
def test_rooms_that_were_too_small_lose_nothing(
    recorder: Recorder, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Room for what one worker does in a tenth of the time.
    monkeypatch.setattr(module, "OPERATIONS_TOGETHER", 1)
    monkeypatch.setattr(module, "ROOM", 0.1)
    component = Counted()
    workload = Workload("counted", component.operate, count=lambda: component.seen)
    samples = measure(workload, Load(workers=workers), SHORT, recorder)
    assert len(samples) == samples.measurement.operations_attempted
    assert ("ok", "KeyError") == samples.outcomes
    assert set(samples.worker.tolist()) <= set(range(workers))
    for worker in range(workers):
        own = samples.worker == worker
        assert (samples.started_ns[own][1:] >= samples.finished_ns[own][:-1]).all()


def test_outcomes_that_each_recording_numbered_for_itself_become_one_list() -> None:
    def recording(codes: list[int], *outcomes: str) -> Recording:
        stamps = np.zeros(len(codes), dtype=np.int64)
        return Recording(stamps, stamps, np.array(codes, dtype=np.uint8), outcomes, len(codes), [None])

    codes, names = module._outcomes(
        [
            recording([0, 1, 2, 1], "ok", "KeyError", "OSError"),
            recording([0, 0], "ok"),
            recording([1, 0, 2], "ok", "OSError", "TypeError"),
        ]
    )
    assert ("ok", "KeyError", "OSError", "TypeError") == names
    assert [0, 1, 2, 1, 0, 0, 2, 0, 3] == codes.tolist()


def test_more_outcomes_than_one_recording_can_number_keep_their_names() -> None:
    def recording(first: int) -> Recording:
        names = tuple(f"Failure{number}" for number in range(first, first + 254))
        stamps = np.zeros(256, dtype=np.int64)
        return Recording(stamps, stamps, np.arange(256, dtype=np.uint8), ("ok", *names, "other"), 256, [None])

    codes, names = module._outcomes([recording(0), recording(254)])
    assert 1 + 2 * 254 + 1 == len(names)
    assert ("ok", "Failure0", "Failure253", "other", "ok", "Failure254", "Failure507", "other") == tuple(
        names[codes[place]] for place in (0, 1, 254, 255, 256, 257, 510, 511)
    )


def test_the_digest_is_of_the_results_and_tells_how_many_were_kept(recorder: Recorder) -> None:
    samples = measure(Workload("constant", lambda: "same"), Load(), SHORT, recorder)
    assert samples.instrument is not None
    kept = samples.instrument.results_kept
    assert 0 < kept <= len(samples)
    assert digest_results(["same"] * kept) == samples.instrument.results_digest


def test_an_operation_that_never_succeeds_keeps_no_result(recorder: Recorder) -> None:
    def fail() -> None:
        raise OSError

    samples = measure(Workload("broken", fail), Load(), SHORT, recorder)
    assert samples.instrument is not None
    assert 0 == samples.instrument.results_kept
    assert {1} == set(samples.outcome.tolist())


def test_garbage_collection_stays_on_and_is_logged(recorder: Recorder) -> None:
    samples = measure(Workload("tidy", lambda: gc.collect(2)), Load(), Span(0.0, 0.001), recorder)
    assert samples.instrument is not None
    logged = [each for each in samples.instrument.collections if each.generation == 2]
    assert len(logged) >= len(samples)
    assert samples.started_ns[0] <= logged[0].started_ns
    assert logged[0].duration_ns <= samples.latency_ns[0]
    assert gc.isenabled()


def test_an_open_load_is_refused() -> None:
    with pytest.raises(CannotMeasure, match=r"^nothing: expected a closed load, got open$"):
        measure(Workload("nothing", nothing), Load("open", rate_per_s=10.0), SHORT, PythonRecorder())


def test_too_little_memory_for_the_stamps_is_refused_with_what_would_do(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=1_000_000))
    with pytest.raises(CannotMeasure, match=r"^nothing: .* GB of what is free: shorten profile\.duration_s$"):
        measure(Workload("nothing", nothing), Load(), SHORT, recorder)


def test_what_stops_an_operation_stops_the_measurement(recorder: Recorder) -> None:
    before = list(gc.callbacks)
    numbers = itertools.count()

    def stop() -> None:
        if next(numbers) == 1000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(Workload("stopped", stop), Load(), Span(0.0, 0.5), recorder)
    assert before == gc.callbacks
