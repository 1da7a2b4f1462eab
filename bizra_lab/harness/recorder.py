"""
The recorder: one clock reading per operation, every operation kept.

It is C where the extension was built, and Python otherwise; which of the two made a record is written in it. Both give
the same: raw stamps, outcomes, a counter of operations begun that shares nothing with the stamps, and the last results.

Cost per operation above the bare call: benchmarks/RESULTS.md, written by `make bench`.
"""

from __future__ import annotations

import hashlib
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import length_hint
from typing import Any, Literal, Protocol

import numpy as np

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.inflight import CSampler, Gate, NoSampler, PythonGate, Sampler
from bizra_lab.model import SUCCESS, Codes, Ints, Workers

try:
    from bizra_lab.harness import _recorder
except ImportError:  # no compiler where this was installed
    _recorder = None  # type: ignore[assignment]

Operation = Callable[[], object]

OTHER = "other"  # the outcome of every exception type beyond the 254 that have a name
OTHER_CODE = 255

FOREVER = 0  # a deadline that never comes


SIGHTINGS = 4096  # of slow operations, a worker: enough to explain a tail, a third of a megabyte
SIGHTING_FIELDS = 9

# A timer wakes some tens of µs late even with the kernel's slack turned off; so much before an operation falls due its
# worker stops sleeping and watches the clock.
SPIN_NS = 60_000


@dataclass(frozen=True, slots=True)
class Room:
    """
    Memory for so many operations, touched before it is needed: a page that is first written to costs a microsecond.

    `starts` and `ends` are the same array shifted by one where operations are chained. `sightings` is for what the
    kernel counts around operations of `slow_ns` or more; None where nobody asks.
    """

    starts: Ints
    ends: Ints
    stamps: Ints
    outcome: Codes
    kept: list[object]
    sightings: Ints | None = None
    slow_ns: int = 0

    @classmethod
    def chained(cls, capacity: int, results: int, slow_ns: int = 0) -> Room:
        """Room for one worker whose operations follow each other without a gap: 9 bytes an operation."""
        stamps = touched(capacity + 1, np.int64)
        outcome = touched(capacity, np.uint8)
        return cls(stamps[:-1], stamps[1:], stamps, outcome, [None] * results, sightings_room(slow_ns), slow_ns)

    @classmethod
    def paired(cls, capacity: int, results: int, slow_ns: int = 0) -> Room:
        """Room for a worker with a start and an end stamp per operation: 17 bytes an operation."""
        starts, ends = touched(capacity, np.int64), touched(capacity, np.int64)
        outcome = touched(capacity, np.uint8)
        return cls(starts, ends, starts, outcome, [None] * results, sightings_room(slow_ns), slow_ns)


CHAINED_BYTES = 9  # per operation
PAIRED_BYTES = 17


def touched(length: int, kind: Any) -> Any:
    """An array whose memory is there; np.zeros would be given pages that are not until they are written to."""
    return np.full(length, 1, dtype=kind)


def sightings_room(slow_ns: int) -> Ints | None:
    """Where sightings of operations of `slow_ns` or more are written; None when it is 0."""
    room: Ints = touched(SIGHTINGS * SIGHTING_FIELDS, np.int64)
    return room if slow_ns else None


def no_sightings() -> Ints:
    """No rows of them."""
    return np.zeros((0, SIGHTING_FIELDS), np.int64)


@dataclass(frozen=True, slots=True)
class Board:
    """
    What the workers of an open load share: a place for each planned operation, in the order in which they fall due.

    `starts` is 0 where an operation was never started, `errors` the list of exception types by code less one.
    """

    due_ns: Ints
    starts: Ints
    ends: Ints
    outcome: Codes
    worker: Workers
    errors: list[type[BaseException]]

    @classmethod
    def of(cls, due_ns: Ints) -> Board:
        """An empty board for a plan: 29 bytes an operation with the plan itself."""
        n = len(due_ns)
        starts = touched(n, np.int64)
        starts[:] = 0
        return cls(due_ns, starts, touched(n, np.int64), touched(n, np.uint8), touched(n, np.int32), [])


BOARD_BYTES = 29  # per operation


