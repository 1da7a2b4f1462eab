"""
Load by processes: each worker is a process of its own, with its own interpreter and no shared lock.

What a process is to do is pickled with cloudpickle, so functions of notebooks and closures go too. Each tells when it
is ready, and all begin at the same reading of the monotonic clock, which is one for all processes of a host. What it
prints is thrown away. One that does not answer is killed, with everything it started.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection, Pipe
from types import TracebackType
from typing import Any, Self

import cloudpickle

from bizra_lab.errors import CannotMeasure, LabError, one_line
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.load import START_S, Job, Run, in_one
from bizra_lab.harness.span import PATIENCE_S
from bizra_lab.harness.threads import Threads
from bizra_lab.model import Ints, Load, Workload
from bizra_lab.units import SECOND_NS

Task = Callable[[Connection], object]

# A process imports the lab and unpickles its task before it is ready: a second or two, more on a busy machine.
READY_S = 60.0


class Process:
    """A process that does one task, and talks with this one over a connection meanwhile; leaving the block ends it."""

    def __init__(self, name: str, task: Task) -> None:
        """Raises CannotMeasure when the task cannot be sent; `name` is whose task it is."""
        self._name = name
        pickled = _pickled(name, task)
        self._connection, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                # What can be imported here can be imported there, or the task could not be read.
                env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            )
        self._send(pickled)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Its whole session: whatever it forked or started itself goes with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._connection.close()

    def send(self, message: object) -> None:
        """Hand the task something to receive."""
        self._send(_pickled(self._name, message))

    def _send(self, pickled: bytes) -> None:
        with contextlib.suppress(OSError):  # it has ended, which `receive` will tell
            self._connection.send_bytes(pickled)

    def receive(self, seconds: float) -> Any:
        """
        What the task sends, or returns, within so many seconds.

        Raises CannotMeasure with one line: it does not, it has ended, or it raised something.
        """
        try:
            if not self._connection.poll(seconds):
                raise CannotMeasure(f"{self._name}: its process has not answered within {seconds:g} s; it was ended")
            answer = pickle.loads(self._connection.recv_bytes())  # noqa: S301 — our own process sent it
        except (EOFError, OSError):
            code = self._process.wait()
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            raise CannotMeasure(f"{self._name}: its process {how} before it answered") from None
        if isinstance(answer, LabError):
            raise answer
        return answer


def _pickled(name: str, message: object) -> bytes:
    try:
        pickled: bytes = cloudpickle.dumps(message)
    except Exception as error:
        raise CannotMeasure(
            f"{name}: cannot be sent to a process: {one_line(error)}; expected a function and all it needs to be "
            "picklable, or workers that are threads"
        ) from None
    return pickled


class Processes:
    """Workers that are processes: otherwise as `load.Threads`."""

    def __init__(self, workload: Workload, load: Load, patience_s: float = PATIENCE_S) -> None:
        self._workload = workload
        self._load = load
        self._patience_s = patience_s
        self._held = contextlib.ExitStack()
        self._processes: list[Process] = []

    def __enter__(self) -> Self:
        workload = self._workload
        # One made by a component is made again over there, since locks and sockets cannot be sent.
        make = workload.remake or partial(same, workload)
        with contextlib.ExitStack() as held:
            for _ in range(self._load.workers):
                process = Process(workload.name, partial(_serve, make, self._patience_s))
                self._processes.append(held.enter_context(process))
            for process in self._processes:
                process.receive(READY_S)
            self._held = held.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._held:
            if kind is None:
                for process in self._processes:
                    process.send(None)
                for process in self._processes:
                    process.receive(self._patience_s)

    def run(self, job: Job, plan_ns: Ints | None = None) -> Run:
        """What they did of the job, each in its own window; the windows begin and end together."""
        assert plan_ns is None, "processes make closed loads"
        alone = replace(job, load=Load(), workload=replace(_NOBODY, name=job.workload.name))
        for process in self._processes:
            process.send(alone)
        for process in self._processes:
            process.receive(READY_S)
        begin_ns = MonotonicClock.now_ns() + round(START_S * SECOND_NS)
        for process in self._processes:
            process.send(begin_ns)
        return in_one([process.receive(job.duration_s + 2 * self._patience_s) for process in self._processes])


def _nothing() -> None:
    """In the place of an operation that is known over there."""


_NOBODY = Workload("", _nothing)


def same(workload: Workload) -> Workload:
    """The workload itself, but that closing it is left to whoever made it, on the other side."""
    return replace(workload, close=_nothing)


def _serve(make: Callable[[], Workload], patience_s: float, parent: Connection) -> None:
    """In the process: get ready, then do one job after the other until told that there is none."""
    workload = make()
    try:
        with Threads(workload, Load(), patience_s) as threads:
            parent.send_bytes(cloudpickle.dumps("ready"))
            while (job := pickle.loads(parent.recv_bytes())) is not None:  # noqa: S301 — our own parent sent it
                parent.send_bytes(cloudpickle.dumps(_one_window(threads, replace(job, workload=workload), parent)))
    finally:
        workload.close()


def _one_window(threads: Threads, job: Job, parent: Connection) -> Run:
    def moment_ns() -> int:
        parent.send_bytes(cloudpickle.dumps("ready"))
        begin_ns: int = pickle.loads(parent.recv_bytes())  # noqa: S301 — our own parent sent it
        return begin_ns

    count = job.workload.count
    before = count() if count else 0
    run = threads.run_together(job, moment_ns)
    return replace(run, attempted=len(run.started_ns) + count() - before - run.recorded) if count else run


def _main(connection: int) -> None:
    """What the other side does: read the task, do it, answer."""
    with Connection(connection) as parent:
        try:
            answer: object = pickle.loads(parent.recv_bytes())(parent)  # noqa: S301 — our own parent sent it
        except LabError as error:
            answer = error
        except Exception as error:
            answer = CannotMeasure(f"{type(error).__name__}: {one_line(error)}")
        with contextlib.suppress(OSError):  # nobody waits for it any more
            parent.send_bytes(cloudpickle.dumps(answer))


if __name__ == "__main__":
    _main(int(sys.argv[1]))
