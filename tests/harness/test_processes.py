"""Load by processes: each worker has an interpreter of its own, and none is waited for for ever."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial

import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.load import Job
from bizra_lab.harness.processes import Processes, run_processes
from bizra_lab.harness.recorder import Recorder
from bizra_lab.model import Load, Workload

TWO = Load("closed", 2, workers_as="processes")


def job(operate: Callable[[], object], recorder: Recorder, **given: object) -> Job:
    return Job(Workload("job", operate, **given), TWO, recorder, 0.1, slow_ns=10_000)  # type: ignore[arg-type]


def test_workers_are_processes_that_share_one_window(recorder: Recorder) -> None:
    numbers = itertools.count(1)

    def operate() -> int:
        MonotonicClock.sleep(0.001)
        if next(numbers) % 10 == 0:
            raise KeyError
        return os.getpid()

    seen = run_processes(job(operate, recorder))
    assert {0, 1} == set(seen.worker.tolist())
    assert len(seen.started_ns) == seen.attempted
    assert ("ok", "KeyError") == seen.outcomes
    assert 1 == next(numbers), "the parent made none"
    assert seen.in_flight is not None
    assert 2 == pytest.approx(seen.in_flight.integral_ns / seen.in_flight.window_ns, rel=0.05)
    assert 100_000_000 <= seen.window_ns < 200_000_000
    assert [0, 1] == [use.worker for use in seen.uses]


def test_a_workload_that_cannot_be_sent_is_made_again_over_there(recorder: Recorder) -> None:
    def remake() -> Workload:
        numbers = itertools.count(1)
        seen: list[int] = [0]

        def operate() -> None:
            seen[0] = next(numbers)
            MonotonicClock.sleep(0.001)

        return Workload("made there", operate, count=lambda: seen[0])

    lock = threading.Lock()
    seen = run_processes(job(lock.locked, recorder, remake=remake))
    assert len(seen.started_ns) == seen.attempted > 0


def test_what_cannot_be_sent_is_told() -> None:
    lock = threading.Lock()
    with (
        Processes("locked") as processes,
        pytest.raises(CannotMeasure, match=r"^locked: cannot be sent to a process: "),
    ):
        processes.start(lambda _: lock.locked())


def test_what_a_task_returns_is_its_answer_and_what_it_prints_is_thrown_away() -> None:
    def talkative(moment_ns: Callable[[], int]) -> tuple[int, int]:
        sys.stdout.write("x" * 1_000_000)
        return moment_ns(), os.getpid()

    with Processes("talks") as processes:
        processes.start(talkative)
        processes.wait_until_ready()
        processes.begin(17)
        [(moment, pid)] = processes.answers(10)
    assert 17 == moment
    assert os.getpid() != pid


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (partial(os._exit, 7), r"^dies: process 0 ended with exit code 7 before it answered$"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), r"^dies: process 0 was ended by SIGKILL before it answered$"),
        (partial({}.pop, "x"), r"^KeyError: 'x'$"),
    ],
    ids=["exits", "killed", "raises"],
)
def test_a_process_that_ends_without_an_answer_is_told(how: Callable[[], object], message: str) -> None:
    def task(moment_ns: Callable[[], int]) -> None:
        how()

    with Processes("dies") as processes, pytest.raises(CannotMeasure, match=message):
        processes.start(task)
        processes.wait_until_ready()


def test_a_process_that_does_not_answer_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    def task(moment_ns: Callable[[], int]) -> None:
        moment_ns()
        MonotonicClock.sleep(600)

    with Processes("hangs") as processes, pytest.raises(CannotMeasure, match=r"^hangs: process 0 has not answered"):
        processes.start(task)
        processes.wait_until_ready()
        pid = processes._processes[0].pid
        processes.begin()
        monkeypatch.setattr("bizra_lab.harness.processes.READY_S", 0.1)
        processes.answers(0.1)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
