"""
How many operations are in flight, by instruments that share nothing with the records.

Computed from the records' own stamps, L = λ·W is an identity: it holds for honest records and for doctored ones. So L
comes from a gate at the boundary, which every operation enters and leaves and which integrates the number inside over
time, on another clock; λ from the same gate's count of completions; W from the records. Beside the gate a sampler looks
at the number at random moments, in a thread that needs no GIL: one in Python would run only when nobody is in flight,
and see 0.
"""

from __future__ import annotations

import math
import threading
from typing import Protocol

from bizra_lab.harness.clock import MonotonicClock, RawClock
from bizra_lab.model import GateReading, InFlight, Ints, SampledInFlight
from bizra_lab.units import SECOND_NS

try:
    from bizra_lab.harness import _recorder
except ImportError:  # no compiler where this was installed
    _recorder = None  # type: ignore[assignment]

LOOKS_MAX = 20_000  # of the sampler in one window: its error is then below a hundredth of the deviation
GAP_MIN_NS = 200_000  # between two looks, on average: more often, and looking slows down what is looked at


class Gate(Protocol):
    """A boundary that operations enter and leave, or with a plan, fall due at and leave."""

    @property
    def closed(self) -> int:
        """1 once no operation may start any more."""
        ...

    def enter(self) -> None: ...
    def leave(self) -> None: ...
    def take(self) -> int:
        """The number of the next planned operation; -1 when none is left, or the gate is closed."""
        ...

    def close(self) -> None: ...
    def read(self) -> tuple[int, int, int, int]:
        """(integral of the number in flight, ns; the gate's clock, ns; entered; left), as `GateReading` takes them."""
        ...

    def mark(self) -> tuple[int, int, int, int, int]:
        """`read()` and the reading of the clock that operations are stamped with, with no operation between them."""
        ...


class PythonGate:
    """The gate where there is no compiler: the same under a lock, for any number of threads."""

    def __init__(self, plan: Ints | None = None) -> None:
        self._plan = plan
        self._now_ns = RawClock.now_ns if plan is None else MonotonicClock.now_ns
        self._lock = threading.Lock()
        self._integral_ns = 0
        self._changed_ns = self._now_ns()
        if plan is not None and len(plan):
            self._changed_ns = min(self._changed_ns, int(plan[0]))
        self._taken = 0
        self.in_flight = 0
        self.entered = 0
        self.left = 0
        self.closed = 0

    def enter(self) -> None:
        """One operation more is in flight. Raises ValueError where a plan says when operations enter."""
        if self._plan is not None:
            raise ValueError("with a plan, operations enter when they fall due")
        with self._lock:
            self._change(self._now_ns(), 1)
            self.entered += 1

    def leave(self) -> None:
        """One operation less is in flight. Raises ValueError when none was."""
        with self._lock:
            now_ns = self._now_ns()
            self._advance(now_ns)
            if not self.in_flight:
                raise ValueError("nothing is in flight that could leave")
            self._change(now_ns, -1)
            self.left += 1

    def enter_chain(self) -> None:
        """One of a chain of operations is always in flight until `leave_chain`, which says how many there were."""
        with self._lock:
            self._change(self._now_ns(), 1)

    def leave_chain(self, operations: int) -> None:
        """The chain has ended."""
        with self._lock:
            self._change(self._now_ns(), -1)
            self.entered += operations
            self.left += operations

    def take(self) -> int:
        with self._lock:
            if self.closed or self._plan is None or self._taken >= len(self._plan):
                return -1
            self._taken += 1
            return self._taken - 1

    def close(self) -> None:
        self.closed = 1

    def read(self) -> tuple[int, int, int, int]:
        return self.mark()[:4]

    def mark(self) -> tuple[int, int, int, int, int]:
        with self._lock:
            self._advance(self._now_ns())
            return self._integral_ns, self._changed_ns, self.entered, self.left, MonotonicClock.now_ns()

    def _advance(self, now_ns: int) -> None:
        if self._plan is not None:
            while self.entered < len(self._plan) and self._plan[self.entered] <= now_ns:
                self._change(int(self._plan[self.entered]), 1)
                self.entered += 1
        self._change(now_ns, 0)

    def _change(self, at_ns: int, change: int) -> None:
        self._integral_ns += self.in_flight * (at_ns - self._changed_ns)
        self._changed_ns = at_ns
        self.in_flight += change


class Sampler(Protocol):
    """Looks at the number in flight at random moments, between `start` and `stop`."""

    def start(self) -> None: ...
    def stop(self) -> SampledInFlight | None: ...


class CSampler:
    """A thread without the GIL; gaps between looks are exponential, so looks see what time averages see (PASTA)."""

    def __init__(self, gate: _recorder.Gate, duration_s: float, seed: int) -> None:
        gap_ns = max(GAP_MIN_NS, round(duration_s * SECOND_NS / LOOKS_MAX))
        self._sampler = _recorder.Sampler(gate, gap_ns, seed)

    def start(self) -> None:
        self._sampler.start()

    def stop(self) -> SampledInFlight | None:
        """What was seen; None when the window was too short for a single look."""
        looks, total, squares, lag_ns = self._sampler.stop()
        if not looks:
            return None
        mean = total / looks
        return SampledInFlight(looks, mean, math.sqrt(max(squares / looks - mean**2, 0.0)), lag_ns / looks)


class NoSampler:
    """Where there is no compiler nothing can look without the GIL, so nothing does."""

    def start(self) -> None:
        pass

    def stop(self) -> SampledInFlight | None:
        return None


def between(first: GateReading, last: GateReading) -> InFlight:
    """What a gate saw between two of its readings."""
    return InFlight(last.at_ns - first.at_ns, last.integral_ns - first.integral_ns, last.left - first.left)
