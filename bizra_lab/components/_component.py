"""
What every component shares: how it registers itself, and a count that needs no lock.

A component is handed its settings, chance and time; it reads no clock and draws no random number of its own.
"""

from __future__ import annotations

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
    """`settings` is the dataclass that the params file is read into; `prepare` makes the workload from one."""

    settings: type[Any]
    prepare: Prepare[Any]


COMPONENTS: Registry[Component] = Registry("component", "bizra_lab.components")


def component(settings: type[S]) -> Callable[[Prepare[S]], Prepare[S]]:
    """Register the decorated `prepare` under its file's name; `settings` is the dataclass it takes."""

    def register(prepare: Prepare[S]) -> Prepare[S]:
        COMPONENTS.add(prepare.__module__, Component(settings, prepare))
        return prepare

    return register


def new_tally() -> Iterator[int]:
    """
    An iterator over 0, 1, 2 … that any number of threads may advance: no number is given twice, none is left out.

    With the GIL, `next` on a range iterator is one C call that runs no Python code, so no other thread comes between.
    Without it two threads can be given the same number; there a lock stands before it.
    """
    gil_enabled = getattr(sys, "_is_gil_enabled", None)
    return iter(range(sys.maxsize)) if gil_enabled is None or gil_enabled() else _LockedTally()


def counted(tally: Iterator[int]) -> int:
    """How many numbers have been taken from a tally; looking takes none."""
    return sys.maxsize - operator.length_hint(tally)


class _LockedTally(Iterator[int]):
    """The same for builds of Python without the GIL."""

    def __init__(self) -> None:
        self._numbers = iter(range(sys.maxsize))
        self._lock = threading.RLock()  # re-entrant: a finaliser may run while its own thread is in here

    def __next__(self) -> int:
        with self._lock:
            return next(self._numbers)

    def __length_hint__(self) -> int:
        with self._lock:
            return operator.length_hint(self._numbers)
