"""
A cache layer by layer: what each takes when it answers every request, and what the mixture should then take.

One distribution over all requests hides where an answer came from: its median is that of the first layer, its tail that
of the last. So the same cache is measured with requests that one layer answers, layer by layer, and then the mean of
the mixture is compared with the sum of its parts: for each layer the share of requests that it answered in the mixture,
times its mean alone.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bizra_lab.analysis.estimate import estimate
from bizra_lab.components.cache import LAYERS, Settings
from bizra_lab.errors import CannotMeasure
from bizra_lab.measuring import measure
from bizra_lab.model import Estimate, Result, Results, Unavailable
from bizra_lab.study import Study

__all__ = ["add_layers", "measure_layers"]

MIXED = "mixed"
TOGETHER, MEASURED = "together, by arithmetic", "together, as measured"

# What the study counts of each layer's answers, among all requests.
_SHARES = {"l1": "share.hit_l1", "l2": "share.answered_l2", "l3": "share.answered_l3", "load": "share.answered_load"}


def measure_layers(study: Study) -> dict[str, Results]:
    """
    The results of the mixture and of each layer alone, by `answer`: "mixed", "l1", "l2", "l3", "load".

    All together take about as long as the study's own window, which they share. Layers that the study does without are
    left out. Raises CannotMeasure for a study of something else.
    """
    settings = settings_of(study)
    there = [each for each in LAYERS if each not in ("l2", "l3") or getattr(settings, each) is not None]
    answers = [MIXED, *there]
    share = 1 / len(answers)
    profile = replace(
        study.profile, warmup_s=study.profile.warmup_s * share, duration_s=study.profile.duration_s * share
    )
    found: dict[str, Results] = {}
    for answer in answers:
        changed: dict[str, Any] = {"answer": answer}
        one = replace(study, profile=profile, component_settings=dataclasses.replace(settings, **changed))
        found[answer] = estimate(measure(one), study.analysis)
    return found


def add_layers(measured: Mapping[str, Results]) -> dict[str, Results]:
    """
    By layer, of what `measure_layers` gave: `share` of the mixture's requests, `mean` alone, and `part`, their product.

    Below them the sum of the parts beside the mean that the mixture was measured to have. The shares are those of the
    very requests whose mean is compared, so they add no spread of their own; the means are of runs apart.
    """
    mixture = measured[MIXED]
    rows: dict[str, Results] = {}
    for layer, results in measured.items():
        if layer != MIXED:
            share, mean = _given(mixture, _SHARES[layer]), _given(results, "latency_ns.mean")
            rows[layer] = {"share": share, "mean": mean, "part": _part(share, mean)}
    parts = _sum([row["part"] for row in rows.values()])
    rows[TOGETHER] = {"share": _whole(list(rows.values())), "mean": parts, "part": parts}
    whole = _given(mixture, "latency_ns.mean")
    rows[MEASURED] = {"share": Estimate(1.0, 1.0, 1.0, "share", 1), "mean": whole, "part": whole}
    return rows


def settings_of(study: Study) -> Settings:
    """The settings of a study of the cache. Raises CannotMeasure for another component's."""
    if not isinstance(study.component_settings, Settings):
        raise CannotMeasure(f"{study.stem}: component {study.component} has no layers; expected cache")
    return study.component_settings


def _given(results: Results, name: str) -> Result:
    return results.get(name, Unavailable("it was not measured"))


def _whole(rows: list[Results]) -> Result:
    """How much of the mixture the layers answered together: all of it, or the comparison means nothing."""
    shares = [each["share"] for each in rows]
    known = [each for each in shares if isinstance(each, Estimate)]
    if len(known) < len(shares):
        return Unavailable("a share is not known")
    total = sum(each.value for each in known)
    return Estimate(total, total, total, "share", known[0].n)


def _part(share: Result, mean: Result) -> Result:
    if isinstance(share, Estimate) and share.value == 0:
        return Estimate(0.0, 0.0, 0.0, "ns", share.n)
    if not (isinstance(share, Estimate) and isinstance(mean, Estimate)):
        return Unavailable("it takes a share and a mean")
    return Estimate(share.value * mean.value, share.value * mean.low, share.value * mean.high, "ns", mean.n)


def _sum(parts: list[Result]) -> Result:
    """Of independent estimates: their distances to the ends add up as the sides of a right angle do."""
    known = [each for each in parts if isinstance(each, Estimate)]
    if len(known) < len(parts):
        return Unavailable("a part is not known")
    value = sum(each.value for each in known)
    below = math.hypot(*(each.value - each.low for each in known))
    above = math.hypot(*(each.high - each.value for each in known))
    return Estimate(value, value - below, value + above, known[0].unit, sum(each.n for each in known))
