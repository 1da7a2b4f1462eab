"""What it costs to record operations that several workers do: threads and asyncio tasks."""

from __future__ import annotations

import asyncio
import json
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from benchmarks._results import Table
from bizra_lab.harness.load import Job
from bizra_lab.harness.recorder import FOREVER, Room, choose
from bizra_lab.harness.tasks import Tasks
from bizra_lab.model import Load, Workload

CALLS = 20_000  # a round and design, all workers together
ROUNDS = 21
WINDOW_S = 0.05  # of tasks, a round

TITLE = "Load: what recording costs when several workers call"
EXPLAIN = f"""\
The same calls with and without recording, {ROUNDS} rounds, bare and recorded in turns. `ns a call` is wall time over
all calls of all workers, the median round's; threads that need the GIL take turns, so it is what one call costs all of
them. `above bare` is the median of the differences within rounds. Each thread makes its share of {CALLS:,} calls; tasks
call for {WINDOW_S * 1e3:g} ms. Recorded means everything that a measurement does: stamps, outcome, result kept, and a
gate that each operation enters and leaves; the chained worker enters it once."""

COLUMNS = ("workers", "operation", "bare, ns a call", "recorded, ns a call", "above bare, ns")

ORDER = {"id": 1234, "item": "lamp", "price": 19.9, "tags": ["new", "blue"]}


def _nothing() -> None:
    pass


def _dumps() -> str:
    return json.dumps(ORDER)


async def _nothing_awaited() -> None:
    pass


async def _dumps_awaited() -> str:
    return json.dumps(ORDER)


@dataclass(frozen=True, slots=True)
class Design:
    """Wall time of a call, ns, without recording and with it."""

    bare: Callable[[], float]
    recorded: Callable[[], float]


def run() -> Table:
    """One row for each number and kind of workers, and operation."""
    rows: list[tuple[str | float, ...]] = []
    for (workers, operation), design in _designs().items():
        pairs = [(design.bare(), design.recorded()) for _ in range(ROUNDS)]
        bare_ns, recorded_ns = (statistics.median(side) for side in zip(*pairs, strict=True))
        above_ns = statistics.median(recorded - bare for bare, recorded in pairs)
        rows.append((workers, operation, round(bare_ns, 1), round(recorded_ns, 1), round(above_ns, 1)))
    return Table(COLUMNS, rows)


def _designs() -> Mapping[tuple[str, str], Design]:
    plain: dict[str, Callable[[], object]] = {"empty function": _nothing, "json.dumps, small dict": _dumps}
    awaited: dict[str, Callable[[], Any]] = {
        "empty coroutine": _nothing_awaited,
        "json.dumps, small dict": _dumps_awaited,
    }
    return {
        **{("1 thread, chained", name): _chained(each) for name, each in plain.items()},
        **{(f"{n} threads", name): _threads(each, n) for n in (2, 8) for name, each in plain.items()},
        **{(f"{n} tasks", name): _tasks(each, n) for n in (1, 50) for name, each in awaited.items()},
    }


def _timed(call: Callable[[], object], calls: int) -> float:
    began_ns = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - began_ns) / calls


def _loop(operate: Callable[[], object], calls: int) -> None:
    for _ in repeat(None, calls):
        operate()


def _chained(operate: Callable[[], object]) -> Design:
    recorder, room = choose("auto"), Room.chained(CALLS, 1)
    return Design(
        lambda: _timed(lambda: _loop(operate, CALLS), CALLS),
        lambda: _timed(lambda: recorder.chained(operate, room, FOREVER), CALLS),
    )


def _threads(operate: Callable[[], object], workers: int) -> Design:
    recorder, each = choose("auto"), CALLS // workers
    rooms = [Room.paired(each, 1) for _ in range(workers)]

    def together(work: Callable[[int], object]) -> None:
        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def recorded() -> None:
        gate = recorder.gate()
        together(lambda worker: recorder.worker(operate, rooms[worker], 0, FOREVER, gate))

    return Design(
        lambda: _timed(lambda: together(lambda _: _loop(operate, each)), CALLS),
        lambda: _timed(recorded, CALLS),
    )


def _tasks(operate: Callable[[], Any], workers: int) -> Design:
    load = Load("closed", workers, workers_as="tasks")
    workload = Workload("tasks", operate)

    def recorded() -> float:
        with Tasks(workload, load) as tasks:
            run = tasks.run(Job(workload, load, choose("auto"), WINDOW_S))
        return run.window_ns / max(len(run.started_ns), 1)

    return Design(lambda: asyncio.run(_bare_tasks(operate, workers)), recorded)


async def _bare_tasks(operate: Callable[[], Any], workers: int) -> float:
    calls, began_ns = 0, time.perf_counter_ns()
    until_ns = began_ns + round(WINDOW_S * 1e9)

    async def again_and_again() -> None:
        nonlocal calls
        while True:
            for _ in range(64):
                await operate()
            calls += 64
            if time.perf_counter_ns() >= until_ns:
                return
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(again_and_again())
    return (time.perf_counter_ns() - began_ns) / calls
