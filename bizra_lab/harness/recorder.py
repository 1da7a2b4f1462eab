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
from dataclasses import dataclass
from itertools import repeat
from operator import length_hint
from typing import Any, Literal, Protocol

import numpy as np

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.model import SUCCESS, Codes, Ints

try:
    from bizra_lab.harness import _recorder
except ImportError:  # no compiler where this was installed
    _recorder = None  # type: ignore[assignment]

Operation = Callable[[], object]

OTHER = "other"  # the outcome of every exception type beyond the 254 that have a name
OTHER_CODE = 255

FOREVER = 0  # a deadline that never comes


@dataclass(frozen=True, slots=True)
class Room:
    """
    Memory for so many operations, touched before it is needed: a page that is first written to costs a microsecond.

    `starts` and `ends` are the same array shifted by one where operations are chained.
    """

    starts: Ints
    ends: Ints
    stamps: Ints
    outcome: Codes
    kept: list[object]

    @classmethod
    def chained(cls, capacity: int, results: int) -> Room:
        """Room for one worker whose operations follow each other without a gap: 9 bytes an operation."""
        stamps = _touched(capacity + 1, np.int64)
        return cls(stamps[:-1], stamps[1:], stamps, _touched(capacity, np.uint8), [None] * results)

    @classmethod
    def paired(cls, capacity: int, results: int) -> Room:
        """Room for a worker with a start and an end stamp per operation: 17 bytes an operation."""
        starts, ends = _touched(capacity, np.int64), _touched(capacity, np.int64)
        return cls(starts, ends, starts, _touched(capacity, np.uint8), [None] * results)


CHAINED_BYTES = 9  # per operation
PAIRED_BYTES = 17


def _touched(length: int, kind: Any) -> Any:
    # np.zeros would be given pages that are not there until they are written to.
    return np.full(length, 1, dtype=kind)


@dataclass(frozen=True, slots=True)
class Recording:
    """What one worker did: columns of equal length, the outcomes' names by code, and the ring of its last results."""

    started_ns: Ints
    finished_ns: Ints
    outcome: Codes
    outcomes: tuple[str, ...]
    attempted: int
    ring: Sequence[object]

    @property
    def kept(self) -> Sequence[object]:
        """The last results, in the order of the ring; an operation that failed has none."""
        results = len(self.outcome) - int(np.count_nonzero(self.outcome))
        return self.ring[: min(results, len(self.ring))]


class Gate(Protocol):
    """Counts operations in and out of a boundary."""

    def enter(self) -> None: ...
    def leave(self) -> None: ...


class Recorder(Protocol):
    """Runs an operation again and again and writes down when and how each one ended."""

    name: str

    def now_ns(self) -> int:
        """The clock that operations are stamped with."""
        ...

    def readings(self, n: int) -> Ints:
        """`n` readings of that clock, one behind the other as fast as this recorder can."""
        ...

    def chained(self, operate: Operation, room: Room, deadline_ns: int) -> Recording:
        """One worker, the end of an operation being the start of the next, until the room is full or the deadline."""
        ...

    def worker(
        self, operate: Operation, room: Room, begin_ns: int, deadline_ns: int, gate: Gate | None = None
    ) -> Recording:
        """One of several workers, from `begin_ns` on; none of its operations starts at or after the deadline."""
        ...


class CRecorder:
    """The extension's loops."""

    name = "c"

    def now_ns(self) -> int:
        return _recorder.now()

    def readings(self, n: int) -> Ints:
        stamps: Ints = _touched(n, np.int64)
        _recorder.read_clock(stamps)
        return stamps

    def chained(self, operate: Operation, room: Room, deadline_ns: int) -> Recording:
        errors: list[type[Exception]] = []
        done, attempted = _recorder.run_chained(operate, room.stamps, room.outcome, room.kept, errors, deadline_ns)
        return _recording(room, done, attempted, errors)

    def worker(
        self, operate: Operation, room: Room, begin_ns: int, deadline_ns: int, gate: Gate | None = None
    ) -> Recording:
        errors: list[type[Exception]] = []
        done, attempted = _recorder.run_worker(
            operate, room.starts, room.ends, room.outcome, room.kept, errors, begin_ns, deadline_ns, gate
        )
        return _recording(room, done, attempted, errors)


def _recording(room: Room, done: int, attempted: int, errors: Sequence[type[Exception]]) -> Recording:
    """What the room holds after `done` operations; nothing is copied or counted, since a window may still be open."""
    return Recording(
        started_ns=room.starts[:done],
        finished_ns=room.ends[:done],
        outcome=room.outcome[:done],
        outcomes=outcome_names(errors),
        attempted=attempted,
        ring=room.kept,
    )


class PythonRecorder:
    """The same in Python: several times the cost per operation, and stamps as objects until they are done."""

    name = "python"

    now_ns = staticmethod(MonotonicClock.now_ns)

    def readings(self, n: int) -> Ints:
        now_ns = self.now_ns
        return np.array([now_ns() for _ in repeat(None, n)], dtype=np.int64)

    def chained(self, operate: Operation, room: Room, deadline_ns: int) -> Recording:
        capacity = len(room.outcome)
        until_ns = sys.maxsize if deadline_ns == FOREVER else deadline_ns
        now_ns = self.now_ns
        codes = _Codes()
        # It replaces its oldest by itself, which costs less than counting places.
        kept: deque[object] = deque(maxlen=len(room.kept))
        turns = repeat(None, capacity)
        stamps = [now_ns()]
        keep, stamp = kept.append, stamps.append
        for _ in turns:
            try:
                keep(operate())
            except Exception as error:
                codes.note(len(stamps) - 1, type(error))
            stamp(ended_ns := now_ns())
            if ended_ns >= until_ns:
                break
        done = len(stamps) - 1
        attempted = capacity - length_hint(turns)
        room.stamps[: done + 1] = stamps
        codes.write(room.outcome[:done])
        results = done - codes.noted
        if results > len(kept):
            kept.rotate(results)  # to the places of a ring that has gone round
        room.kept[: len(kept)] = kept
        return _recording(room, done, attempted, codes.errors)

    def worker(
        self, operate: Operation, room: Room, begin_ns: int, deadline_ns: int, gate: Gate | None = None
    ) -> Recording:
        capacity = len(room.outcome)
        now_ns = self.now_ns
        codes = _Codes()
        starts: list[int] = []
        ends: list[int] = []
        attempted, results = 0, 0
        MonotonicClock.sleep(max(begin_ns - now_ns(), 0) / 1e9)
        while len(ends) < capacity:
            started_ns = now_ns()
            if deadline_ns != FOREVER and started_ns >= deadline_ns:
                break
            starts.append(started_ns)
            attempted += 1
            if gate is not None:
                gate.enter()
            try:
                room.kept[results % len(room.kept)] = operate()
                results += 1
            except Exception as error:
                codes.note(len(ends), type(error))
            finally:
                ends.append(now_ns())
                if gate is not None:
                    gate.leave()
        done = len(ends)
        room.starts[:done] = starts
        room.ends[:done] = ends
        codes.write(room.outcome[:done])
        return _recording(room, done, attempted, codes.errors)


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


def outcome_names(errors: Sequence[type[Exception]]) -> tuple[str, ...]:
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
