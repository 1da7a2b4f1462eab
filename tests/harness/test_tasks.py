"""Load by asyncio tasks: many operations in flight in one thread, each with its own record."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.load import Job, Run
from bizra_lab.harness.recorder import Recorder
from bizra_lab.harness.tasks import Tasks
from bizra_lab.model import Ints, Load, Workload


class Counted:
    """Counts its calls, and fails at every tenth."""

    def __init__(self, sleep_s: float = 0.0) -> None:
        self.calls = 0
        self._sleep_s = sleep_s

    async def __call__(self) -> int:
        self.calls += 1
        number = self.calls
        if self._sleep_s:
            await asyncio.sleep(self._sleep_s)
        if number % 10 == 0:
            raise KeyError(number)
        return number


def job(operate: Callable[[], object], recorder: Recorder, duration_s: float = 0.1, **given: Any) -> Job:
    load = Load("closed", given.pop("workers", 5), workers_as="tasks")
    return Job(Workload("job", operate), load, recorder, duration_s, **given)


def run(each: Job, plan_ns: Ints | None = None) -> Run:
    with Tasks(each.workload, each.load, each.patience_s) as tasks:
        return tasks.run(each, plan_ns)


def test_every_operation_of_every_task_is_recorded(recorder: Recorder) -> None:
    operate = Counted(sleep_s=0.001)
    seen = run(job(operate, recorder))
    assert operate.calls == seen.recorded > 0
    assert len(seen.started_ns) == seen.attempted
    assert {0, 1, 2, 3, 4} == set(seen.worker.tolist())
    assert ("ok", "KeyError") == seen.outcomes
    assert len(seen.outcome) // 10 == pytest.approx(int((seen.outcome == 1).sum()), abs=1)


def test_tasks_are_in_flight_together_in_one_thread(recorder: Recorder) -> None:
    threads: set[str] = set()

    async def operate() -> None:
        threads.add(threading.current_thread().name)
        await asyncio.sleep(0.005)

    seen = run(job(operate, recorder, workers=20))
    assert 1 == len(threads)
    assert threading.current_thread().name not in threads
    assert seen.in_flight is not None
    assert 20 == pytest.approx(seen.in_flight.integral_ns / seen.in_flight.window_ns, rel=0.1)


def test_tasks_that_never_have_to_wait_still_take_turns(recorder: Recorder) -> None:
    seen = run(job(Counted(), recorder, workers=3))
    assert {0, 1, 2} == set(seen.worker.tolist())


def test_a_tasks_operation_may_have_to_be_awaited_before_it_can_be_used(recorder: Recorder) -> None:
    made: list[int] = []
    left: list[int] = []

    async def connect(worker: int) -> Callable[[], Awaitable[int]]:
        await asyncio.sleep(0)
        made.append(worker)

        async def operate() -> int:
            await asyncio.sleep(0.001)
            return worker

        return operate

    async def leave(worker: int) -> None:
        await asyncio.sleep(0)
        left.append(worker)

    workload = Workload("job", Counted(), of_worker=connect, leave=leave)  # type: ignore[arg-type]  # awaited first
    seen = run(Job(workload, Load("closed", 3, workers_as="tasks"), recorder, 0.05))
    assert [0, 1, 2] == made == left
    assert {0, 1, 2} == set(seen.worker.tolist())


def test_a_task_that_never_returns_is_given_up(recorder: Recorder) -> None:
    numbers = itertools.count()

    async def hang() -> None:
        await asyncio.sleep(60 if next(numbers) > 10 else 0)

    with pytest.raises(CannotMeasure, match=r"^job: an operation has not returned 0\.1 s after the end of the window"):
        run(job(hang, recorder, patience_s=0.1))


def test_an_operation_that_was_cancelled_is_an_outcome_and_its_task_goes_on(recorder: Recorder) -> None:
    numbers = itertools.count()

    async def leave() -> None:
        await asyncio.sleep(0.001)
        if next(numbers) % 2:
            raise asyncio.CancelledError

    seen = run(job(leave, recorder))
    assert {"ok", "CancelledError"} == set(seen.outcomes)
    assert {0, 1} == set(seen.outcome.tolist())
    assert {0, 1, 2, 3, 4} == set(seen.worker.tolist())


def test_what_stops_a_task_is_raised_in_the_caller(recorder: Recorder) -> None:
    async def stop() -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        run(job(stop, recorder))


def test_a_plan_is_kept_by_tasks_and_a_late_start_is_a_late_start(recorder: Recorder) -> None:
    operate = Counted(sleep_s=0.01)
    plan_ns = np.arange(50, dtype=np.int64) * 1_000_000
    load = Load("open", 5, 1000.0, workers_as="tasks")
    seen = run(Job(Workload("job", operate), load, recorder, 0.05), plan_ns)
    assert operate.calls == 50 == len(seen.started_ns) == seen.attempted
    assert plan_ns.tolist() == (seen.scheduled_ns - seen.begin_ns).tolist()
    assert (seen.started_ns >= seen.scheduled_ns).all()
    assert 5 == int((seen.outcome == 1).sum())
    # Five at a time of 10 ms each: the last had to wait for nine rounds, and was due after five.
    assert seen.finished_ns[-1] - seen.scheduled_ns[-1] >= 45_000_000
    assert seen.in_flight is not None
    assert int((seen.finished_ns - seen.scheduled_ns).sum()) == pytest.approx(seen.in_flight.integral_ns, rel=0.02)


def test_what_tasks_could_not_start_in_time_is_attempted_and_has_no_record(recorder: Recorder) -> None:
    plan_ns = np.arange(50, dtype=np.int64) * 1_000_000
    load = Load("open", 1, 1000.0, workers_as="tasks")
    each = Job(Workload("job", Counted(sleep_s=0.02)), load, recorder, 0.05, patience_s=0.1)
    seen = run(each, plan_ns)
    assert 50 == seen.attempted
    assert 0 < len(seen.started_ns) < 15
