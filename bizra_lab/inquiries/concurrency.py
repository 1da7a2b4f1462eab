"""
The same study with ever more workers: throughput against concurrency.

Numbers of workers go up and down again, round by round, so that a host that gets slower meanwhile is no bend.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bizra_lab.analysis.estimate import estimate
from bizra_lab.analysis.scaling import Run
from bizra_lab.errors import CannotMeasure
from bizra_lab.harness import measure as harness
from bizra_lab.harness.recorder import choose
from bizra_lab.harness.span import Span
from bizra_lab.measuring import measure
from bizra_lab.model import Load, Samples
from bizra_lab.study import Study, workload

__all__ = ["sweep"]

WORKERS = (1, 2, 4, 8)  # as many as the law has coefficients, and one to judge it by
ROUNDS = 2  # so that runs with as many workers show how far they scatter


def sweep(study: Study, workers: Sequence[int] = WORKERS, rounds: int = ROUNDS) -> tuple[Run, ...]:
    """
    Each run as (workers, its results), in the order in which they were measured.

    A round takes about as long as the study's own window, which its runs share. On a real clock all of them ask the
    same workload, which is made once. Raises CannotMeasure for an open load, whose rate is planned and does not depend
    on the number of workers.
    """
    if study.load.kind == "open":
        raise CannotMeasure(f"{study.stem}: an open load keeps its rate whoever works; expected a closed one")
    order = [each for number in range(rounds) for each in (workers if number % 2 == 0 else reversed(workers))]
    loads = [replace(study.load, workers=each) for each in order]
    share = 1 / len(workers)
    profile = replace(
        study.profile, warmup_s=study.profile.warmup_s * share, duration_s=study.profile.duration_s * share
    )
    measured = _measured(replace(study, profile=profile), loads)
    return tuple((load.workers, estimate(each, study.analysis)) for load, each in zip(loads, measured, strict=True))


def _measured(study: Study, loads: Sequence[Load]) -> Iterator[Samples]:
    """The samples under each load, one at a time, each with a seed of its own."""
    if study.profile.clock == "virtual":
        for number, load in enumerate(loads):
            yield measure(replace(study, load=load, seed=study.seed + number))
        return
    span = Span(study.profile.warmup_s, study.profile.duration_s)
    with contextlib.closing(workload(study)) as made:
        for number, load in enumerate(loads):
            yield harness.measure(made, load, span, choose(study.recorder), study.seed + number)
