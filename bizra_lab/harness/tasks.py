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
from typing import cast

import numpy as np

from bizra_lab.harness.inflight import Gate
from bizra_lab.harness.load import START_S, Crew, Job, Run, Watch, merged, planned_run
from bizra_lab.harness.recorder import (
    CLOSED_SEEN_NS,
    Board,
    Recording,
    Share,
    code_of,
    no_sightings,
    outcome_names,
)
from bizra_lab.model import Ints
from bizra_lab.units import SECOND_NS

Asynchronous = Callable[[], Awaitable[object]]

# An event loop's timers wait in whole milliseconds, rounded up, so it may wake one late, and one more for what else is
# ready. So much before an operation falls due the loop is only asked to go round.
ASYNC_SPIN_NS = 2_000_000

# Operations of a task after which the others get a turn, should none of them ever have had to wait.
TURN_EVERY = 64


def run_tasks(job: Job) -> Run:
    """What so many tasks of one event loop did within a window of `job.duration_s` seconds."""
    recorder = job.recorder
    gate = recorder.gate()
    errors: list[type[BaseException]] = []
    columns = [_Column(job.results) for _ in range(job.load.workers)]

    def work(_: int, loop: _Loop) -> None:
        with loop.runner:
            loop.runner.run(_closed(loop.operations, columns, gate, errors, recorder.now_ns))

    with Crew(job, work, 1, lambda _: _Loop.of(job)) as crew:
        crew.gate = gate
        crew.begin(lambda: recorder.now_ns() + round(START_S * SECOND_NS))
        window = Watch(job, gate)
        window.during(crew.begin_ns)
        gate.close()
        crew.wait(0)
    recordings = [(worker, column.recording(errors)) for worker, column in enumerate(columns)]
    return crew.credited(window.credited(merged(recordings, window.begin_ns, window.end_ns)))


def run_planned_tasks(job: Job, plan_ns: Ints) -> Run:
    """What at most so many tasks of one event loop did of a plan; otherwise as `load.run_planned`."""
    recorder = job.recorder
    shares: list[Share] = []

    def work(_: int, loop: _Loop) -> None:
        with loop.runner:
            shares.append(loop.runner.run(_planned(job, loop.operations, board, crew.gate)))

    with Crew(job, work, 1, lambda _: _Loop.of(job)) as crew:
        crew.assemble()
        begin_ns = recorder.now_ns() + round(START_S * SECOND_NS)
        board = Board.of(plan_ns + begin_ns)
        crew.gate = recorder.gate(board.due_ns)
        window = Watch(job, crew.gate)
        window.open()
        crew.begin(lambda: begin_ns)
        crew.wait(job.duration_s)
        window.close()
    return crew.credited(window.credited(planned_run(board, begin_ns, job.duration_s, shares)))


@dataclass(frozen=True, slots=True)
class _Loop:
    """An event loop and what each of its tasks does, made inside it: a connection belongs to the loop it came from."""

    runner: asyncio.Runner
    operations: Sequence[Asynchronous]

    @classmethod
    def of(cls, job: Job) -> _Loop:
        runner = asyncio.Runner()
        try:
            return cls(runner, runner.run(_operations(job)))
        except BaseException:
            runner.close()
            raise


async def _operations(job: Job) -> list[Asynchronous]:
    made = [job.operation(worker) for worker in range(job.load.workers)]
    # Making one may itself have to be awaited, as opening a connection has.
    return [cast(Asynchronous, await each if isinstance(each, Awaitable) else each) for each in made]


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
