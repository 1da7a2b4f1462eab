"""
The same measurement again and again, each time in a fresh process: what a comparison may count as independent.

Memory layout, hash seeds and what the interpreter learnt are drawn anew with each process and stay the same within it,
so operations of one process resemble each other however many there are.

Source: T. Kalibera, R. Jones (2013), Rigorous Benchmarking in Reasonable Time, ISMM, on levels of repetition.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection

from bizra_lab.harness.measure import measure
from bizra_lab.harness.processes import READY_S, Process, same
from bizra_lab.harness.recorder import Recorder
from bizra_lab.harness.span import Span
from bizra_lab.model import Load, Samples, Workload


def replicate(
    workload: Workload, load: Load, span: Span, recorder: Recorder, processes: int, seed: int = 0
) -> tuple[Samples, ...]:
    """
    The samples of so many measurements, one after the other, each in a process of its own; the i-th has seed + i.

    Raises CannotMeasure with one line: the workload cannot be sent, or what `measure` refuses.
    """
    if processes < 1:
        raise ValueError(f"processes must be at least 1, got {processes}")
    make = workload.remake or partial(same, workload)
    return tuple(
        _alone(workload.name, partial(_measure, make, load, span, recorder, seed + each), span)
        for each in range(processes)
    )


def _alone(name: str, task: Callable[[Connection], Samples], span: Span) -> Samples:
    with Process(name, task) as process:
        samples: Samples = process.receive(READY_S + span.warmup_s + span.duration_s + 3 * span.patience_s)
    return samples


def _measure(
    make: Callable[[], Workload], load: Load, span: Span, recorder: Recorder, seed: int, _: Connection
) -> Samples:
    workload = make()
    try:
        return measure(workload, load, span, recorder, seed)
    finally:
        workload.close()
