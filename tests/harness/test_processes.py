"""Load by processes: each worker has an interpreter of its own, and none is waited for for ever."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.load import Job, Run
from bizra_lab.harness.processes import Process, Processes
from bizra_lab.harness.recorder import Recorder
from bizra_lab.model import Load, Workload

TWO = Load("closed", 2, workers_as="processes")


def run(recorder: Recorder, operate: Callable[[], object], **given: Any) -> Run:
    workload = Workload("job", operate, **given)
    with Processes(workload, TWO) as processes:
        return processes.run(Job(workload, TWO, recorder, 0.1, slow_ns=10_000))


def test_workers_are_processes_that_share_one_window(recorder: Recorder) -> None:
    numbers = [0]

    def operate() -> int:
        MonotonicClock.sleep(0.001)
        numbers[0] += 1
        if numbers[0] % 10 == 0:
            raise KeyError
        return os.getpid()

    seen = run(recorder, operate)
    assert {0, 1} == set(seen.worker.tolist())
    assert len(seen.started_ns) == seen.attempted
    assert ("ok", "KeyError") == seen.outcomes
    assert [0] == numbers, "the parent made none"
    assert seen.in_flight is not None
    assert 2 == pytest.approx(seen.in_flight.integral_ns / seen.in_flight.window_ns, rel=0.1)
    assert 100_000_000 <= seen.window_ns < 1_000_000_000
    assert [0, 1] == [use.worker for use in seen.uses]


def test_a_workload_that_cannot_be_sent_is_made_again_over_there(recorder: Recorder) -> None:
    def remake() -> Workload:
        numbers = itertools.count(1)
        seen: list[int] = [0]

        def operate() -> None:
            seen[0] = next(numbers)
            MonotonicClock.sleep(0.001)

        return Workload("made there", operate, count=lambda: seen[0])

    seen = run(recorder, threading.Lock().locked, remake=remake)
    assert len(seen.started_ns) == seen.attempted > 0


def test_what_cannot_be_sent_is_told(recorder: Recorder) -> None:
    with pytest.raises(CannotMeasure, match=r"^job: cannot be sent to a process: .*; expected a function and all it"):
        run(recorder, threading.Lock().locked)


def test_what_a_task_returns_is_its_answer_and_what_it_prints_is_thrown_away() -> None:
    def talkative(parent: Connection) -> tuple[bytes, int]:
        sys.stdout.write("x" * 1_000_000)
        return parent.recv(), os.getpid()

    with Process("talks", talkative) as process:
        process.send(b"hello")
        heard, pid = process.receive(30)
    assert b"hello" == heard
    assert os.getpid() != pid


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (partial(os._exit, 7), r"^dies: its process ended with exit code 7 before it answered$"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), r"^dies: its process was ended by SIGKILL before it answered$"),
        (partial({}.pop, "x"), r"^KeyError: 'x'$"),
    ],
    ids=["exits", "killed", "raises"],
)
def test_a_process_that_ends_without_an_answer_is_told(how: Callable[[], object], message: str) -> None:
    with Process("dies", lambda _: how()) as process, pytest.raises(CannotMeasure, match=message):
        process.receive(30)


def test_a_process_that_does_not_answer_is_ended() -> None:
    def sleep(parent: Connection) -> None:
        parent.send(os.getpid())
        MonotonicClock.sleep(600)

    expected = r"^hangs: its process has not answered within 0\.1 s; it was ended$"
    with Process("hangs", sleep) as process:
        pid = process.receive(30)
        with pytest.raises(CannotMeasure, match=expected):
            process.receive(0.1)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