@dataclass(frozen=True, slots=True)
class Recording:
    """
    What one worker did: columns of equal length, the outcomes' names by code, and the ring of its last results.

    `sightings` has a row for each slow operation: finished_ns, duration_ns, then the fields of a `Sighting` from
    `span_ns` on; operations of less than `slow_ns` have none.
    """

    started_ns: Ints
    finished_ns: Ints
    outcome: Codes
    outcomes: tuple[str, ...]
    attempted: int
    ring: Sequence[object]
    sightings: Ints = field(default_factory=no_sightings)
    slow_ns: int = 0

    @property
    def kept(self) -> Sequence[object]:
        """The last results, in the order of the ring; an operation that failed has none."""
        results = len(self.outcome) - int(np.count_nonzero(self.outcome))
        return self.ring[: min(results, len(self.ring))]


@dataclass(frozen=True, slots=True)
class Share:
    """What one worker of an open load contributed beside the shared board; `ring` holds `NOTHING` where nothing was."""

    worker: int
    attempted: int
    ring: Sequence[object]
    sightings: Ints
    slow_ns: int

    @property
    def kept(self) -> Sequence[object]:
        """The last results; an operation that failed has none."""
        return [result for result in self.ring if result is not NOTHING]


NOTHING = object()  # where a result may come to lie; None is a result


class Recorder(Protocol):
    """
    Runs an operation again and again and writes down when and how each one ended.

    Every loop ends early, between two operations, when its gate is closed.
    """

    name: str

    def now_ns(self) -> int:
        """The clock that operations are stamped with."""
        ...

    def readings(self, n: int) -> Ints:
        """`n` readings of that clock, one behind the other as fast as this recorder can."""
        ...

    def gate(self, plan: Ints | None = None) -> Any:
        """A new gate, of the kind that this recorder's loops take."""
        ...

    def sampler(self, gate: Any, duration_s: float, seed: int) -> Sampler:
        """What looks at that gate for so long."""
        ...

    def chained(self, operate: Operation, room: Room, deadline_ns: int, gate: Any = None) -> Recording:
        """One worker, the end of an operation being the start of the next, until the room is full or the deadline."""
        ...

    def worker(self, operate: Operation, room: Room, begin_ns: int, deadline_ns: int, gate: Any = None) -> Recording:
        """One of several workers, from `begin_ns` on; none of its operations starts at or after the deadline."""
        ...

    def planned(
        self, operate: Operation, board: Board, worker: int, results: int, gate: Any, slow_ns: int = 0
    ) -> Share:
        """One of several workers that take the operations of the gate's plan one by one, each when it falls due."""
        ...


class CRecorder:
    """The extension's loops."""

    name = "c"

    def now_ns(self) -> int:
        return _recorder.now()

    def readings(self, n: int) -> Ints:
        stamps: Ints = touched(n, np.int64)
        _recorder.read_clock(stamps)
        return stamps

    def gate(self, plan: Ints | None = None) -> _recorder.Gate:
        return _recorder.Gate(plan)

    def sampler(self, gate: _recorder.Gate, duration_s: float, seed: int) -> Sampler:
        return CSampler(gate, duration_s, seed)

    def chained(
        self, operate: Operation, room: Room, deadline_ns: int, gate: _recorder.Gate | None = None
    ) -> Recording:
        errors: list[type[Exception]] = []
        done, attempted, sighted, slow_ns = _recorder.run_chained(
            operate,
            room.stamps,
            room.outcome,
            room.kept,
            errors,
            deadline_ns,
            gate or self.gate(),
            room.sightings,
            room.slow_ns,
        )
        return _recording(room, done, attempted, errors, sighted, slow_ns)

    def worker(
        self, operate: Operation, room: Room, begin_ns: int, deadline_ns: int, gate: _recorder.Gate | None = None
    ) -> Recording:
        errors: list[type[Exception]] = []
        done, attempted, sighted, slow_ns = _recorder.run_worker(
            operate,
            room.starts,
            room.ends,
            room.outcome,
            room.kept,
            errors,
            begin_ns,
            deadline_ns,
            gate or self.gate(),
            room.sightings,
            room.slow_ns,
        )
        return _recording(room, done, attempted, errors, sighted, slow_ns)

    def planned(
        self, operate: Operation, board: Board, worker: int, results: int, gate: _recorder.Gate, slow_ns: int = 0
    ) -> Share:
        kept: list[object] = [NOTHING] * results
        rows = sightings_room(slow_ns)
        attempted, sighted, slow_ns = _recorder.run_planned(
            operate,
            board.starts,
            board.ends,
            board.outcome,
            board.worker,
            worker,
            kept,
            board.errors,
            SPIN_NS,
            gate,
            rows,
            slow_ns,
        )
        return Share(worker, attempted, kept, _rows(rows, sighted), slow_ns)


