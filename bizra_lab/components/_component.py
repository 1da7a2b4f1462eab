"""
What every component shares: how it registers itself, and a count that needs no lock.

A component is handed its settings, chance and time; it reads no clock and draws no random number of its own.
"""

from __future__ import annotations

import itertools
import operator
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from bizra_lab.model import Workload
from bizra_lab.registry import Registry

S = TypeVar("S")

Clock = Callable[[], int]  # a reading in ns that never goes back and never is below 0
Prepare = Callable[[S, np.random.Generator, Clock], Workload]


@dataclass(frozen=True, slots=True)
class Component:
    """
    `settings` is the dataclass that the params file is read into; `prepare` makes the workload from one.

    `prepare_simulated` makes the one for simulated time, where the real one needs a real clock: sockets, processes.
    """

    settings: type[Any]
    prepare: Prepare[Any]
    prepare_simulated: Prepare[Any]


COMPONENTS: Registry[Component] = Registry("component", "bizra_lab.components")


def component(settings: type[S], simulated: Prepare[S] | None = None) -> Callable[[Prepare[S]], Prepare[S]]:
    """Register the decorated `prepare` under its file's name; `settings` is the dataclass it takes."""

    def register(prepare: Prepare[S]) -> Prepare[S]:
        COMPONENTS.add(prepare.__module__, Component(settings, prepare, simulated or prepare))
        return prepare

    return register


def new_tally() -> Iterator[None]:
    """
    A count that any number of threads may advance, each time by `next`; `counted` tells how far it is.

    With the GIL, `next` on `itertools.repeat` is one C call that runs no Python code, so no other thread comes between;
    it is the cheapest such call there is, less than half of taking a lock. Without the GIL two threads could advance it
    as one; there a lock stands before it.
    """
    gil_enabled = getattr(sys, "_is_gil_enabled", None)
    return itertools.repeat(None, sys.maxsize) if gil_enabled is None or gil_enabled() else _LockedTally()


def counted(tally: Iterator[None]) -> int:
    """How often a tally has been advanced; looking does not advance it."""
    return sys.maxsize - operator.length_hint(tally)


class _LockedTally(Iterator[None]):
    """The same for builds of Python without the GIL."""

    def __init__(self) -> None:
        self._left = itertools.repeat(None, sys.maxsize)
        self._lock = threading.RLock()  # re-entrant: a finaliser may run while its own thread is in here

    def __next__(self) -> None:
        with self._lock:
            next(self._left)

    def __length_hint__(self) -> int:
        with self._lock:
            return operator.length_hint(self._left)
