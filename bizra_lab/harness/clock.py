"""Clocks: the only module that reads time."""

from __future__ import annotations

import time
from typing import Protocol

from bizra_lab.units import SECOND_NS


class Clock(Protocol):
    """Readings in whole ns that never go back, and a way to let time pass."""

    def now_ns(self) -> int:
        """The present reading; only differences between readings mean anything."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when at least so many seconds have passed."""
        ...


class MonotonicClock:
    """The host's monotonic clock, the one the recorder stamps with."""

    now_ns = staticmethod(time.monotonic_ns)
    sleep = staticmethod(time.sleep)


class RawClock:
    """The host's monotonic clock as the hardware runs it, which time synchronisation neither slows nor speeds up."""

    @staticmethod
    def now_ns() -> int:
        return time.clock_gettime_ns(getattr(time, "CLOCK_MONOTONIC_RAW", time.CLOCK_MONOTONIC))


class StepClock:
    """A clock that stands still until it is moved: for simulated time and for tests."""

    def __init__(self, now_ns: int = SECOND_NS) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        return self._now_ns

    def advance(self, ns: int) -> None:
        """Move the clock forward. Raises ValueError for a step back."""
        if ns < 0:
            raise ValueError(f"a monotonic clock cannot go back, got {ns} ns")
        self._now_ns += ns

    def sleep(self, seconds: float) -> None:
        self.advance(round(seconds * SECOND_NS))
