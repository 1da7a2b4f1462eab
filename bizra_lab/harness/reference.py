"""
A second opinion on what an operation costs: many of them between two readings of the clock.

It shares the clock with the recorder and nothing else, so where both agree the recorder adds nothing that it should
not; where they differ, the difference is the recorder's own cost. It knows no distribution and no tail.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import repeat, starmap

import numpy as np

from bizra_lab.harness.clock import Clock
from bizra_lab.model import Floats, Workload
from bizra_lab.units import SECOND_NS

BATCHES = 30  # enough for Student's interval over them
BATCH_S = 0.01  # seconds a batch should take: a million steps of the clock


def cost_by_batches(workload: Workload, clock: Clock) -> Floats:
    """The mean cost of an operation in ns, in each of `BATCHES` batches. Exceptions are not caught."""
    operations = _operations_per_batch(workload.operate, clock)
    return np.array([_run(workload.operate, operations, clock) / operations for _ in range(BATCHES)])


def _operations_per_batch(operate: Callable[[], object], clock: Clock) -> int:
    operations = 1
    while (spent_ns := _run(operate, operations, clock)) < BATCH_S * SECOND_NS / 2:
        operations = max(operations * 2, int(operations * BATCH_S * SECOND_NS / max(spent_ns, 1) / 2))
    return operations


def _run(operate: Callable[[], object], operations: int, clock: Clock) -> int:
    begin_ns = clock.now_ns()
    deque(starmap(operate, repeat((), operations)), maxlen=0)
    return clock.now_ns() - begin_ns
