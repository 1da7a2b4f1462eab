"""A closed load: every operation that its workers began is in the record, whatever fails, fills up or takes long."""

from __future__ import annotations

import itertools
import threading
from functools import partial

import numpy as np
import pytest

from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.load import ClosedRun, bytes_per_operation, run_closed
from bizra_lab.harness.recorder import Recorder, Room
from bizra_lab.model import Load


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


def recorded(run: ClosedRun) -> int:
    return sum(len(recording.outcome) for _, recording in run.recordings)


def attempted(run: ClosedRun) -> int:
    return sum(recording.attempted for _, recording in run.recordings)


@pytest.mark.parametrize("workers", [1, 4])
def test_every_operation_begun_is_recorded_and_what_failed_is_an_outcome(recorder: Recorder, workers: int) -> None:
    operate = Counted(fails_at=10)
    run = run_closed(operate, Load(workers=workers), recorder, 0.05, 1_000_000, 1)
    calls = operate.calls()
    assert calls == recorded(run) == attempted(run)
    assert calls // 10 == sum(int((each.outcome == 1).sum()) for _, each in run.recordings)
    assert set(range(workers)) == {worker for worker, _ in run.recordings}
    assert {"ok", "ValueError"} == {name for _, each in run.recordings for name in each.outcomes}


@pytest.mark.parametrize("workers", [1, 4])
def test_a_room_that_fills_up_is_followed_by_another_and_nothing_is_lost(recorder: Recorder, workers: int) -> None:
    operate = Counted(fails_at=7, sleep_s=0.0002)
    run = run_closed(operate, Load(workers=workers), recorder, 0.1, 10, 3)
    assert operate.calls() == recorded(run) == attempted(run)
    for worker in range(workers):
        own = [recording for number, recording in run.recordings if number == worker]
        assert len(own) > 1
        assert {10} == {len(recording.outcome) for recording in own[:-1]}
        assert len(own[-1].outcome) <= 10


@pytest.mark.parametrize("workers", [1, 4])
def test_rooms_that_follow_each_other_do_not_overlap(recorder: Recorder, workers: int) -> None:
    run = run_closed(Counted(sleep_s=0.0002), Load(workers=workers), recorder, 0.05, 10, 1)
    for worker in range(workers):
        own = [recording for number, recording in run.recordings if number == worker and len(recording.outcome)]
        started_ns = np.concatenate([recording.started_ns for recording in own])
        finished_ns = np.concatenate([recording.finished_ns for recording in own])
        assert (started_ns[1:] >= finished_ns[:-1]).all()


@pytest.mark.parametrize("workers", [1, 4])
def test_each_room_keeps_its_own_last_results(recorder: Recorder, workers: int) -> None:
    run = run_closed(Counted(sleep_s=0.0002), Load(workers=workers), recorder, 0.05, 10, 3)
    kept = [list(recording.kept) for _, recording in run.recordings]
    assert 3 == max(map(len, kept))
    numbers = [number for each in kept for number in each]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("workers", [1, 4])
def test_the_window_is_the_wall_time_and_holds_every_operation(recorder: Recorder, workers: int) -> None:
    began_ns = recorder.now_ns()
    run = run_closed(Counted(sleep_s=0.001), Load(workers=workers), recorder, 0.05, 1000, 1)
    assert 50_000_000 <= run.window_ns <= recorder.now_ns() - began_ns
    started_ns = np.concatenate([recording.started_ns for _, recording in run.recordings])
    finished_ns = np.concatenate([recording.finished_ns for _, recording in run.recordings])
    assert finished_ns.max() - started_ns.min() <= run.window_ns


def test_workers_begin_together_and_start_nothing_after_the_deadline(recorder: Recorder) -> None:
    run = run_closed(Counted(sleep_s=0.001), Load(workers=4), recorder, 0.05, 1000, 1)
    started_ns = np.concatenate([recording.started_ns for _, recording in run.recordings])
    assert [0, 1, 2, 3] == [worker for worker, _ in run.recordings]
    assert np.ptp(started_ns) < 50_000_000


def test_one_worker_is_the_thread_that_asked_and_several_are_not(recorder: Recorder) -> None:
    names: set[str] = set()

    def operate() -> None:
        names.add(threading.current_thread().name)

    here = threading.current_thread().name
    run_closed(operate, Load(), recorder, 0.0, 1, 1)
    assert {here} == names
    names.clear()
    run_closed(operate, Load(workers=4), recorder, 0.05, 10, 1)
    assert here not in names


@pytest.mark.parametrize("workers", [1, 4])
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
        run_closed(operate, Load(workers=workers), recorder, 0.1, 1000, 1)
    assert threads == threading.active_count()


@pytest.mark.parametrize("workers", [1, 2])
def test_an_operation_longer_than_the_load_is_recorded_whole(recorder: Recorder, workers: int) -> None:
    run = run_closed(partial(MonotonicClock.sleep, 0.3), Load(workers=workers), recorder, 0.1, 10, 1)
    assert workers == recorded(run) == attempted(run)
    assert all(recording.finished_ns[0] - recording.started_ns[0] >= 300_000_000 for _, recording in run.recordings)


def test_the_bytes_of_an_operation_are_those_its_room_takes() -> None:
    chained, paired = Room.chained(1000, 1), Room.paired(1000, 1)
    assert 1000 * bytes_per_operation(Load()) == chained.stamps[1:].nbytes + chained.outcome.nbytes
    assert 1000 * bytes_per_operation(Load(workers=2)) == sum(
        column.nbytes for column in (paired.starts, paired.ends, paired.outcome)
    )
