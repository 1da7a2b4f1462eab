"""
Load: who starts which operation when, and what was seen of it.

Closed: so many workers, each starting its next operation when its last has ended. One worker's operations are chained,
the end of one being the start of the next, and the window is theirs. Several begin together, run before the window
opens and after it closes, and only operations wholly inside it count; what its edges cut is told.

Open: operations fall due by a plan, whoever may be free for them.

Workers are `threads`, asyncio `tasks` or `processes`, and each of these makes a `Run` of what its workers recorded.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bizra_lab.harness.recorder import (
    BOARD_BYTES,
    CHAINED_BYTES,
    PAIRED_BYTES,
    SIGHTINGS,
    Board,
    Recorder,
    Recording,
    Share,
    digest_results,
    outcome_names,
)
from bizra_lab.harness.span import PATIENCE_S
from bizra_lab.model import (
    SUCCESS,
    Codes,
    Cut,
    InFlight,
    Ints,
    Load,
    SampledInFlight,
    Sighting,
    Use,
    Workers,
    Workload,
)
from bizra_lab.units import SECOND_NS

# Enough for every worker to reach its first line; until then it sleeps without the GIL.
START_S = 0.02

# What several workers do before the window opens: by then the last of them has long begun.
RAMP_S = 0.05


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done once: a workload under a load, for how long, and how it is recorded."""

    workload: Workload
    load: Load
    recorder: Recorder
    duration_s: float
    capacity: int = 100_000  # operations, a worker, to make room for
    results: int = 1  # the last ones of each worker, to be kept
    slow_ns: int = 0  # from here on the kernel's counters are asked; 0: never
    patience_s: float = PATIENCE_S
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """
    What was seen: the columns of `Samples`, of operations wholly inside the window, and what the instruments counted.

    `attempted` counts those operations by something that is not their record.
    """

    scheduled_ns: Ints
    started_ns: Ints
    finished_ns: Ints
    outcome: Codes
    outcomes: tuple[str, ...]
    worker: Workers
    attempted: int
    begin_ns: int
    end_ns: int
    recorded: int  # whether inside the window or not
    in_flight: InFlight | None = None
    sampled: SampledInFlight | None = None
    inside: InFlight | None = None
    cut: Cut | None = None
    uses: tuple[Use, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    slow_ns: int = 0
    forks: int = 0
    results_kept: int = 0
    results_digest: str = ""

    @property
    def window_ns(self) -> int:
        """Wall time that the workers had."""
        return self.end_ns - self.begin_ns


def bytes_per_operation(load: Load) -> int:
    """What the stamps of one operation take in memory."""
    if load.kind == "open":
        return BOARD_BYTES
    return CHAINED_BYTES if is_chained(load) else PAIRED_BYTES


def is_chained(load: Load) -> bool:
    """Whether the end of one operation is the start of the next, so that nothing lies between them."""
    return load.kind == "closed" and load.workers == 1 and load.workers_as == "threads"


# ---- what was recorded, as one -------------------------------------------------------------------------------


def merged(recordings: Sequence[tuple[int, Recording]], begin_ns: int, end_ns: int) -> Run:
    """One run of what the workers recorded, (worker, recording) pairs: what lies wholly inside, and what was cut."""
    inside = [(worker, each, _inside(each, begin_ns, end_ns)) for worker, each in recordings]
    started_ns = _joined([each.started_ns[rows] for _, each, rows in inside])
    recorded = sum(len(each.outcome) for _, each in recordings)
    outcome, outcomes = _outcomes([(each.outcome[rows], each.outcomes) for _, each, rows in inside])
    kept = [result for _, each in recordings for result in each.kept]
    seen = [(worker, each.sightings, each.slow_ns) for worker, each in recordings]
    sightings, slow_ns = slowest(seen, begin_ns, end_ns)
    return Run(
        # A worker of a closed load starts its next operation when it is free: that is the plan.
        scheduled_ns=started_ns,
        started_ns=started_ns,
        finished_ns=_joined([each.finished_ns[rows] for _, each, rows in inside]),
        outcome=outcome,
        outcomes=outcomes,
        worker=_workers([(worker, rows.stop - rows.start) for worker, _, rows in inside]),
        attempted=sum(each.attempted for _, each in recordings) - (recorded - len(started_ns)),
        begin_ns=begin_ns,
        end_ns=end_ns,
        recorded=recorded,
        cut=_cut(inside, begin_ns, end_ns),
        sightings=sightings,
        slow_ns=slow_ns,
        results_kept=len(kept),
        results_digest=digest_results(kept),
    )


def _inside(recording: Recording, begin_ns: int, end_ns: int) -> slice:
    """The rows of operations wholly inside the window; a worker's are in order."""
    first = int(np.searchsorted(recording.started_ns, begin_ns, side="left"))
    last = int(np.searchsorted(recording.finished_ns, end_ns, side="right"))
    return slice(first, max(first, last))


def _cut(inside: Sequence[tuple[int, Recording, slice]], begin_ns: int, end_ns: int) -> Cut:
    operations = ended_inside = inside_ns = longest_ns = 0
    for _, each, rows in inside:
        for outside in (slice(0, rows.start), slice(rows.stop, len(each.outcome))):
            started_ns, finished_ns = each.started_ns[outside], each.finished_ns[outside]
            crossing = (finished_ns > begin_ns) & (started_ns < end_ns)
            operations += int(crossing.sum())
            ended_inside += int((crossing & (finished_ns <= end_ns)).sum())
            within_ns = np.minimum(finished_ns, end_ns) - np.maximum(started_ns, begin_ns)
            inside_ns += int(within_ns[crossing].sum())
            longest_ns = max(longest_ns, int((finished_ns - started_ns)[crossing].max(initial=0)))
    return Cut(operations, ended_inside, inside_ns, longest_ns)


def planned_run(board: Board, begin_ns: int, duration_s: float, shares: Sequence[Share]) -> Run:
    """One run of what the workers of an open load wrote on their board; what was never started leaves no row."""
    started = board.starts != 0
    everything = bool(started.all())
    rows: Any = slice(None) if everything else started
    finished_ns = board.ends[rows]
    kept = [result for each in shares for result in each.kept]
    end_ns = max(begin_ns + round(duration_s * SECOND_NS), int(finished_ns.max(initial=0)))
    sightings, slow_ns = slowest([(each.worker, each.sightings, each.slow_ns) for each in shares], begin_ns, end_ns)
    return Run(
        scheduled_ns=board.due_ns[rows],
        started_ns=board.starts[rows],
        finished_ns=finished_ns,
        outcome=board.outcome[rows],
        outcomes=outcome_names(board.errors),
        worker=board.worker[rows],
        attempted=len(board.due_ns),
        begin_ns=begin_ns,
        end_ns=end_ns,
        recorded=len(finished_ns),
        sightings=sightings,
        slow_ns=slow_ns,
        results_kept=len(kept),
        results_digest=digest_results(kept),
    )


def slowest(seen: Sequence[tuple[int, Ints, int]], begin_ns: int, end_ns: int) -> tuple[tuple[Sighting, ...], int]:
    """
    The sightings of the slowest operations that ended in the window, and from how many ns on they are complete.

    `seen` holds (worker, rows, slow_ns) of each recording.
    """
    rows = [(worker, *row) for worker, own, _ in seen for row in own.tolist() if begin_ns <= row[0] <= end_ns]
    rows.sort(key=lambda row: row[2], reverse=True)
    slow_ns = max((each for _, _, each in seen), default=0)
    if len(rows) > SIGHTINGS:
        slow_ns = max(slow_ns, rows[SIGHTINGS - 1][2])
    kept = sorted(row for row in rows[:SIGHTINGS] if row[2] >= slow_ns)
    return tuple(Sighting(worker, finished_ns, *counts) for worker, finished_ns, _, *counts in kept), slow_ns


def _joined(columns: Sequence[Ints]) -> Ints:
    # The usual case, one worker and one room, needs no copy of a hundred million stamps.
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _outcomes(columns: Sequence[tuple[Codes, tuple[str, ...]]]) -> tuple[Codes, tuple[str, ...]]:
    """All outcome columns as one, with one list of names: each recording numbered its own."""
    if len(columns) == 1:
        return columns[0]
    names = (SUCCESS, *dict.fromkeys(name for _, own in columns for name in own[1:]))
    places = [np.array([names.index(name) for name in own], dtype=np.uint32) for _, own in columns]
    return np.concatenate([place[codes] for place, (codes, _) in zip(places, columns, strict=True)]), names


def _workers(counts: Sequence[tuple[int, int]]) -> Workers:
    """The column of worker numbers, from (worker, operations) of each recording."""
    if len(counts) == 1:
        worker, operations = counts[0]
        # One number for all, without a column of its own in memory.
        return np.broadcast_to(np.int32(worker), operations)
    return np.concatenate([np.full(operations, worker, dtype=np.int32) for worker, operations in counts])


def in_one(runs: Sequence[Run]) -> Run:
    """One run of several that were made side by side, each by one worker: worker i is that of run i."""
    outcome, outcomes = _outcomes([(each.outcome, each.outcomes) for each in runs])
    started_ns = _joined([each.started_ns for each in runs])
    gates = [each.in_flight for each in runs if each.in_flight]
    cuts = [each.cut for each in runs if each.cut]
    sampled = [each.sampled for each in runs if each.sampled]
    return Run(
        scheduled_ns=started_ns,
        started_ns=started_ns,
        finished_ns=_joined([each.finished_ns for each in runs]),
        outcome=outcome,
        outcomes=outcomes,
        worker=_workers([(worker, len(each.started_ns)) for worker, each in enumerate(runs)]),
        attempted=sum(each.attempted for each in runs),
        begin_ns=min(each.begin_ns for each in runs),
        end_ns=max(each.end_ns for each in runs),
        recorded=sum(each.recorded for each in runs),
        # Each watched its own window; they differ by the time that waking up takes.
        in_flight=InFlight(
            round(statistics.mean(each.window_ns for each in gates)),
            sum(each.integral_ns for each in gates),
            sum(each.completed for each in gates),
        ),
        # Their errors are independent: deviations add as squares do.
        sampled=SampledInFlight(
            min(each.looks for each in sampled),
            sum(each.mean for each in sampled),
            math.sqrt(sum(each.deviation**2 for each in sampled)),
            max(each.lag_ns for each in sampled),
        )
        if len(sampled) == len(runs)
        else None,
        cut=Cut(
            sum(each.operations for each in cuts),
            sum(each.ended_inside for each in cuts),
            sum(each.inside_ns for each in cuts),
            max(each.longest_ns for each in cuts),
        ),
        uses=tuple(replace(use, worker=worker) for worker, each in enumerate(runs) for use in each.uses),
        sightings=tuple(replace(seen, worker=worker) for worker, each in enumerate(runs) for seen in each.sightings),
        slow_ns=max(each.slow_ns for each in runs),
        forks=sum(each.forks for each in runs),
        results_kept=sum(each.results_kept for each in runs),
        results_digest=digest_results(each.results_digest for each in runs),
    )
