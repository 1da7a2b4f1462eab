"""
Two workloads measured against each other in one run: short blocks of one and of the other, in random order.

Measured one after the other, two versions of the same code differ by what the host did meanwhile. Within a pair of
blocks, some tens of milliseconds apart, it did nearly the same, so the ratio within pairs is what the code makes of it.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.calibrate import Calibration, CollectionLog, calibrate
from bizra_lab.harness.crew import Crew
from bizra_lab.harness.load import merged
from bizra_lab.harness.measure import instrument_of
from bizra_lab.harness.quiet import quiet
from bizra_lab.harness.recorder import Operation, Recorder, Recording, Room
from bizra_lab.harness.span import Span
from bizra_lab.model import Collection, Load, Measurement, Pair, Samples, Workload
from bizra_lab.units import SECOND_NS

BLOCK_S = 0.01  # of one workload: long against what changing over costs, short against how hosts drift
BLOCK_OPERATIONS_MAX = 100_000  # room for a block; a quicker operation fills it before its time is up
PAIRS_MIN = 10  # below, an interval of the ratio says little

_Blocks = tuple[list[Recording], list[Recording]]


def measure_pair(a: Workload, b: Workload, span: Span, recorder: Recorder, seed: int = 0) -> Pair:
    """
    Two workloads in one thread, in pairs of blocks over `span.duration_s` seconds, after a warm-up of the same kind.

    `seed` decides which of the two goes first in each pair. Each side's `duration_s` is the time that it had itself.
    Raises CannotMeasure with one line when an operation does not return, or fewer than ten pairs fit.
    """
    both, name = (a, b), f"{a.name} and {b.name}"
    rng = np.random.default_rng(seed)

    def prepare(worker: int) -> list[Operation]:
        return [each.of_worker(worker) if each.of_worker else each.operate for each in both]

    def leave(worker: int) -> None:
        for each in both:
            if each.leave:
                each.leave(worker)

    with quiet(), Crew(name, 1, span.patience_s, prepare, leave) as crew:
        before = calibrate(recorder)
        if span.warmup_s:
            _in_turns(crew, recorder, span.warmup_s, rng)
        warm = calibrate(recorder)
        counted_before = [_count(each) for each in both]
        with CollectionLog(recorder.now_ns) as collections:
            blocks = _in_turns(crew, recorder, span.duration_s, rng)
        counted = [_count(each) - before for each, before in zip(both, counted_before, strict=True)]
        calibrations = (before, warm, calibrate(recorder))
    if len(blocks[0]) < PAIRS_MIN:
        raise CannotMeasure(
            f"{name}: {len(blocks[0])} pairs of blocks in {span.duration_s:g} s; expected at least {PAIRS_MIN}: a "
            "longer duration_s"
        )
    of_a, of_b = (
        _samples(each, own, span, calibrations, tuple(collections.seen), seen if each.count else None)
        for each, own, seen in zip(both, blocks, counted, strict=True)
    )
    return Pair(
        of_a,
        of_b,
        a_blocks=tuple(len(block.outcome) for block in blocks[0]),
        b_blocks=tuple(len(block.outcome) for block in blocks[1]),
    )


def _count(workload: Workload) -> int:
    return workload.count() if workload.count else 0


def _in_turns(crew: Crew[list[Operation]], recorder: Recorder, duration_s: float, rng: np.random.Generator) -> _Blocks:
    """Block after block of each side, the last pair begun within `duration_s` seconds."""
    gate = recorder.gate()
    rooms = [Room.chained(BLOCK_OPERATIONS_MAX, 1) for _ in range(2)]
    blocks: _Blocks = ([], [])

    def work(_: int, operations: list[Operation]) -> None:
        deadline_ns = recorder.now_ns() + round(duration_s * SECOND_NS)
        while recorder.now_ns() < deadline_ns:
            first = int(rng.integers(2))
            for side in (first, 1 - first):
                block_ends_ns = recorder.now_ns() + round(BLOCK_S * SECOND_NS)
                recording = recorder.chained(operations[side], rooms[side], block_ends_ns, gate)
                if gate.closed:
                    return
                # Its room is used again by the next block of this side.
                blocks[side].append(
                    replace(
                        recording,
                        started_ns=recording.started_ns.copy(),
                        finished_ns=recording.finished_ns.copy(),
                        outcome=recording.outcome.copy(),
                    )
                )

    with crew.at_work(gate, work):
        crew.wait(duration_s)
    return blocks


def _samples(
    workload: Workload,
    blocks: Sequence[Recording],
    span: Span,
    calibrations: Sequence[Calibration],
    collections: tuple[Collection, ...],
    counted: int | None,
) -> Samples:
    begin_ns, end_ns = int(blocks[0].started_ns[0]), int(blocks[-1].finished_ns[-1])
    run = merged([(0, each) for each in blocks], begin_ns, end_ns)
    own_ns = sum(int(each.finished_ns[-1] - each.started_ns[0]) for each in blocks)
    return Samples(
        measurement=Measurement(
            name=workload.name,
            scope=workload.scope,
            load=Load(),
            warmup_s=span.warmup_s,
            duration_s=own_ns / SECOND_NS,
            clock_step_ns=statistics.median(each.clock_step_ns for each in calibrations),
            operations_attempted=run.attempted if counted is None else counted,
        ),
        scheduled_ns=run.scheduled_ns,
        started_ns=run.started_ns,
        finished_ns=run.finished_ns,
        outcome=run.outcome,
        outcomes=run.outcomes,
        worker=run.worker,
        instrument=instrument_of(run, calibrations, own_ns, collections),
    )
