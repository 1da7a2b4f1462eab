"""A load: every operation that its workers began is in the record or told, whatever fails, fills up or takes long."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.load import Job, Run
from bizra_lab.harness.recorder import Recorder, digest_results
from bizra_lab.harness.threads import Threads
from bizra_lab.model import Ints, Load, Workload


class Counted:
    """Counts its calls on its own, across threads, and fails at every `fails_at`th."""

    def __init__(self, fails_at: int = 0, sleep_s: float = 0.0) -> None:
        self._numbers = itertools.count(1)
        self._fails_at = fails_at
        self._sleep_s = sleep_s

    def __call__(self) -> int:
        number = next(self._numbers)
        if self._sleep_s:
            MonotonicClock.sleep(self._sleep_s)
        if self._fails_at and number % self._fails_at == 0:
            raise ValueError(number)
        return number

    def calls(self) -> int:
        """How often it was called. Asked once, at the end."""
        return next(self._numbers) - 1


def job(operate: Callable[[], object], recorder: Recorder, duration_s: float = 0.05, **given: Any) -> Job:
    load = Load(workers=given.pop("workers", 1))
    return Job(Workload("job", operate), load, recorder, duration_s, **given)


def run(each: Job, plan_ns: Ints | None = None) -> Run:
    with Threads(each.workload, each.load, each.patience_s) as threads:
        return threads.run(each, plan_ns)


WORKERS = pytest.mark.parametrize("workers", [1, 4])


@WORKERS
def test_every_operation_begun_is_recorded_and_what_failed_is_an_outcome(recorder: Recorder, workers: int) -> None:
    operate = Counted(fails_at=10)
    seen = run(job(operate, recorder, workers=workers))
    calls = operate.calls()
    assert calls == seen.recorded
    assert len(seen.started_ns) == seen.attempted > 0
    # What the window's edges cut has no record: one call a worker and edge, and it may be one that failed.
    cut = 2 * workers
    assert len(seen.outcome) // 10 == pytest.approx(int((seen.outcome == 1).sum()), abs=1 + cut)
    assert ("ok", "ValueError") == seen.outcomes
    assert set(seen.worker.tolist()) <= set(range(workers))


@WORKERS
def test_a_room_that_fills_up_is_followed_by_another_and_nothing_is_lost(recorder: Recorder, workers: int) -> None:
    operate = Counted(fails_at=7, sleep_s=0.0002)
    seen = run(job(operate, recorder, 0.1, workers=workers, capacity=10))
    assert operate.calls() == seen.recorded > 10 * workers
    assert len(seen.started_ns) == seen.attempted
    for worker in range(workers):
        own = seen.worker == worker
        assert (seen.started_ns[own][1:] >= seen.finished_ns[own][:-1]).all()


@WORKERS
def test_the_last_results_of_each_worker_are_kept_and_summed_up(recorder: Recorder, workers: int) -> None:
    def same() -> str:
        MonotonicClock.sleep(0.0005)
        return "same"

    seen = run(job(same, recorder, workers=workers, results=3))
    assert 3 * workers == seen.results_kept
    assert digest_results(["same"] * 3 * workers) == seen.results_digest


@WORKERS
def test_the_window_holds_every_operation_that_counts(recorder: Recorder, workers: int) -> None:
    began_ns = recorder.now_ns()
    seen = run(job(Counted(sleep_s=0.001), recorder, workers=workers))
    assert 50_000_000 <= seen.window_ns <= recorder.now_ns() - began_ns
    assert seen.begin_ns <= seen.started_ns.min()
    assert seen.finished_ns.max() <= seen.end_ns


def test_what_crosses_an_edge_of_a_shared_window_is_cut_and_told(recorder: Recorder) -> None:
    seen = run(job(Counted(sleep_s=0.01), recorder, 0.1, workers=4))
    assert seen.cut is not None
    assert 4 <= seen.cut.ended_inside <= 5
    assert 7 <= seen.cut.operations <= 8
    assert 10_000_000 <= seen.cut.longest_ns
    # Four workers are busy all the time: what is not recorded of the window was cut.
    recorded_ns = int((seen.finished_ns - seen.started_ns).sum())
    assert 4 * seen.window_ns == pytest.approx(recorded_ns + seen.cut.inside_ns, rel=0.15)


def test_workers_that_share_a_window_have_begun_before_it(recorder: Recorder) -> None:
    seen = run(job(Counted(sleep_s=0.001), recorder, workers=4))
    assert [0, 1, 2, 3] == sorted(set(seen.worker.tolist()))
    assert seen.recorded > len(seen.started_ns)
    assert np.ptp([seen.started_ns[seen.worker == worker].min() for worker in range(4)]) < 200_000_000


@WORKERS
def test_each_worker_makes_its_own_operation_in_its_own_thread(recorder: Recorder, workers: int) -> None:
    makers: dict[int, str] = {}
    users: set[tuple[int, str]] = set()

    def of_worker(worker: int) -> Callable[[], object]:
        makers[worker] = threading.current_thread().name

        def operate() -> None:
            users.add((worker, threading.current_thread().name))
            MonotonicClock.sleep(0.001)

        return operate

    workload = Workload("own", Counted(), of_worker=of_worker)
    run(Job(workload, Load(workers=workers), recorder, 0.05))
    assert set(makers.items()) == users
    assert workers == len(makers)


@WORKERS
@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_what_stops_a_worker_is_raised_in_the_caller(
    recorder: Recorder, workers: int, stop: type[BaseException]
) -> None:
    numbers = itertools.count()

    def operate() -> None:
        if next(numbers) == 20:
            raise stop
        MonotonicClock.sleep(0.0002)

    threads = threading.active_count()
    with pytest.raises(stop):
        run(job(operate, recorder, 0.1, workers=workers))
    assert threads == threading.active_count()


@WORKERS
def test_what_a_worker_cannot_make_is_raised_in_the_caller_and_nobody_begins(recorder: Recorder, workers: int) -> None:
    operate = Counted()

    def of_worker(worker: int) -> Callable[[], object]:
        if worker == workers - 1:
            raise CannotMeasure("no connection")
        return operate

    with pytest.raises(CannotMeasure, match=r"^no connection$"):
        run(Job(Workload("own", operate, of_worker=of_worker), Load(workers=workers), recorder, 0.05))
    assert 0 == operate.calls()


@WORKERS
def test_workers_stay_the_same_from_one_job_to_the_next_and_leave_at_the_end(recorder: Recorder, workers: int) -> None:
    made: list[str] = []
    left: list[str] = []
    used: set[str] = set()

    def name() -> str:
        return threading.current_thread().name

    def of_worker(worker: int) -> Callable[[], object]:
        made.append(name())
        return lambda: used.add(name())

    workload = Workload("stays", Counted(), of_worker=of_worker, leave=lambda worker: left.append(name()))
    load = Load(workers=workers)
    with Threads(workload, load) as threads:
        for _ in range(3):
            threads.run(Job(workload, load, recorder, 0.02))
        assert [] == left
    assert used == set(made) == set(left)
    assert workers == len(made) == len(left)


@WORKERS
def test_what_a_worker_raises_as_it_leaves_is_raised_in_the_caller(recorder: Recorder, workers: int) -> None:
    def leave(worker: int) -> None:
        raise CannotMeasure("will not close")

    each = replace(job(Counted(), recorder, workers=workers), workload=Workload("job", Counted(), leave=leave))
    with pytest.raises(CannotMeasure, match=r"^will not close$"):
        run(each)


def test_control_c_in_the_thread_that_waits_ends_the_workers(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    operate = Counted(sleep_s=0.001)
    threads = threading.active_count()

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "bizra_lab.harness.watch.MonotonicClock", SimpleNamespace(now_ns=MonotonicClock.now_ns, sleep=interrupted)
    )
    with pytest.raises(KeyboardInterrupt):
        run(job(operate, recorder, 60.0, workers=4))
    assert threads == threading.active_count()


def test_an_operation_longer_than_the_load_is_recorded_whole_by_a_single_worker(recorder: Recorder) -> None:
    seen = run(job(partial(MonotonicClock.sleep, 0.3), recorder, 0.1))
    assert 1 == seen.recorded == seen.attempted
    assert seen.finished_ns[0] - seen.started_ns[0] >= 300_000_000


def test_a_plan_is_kept_operation_by_operation(recorder: Recorder) -> None:
    operate = Counted(fails_at=5, sleep_s=0.001)
    plan_ns = np.arange(40, dtype=np.int64) * 2_000_000
    seen = run(Job(Workload("job", operate), Load("open", 3, 500.0), recorder, 0.08), plan_ns)
    assert operate.calls() == 40 == seen.attempted == seen.recorded == len(seen.started_ns)
    assert plan_ns.tolist() == (seen.scheduled_ns - seen.begin_ns).tolist()
    assert 8 == int((seen.outcome == 1).sum())
    assert (seen.started_ns >= seen.scheduled_ns).all()
    assert set(seen.worker.tolist()) <= {0, 1, 2}
    assert seen.in_flight is not None
    assert 40 == seen.in_flight.completed
    # Its gate has them enter when they fall due, so what it integrates is what callers waited.
    assert int((seen.finished_ns - seen.scheduled_ns).sum()) == pytest.approx(
        seen.in_flight.integral_ns, rel=0.02, abs=40_000
    )


def test_a_stall_is_charged_to_the_operations_behind_it(recorder: Recorder) -> None:
    numbers = itertools.count()

    def stalls_once() -> None:
        if next(numbers) == 10:
            MonotonicClock.sleep(0.1)

    plan_ns = np.arange(100, dtype=np.int64) * 1_000_000
    seen = run(Job(Workload("job", stalls_once), Load("open", 1, 1000.0), recorder, 0.1), plan_ns)
    latency_ns, service_ns = seen.finished_ns - seen.scheduled_ns, seen.finished_ns - seen.started_ns
    assert 1 == int((service_ns > 50_000_000).sum())
    assert 45 <= int((latency_ns > 50_000_000).sum()) <= 100