def _recording(
    room: Room, done: int, attempted: int, errors: Sequence[type[Exception]], sighted: int = 0, slow_ns: int = 0
) -> Recording:
    """What the room holds after `done` operations; nothing is copied or counted, since a window may still be open."""
    return Recording(
        started_ns=room.starts[:done],
        finished_ns=room.ends[:done],
        outcome=room.outcome[:done],
        outcomes=outcome_names(errors),
        attempted=attempted,
        ring=room.kept,
        sightings=_rows(room.sightings, sighted),
        slow_ns=slow_ns,
    )


def _rows(room: Ints | None, filled: int) -> Ints:
    return no_sightings() if room is None else room.reshape(-1, SIGHTING_FIELDS)[:filled]


class PythonRecorder:
    """The same in Python: several times the cost per operation, and stamps as objects until they are done."""

    name = "python"

    now_ns = staticmethod(MonotonicClock.now_ns)

    def readings(self, n: int) -> Ints:
        now_ns = self.now_ns
        return np.array([now_ns() for _ in repeat(None, n)], dtype=np.int64)

    def gate(self, plan: Ints | None = None) -> PythonGate:
        return PythonGate(plan)

    def sampler(self, gate: PythonGate, duration_s: float, seed: int) -> Sampler:  # noqa: ARG002 — nothing looks
        return NoSampler()

    def chained(self, operate: Operation, room: Room, deadline_ns: int, gate: PythonGate | None = None) -> Recording:
        capacity = len(room.outcome)
        until_ns = sys.maxsize if deadline_ns == FOREVER else deadline_ns
        now_ns = self.now_ns
        codes = _Codes()
        gate = gate or self.gate()
        # It replaces its oldest by itself, which costs less than counting places.
        kept: deque[object] = deque(maxlen=len(room.kept))
        turns = repeat(None, capacity)
        gate.enter_chain()
        stamps = [now_ns()]
        keep, stamp = kept.append, stamps.append
        try:
            for _ in turns:
                if gate.closed:
                    break
                try:
                    keep(operate())
                except Exception as error:
                    codes.note(len(stamps) - 1, type(error))
                stamp(ended_ns := now_ns())
                if ended_ns >= until_ns:
                    break
        finally:
            done = len(stamps) - 1
            gate.leave_chain(done)
        attempted = capacity - length_hint(turns)
        room.stamps[: done + 1] = stamps
        codes.write(room.outcome[:done])
        results = done - codes.noted
        if results > len(kept):
            kept.rotate(results)  # to the places of a ring that has gone round
        room.kept[: len(kept)] = kept
        return _recording(room, done, attempted, codes.errors)

    def worker(
        self, operate: Operation, room: Room, begin_ns: int, deadline_ns: int, gate: PythonGate | None = None
    ) -> Recording:
        capacity = len(room.outcome)
        now_ns = self.now_ns
        codes = _Codes()
        gate = gate or self.gate()
        starts: list[int] = []
        ends: list[int] = []
        attempted, results = 0, 0
        MonotonicClock.sleep(max(begin_ns - now_ns(), 0) / 1e9)
        while len(ends) < capacity and not gate.closed:
            started_ns = now_ns()
            if deadline_ns != FOREVER and started_ns >= deadline_ns:
                break
            starts.append(started_ns)
            attempted += 1
            gate.enter()
            try:
                room.kept[results % len(room.kept)] = operate()
                results += 1
            except Exception as error:
                codes.note(len(ends), type(error))
            finally:
                ends.append(now_ns())
                gate.leave()
        done = len(ends)
        room.starts[:done] = starts
        room.ends[:done] = ends
        codes.write(room.outcome[:done])
        return _recording(room, done, attempted, codes.errors)

    def planned(
        self,
        operate: Operation,
        board: Board,
        worker: int,
        results: int,
        gate: PythonGate,
        slow_ns: int = 0,  # noqa: ARG002 — nothing is looked at
    ) -> Share:
        kept: list[object] = [NOTHING] * results
        now_ns = self.now_ns
        attempted, done = 0, 0
        while (place := gate.take()) >= 0:
            due_ns = int(board.due_ns[place])
            if not wait_until(gate, due_ns):
                break
            attempted += 1
            board.worker[place] = worker
            board.starts[place] = now_ns()
            code = 0
            try:
                kept[done % results] = operate()
                done += 1
            except Exception as error:
                code = code_of(type(error), board.errors)
            finally:
                board.ends[place] = now_ns()
                board.outcome[place] = code
                gate.leave()
        return Share(worker, attempted, kept, no_sightings(), 0)


