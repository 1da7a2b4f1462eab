"""
Load by asyncio tasks: many operations in flight in one thread.

The loop runs in a thread of its own, so that a notebook's own loop does not matter, and the thread that waits can watch
the window without taking turns with the tasks.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast

import numpy as np

from bizra_lab.harness.crew import Crew
from bizra_lab.harness.inflight import Gate
from bizra_lab.harness.load import START_S, Job, Run, merged, planned_run
from bizra_lab.harness.recorder import (
    CLOSED_SEEN_NS,
    Board,
    Recording,
    Share,
    code_of,
    no_sightings,
    outcome_names,
)
from bizra_lab.harness.span import PATIENCE_S
from bizra_lab.harness.watch import Watch
from bizra_lab.model import Ints, Load, Workload
from bizra_lab.units import SECOND_NS

Asynchronous = Callable[[], Awaitable[object]]

# An event loop's timers wait in whole milliseconds, rounded up, so it may wake one late, and one more for what else is
# ready. So much before an operation falls due the loop is only asked to go round.
ASYNC_SPIN_NS = 2_000_000

# Operations of a task after which the others get a turn, should none of them ever have had to wait.
TURN_EVERY = 64


class Tasks:
    """Workers that are tasks of one event loop, in a thread of its own: otherwise as `load.Threads`."""

    def __init__(self, workload: Workload, load: Load, patience_s: float = PATIENCE_S) -> None:
        self._workload = workload
        self._load = load
        self._loop: _Loop | None = None
        self._crew = Crew(workload.name, 1, patience_s, self._prepare, self._leave)

    def _prepare(self, _: int) -> _Loop:
        self._loop = _Loop.of(self._workload, self._load.workers)
        return self._loop

    def _leave(self, _: int) -> None:
        assert self._loop is not None
        with self._loop.runner as runner:
            for worker in range(self._load.workers):
                if self._workload.leave:
                    runner.run(_awaited(self._workload.leave(worker)))

    def __enter__(self) -> Self:
        self._crew.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._crew.__exit__(kind, error, trace)

    def run(self, job: Job, plan_ns: Ints | None = None) -> Run:
        """What they did of the job, or of its plan in ns from the beginning."""
        return _run_window(self._crew, job) if plan_ns is None else _run_planned(self._crew, job, plan_ns)


def _run_window(crew: Crew[_Loop], job: Job) -> Run:
    recorder = job.recorder
    gate = recorder.gate()
    errors: list[type[BaseException]] = []
    columns = [_Column(job.results) for _ in range(job.load.workers)]
    begin_ns = recorder.now_ns() + round(START_S * SECOND_NS)

    def work(_: int, loop: _Loop) -> None:
        loop.runner.run(_closed(loop.operations, columns, gate, errors, recorder.now_ns))

    window = Watch(job, gate)
    with crew.at_work(gate, work):
        window.during(begin_ns)
        gate.close()
        crew.wait(0)
    recordings = [(worker, column.recording(errors)) for worker, column in enumerate(columns)]
    return crew.credited(window.credited(merged(recordings, window.begin_ns, window.end_ns)))


def _run_planned(crew: Crew[_Loop], job: Job, plan_ns: Ints) -> Run:
    recorder = job.recorder
    begin_ns = recorder.now_ns() + round(START_S * SECOND_NS)
    board = Board.of(plan_ns + begin_ns)
    gate = recorder.gate(board.due_ns)
    shares: list[Share] = []

    def work(_: int, loop: _Loop) -> None:
        shares.append(loop.runner.run(_planned(job, loop.operations, board, gate)))

    window = Watch(job, gate)
    window.open()
    with crew.at_work(gate, work):
        crew.wait(job.duration_s)
        window.close()
    return crew.credited(window.credited(planned_run(board, begin_ns, job.duration_s, shares)))


@dataclass(frozen=True, slots=True)
class _Loop:
    """An event loop and what each of its tasks does, made inside it: a connection belongs to the loop it came from."""

    runner: asyncio.Runner
    operations: Sequence[Asynchronous]

    @classmethod
    def of(cls, workload: Workload, workers: int) -> _Loop:
        runner = asyncio.Runner()
        try:
            return cls(runner, [runner.run(_operation(workload, worker)) for worker in range(workers)])
        except BaseException:
            runner.close()
            raise


async def _operation(workload: Workload, worker: int) -> Asynchronous:
    # Making one may itself have to be awaited, as opening a connection has.
    made = await _awaited(workload.of_worker(worker)) if workload.of_worker else workload.operate
    return cast(Asynchronous, made)


async def _awaited(made: object) -> object:
    return await made if isinstance(made, Awaitable) else made


class _Column:
    """What one task writes down: a start, an end and an outcome for each operation."""

    def __init__(self, results: int) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.codes: list[int] = []
        self.kept: deque[object] = deque(maxlen=results)
        self.attempted = 0

    def recording(self, errors: Sequence[type[BaseException]]) -> Recording:
        done = len(self.codes)
        return Recording(
            started_ns=np.array(self.starts[:done], dtype=np.int64),
            finished_ns=np.array(self.ends[:done], dtype=np.int64),
            outcome=np.array(self.codes, dtype=np.uint8),
            outcomes=outcome_names(errors),
            attempted=self.attempted,
            ring=list(self.kept),
        )


async def _closed(
    operations: Sequence[Asynchronous],
    columns: Sequence[_Column],
    gate: Gate,
    errors: list[type[BaseException]],
    now_ns: Callable[[], int],
) -> None:
    async with asyncio.TaskGroup() as group:
        for operate, column in zip(operations, columns, strict=True):
            group.create_task(_again_and_again(operate, column, gate, errors, now_ns))


async def _again_and_again(
    operate: Asynchronous, column: _Column, gate: Gate, errors: list[type[BaseException]], now_ns: Callable[[], int]
) -> None:
    start, end, note, keep = column.starts.append, column.ends.append, column.codes.append, column.kept.append
    while not gate.closed:
        column.attempted += 1
        start(now_ns())
        gate.enter()
        code = 0
        try:
            keep(await operate())
        except (Exception, asyncio.CancelledError) as error:
            code = code_of(_outcome(error), errors)
        end(now_ns())
        gate.leave()
        note(code)
        if not column.attempted % TURN_EVERY:
            await asyncio.sleep(0)


def _outcome(error: BaseException) -> type[BaseException]:
    """The type of what an operation raised. Raises it again when it was this task that somebody cancelled."""
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task and task.cancelling():
        raise error
    return type(error)


async def _planned(job: Job, operations: Sequence[Asynchronous], board: Board, gate: Gate) -> Share:
    now_ns = job.recorder.now_ns
    kept: deque[object] = deque(maxlen=job.results)
    free = list(range(len(operations)))
    late: deque[int] = deque()  # due while nobody was free
    attempted = 0

    async def operate_from(worker: int, place: int) -> None:
        nonlocal attempted
        while True:
            attempted += 1
            board.worker[place] = worker
            board.starts[place] = now_ns()
            code = 0
            try:
                kept.append(await operations[worker]())
            except (Exception, asyncio.CancelledError) as error:
                code = code_of(_outcome(error), board.errors)
            board.ends[place] = now_ns()
            gate.leave()
            board.outcome[place] = code
            if not late or gate.closed:
                free.append(worker)
                return
            place = late.popleft()

    async with asyncio.TaskGroup() as group:
        while (place := gate.take()) >= 0 and await _falls_due(int(board.due_ns[place]), gate, now_ns):
            if free:
                group.create_task(operate_from(free.pop(), place))
            else:
                late.append(place)
    return Share(0, attempted, list(kept), no_sightings(), 0)


async def _falls_due(at_ns: int, gate: Gate, now_ns: Callable[[], int]) -> bool:
    """Return when the clock reads `at_ns`, letting others run meanwhile; False when the gate was closed first."""
    while (left_ns := at_ns - ASYNC_SPIN_NS - now_ns()) > 0:
        await asyncio.sleep(min(left_ns, CLOSED_SEEN_NS) / SECOND_NS)
        if gate.closed:
            return False
    while now_ns() < at_ns:  # noqa: ASYNC110 — an event's timer would come a millisecond late
        await asyncio.sleep(0)
    return True
