"""
Operations whose cost is known before they are measured: what the instrument is tried on.

`empty` does nothing: what is measured is the instrument. `sleep` takes `sleep_s` and what the kernel adds; never less.
`hash` is SHA-256 of a fixed buffer: work that takes the same path whatever the data, in C, with the GIL released.
Twice the work is twice the bytes, or twice the time; of nothing it is nothing.
"""

from __future__ import annotations

import hashlib
import math
import select
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from bizra_lab.components._component import Clock, component, counted, new_tally
from bizra_lab.model import Workload

# Below this hashlib keeps the GIL, and workers would wait for each other.
HASH_BYTES_MIN = 2048


@dataclass(frozen=True, slots=True)
class Settings:
    """Which operation; `sleep_s` and `hash_bytes` each matter to the one they are named after."""

    operation: Literal["empty", "sleep", "hash"] = "empty"
    sleep_s: float = 0.001
    hash_bytes: int = 65_536

    def __post_init__(self) -> None:
        if not 0 < self.sleep_s < math.inf:
            raise ValueError(f"sleep_s must be a time above 0, got {self.sleep_s}")
        if self.hash_bytes < HASH_BYTES_MIN:
            raise ValueError(f"hash_bytes must be at least {HASH_BYTES_MIN}, got {self.hash_bytes}")


def _prepare_simulated(settings: Settings, rng: np.random.Generator, clock: Clock) -> Workload:
    """As `prepare`, but a sleep is over at once: its time is drawn, and nobody should wait for it besides."""
    if settings.operation == "sleep":
        return _counted("known_cost.sleep", _empty, _empty)
    return prepare(settings, rng, clock)


@component(settings=Settings, simulated=_prepare_simulated)
def prepare(settings: Settings, rng: np.random.Generator, clock: Clock) -> Workload:  # noqa: ARG001 — no chance, no time
    """One operation is `settings.operation`, done once; sleeping and hashing are counted."""
    match settings.operation:
        case "empty":
            # Not counted: counting would be all that it does.
            return Workload("known_cost.empty", _empty, doubled=_empty)
        case "sleep":
            return _counted(
                "known_cost.sleep", partial(_sleep, settings.sleep_s), partial(_sleep, 2 * settings.sleep_s)
            )
        case "hash":
            return _counted("known_cost.hash", _hash_of(settings.hash_bytes), _hash_of(2 * settings.hash_bytes))


def _counted(name: str, work: Callable[[], object], twice: Callable[[], object]) -> Workload:
    done = new_tally()

    def operate() -> object:
        next(done)
        return work()

    return Workload(name, operate, count=lambda: counted(done), doubled=twice)


def _hash_of(zeros: int) -> Callable[[], object]:
    buffer = bytes(zeros)
    return lambda: hashlib.sha256(buffer).digest()


def _empty() -> None:
    pass


def _sleep(sleep_s: float) -> None:
    # Waiting for no file at all: the kernel's timer, as exact as time.sleep, which only the harness's clock may import.
    # `threading.Event().wait` would add a lock to take and, under load, a wake-up to wait for.
    select.select((), (), (), sleep_s)
