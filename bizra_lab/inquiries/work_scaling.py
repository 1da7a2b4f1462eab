"""
The same operation with twice the work: it must take longer.

Both are measured in turns, so that what the host does meanwhile is not taken for the work; the ratio is of their
medians within pairs of blocks, since a stall is no work either.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace

from bizra_lab.analysis.pairs import ratios
from bizra_lab.harness.pair import measure_pair
from bizra_lab.harness.recorder import choose
from bizra_lab.harness.span import Span
from bizra_lab.model import Result, Results, Unavailable
from bizra_lab.study import Study, workload

__all__ = ["double_the_work"]

RATIO = "work_scaling.ratio"

# Whether time grows at all takes no profile's patience: a hundred pairs of blocks on a quiet host, half on a busy one.
WARMUP_S = 0.2
DURATION_S = 2.0


def double_the_work(study: Study) -> Results:
    """
    `work_scaling.ratio`: how many times as long the study's operation takes with twice the work, with its interval.

    By one worker, for two seconds whatever the profile. Unavailable under a virtual clock, whose durations are drawn,
    and where the component has no such operation. Raises CannotMeasure with one line.
    """
    return {RATIO: _ratio(study)}


def _ratio(study: Study) -> Result:
    if study.profile.clock == "virtual":
        return Unavailable("durations are drawn under simulated time; the work is in none of them")
    with contextlib.closing(workload(study)) as once:
        if once.doubled is None:
            return Unavailable(f"{study.component} has no operation with twice the work")
        twice = replace(once, name=f"{once.name} twice", operate=once.doubled, count=None)
        pair = measure_pair(twice, once, Span(WARMUP_S, DURATION_S), choose(study.recorder), study.seed)
    return ratios(pair, study.analysis.confidence)["ratio.latency_ns.p50"]
