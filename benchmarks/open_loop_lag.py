"""How late an open load starts what falls due: ours beside the ways in which load is usually paced in Python."""

from __future__ import annotations

import asyncio
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks._results import Table
from bizra_lab.harness.arrivals import plan_ns
from bizra_lab.harness.load import Job
from bizra_lab.harness.recorder import choose
from bizra_lab.harness.tasks import Tasks
from bizra_lab.harness.threads import Threads
from bizra_lab.model import Load, Workload

RATES_PER_S = (1_000, 10_000)
SECONDS = 1.0
ROUNDS = 5

TITLE = "Open loop: how late operations start"
EXPLAIN = f"""\
Nothing is called at a constant rate, {SECONDS:g} s in each of {ROUNDS} rounds, one way after the other; `lag` is from
when a call fell due to when it began, quantiles of the median round. Ours sleeps until shortly before, then watches
the clock, and plans everything before the first call. `time.sleep` and `asyncio.sleep` wait for each call with one
sleep; an event loop rounds its timers up to whole milliseconds, and ours in tasks goes round instead for the last two,
which at these rates is always. `CPU` is what the process used, as a share of one CPU."""

COLUMNS = ("rate, calls/s", "paced by", "lag p50, µs", "lag p99, µs", "CPU, %")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Round:
    """What one way of pacing did in one round."""

    p50_us: float
    p99_us: float
    cpu_share: float


def run() -> Table:
    """One row for each rate and way."""
    rows: list[tuple[str | float, ...]] = []
    for rate_per_s in RATES_PER_S:
        seen: dict[str, list[Round]] = {name: [] for name in WAYS}
        for _ in range(ROUNDS):
            for name, lags in WAYS.items():
                seen[name].append(_round(lags, rate_per_s))
        for name, rounds in seen.items():
            p50_us, p99_us, cpu = (
                statistics.median(getattr(each, field) for each in rounds)
                for field in ("p50_us", "p99_us", "cpu_share")
            )
            rows.append((rate_per_s, name, round(float(p50_us), 1), round(float(p99_us), 1), round(100 * cpu, 1)))
    return Table(COLUMNS, rows)


def _round(lags: Callable[[int], Floats], rate_per_s: int) -> Round:
    used_s, began_s = _cpu_s(), time.perf_counter()
    lags_ns = lags(rate_per_s)
    share = (_cpu_s() - used_s) / (time.perf_counter() - began_s)
    p50_ns, p99_ns = np.quantile(lags_ns, [0.5, 0.99])
    return Round(p50_ns / 1e3, p99_ns / 1e3, share)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _due_ns(rate_per_s: int) -> npt.NDArray[np.int64]:
    return plan_ns(Load("open", 1, float(rate_per_s)), SECONDS, np.random.default_rng(1))


def _ours_in_threads(rate_per_s: int) -> Floats:
    load, workload = Load("open", 4, float(rate_per_s)), Workload("nothing", lambda: None)
    with Threads(workload, load) as threads:
        run = threads.run(Job(workload, load, choose("auto"), SECONDS), _due_ns(rate_per_s))
    return (run.started_ns - run.scheduled_ns).astype(np.float64)


async def _nothing() -> None:
    pass


def _ours_in_tasks(rate_per_s: int) -> Floats:
    load, workload = Load("open", 4, float(rate_per_s), workers_as="tasks"), Workload("nothing", _nothing)
    with Tasks(workload, load) as tasks:
        run = tasks.run(Job(workload, load, choose("auto"), SECONDS), _due_ns(rate_per_s))
    return (run.started_ns - run.scheduled_ns).astype(np.float64)


def _time_sleep(rate_per_s: int) -> Floats:
    due_ns = _due_ns(rate_per_s) + time.monotonic_ns()
    lags_ns = []
    for each in due_ns.tolist():
        time.sleep(max(each - time.monotonic_ns(), 0) / 1e9)
        lags_ns.append(time.monotonic_ns() - each)
    return np.array(lags_ns, dtype=np.float64)


def _asyncio_sleep(rate_per_s: int) -> Floats:
    async def paced() -> list[int]:
        due_ns = _due_ns(rate_per_s) + time.monotonic_ns()
        lags_ns = []
        for each in due_ns.tolist():
            await asyncio.sleep(max(each - time.monotonic_ns(), 0) / 1e9)
            lags_ns.append(time.monotonic_ns() - each)
        return lags_ns

    return np.array(asyncio.run(paced()), dtype=np.float64)


WAYS: Mapping[str, Callable[[int], Floats]] = {
    "ours, threads": _ours_in_threads,
    "ours, tasks": _ours_in_tasks,
    "time.sleep": _time_sleep,
    "asyncio.sleep": _asyncio_sleep,
}