def wait_until(gate: Gate, at_ns: int) -> bool:
    """Return when the clock reads `at_ns`, having slept until shortly before; False when the gate was closed first."""
    while (left_ns := at_ns - SPIN_NS - MonotonicClock.now_ns()) > 0:
        MonotonicClock.sleep(min(left_ns, CLOSED_SEEN_NS) / 1e9)
        if gate.closed:
            return False
    while MonotonicClock.now_ns() < at_ns:
        pass
    return True


CLOSED_SEEN_NS = 50_000_000  # so long after a gate was closed, at most, a worker that waits has seen it


def code_of(error: type[BaseException], errors: list[type[BaseException]]) -> int:
    """The outcome's code of an exception type, which joins `errors` when it is new and there is a code left."""
    if error in errors:
        return errors.index(error) + 1
    if len(errors) == OTHER_CODE - 1:
        return OTHER_CODE
    errors.append(error)
    return len(errors)


class _Codes:
    """Which operations failed with what: few, so they are noted apart and written over a column of zeros."""

    def __init__(self) -> None:
        self.errors: list[type[Exception]] = []
        self._by_type: dict[type[Exception], int] = {}
        self._at: list[int] = []
        self._codes: list[int] = []

    def note(self, position: int, error: type[Exception]) -> None:
        code = self._by_type.get(error)
        if code is None:
            code = len(self.errors) + 1 if len(self.errors) < OTHER_CODE - 1 else OTHER_CODE
            self._by_type[error] = code
            if code != OTHER_CODE:
                self.errors.append(error)
        self._at.append(position)
        self._codes.append(code)

    @property
    def noted(self) -> int:
        return len(self._at)

    def write(self, outcome: Codes) -> None:
        outcome[:] = 0
        outcome[self._at] = self._codes


def outcome_names(errors: Sequence[type[BaseException]]) -> tuple[str, ...]:
    """The outcomes by code: "ok", then each type's name, with its module where two types share a name."""
    names = [error.__qualname__ for error in errors]
    told_apart = [
        f"{error.__module__}.{name}" if names.count(name) > 1 or name == SUCCESS else name
        for error, name in zip(errors, names, strict=True)
    ]
    rest = [OTHER] if len(errors) == OTHER_CODE - 1 else []
    return (SUCCESS, *told_apart, *rest)


def choose(kind: Literal["auto", "c", "python"] = "auto") -> Recorder:
    """
    The recorder asked for; "auto" is C where it was built.

    Raises CannotMeasure when C is asked for and was not.
    """
    if kind == "python" or (kind == "auto" and _recorder is None):
        return PythonRecorder()
    if _recorder is None:
        raise CannotMeasure("recorder c was not built here; expected a C compiler at installation, or recorder python")
    return CRecorder()


def digest_results(results: Iterable[object]) -> str:
    """
    SHA-256 of results, in hexadecimal: by value for plain data, by type for everything else.

    It depends on no address and no order of sets, so the same work gives the same digest in every process.
    """
    summed = hashlib.sha256()
    for result in results:
        summed.update(_plain(result).encode())
        summed.update(b"\0")
    return summed.hexdigest()


def _plain(value: object) -> str:
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return f"{type(value).__qualname__} {value!r}"
    if isinstance(value, list | tuple):
        return f"{type(value).__qualname__}({','.join(map(_plain, value))})"
    if isinstance(value, dict):
        return f"dict({','.join(f'{_plain(key)}:{_plain(each)}' for key, each in value.items())})"
    return type(value).__qualname__
