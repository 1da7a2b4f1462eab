"""A measurement: what was done is what is written, and what cannot be measured is refused."""

from __future__ import annotations

import gc
import itertools
import os
import threading
import warnings
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness import measure as module
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.measure import measure
from bizra_lab.harness.recorder import PythonRecorder, Recorder, digest_results
from bizra_lab.harness.span import Span
from bizra_lab.model import GateReading, Load, Tally, Workload

SHORT = Span(warmup_s=0.02, duration_s=0.05)
WORKERS = pytest.mark.parametrize("workers", [1, 4])


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
    # At either edge of the window each worker may hold one operation back, which took its number before or after.
    assert len(samples) // 10 == pytest.approx(int((samples.outcome == 1).sum()), abs=1 + 2 * workers)
    assert set(samples.worker.tolist()) <= set(range(workers))


def test_what_is_declared_is_what_was_asked_and_what_the_clock_said(recorder: Recorder) -> None:
    measurement = measure(Workload("nothing", nothing, scope="http"), Load(workers=2), SHORT, recorder).measurement
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
def test_a_components_account_is_asked_for_after_a_window_that_it_was_told_of(recorder: Recorder, workers: int) -> None:
    component = Counted()
    begun_at: list[int] = []
    workload = Workload(
        "counted",
        component.operate,
        tallies=lambda: {"seen": Tally(component.seen - begun_at[0], component.seen)},
        mark=lambda: begun_at.append(component.seen),
    )
    samples = measure(workload, Load(workers=workers), SHORT, recorder)
    assert samples.instrument is not None
    tally = samples.instrument.tallies["seen"]
    assert 1 == len(begun_at)
    assert 0 < begun_at[0] == tally.of - tally.count
    assert len(samples) <= tally.count


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


def test_processes_make_no_open_load() -> None:
    load = Load("open", rate_per_s=10.0, workers_as="processes")
    with pytest.raises(CannotMeasure, match=r"^nothing: an open load is made by threads or tasks, not by processes$"):
        measure(Workload("nothing", nothing), load, SHORT, PythonRecorder())


def test_operations_that_do_not_fit_into_a_shared_window_are_told(recorder: Recorder) -> None:
    workload = Workload("slow", partial(MonotonicClock.sleep, 0.3))
    with pytest.raises(
        CannotMeasure, match=r"^slow: none of 2 operations lay wholly inside the window of 0\.05 s, and"
    ):
        measure(workload, Load(workers=2), Span(0.0, 0.05), recorder)


@pytest.mark.parametrize("load", [Load(), Load(workers=2), Load("open", 2, 50.0)], ids=str)
def test_an_operation_that_never_returns_is_given_up(recorder: Recorder, load: Load) -> None:
    calls = itertools.count()
    forever = threading.Event()

    def hang() -> None:
        if next(calls) > 3:
            forever.wait()

    with pytest.raises(
        CannotMeasure, match=r"^hangs: an operation has not returned 0\.1 s after the end of the window"
    ):
        measure(Workload("hangs", hang), load, Span(0.0, 0.2, patience_s=0.1), recorder)
    forever.set()


def test_an_open_load_offers_what_was_planned_and_says_when(recorder: Recorder) -> None:
    load = Load("open", workers=4, rate_per_s=200.0)
    samples = measure(Workload("nothing", nothing), load, Span(0.05, 0.2), recorder)
    assert 40 == len(samples) == samples.measurement.operations_attempted
    assert {5_000_000} == set(np.diff(samples.scheduled_ns).tolist())
    assert (samples.started_ns >= samples.scheduled_ns).all()


def test_what_could_not_be_started_in_time_is_attempted_and_has_no_record(recorder: Recorder) -> None:
    calls = Counted()
    workload = Workload("slow", lambda: MonotonicClock.sleep(0.05) or calls.operate(), count=lambda: calls.seen)
    samples = measure(workload, Load("open", workers=1, rate_per_s=200.0), Span(0.0, 0.2, patience_s=0.1), recorder)
    assert 40 == samples.measurement.operations_attempted
    assert 0 < len(samples) <= 8


def test_what_the_apparatus_saw_beside_the_records_is_published(recorder: Recorder) -> None:
    samples = measure(Workload("sleeps", partial(MonotonicClock.sleep, 0.001)), Load(workers=4), SHORT, recorder)
    instrument = samples.instrument
    assert instrument is not None
    assert instrument.in_flight is not None
    assert 4 == pytest.approx(instrument.in_flight.integral_ns / instrument.in_flight.window_ns, rel=0.1)
    assert instrument.cut is not None
    assert len(samples) + instrument.cut.ended_inside == instrument.in_flight.completed
    assert [0, 1, 2, 3] == [use.worker for use in instrument.uses]
    assert all(0 <= use.cpu_ns <= use.wall_ns * 1.1 for use in instrument.uses)
    assert ("c" == recorder.name) == (instrument.sampled is not None)


def test_the_systems_own_gate_is_read_on_both_sides_of_the_window(recorder: Recorder) -> None:
    gate = recorder.gate()
    workload = Workload("inside", nothing, inside=lambda: GateReading(*gate.read()))
    gate.enter()
    gate.enter()
    samples = measure(workload, Load(), SHORT, recorder)
    assert samples.instrument is not None
    assert samples.instrument.inside is not None
    assert 2 * samples.instrument.inside.window_ns == samples.instrument.inside.integral_ns


def test_a_child_that_an_operation_forks_ends_and_the_fork_is_counted(recorder: Recorder, tmp_path: Path) -> None:
    calls = itertools.count()
    pids: list[int] = []

    def fork() -> None:
        if next(calls) == 100:
            pid = os.fork()
            if pid:
                pids.append(pid)
            else:
                (tmp_path / "child").touch()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads and fork: what is tried here
        samples = measure(Workload("forks", fork), Load(), Span(0.0, 0.1), recorder)
    assert [0] == [os.waitpid(pid, 0)[1] for pid in pids]
    assert (tmp_path / "child").exists()
    assert samples.instrument is not None
    assert 1 == samples.instrument.forks
    assert len(samples) == samples.measurement.operations_attempted


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
