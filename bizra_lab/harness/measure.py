"""
A measurement, in order: calibrate, warm up, calibrate, measure, calibrate.

Within the window nothing but operations happens, so that the records cover all of it; the apparatus and the host's
speed are looked at on every side of it.

The timed part has the host to itself as far as this lab can see to it (`quiet`), memory is allocated and touched
before the clock starts, garbage collection stays on and is logged, and nothing that was seen is dropped.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import numpy as np
import psutil

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.calibrate import Calibration, CollectionLog, calibrate
from bizra_lab.harness.load import ClosedRun, bytes_per_operation, run_closed
from bizra_lab.harness.quiet import quiet
from bizra_lab.harness.recorder import Recorder, Recording, digest_results
from bizra_lab.harness.span import Span
from bizra_lab.model import (
    SUCCESS,
    Codes,
    Collection,
    Instrument,
    Ints,
    Load,
    Measurement,
    Samples,
    Scope,
    Workers,
    Workload,
)
from bizra_lab.units import SECOND_NS

RESULTS_KEPT = 65_536  # the last ones of each worker: enough to show that the work was done, few enough to hold

ROOM = 1.5  # times the operations that the warm-up's rate predicts: hosts drift by that much

OPERATIONS_TOGETHER = 100_000  # recorded at a time while warming up, then dropped; and room for as many at least

ANALYSIS_BYTES = 10  # an operation, beside its stamps, while it is analysed: one column of latencies and its like

MEMORY_SHARE_MAX = 0.75  # of what is available: beyond it the kernel reclaims pages while we measure


def measure(workload: Workload, load: Load, span: Span, recorder: Recorder, scope: Scope = "inproc") -> Samples:
    """
    One row per operation of a closed load, after `span.warmup_s` seconds of warm-up that leave none.

    Raises CannotMeasure with one line: an open load, or too little memory for the stamps.
    """
    if load.kind != "closed":
        raise CannotMeasure(f"{workload.name}: expected a closed load, got {load.kind}")
    with quiet():
        before = calibrate(recorder)
        rate_per_s = _warm_up(workload, load, span, recorder)
        warm = calibrate(recorder)
        capacity = _capacity(workload, load, span, rate_per_s)
        counted_before = workload.count() if workload.count else 0
        with CollectionLog(recorder.now_ns) as collections:
            run = run_closed(workload.operate, load, recorder, span.duration_s, capacity, RESULTS_KEPT)
        counted = workload.count() - counted_before if workload.count else None
        after = calibrate(recorder)
    return _samples(workload, load, span, scope, run, counted, (before, warm, after), tuple(collections.seen))


def _warm_up(workload: Workload, load: Load, span: Span, recorder: Recorder) -> float:
    """Operations per second of one worker at its fastest; at least one operation is made to know it."""
    until_ns = recorder.now_ns() + round(span.warmup_s * SECOND_NS)
    capacity = 1
    rate_per_s = 0.0
    while True:
        left_s = max(until_ns - recorder.now_ns(), 0) / SECOND_NS
        run = run_closed(workload.operate, load, recorder, left_s, capacity, 1)
        rate_per_s = max(rate_per_s, *(_rate_per_s(each) for _, each in run.recordings))
        if recorder.now_ns() >= until_ns:
            return rate_per_s
        # A room that lasts the rest of the warm-up, but for fast operations, which get it in pieces.
        capacity = min(OPERATIONS_TOGETHER, max(1, round(rate_per_s * left_s)))


def _rate_per_s(recording: Recording) -> float:
    if not len(recording.finished_ns):
        return 0.0
    spent_ns = int(recording.finished_ns[-1] - recording.started_ns[0])
    return len(recording.finished_ns) * SECOND_NS / max(spent_ns, 1)


def _capacity(workload: Workload, load: Load, span: Span, rate_per_s: float) -> int:
    """Operations to make room for, a worker."""
    expected = round(rate_per_s * span.duration_s)
    capacity = round(expected * ROOM) + OPERATIONS_TOGETHER
    needed = load.workers * (capacity * bytes_per_operation(load) + expected * ANALYSIS_BYTES)
    allowed = round(psutil.virtual_memory().available * MEMORY_SHARE_MAX)
    if needed > allowed:
        raise CannotMeasure(
            f"{workload.name}: {rate_per_s:,.0f} operations/s for {span.duration_s:g} s take {needed / 1e9:.1f} GB, "
            f"stamps and analysis; expected at most {allowed / 1e9:.1f} GB of what is free: shorten profile.duration_s"
        )
    return capacity


def _samples(
    workload: Workload,
    load: Load,
    span: Span,
    scope: Scope,
    run: ClosedRun,
    counted: int | None,
    calibrations: Sequence[Calibration],
    collections: tuple[Collection, ...],
) -> Samples:
    recordings = [each for _, each in run.recordings]
    started_ns = _joined([each.started_ns for each in recordings])
    outcome, outcomes = _outcomes(recordings)
    kept = [result for each in recordings for result in each.kept]
    return Samples(
        measurement=Measurement(
            name=workload.name,
            scope=scope,
            load=load,
            warmup_s=span.warmup_s,
            duration_s=run.window_ns / SECOND_NS,
            clock_step_ns=statistics.median(each.clock_step_ns for each in calibrations),
            operations_attempted=sum(each.attempted for each in recordings) if counted is None else counted,
        ),
        # A worker of a closed load starts its next operation when it is free: that is the plan.
        scheduled_ns=started_ns,
        started_ns=started_ns,
        finished_ns=_joined([each.finished_ns for each in recordings]),
        outcome=outcome,
        outcomes=outcomes,
        worker=_workers(run),
        instrument=Instrument(
            recorder=calibrations[0].recorder,
            clock_cost_ns=max(each.clock_cost_ns for each in calibrations),
            floor_ns=max(each.floor_ns for each in calibrations),
            canary_ns=tuple(each.canary_ns for each in calibrations),
            window_ns=run.window_ns,
            collections=collections,
            results_kept=len(kept),
            results_digest=digest_results(kept),
        ),
    )


def _joined(columns: Sequence[Ints]) -> Ints:
    # The usual case, one worker and one room, needs no copy of a hundred million stamps.
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _outcomes(recordings: Sequence[Recording]) -> tuple[Codes, tuple[str, ...]]:
    """All outcome columns as one, with one list of names: each recording numbered its own."""
    if len(recordings) == 1:
        return recordings[0].outcome, recordings[0].outcomes
    names = (SUCCESS, *dict.fromkeys(name for each in recordings for name in each.outcomes[1:]))
    places = [np.array([names.index(name) for name in each.outcomes], dtype=np.uint32) for each in recordings]
    codes = np.concatenate([place[each.outcome] for place, each in zip(places, recordings, strict=True)])
    return codes, names


def _workers(run: ClosedRun) -> Workers:
    if len(run.recordings) == 1:
        worker, recording = run.recordings[0]
        # One number for all, without a column of its own in memory.
        return np.broadcast_to(np.int32(worker), len(recording.outcome))
    return np.concatenate([np.full(len(each.outcome), worker, dtype=np.int32) for worker, each in run.recordings])
