"""What it costs to record an operation: the lab's recorders beside the timing loops that Python projects use."""

from __future__ import annotations

import gc
import json
import logging
import statistics
import time
import timeit
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyperf
from pytest_benchmark.fixture import BenchmarkFixture
from pytest_benchmark.utils import NameWrapper

from benchmarks._results import Table
from bizra_lab.harness.recorder import FOREVER, Operation, Recorder, Room, choose

CALLS = 20_000  # a round and design: enough that beginning and ending a recording hardly counts
ROUNDS = 41
BARE = "bare call"
REFERENCE = "ours, C, chained"

TITLE = "Recorder: what recording an operation costs"
EXPLAIN = f"""\
Every design makes the same {CALLS:,} calls in each of {ROUNDS} rounds, all in one process, each round beginning with
another one, garbage collection on. `above bare` is its wall time less that of the bare call in the same round,
`for _ in repeat(None, n): operate()`: the median over rounds. `quiet` is its fastest round less the fastest of the bare
call, which other programs disturb less. `recorded p50` is what the median operation was recorded as, in the round where
that was least, less the same: the bare call is a mean, so where durations are skewed it is negative. `coverage` is the
share of the wall time that the records account for, median over rounds. `times ours` compares `above bare`, among the
designs that record each operation.

What was driven of the peers: `timeit.Timer(operate, gc.enable).timeit(n)`; pyperf's own `task_func`, which
`Runner.bench_func` makes, called once with all loops (a mean, as pyperf is used) and through
`WorkerTask._compute_values` with one loop a value (a record an operation); pytest-benchmark's `BenchmarkFixture`,
`pedantic(operate, rounds=n, iterations=1)` with its default timer. pyperf's processes and pytest itself were not
started. `timeit` and pyperf with all loops record one number, the sum, so they tell no operation from another."""

COLUMNS = (
    "operation",
    "design",
    "ns a call",
    "above bare, ns",
    "quiet, ns",
    "recorded p50, ns",
    "coverage, %",
    "times ours",
)
NOTHING = "–"

Floats = npt.NDArray[np.float64]

ORDER = {"id": 1234, "item": "lamp", "price": 19.9, "tags": ["new", "blue"]}


def _nothing() -> None:
    pass


def _dumps() -> str:
    return json.dumps(ORDER)


OPERATIONS: Mapping[str, Operation] = {"empty function": _nothing, "json.dumps, small dict": _dumps}


@dataclass(frozen=True, slots=True)
class Drive:
    """`CALLS` calls, which are timed from outside, and how what they return is read: ns, an operation or all."""

    call: Callable[[], Any]
    read: Callable[[Any], Floats]


@dataclass(frozen=True, slots=True)
class Round:
    """What one design did in one round: wall time, what it recorded in all, and its median record; ns an operation."""

    wall_ns: float
    recorded_ns: float
    p50_ns: float | None  # where a record is one operation's


def run() -> Table:
    """One row an operation and design."""
    gc.collect()
    designs = _designs()
    rows = [row for name, operate in OPERATIONS.items() for row in _rows(name, _rounds(designs, operate))]
    return Table(COLUMNS, rows)


def _rounds(designs: Mapping[str, Callable[[Operation], Drive]], operate: Operation) -> dict[str, list[Round]]:
    order = list(designs)
    seen: dict[str, list[Round]] = {name: [] for name in order}
    for number in range(ROUNDS):
        first = number % len(order)
        for name in order[first:] + order[:first]:
            seen[name].append(_round(designs[name](operate)))
    return seen


def _round(drive: Drive) -> Round:
    began_ns = time.perf_counter_ns()
    answer = drive.call()
    wall_ns = time.perf_counter_ns() - began_ns
    recorded_ns = drive.read(answer)
    p50_ns = float(np.median(recorded_ns)) if len(recorded_ns) == CALLS else None
    return Round(wall_ns / CALLS, float(recorded_ns.sum()) / CALLS, p50_ns)


def _rows(operation: str, seen: Mapping[str, list[Round]]) -> list[tuple[str | float, ...]]:
    bare = seen[BARE]
    ours_ns = _above(seen[REFERENCE], bare)
    return [(operation, name, *_figures(rounds, bare, ours_ns)) for name, rounds in seen.items()]


