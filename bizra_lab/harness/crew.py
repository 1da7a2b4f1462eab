"""
The threads that work, and the one that waits for them: never for ever, and never for what was forked off them.

A gate that is closed ends every loop between two operations; an operation that does not return is given up.
"""

from __future__ import annotations

import contextlib
import os
import queue
import resource
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.load import Run
from bizra_lab.model import Use
from bizra_lab.units import SECOND_NS

Prepared = TypeVar("Prepared")  # what a thread needs for its work, made in it before the load begins

# After a gate was closed the loops end as soon as the operation that each is in returns.
GRACE_S = 1.0

# What a forked process has in common with this one: in a child, no loop goes on.
_open_gates: list[Any] = []
_forked: list[None] = []


def _close_gates() -> None:
    for gate in _open_gates:
        gate.close()


os.register_at_fork(before=lambda: _forked.append(None), after_in_child=_close_gates)


class Crew(Generic[Prepared]):
    """
    Threads that get ready once and then do one job after the other, and the thread that waits for them, never for ever.

    `prepare` makes what each needs, in its thread; `leave`, when there is one, is called there when it goes.
    """

    def __init__(
        self,
        name: str,
        workers: int,
        patience_s: float,
        prepare: Callable[[int], Prepared],
        leave: Callable[[int], object] | None = None,
    ) -> None:
        self.workers = workers
        self._name = name
        self._patience_s = patience_s
        self._prepare = prepare
        self._leave = leave
        self._orders: list[queue.SimpleQueue[Callable[[int, Prepared], None] | None]] = []
        self._done = threading.Semaphore(0)
        self._busy = 0
        self._stopped: list[BaseException] = []
        self._uses: list[Use] = []
        self._gate: Any = None
        self._forks = 0
        self._process = os.getpid()

    def __enter__(self) -> Self:
        """All are ready. Raises what one of them raised on the way."""
        for worker in range(self.workers):
            self._orders.append(queue.SimpleQueue())
            threading.Thread(target=self._live, args=(worker, self._orders[worker]), daemon=True).start()
        self._busy = self.workers
        try:
            self._check_ready()
        except BaseException:
            self._dismiss()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dismiss()
        if kind is None:
            self._raise_what_stopped()

    def _check_ready(self) -> None:
        if not self._all_done(self._patience_s):
            raise CannotMeasure(
                f"{self._name}: a worker was not ready after {self._patience_s:g} s; expected all {self.workers}"
            )
        self._raise_what_stopped()

    def _dismiss(self) -> None:
        idle = self._all_done(0)
        self._busy += self.workers
        for orders in self._orders:
            orders.put(None)
        # One that is stuck in an operation never gets to see that it may go.
        self._all_done(self._patience_s if idle else GRACE_S)

    @contextlib.contextmanager
    def at_work(self, gate: Any, work: Callable[[int, Prepared], None]) -> Iterator[None]:
        """
        In the block, each worker does `work(worker, prepared)`; at its end, however it comes, the gate is closed.

        So whatever ends the block early, an error or Control-C, ends the workers too.
        """
        self._uses, self._gate, forked_before = [], gate, len(_forked)
        self._busy = self.workers
        _open_gates.append(gate)
        for orders in self._orders:
            orders.put(work)
        try:
            yield
        except BaseException:
            gate.close()
            self._all_done(GRACE_S)
            raise
        finally:
            gate.close()
            _open_gates.remove(gate)
            self._forks = len(_forked) - forked_before
        self.wait(0)

    def wait(self, expected_s: float) -> None:
        """
        Return when all have done their work, for which they have so many seconds and the crew's patience.

        Raises what one of them raised, and CannotMeasure when an operation does not return.
        """
        if not self._all_done(expected_s + self._patience_s):
            self._gate.close()
            if not self._all_done(GRACE_S):
                raise CannotMeasure(
                    f"{self._name}: an operation has not returned {self._patience_s:g} s after the end of the window; "
                    "expected each to return (a longer patience waits longer)"
                )
        self._raise_what_stopped()

    def _all_done(self, seconds: float) -> bool:
        until_ns = MonotonicClock.now_ns() + round(seconds * SECOND_NS)
        while self._busy:
            if not self._done.acquire(timeout=max(until_ns - MonotonicClock.now_ns(), 0) / SECOND_NS):
                return False
            self._busy -= 1
        return True

    def _raise_what_stopped(self) -> None:
        if self._stopped:
            raise self._stopped[0]

    def _live(self, worker: int, orders: queue.SimpleQueue[Callable[[int, Prepared], None] | None]) -> None:
        try:
            prepared = self._prepare(worker)
        except BaseException as error:  # handed to the thread that waits, which raises it
            self._stopped.append(error)
            self._done.release()
            orders.get()
            self._done.release()
            return
        self._done.release()
        while (work := orders.get()) is not None:
            try:
                self._do(work, worker, prepared)
            except BaseException as error:
                self._stopped.append(error)
            finally:
                self._done.release()
        try:
            if self._leave:
                self._leave(worker)
        except BaseException as error:
            self._stopped.append(error)
        finally:
            self._done.release()

    def _do(self, work: Callable[[int, Prepared], None], worker: int, prepared: Prepared) -> None:
        before = _kernel_counts()
        try:
            work(worker, prepared)
        finally:
            # A child that an operation forked came back here: it is nobody's worker.
            if os.getpid() != self._process:
                os._exit(0)
            self._uses.append(_use(worker, before, _kernel_counts()))

    def credited(self, run: Run) -> Run:
        """The run with what the kernel counted for each worker."""
        return replace(run, uses=tuple(sorted(self._uses, key=lambda use: use.worker)), forks=self._forks)


def _kernel_counts() -> tuple[int, ...]:
    counts = resource.getrusage(getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF))
    cpu_ns = round((counts.ru_utime + counts.ru_stime) * SECOND_NS)
    return MonotonicClock.now_ns(), cpu_ns, counts.ru_nvcsw, counts.ru_nivcsw, counts.ru_minflt, counts.ru_majflt


def _use(worker: int, before: tuple[int, ...], after: tuple[int, ...]) -> Use:
    return Use(worker, *(late - early for early, late in zip(before, after, strict=True)))
