"""
A measurement, in order: calibrate, warm up, calibrate, measure, calibrate.

Within the window nothing but operations happens, so that the records cover all of it; the apparatus and the host's
speed are looked at on every side of it.

The timed part has the host to itself as far as this lab can see to it (`quiet`), memory is allocated and touched
before the clock starts, garbage collection stays on and is logged, and nothing that was seen is dropped.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import psutil

from bizra_lab.errors import CannotMeasure, LabError
from bizra_lab.harness.arrivals import plan_ns
from bizra_lab.harness.calibrate import Calibration, CollectionLog, calibrate
from bizra_lab.harness.environment import usable_threads
from bizra_lab.harness.load import Job, Run, bytes_per_operation, is_chained
from bizra_lab.harness.processes import Processes
from bizra_lab.harness.quiet import quiet
from bizra_lab.harness.recorder import Recorder
from bizra_lab.harness.span import Span
from bizra_lab.harness.tasks import Tasks
from bizra_lab.harness.threads import Threads
from bizra_lab.model import Collection, Instrument, Ints, Load, Measurement, Samples, Tally, WorkersAs, Workload
from bizra_lab.units import SECOND_NS, say

T = TypeVar("T")

# 1: operations of several workers from their first to their last. 2: wholly inside a window that they share; threads.
POLICY = 2

RESULTS_KEPT = 65_536  # the last ones of each worker: enough to show that the work was done, few enough to hold

ROOM = 1.5  # times the operations that the warm-up's rate predicts: hosts drift by that much

OPERATIONS_TOGETHER = 100_000  # recorded at a time while warming up, then dropped; and room for as many at least

PIECE_S = 1.0  # of a warm-up
KNOWN_AFTER_S = 0.05  # several workers' rate, roughly

ANALYSIS_BYTES = 18  # an operation, beside its stamps, while it is analysed: latencies in order, and again by rank

MEMORY_SHARE_MAX = 0.75  # of what is available: beyond it the kernel reclaims pages while we measure

# What the kernel counted is asked for after operations so many times slower than the warm-up's median, and never after
# shorter ones: to ask takes more than a microsecond, which the next operation's record may have to carry.
SLOW_MEDIANS = 3
SLOW_MIN_NS = 10_000


def measure(workload: Workload, load: Load, span: Span, recorder: Recorder, seed: int = 0) -> Samples:
    """
    One row per operation of a load, after `span.warmup_s` seconds of warm-up that leave none.

    `seed` is for what is left to chance: Poisson arrivals, and when the number in flight is looked at.
    Raises CannotMeasure with one line: too little memory for the stamps, a load that cannot be made, an operation that
    does not return.
    """
    if load.kind == "open" and load.workers_as == "processes":
        raise CannotMeasure(f"{workload.name}: an open load is made by threads or tasks, not by processes")
    job = Job(workload, load, recorder, span.duration_s, results=RESULTS_KEPT, patience_s=span.patience_s, seed=seed)
    with quiet(), WORKERS[load.workers_as](workload, load, span.patience_s) as workers:
        before = calibrate(recorder)
        job, plan = _warm_up(workers, job, span.warmup_s)
        warm = calibrate(recorder)
        # Processes count in their own copies, and say so themselves.
        own = load.workers_as != "processes"
        count = workload.count if own else None
        counted_before = _asked(count)
        steal_before_ns = _steal_ns()
        if own and workload.mark:
            workload.mark()
        with CollectionLog(recorder.now_ns) as collections:
            run = workers.run(job, plan)
        steal_ns = _steal_ns() - steal_before_ns
        counted_after = _asked(count)
        tallies = (_asked(workload.tallies) if own else None) or {}
        after = calibrate(recorder)
    counted = None if counted_before is None or counted_after is None else counted_after - counted_before
    if run.cut and run.cut.operations and not len(run.started_ns):
        raise CannotMeasure(
            f"{workload.name}: none of {run.cut.operations} operations lay wholly inside the window of "
            f"{span.duration_s:g} s, and the longest took {say(float(run.cut.longest_ns), 'ns')}; expected a longer "
            "profile.duration_s"
        )
    seen = tuple(each for each in collections.seen if each.started_ns < run.end_ns)
    return _samples(job, span, run, counted, (before, warm, after), seen, steal_ns, tallies)


WORKERS: dict[WorkersAs, type[Threads | Tasks | Processes]] = {
    "threads": Threads,
    "tasks": Tasks,
    "processes": Processes,
}


def _asked(account: Callable[[], T] | None) -> T | None:
    """What the component has counted; None where it does not count, or has died and cannot say any more."""
    if account is None:
        return None
    try:
        return account()
    except LabError:
        return None


def _steal_ns() -> int:
    return round(getattr(psutil.cpu_times(), "steal", 0.0) * SECOND_NS)


def _warm_up(workers: Threads | Tasks | Processes, job: Job, warmup_s: float) -> tuple[Job, Ints | None]:
    """The job as it will be measured, with room for its operations, and the plan of an open load."""
    load, rng = job.load, np.random.default_rng(job.seed)
    if load.kind == "open":
        plan = plan_ns(load, job.duration_s, rng)
        _check_memory(job, len(plan), len(plan))
        job = replace(job, slow_ns=SLOW_MIN_NS)
        if warmup_s:
            warm_up = workers.run(replace(job, duration_s=warmup_s, results=1), plan_ns(load, warmup_s, rng))
            job = replace(job, slow_ns=_slow_ns(warm_up))
        return job, plan
    return _warm_up_closed(workers, job, warmup_s), None


def _warm_up_closed(workers: Threads | Tasks | Processes, job: Job, warmup_s: float) -> Job:
    """Warmed up for so long, and by one operation at least; its rate says how much room is needed."""
    now_ns = job.recorder.now_ns
    until_ns = now_ns() + round(warmup_s * SECOND_NS)
    warm_up = replace(job, results=1, slow_ns=0)
    if is_chained(job.load):
        # A window without length holds one operation, whose duration says what to make room for next.
        run = workers.run(replace(warm_up, duration_s=0.0, capacity=1))
    else:
        run = workers.run(replace(warm_up, duration_s=max(warmup_s, KNOWN_AFTER_S)))
    rate_per_s = _rate_per_s(run)
    while (left_s := (until_ns - now_ns()) / SECOND_NS) > 0:
        # In pieces, each of which is dropped: a long warm-up takes no more memory than a short one.
        piece_s = min(left_s, PIECE_S)
        capacity = min(OPERATIONS_TOGETHER, max(1, round(rate_per_s * piece_s)))
        run = workers.run(replace(warm_up, duration_s=piece_s, capacity=capacity))
        rate_per_s = max(rate_per_s, _rate_per_s(run))
    return replace(job, capacity=_capacity(job, rate_per_s), slow_ns=_slow_ns(run))


def _rate_per_s(run: Run) -> float:
    """Operations per second of one worker."""
    workers = len(run.uses) or 1
    return len(run.started_ns) * SECOND_NS / max(run.window_ns, 1) / workers


def _slow_ns(run: Run) -> int:
    if not len(run.started_ns):
        return SLOW_MIN_NS
    return max(SLOW_MIN_NS, round(SLOW_MEDIANS * float(np.median(run.finished_ns - run.started_ns))))


def _capacity(job: Job, rate_per_s: float) -> int:
    """Operations to make room for, a worker."""
    expected = round(rate_per_s * job.duration_s)
    capacity = round(expected * ROOM) + OPERATIONS_TOGETHER
    _check_memory(job, job.load.workers * capacity, job.load.workers * expected)
    return capacity


def _check_memory(job: Job, capacity: int, expected: int) -> None:
    needed = capacity * bytes_per_operation(job.load) + expected * ANALYSIS_BYTES
    allowed = round(psutil.virtual_memory().available * MEMORY_SHARE_MAX)
    if needed > allowed:
        raise CannotMeasure(
            f"{job.workload.name}: {expected / job.duration_s:,.0f} operations/s for {job.duration_s:g} s take "
            f"{needed / 1e9:.1f} GB, stamps and analysis; expected at most {allowed / 1e9:.1f} GB of what is free: "
            "shorten profile.duration_s"
        )


def _samples(
    job: Job,
    span: Span,
    run: Run,
    counted: int | None,
    calibrations: Sequence[Calibration],
    collections: tuple[Collection, ...],
    steal_ns: int,
    tallies: Mapping[str, Tally],
) -> Samples:
    return Samples(
        measurement=Measurement(
            name=job.workload.name,
            scope=job.workload.scope,
            load=job.load,
            warmup_s=span.warmup_s,
            duration_s=run.window_ns / SECOND_NS,
            clock_step_ns=statistics.median(each.clock_step_ns for each in calibrations),
            # Where the component counts too, what it did beyond the records was attempted as well.
            operations_attempted=run.attempted
            if counted is None
            else (run.attempted if job.load.kind == "open" else len(run.started_ns)) + counted - run.recorded,
        ),
        scheduled_ns=run.scheduled_ns,
        started_ns=run.started_ns,
        finished_ns=run.finished_ns,
        outcome=run.outcome,
        outcomes=run.outcomes,
        worker=run.worker,
        instrument=replace(
            instrument_of(run, calibrations, run.window_ns, collections),
            in_flight=run.in_flight,
            sampled=run.sampled,
            inside=run.inside,
            cut=run.cut,
            uses=run.uses,
            sightings=run.sightings,
            slow_ns=run.slow_ns,
            steal_ns=steal_ns,
            forks=run.forks,
            cores=usable_threads(),
            tallies=tallies,
        ),
    )


def instrument_of(
    run: Run, calibrations: Sequence[Calibration], window_ns: int, collections: tuple[Collection, ...]
) -> Instrument:
    """What every measurement says of its apparatus: the worst that its calibrations found, and each canary."""
    return Instrument(
        recorder=calibrations[0].recorder,
        clock_cost_ns=max(each.clock_cost_ns for each in calibrations),
        floor_ns=max(each.floor_ns for each in calibrations),
        canary_ns=tuple(each.canary_ns for each in calibrations),
        window_ns=window_ns,
        collections=collections,
        results_kept=run.results_kept,
        results_digest=run.results_digest,
        policy=POLICY,
    )