def _figures(rounds: Sequence[Round], bare: Sequence[Round], ours_ns: float) -> tuple[str | float, ...]:
    wall_ns = round(statistics.median(each.wall_ns for each in rounds), 1)
    if rounds is bare:
        return wall_ns, *[NOTHING] * 5
    above_ns = _above(rounds, bare)
    fastest_ns = min(each.wall_ns for each in bare)
    medians_ns = [each.p50_ns for each in rounds if each.p50_ns is not None]
    return (
        wall_ns,
        round(above_ns, 1),
        round(min(each.wall_ns for each in rounds) - fastest_ns, 1),
        round(min(medians_ns) - fastest_ns, 1) if medians_ns else NOTHING,
        round(100 * statistics.median(each.recorded_ns / each.wall_ns for each in rounds), 1),
        round(above_ns / ours_ns, 1) if medians_ns else NOTHING,
    )


def _above(rounds: Sequence[Round], bare: Sequence[Round]) -> float:
    """What a call took above the bare call in the same round, median over rounds, ns."""
    return statistics.median(each.wall_ns - less.wall_ns for each, less in zip(rounds, bare, strict=True))


# --- the designs


def _designs() -> dict[str, Callable[[Operation], Drive]]:
    c, python, runner = choose("c"), choose("python"), _Runner()
    return {
        BARE: _bare,
        REFERENCE: lambda operate: _chained(c, operate),
        "ours, C, worker": lambda operate: _worker(c, operate),
        "ours, Python, chained": lambda operate: _chained(python, operate),
        "two perf_counter_ns and append": _two_readings,
        "timeit": _timeit,
        "pyperf, all loops": lambda operate: _pyperf(runner, operate, CALLS),
        "pyperf, one loop a value": lambda operate: _pyperf(runner, operate, 1),
        "pytest-benchmark, pedantic": _pytest_benchmark,
    }


def _bare(operate: Operation) -> Drive:
    def call() -> None:
        for _ in repeat(None, CALLS):
            operate()

    return Drive(call, lambda _: np.zeros(0))


def _chained(recorder: Recorder, operate: Operation) -> Drive:
    room = Room.chained(CALLS, 1)
    return Drive(lambda: recorder.chained(operate, room, FOREVER), lambda each: each.finished_ns - each.started_ns)


def _worker(recorder: Recorder, operate: Operation) -> Drive:
    room = Room.paired(CALLS, 1)
    return Drive(lambda: recorder.worker(operate, room, 0, FOREVER), lambda each: each.finished_ns - each.started_ns)


def _two_readings(operate: Operation) -> Drive:
    def call() -> list[int]:
        times_ns: list[int] = []
        for _ in repeat(None, CALLS):
            began_ns = time.perf_counter_ns()
            operate()
            times_ns.append(time.perf_counter_ns() - began_ns)
        return times_ns

    return Drive(call, np.array)


def _timeit(operate: Operation) -> Drive:
    # It turns garbage collection off and runs its set-up after that.
    timer = timeit.Timer(operate, gc.enable)
    return Drive(lambda: timer.timeit(CALLS), lambda total_s: np.array([total_s * 1e9]))


class _Runner(pyperf.Runner):  # type: ignore[misc]
    """A pyperf runner that keeps the task it made, where it would start processes to run it; a process may have one."""

    def __init__(self) -> None:
        super().__init__()
        self.parse_args([])

    def _main(self, task: Any) -> None:
        self.task = task


def _pyperf(runner: _Runner, operate: Operation, loops: int) -> Drive:
    runner.bench_func("operate", operate)
    task = runner.task
    task.loops = loops

    def call() -> list[float]:
        values_s: list[float] = []
        task._compute_values(values_s, CALLS // loops)  # noqa: SLF001 — the loop that a pyperf process runs
        return values_s

    return Drive(call, lambda values_s: np.array(values_s) * loops * 1e9)


def _pytest_benchmark(operate: Operation) -> Drive:
    fixture = cast(Any, BenchmarkFixture)(
        node=SimpleNamespace(name="operate", nodeid="operate"),
        add_stats=lambda _: None,
        logger=logging.getLogger(__name__),
        warner=warnings.warn,
        disabled=False,
        disable_gc=False,
        timer=cast(Any, NameWrapper)(time.perf_counter),
        min_rounds=5,
        min_time=0.000005,
        max_time=1.0,
        precision=None,
        confidence=None,
        warmup=False,
        warmup_iterations=0,
        calibration_precision=10,
        cprofile=False,
        cprofile_loops=None,
        cprofile_dump=None,
    )

    def call() -> list[float]:
        fixture.pedantic(operate, rounds=CALLS, iterations=1)
        times_s: list[float] = fixture.stats.stats.data
        return times_s

    return Drive(call, lambda times_s: np.array(times_s) * 1e9)
