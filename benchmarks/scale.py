"""What a hundred million operations take, each step in a process of its own: time, and memory of either kind."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._results import Table
from bizra_lab.columns import blocks, room, span
from bizra_lab.evidence.samples_file import write_samples
from bizra_lab.model import SUCCESS, Ints, Load, Measurement, Samples, Workers
from bizra_lab.study import audit_source
from bizra_lab.suite.merge import merge_files
from bizra_lab.units import SECOND_NS

OPERATIONS = (1_000_000, 10_000_000, 100_000_000)
SERVICE_NS = 10_000.0  # mean; a hundred million of one worker are twenty minutes
UTILISATION = 0.8  # of the open load's worker
WORKERS = 8  # of the closed load

LOOK_S = 0.005  # between looks at how much memory has no file behind it

TITLE = "Scale: a hundred million operations"
EXPLAIN = f"""\
Samples files of one worker under an open load (M/M/1 at a utilisation of {UTILISATION:g}: lags and a replay are
computed too) and of {WORKERS} workers of a closed load, one behind the other, drawn from a seed. `audit` reads the
file, computes every result and asks every rule; `merge` makes the summary that another machine's can be merged with.
Each is a process of its own: `wall` and `processor` seconds are all of it, imports included. `peak` is VmHWM, every
page that was in memory at one time, files' pages too; `anonymous` is the most of RssAnon, which no file stands behind,
looked at every {LOOK_S * 1e3:g} ms."""

COLUMNS = ("step", "load", "operations", "file, MB", "wall, s", "processor, s", "peak, MB", "anonymous, MB")


def run() -> Table:
    """One row for each step, load and number of operations."""
    rows: list[tuple[str | float, ...]] = []
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        path = Path(folder) / "samples.parquet"
        for n in OPERATIONS:
            for load, draw in (("open, 1 worker", _open), (f"closed, {WORKERS} workers", _closed)):
                write_samples(draw(n), path)
                size_mb = path.stat().st_size / 1e6
                rows += [(step, load, float(n), size_mb, *_taken(step, path)) for step in ("audit", "merge")]
    return Table(COLUMNS, rows)


def _taken(step: str, path: Path) -> tuple[float, ...]:
    """Wall and processor seconds, peak and anonymous memory in MB of one step in a new process."""
    began_s = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.scale", step, str(path)], stdout=subprocess.PIPE, check=True
    )
    wall_s = time.perf_counter() - began_s
    said: dict[str, Any] = json.loads(done.stdout)
    return wall_s, said["processor_s"], said["peak_mb"], said["anonymous_mb"]


def _step(step: str, path: Path) -> dict[str, float]:
    """Do it in this process, and say what it took."""
    anonymous_mb, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(LOOK_S):
            anonymous_mb[0] = max(anonymous_mb[0], _memory_mb("RssAnon"))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        if step == "audit":
            audit_source(path)
        else:
            merge_files([path], path.with_suffix(".summary"))
    finally:
        done.set()
        looking.join()
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "processor_s": used.ru_utime + used.ru_stime,
        "peak_mb": _memory_mb("VmHWM"),
        "anonymous_mb": anonymous_mb[0],
    }


def _memory_mb(name: str) -> float:
    """A figure of this process's memory, as Linux tells it."""
    line = next(line for line in Path("/proc/self/status").read_text("ascii").splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024 / 1e6


def _open(n: int) -> Samples:
    rng = np.random.default_rng(7)
    due_ns, started_ns, finished_ns = (room(n, np.int64) for _ in range(3))
    last_due_ns = last_end_ns = 0
    for rows in blocks(due_ns, started_ns, finished_ns):
        service_ns = _drawn_ns(rng, rows)
        gaps_ns = _drawn_ns(rng, rows, SERVICE_NS / UTILISATION)
        due_ns[rows] = last_due_ns + np.cumsum(gaps_ns)
        work_ns = np.cumsum(service_ns)
        idle_until_ns = np.maximum(due_ns[rows] - (work_ns - service_ns), last_end_ns)
        finished_ns[rows] = work_ns + np.maximum.accumulate(idle_until_ns)
        started_ns[rows] = finished_ns[rows] - service_ns
        last_due_ns, last_end_ns = int(due_ns[rows.stop - 1]), int(finished_ns[rows.stop - 1])
    load = Load("open", 1, UTILISATION * SECOND_NS / SERVICE_NS)
    return _samples("M/M/1", load, (due_ns, started_ns, finished_ns), np.broadcast_to(np.int32(0), n))


def _closed(n: int) -> Samples:
    rng = np.random.default_rng(8)
    started_ns, finished_ns, worker = room(n, np.int64), room(n, np.int64), room(n, np.int32)
    for each, (first, last) in enumerate(pairwise(range(0, n + 1, n // WORKERS))):
        own = slice(first, last)
        worker[own] = each
        last_end_ns = 0
        for rows in blocks(started_ns[own]):
            service_ns = _drawn_ns(rng, rows)
            finished_ns[own][rows] = last_end_ns + np.cumsum(service_ns)
            started_ns[own][rows] = finished_ns[own][rows] - service_ns
            last_end_ns = int(finished_ns[own][rows][-1])
    return _samples("closed", Load("closed", WORKERS), (started_ns, started_ns, finished_ns), worker)


def _drawn_ns(rng: np.random.Generator, rows: slice, mean_ns: float = SERVICE_NS) -> Ints:
    """Exponential times in whole ns, none of them 0."""
    times_ns = np.rint(rng.standard_exponential(rows.stop - rows.start) * mean_ns).astype(np.int64)
    whole_ns: Ints = np.maximum(times_ns, 1)
    return whole_ns


def _samples(name: str, load: Load, stamps_ns: tuple[Ints, Ints, Ints], worker: Workers) -> Samples:
    scheduled_ns, started_ns, finished_ns = stamps_ns
    n = len(finished_ns)
    lasted_s = (span(finished_ns)[1] - span(scheduled_ns)[0]) / SECOND_NS
    measurement = Measurement(name, "simulated", load, 30.0, lasted_s, 1.0, n)
    # Columns of one value take no memory.
    outcome = np.broadcast_to(np.uint8(0), n)
    return Samples(measurement, scheduled_ns, started_ns, finished_ns, outcome, (SUCCESS,), worker)


if __name__ == "__main__":
    print(json.dumps(_step(sys.argv[1], Path(sys.argv[2]))))
