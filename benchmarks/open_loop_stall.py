"""What a server that stalls looks like through an open loop, a closed one, and one that puts its plan off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks._results import Table
from bizra_lab.harness.arrivals import plan_ns
from bizra_lab.harness.load import Job
from bizra_lab.harness.recorder import choose
from bizra_lab.harness.threads import Threads
from bizra_lab.model import Load, Workload

SERVICE_S = 0.001
STALL_S = 0.2
EVERY_S = 2.0
SECONDS = 8.0  # four stalls
RATE_PER_S = 1_000.0

TITLE = "Open loop: a server that stalls"
EXPLAIN = f"""\
A function that takes {SERVICE_S * 1e3:g} ms, but stands still for {STALL_S * 1e3:g} ms every {EVERY_S:g} s, called for
{SECONDS:g} s. `response` is from when a call fell due, or where nothing says so, from when it began. A closed loop's
workers wait during the stall and call nobody: four calls in a stall are slow, and the two hundred others that would
have come are not made. A paced loop that plans the next call when the last is done puts its plan off with the same
effect. One run each."""

COLUMNS = ("load", "workers", "response p50, ms", "response p99, ms", "service p99, ms", "calls/s")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Seen:
    """Response and service times, ns, and calls per second."""

    response_ns: Ints
    service_ns: Ints
    rate_per_s: float


def run() -> Table:
    """One row for each load."""
    rows: list[tuple[str | float, ...]] = []
    for (name, workers), load in LOADS.items():
        seen = load(_stalling_server())
        p50_ns, p99_ns = np.quantile(seen.response_ns, [0.5, 0.99])
        service_ns = float(np.quantile(seen.service_ns, 0.99))
        rows.append(
            (name, workers, *(round(float(ns) / 1e6, 2) for ns in (p50_ns, p99_ns, service_ns)), round(seen.rate_per_s))
        )
    return Table(COLUMNS, rows)


def _stalling_server() -> Callable[[], None]:
    began_s = time.monotonic()

    def call() -> None:
        into_s = (time.monotonic() - began_s) % EVERY_S
        if into_s > EVERY_S - STALL_S:
            time.sleep(EVERY_S - into_s)
        time.sleep(SERVICE_S)

    return call


def _closed(operate: Callable[[], None]) -> Seen:
    load, workload = Load("closed", 4), Workload("stalls", operate)
    with Threads(workload, load) as threads:
        run = threads.run(Job(workload, load, choose("auto"), SECONDS))
    times_ns = run.finished_ns - run.started_ns
    return Seen(times_ns, times_ns, len(times_ns) / SECONDS)


def _put_off(operate: Callable[[], None]) -> Seen:
    """Four workers that each call at a quarter of the rate, and plan the next call when the last is done."""
    times_ns: list[list[int]] = [[] for _ in range(4)]
    gap_ns = round(4e9 / RATE_PER_S)
    until_ns = time.monotonic_ns() + round(SECONDS * 1e9)

    def work(own: list[int]) -> None:
        due_ns = time.monotonic_ns()
        while due_ns < until_ns:
            time.sleep(max(due_ns - time.monotonic_ns(), 0) / 1e9)
            began_ns = time.monotonic_ns()
            operate()
            ended_ns = time.monotonic_ns()
            own.append(ended_ns - began_ns)
            due_ns = max(due_ns + gap_ns, ended_ns)

    threads = [threading.Thread(target=work, args=(own,)) for own in times_ns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    all_ns = np.concatenate([np.array(own, dtype=np.int64) for own in times_ns])
    return Seen(all_ns, all_ns, len(all_ns) / SECONDS)


def _open(workers: int) -> Callable[[Callable[[], None]], Seen]:
    def seen(operate: Callable[[], None]) -> Seen:
        load, workload = Load("open", workers, RATE_PER_S), Workload("stalls", operate)
        plan = plan_ns(load, SECONDS, np.random.default_rng(1))
        with Threads(workload, load) as threads:
            run = threads.run(Job(workload, load, choose("auto"), SECONDS), plan)
        return Seen(
            run.finished_ns - run.scheduled_ns,
            run.finished_ns - run.started_ns,
            len(run.started_ns) * 1e9 / run.window_ns,
        )

    return seen


LOADS: Mapping[tuple[str, int], Callable[[Callable[[], None]], Seen]] = {
    ("closed", 4): _closed,
    (f"paced at {RATE_PER_S:,.0f}/s, plan put off", 4): _put_off,
    (f"open at {RATE_PER_S:,.0f}/s", 4): _open(4),
    (f"open at {RATE_PER_S:,.0f}/s, wide pool", 256): _open(256),
}
