"""
Load: who starts which operation when, and what was seen of it.

Closed: so many workers, each starting its next operation when its last has ended. One worker's operations are chained,
the end of one being the start of the next, and the window is theirs. Several begin together, run before the window
opens and after it closes, and only operations wholly inside it count; what its edges cut is told.

Open: operations fall due by a plan, whoever may be free for them.

Workers are threads (here), asyncio tasks (`tasks`) or processes (`processes`). The thread that waits for them never
waits for ever: a gate that is closed ends every loop between two operations, and an operation that does not return is
given up after `patience_s`.
"""

from __future__ import annotations

import contextlib
import math
import os
import queue
import resource
import statistics
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import numpy as np

from bizra_lab.errors import CannotMeasure, LabError
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.inflight import between
from bizra_lab.harness.recorder import (
    BOARD_BYTES,
    CHAINED_BYTES,
    FOREVER,
    PAIRED_BYTES,
    SIGHTINGS,
    Board,
    Operation,
    Recorder,
    Recording,
    Room,
    Share,
    digest_results,
    outcome_names,
)
from bizra_lab.harness.span import PATIENCE_S
from bizra_lab.model import (
    SUCCESS,
    Codes,
    Cut,
    GateReading,
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

Prepared = TypeVar("Prepared")  # what a thread needs for its work, made in it before the load begins

# Enough for every worker to reach its first line; until then it sleeps without the GIL.
START_S = 0.02

# What several workers do before the window opens: by then the last of them has long begun.
RAMP_S = 0.05

# After a gate was closed the loops end as soon as the operation that each is in returns.
GRACE_S = 1.0


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


class Threads:
    """Workers that are threads: each makes its operation once, and does every job until the block is left."""

    def __init__(self, workload: Workload, load: Load, patience_s: float = PATIENCE_S) -> None:
        self._crew = Crew(
            workload.name, load.workers, patience_s, workload.of_worker or _shared(workload), workload.leave
        )

    def __enter__(self) -> Self:
        self._crew.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._crew.__exit__(kind, error, trace)

    def run(self, job: Job, plan_ns: Ints | None = None) -> Run:
        """What they did of the job, or of its plan in ns from the beginning."""
        if plan_ns is not None:
            return run_planned(self._crew, job, plan_ns)
        return run_chained(self._crew, job) if is_chained(job.load) else run_window(self._crew, job)

    def run_together(self, job: Job, moment_ns: Callable[[], int]) -> Run:
        """What they did within a window that others share, from a moment on that `moment_ns` waits for."""
        return run_window(self._crew, job, moment_ns)


def _shared(workload: Workload) -> Callable[[int], Operation]:
    return lambda _: workload.operate


def run_chained(crew: Crew[Operation], job: Job) -> Run:
    """
    One worker's operations over `job.duration_s` seconds; the window ends with the last of them.

    A room that fills up before the deadline is followed by another; making it takes time that no record covers, which
    `recorder.coverage` shows.
    """
    recorder = job.recorder
    gate = recorder.gate()
    room = Room.chained(job.capacity, job.results, job.slow_ns)
    began_ns: list[int] = []
    done: list[Recording] = []

    def work(_: int, operate: Operation) -> None:
        began_ns.append(recorder.now_ns())
        deadline_ns = began_ns[0] + round(job.duration_s * SECOND_NS)
        done.append(recorder.chained(operate, room, deadline_ns, gate))
        while not gate.closed and len(done[-1].outcome) == job.capacity and recorder.now_ns() < deadline_ns:
            another = Room.chained(job.capacity, job.results, job.slow_ns)
            done.append(recorder.chained(operate, another, deadline_ns, gate))

    window = Watch(job, gate)
    window.open()
    with crew.at_work(gate, work):
        crew.wait(job.duration_s)
        window.close()
    end_ns = int(done[-1].finished_ns[-1]) if len(done[-1].outcome) else recorder.now_ns()
    return crew.credited(window.credited(merged([(0, each) for each in done], began_ns[0], end_ns)))


def run_window(crew: Crew[Operation], job: Job, moment_ns: Callable[[], int] | None = None) -> Run:
    """
    What the workers did within a window of `job.duration_s` seconds that they share.

    `moment_ns` says when they begin, if not at once; it may wait for others to be ready too.
    """
    recorder = job.recorder
    gate = recorder.gate()
    rooms = [Room.paired(job.capacity, job.results, job.slow_ns) for _ in range(crew.workers)]
    done: list[list[Recording]] = [[] for _ in rooms]
    begin_ns = moment_ns() if moment_ns else recorder.now_ns() + round(START_S * SECOND_NS)

    def work(worker: int, operate: Operation) -> None:
        done[worker].append(recorder.worker(operate, rooms[worker], begin_ns, FOREVER, gate))
        while not gate.closed and len(done[worker][-1].outcome) == job.capacity:
            another = Room.paired(job.capacity, job.results, job.slow_ns)
            done[worker].append(recorder.worker(operate, another, begin_ns, FOREVER, gate))

    window = Watch(job, gate)
    with crew.at_work(gate, work):
        window.during(begin_ns)
        gate.close()
        crew.wait(0)
    recordings = [(worker, each) for worker, own in enumerate(done) for each in own]
    return crew.credited(window.credited(merged(recordings, window.begin_ns, window.end_ns)))


def run_planned(crew: Crew[Operation], job: Job, plan_ns: Ints) -> Run:
    """
    What the workers did of a plan, `plan_ns` being ns from the beginning.

    The window lasts from the beginning of the plan until its last operation ended. Operations that had not been started
    `job.patience_s` after the plan's end are given up: they were attempted, and have no record.
    """
    recorder = job.recorder
    begin_ns = recorder.now_ns() + round(START_S * SECOND_NS)
    board = Board.of(plan_ns + begin_ns)
    gate = recorder.gate(board.due_ns)
    shares: list[Share] = []

    def work(worker: int, operate: Operation) -> None:
        shares.append(recorder.planned(operate, board, worker, job.results, gate, job.slow_ns))

    window = Watch(job, gate)
    window.open()
    with crew.at_work(gate, work):
        crew.wait(job.duration_s)
        window.close()
    return crew.credited(window.credited(planned_run(board, begin_ns, job.duration_s, shares)))


class Watch:
    """The instruments beside the records, between the two edges of a window: gate, sampler, the system's own gate."""

    def __init__(self, job: Job, gate: Any) -> None:
        self._job = job
        self._gate = gate
        self._sampler = job.recorder.sampler(gate, job.duration_s, job.seed)
        self._marks: list[tuple[int, ...]] = []
        self._inside: list[GateReading] = []
        self._sampled: SampledInFlight | None = None

    def during(self, begin_ns: int) -> None:
        """Stand by from `begin_ns` on, through the ramp and a window of the job's duration."""
        now_ns = self._job.recorder.now_ns
        opens_ns = begin_ns + round(RAMP_S * SECOND_NS)
        MonotonicClock.sleep(max(opens_ns - now_ns(), 0) / SECOND_NS)
        self.open()
        closes_ns = self.begin_ns + round(self._job.duration_s * SECOND_NS)
        try:
            MonotonicClock.sleep(max(closes_ns - now_ns(), 0) / SECOND_NS)
        finally:
            self.close()

    def open(self) -> None:
        self._look_inside()
        self._marks.append(self._gate.mark())
        self._sampler.start()

    def close(self) -> None:
        self._marks.append(self._gate.mark())
        self._sampled = self._sampler.stop()
        self._look_inside()

    def _look_inside(self) -> None:
        if self._job.workload.inside:
            with contextlib.suppress(LabError):  # it has died, which the outcomes of the operations tell
                self._inside.append(self._job.workload.inside())

    @property
    def begin_ns(self) -> int:
        """By the clock that operations are stamped with."""
        return self._marks[0][-1]

    @property
    def end_ns(self) -> int:
        """By the same clock."""
        return self._marks[1][-1]

    def credited(self, run: Run) -> Run:
        """The run with what the instruments saw."""
        first, last = (GateReading(*mark[:4]) for mark in self._marks)
        inside = between(*self._inside) if len(self._inside) == 2 else None
        return replace(run, in_flight=between(first, last), sampled=self._sampled, inside=inside)


# What a forked process has in common with this one: in a child, no loop goes on.
_open_gates: list[Any] = []
_forked: list[None] = []


def _close_gates() -> None:
    for gate in _open_gates:
        gate.close()


os.register_at_fork(before=lambda: _forked.append(None), after_in_child=_close_gates)


class Crew(Generic[Prepared]):
    """
    Threads that get ready once and then do one job after the other, and the thread that waits for them, never for ever.

    `prepare` makes what each needs, in its thread; `leave`, when there is one, is called there when it goes.
    """

    def __init__(
        self,
        name: str,
        workers: int,
        patience_s: float,
        prepare: Callable[[int], Prepared],
        leave: Callable[[int], object] | None = None,
    ) -> None:
        self.workers = workers
        self._name = name
        self._patience_s = patience_s
        self._prepare = prepare
        self._leave = leave
        self._orders: list[queue.SimpleQueue[Callable[[int, Prepared], None] | None]] = []
        self._done = threading.Semaphore(0)
        self._busy = 0
        self._stopped: list[BaseException] = []
        self._uses: list[Use] = []
        self._gate: Any = None
        self._forks = 0
        self._process = os.getpid()

    def __enter__(self) -> Self:
        """All are ready. Raises what one of them raised on the way."""
        for worker in range(self.workers):
            self._orders.append(queue.SimpleQueue())
            threading.Thread(target=self._live, args=(worker, self._orders[worker]), daemon=True).start()
        self._busy = self.workers
        try:
            self._check_ready()
        except BaseException:
            self._dismiss()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dismiss()
        if kind is None:
            self._raise_what_stopped()

    def _check_ready(self) -> None:
        if not self._all_done(self._patience_s):
            raise CannotMeasure(
                f"{self._name}: a worker was not ready after {self._patience_s:g} s; expected all {self.workers}"
            )
        self._raise_what_stopped()

    def _dismiss(self) -> None:
        idle = self._all_done(0)
        self._busy += self.workers
        for orders in self._orders:
            orders.put(None)
        # One that is stuck in an operation never gets to see that it may go.
        self._all_done(self._patience_s if idle else GRACE_S)

    @contextlib.contextmanager
    def at_work(self, gate: Any, work: Callable[[int, Prepared], None]) -> Iterator[None]:
        """
        In the block, each worker does `work(worker, prepared)`; at its end, however it comes, the gate is closed.

        So whatever ends the block early, an error or Control-C, ends the workers too.
        """
        self._uses, self._gate, forked_before = [], gate, len(_forked)
        self._busy = self.workers
        _open_gates.append(gate)
        for orders in self._orders:
            orders.put(work)
        try:
            yield
        except BaseException:
            gate.close()
            self._all_done(GRACE_S)
            raise
        finally:
            gate.close()
            _open_gates.remove(gate)
            self._forks = len(_forked) - forked_before
        self.wait(0)

    def wait(self, expected_s: float) -> None:
        """
        Return when all have done their work, for which they have so many seconds and the crew's patience.

        Raises what one of them raised, and CannotMeasure when an operation does not return.
        """
        if not self._all_done(expected_s + self._patience_s):
            self._gate.close()
            if not self._all_done(GRACE_S):
                raise CannotMeasure(
                    f"{self._name}: an operation has not returned {self._patience_s:g} s after the end of the window; "
                    "expected each to return (a longer patience waits longer)"
                )
        self._raise_what_stopped()

    def _all_done(self, seconds: float) -> bool:
        until_ns = MonotonicClock.now_ns() + round(seconds * SECOND_NS)
        while self._busy:
            if not self._done.acquire(timeout=max(until_ns - MonotonicClock.now_ns(), 0) / SECOND_NS):
                return False
            self._busy -= 1
        return True

    def _raise_what_stopped(self) -> None:
        if self._stopped:
            raise self._stopped[0]

    def _live(self, worker: int, orders: queue.SimpleQueue[Callable[[int, Prepared], None] | None]) -> None:
        try:
            prepared = self._prepare(worker)
        except BaseException as error:  # handed to the thread that waits, which raises it
            self._stopped.append(error)
            self._done.release()
            orders.get()
            self._done.release()
            return
        self._done.release()
        while (work := orders.get()) is not None:
            try:
                self._do(work, worker, prepared)
            except BaseException as error:
                self._stopped.append(error)
            finally:
                self._done.release()
        try:
            if self._leave:
                self._leave(worker)
        except BaseException as error:
            self._stopped.append(error)
        finally:
            self._done.release()

    def _do(self, work: Callable[[int, Prepared], None], worker: int, prepared: Prepared) -> None:
        before = _kernel_counts()
        try:
            work(worker, prepared)
        finally:
            # A child that an operation forked came back here: it is nobody's worker.
            if os.getpid() != self._process:
                os._exit(0)
            self._uses.append(_use(worker, before, _kernel_counts()))

    def credited(self, run: Run) -> Run:
        """The run with what the kernel counted for each worker."""
        return replace(run, uses=tuple(sorted(self._uses, key=lambda use: use.worker)), forks=self._forks)


def _kernel_counts() -> tuple[int, ...]:
    counts = resource.getrusage(getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF))
    cpu_ns = round((counts.ru_utime + counts.ru_stime) * SECOND_NS)
    return MonotonicClock.now_ns(), cpu_ns, counts.ru_nvcsw, counts.ru_nivcsw, counts.ru_minflt, counts.ru_majflt


def _use(worker: int, before: tuple[int, ...], after: tuple[int, ...]) -> Use:
    return Use(worker, *(late - early for early, late in zip(before, after, strict=True)))


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
