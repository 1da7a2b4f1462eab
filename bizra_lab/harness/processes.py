"""
Load by processes: each worker is a process of its own, with its own interpreter and no shared lock.

What a process is to do is pickled with cloudpickle, so functions of notebooks and closures go too. Each runs this
module, tells when it is ready, and begins at the same reading of the monotonic clock, which is one for all processes of
a host; what it saw comes back as a file. What it prints is thrown away. A process that does not answer is killed.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cloudpickle

from bizra_lab.errors import CannotMeasure, one_line
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.load import START_S, Job, Run, in_one, run_threads
from bizra_lab.units import SECOND_NS

Moment = Callable[[], int]  # tells that all is ready, and returns when to begin
Task = Callable[[Moment], object]

# A process imports the lab and unpickles its task before it can begin: a second or two, more on a busy machine.
READY_S = 60.0


def run_processes(job: Job) -> Run:
    """What so many processes did within a window of `job.duration_s` seconds that they share."""
    # One made by a component is made again over there, since locks and sockets cannot be sent.
    alone = replace(job, load=replace(job.load, workers=1, workers_as="threads"))
    if job.workload.remake:
        alone = replace(alone, workload=replace(job.workload, operate=_never, of_worker=None, count=None, close=_never))
    with Processes(job.workload.name) as processes:
        for _ in range(job.load.workers):
            processes.start(partial(_one_worker, alone))
        processes.wait_until_ready()
        processes.begin(MonotonicClock.now_ns() + round(START_S * SECOND_NS))
        return in_one(processes.answers(job.duration_s + job.patience_s))


def _never() -> None:
    """In the place of what stays behind."""


def _one_worker(job: Job, moment_ns: Moment) -> Run:
    workload = job.workload.remake() if job.workload.remake else job.workload
    job = replace(job, workload=workload)
    try:
        before = workload.count() if workload.count else 0
        run = run_threads(job, moment_ns)
        if workload.count:
            run = replace(run, attempted=workload.count() - before - (run.recorded - len(run.started_ns)))
        return run
    finally:
        workload.close()


class Processes:
    """Processes that each do a task and answer with what it returns; leaving the block ends them all."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._folder = tempfile.TemporaryDirectory(prefix="bizra-lab-")
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            # Its whole session: whatever it forked or started itself goes with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    with contextlib.suppress(OSError):
                        pipe.close()
        self._folder.cleanup()

    def start(self, task: Task) -> None:
        """Start a process for the task. Raises CannotMeasure when the task cannot be sent."""
        try:
            pickled = cloudpickle.dumps(task)
        except Exception as error:
            raise CannotMeasure(
                f"{self._name}: cannot be sent to a process: {one_line(error)}; expected a function and what it needs "
                "to be picklable, or workers that are threads"
            ) from None
        number = len(self._processes)
        self._place(number, "task").write_bytes(pickled)
        self._processes.append(
            subprocess.Popen(
                [sys.executable, "-m", __name__, str(self._place(number, "task")), str(self._place(number, "answer"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
                # What can be imported here can be imported there, or the task could not be read.
                env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            )
        )

    def _place(self, number: int, what: str) -> Path:
        return Path(self._folder.name) / f"{number}.{what}"

    def wait_until_ready(self) -> None:
        """Return when every process is ready to begin. Raises CannotMeasure when one ends or takes too long."""
        until_ns = MonotonicClock.now_ns() + round(READY_S * SECOND_NS)
        for number, process in enumerate(self._processes):
            assert process.stdout is not None
            left_s = max(until_ns - MonotonicClock.now_ns(), 0) / SECOND_NS
            if not select.select([process.stdout], [], [], left_s)[0]:
                raise CannotMeasure(f"{self._name}: process {number} was not ready after {READY_S:g} s")
            if not process.stdout.readline():
                self._answer(number)

    def begin(self, at_ns: int = 0) -> None:
        """Tell every process when to begin, by the monotonic clock."""
        for process in self._processes:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # it has ended, which its answer will tell
                process.stdin.write(b"%d\n" % at_ns)
                process.stdin.flush()

    def answers(self, expected_s: float) -> list[Any]:
        """What each task returned. Raises what one of them raised, and CannotMeasure for one that does not end."""
        until_ns = MonotonicClock.now_ns() + round((expected_s + READY_S) * SECOND_NS)
        for number, process in enumerate(self._processes):
            try:
                process.wait(max(until_ns - MonotonicClock.now_ns(), 0) / SECOND_NS)
            except subprocess.TimeoutExpired:
                raise CannotMeasure(
                    f"{self._name}: process {number} has not answered {expected_s + READY_S:g} s after it began"
                ) from None
        return [self._answer(number) for number in range(len(self._processes))]

    def _answer(self, number: int) -> Any:
        place = self._place(number, "answer")
        if not place.exists():
            code = self._processes[number].wait()
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            raise CannotMeasure(f"{self._name}: process {number} {how} before it answered")
        answer = pickle.loads(place.read_bytes())  # noqa: S301 — our own process wrote it, in a folder of our own
        if isinstance(answer, BaseException):
            raise answer
        return answer


def _main(task: str, answer: str) -> None:
    """What the other side does: read the task, do it, write the answer."""
    # What the task prints must not be taken for what this module says.
    talk = os.fdopen(os.dup(1), "wb", 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def moment_ns() -> int:
        talk.write(b"ready\n")
        return int(sys.stdin.readline() or 0)

    try:
        done: object = pickle.loads(Path(task).read_bytes())(moment_ns)  # noqa: S301 — our own parent wrote it
    except Exception as error:
        done = CannotMeasure(
            f"{type(error).__name__}: {one_line(error)}" if not isinstance(error, CannotMeasure) else str(error)
        )
    temporary = Path(f"{answer}.part")
    temporary.write_bytes(cloudpickle.dumps(done))
    temporary.rename(answer)


if __name__ == "__main__":
    _main(*sys.argv[1:])
