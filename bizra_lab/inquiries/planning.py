"""
A planner on all cases of a suite, beside other suites, and the number of cases that its gates need.

A study measures as many cases as its window holds, and how long they take; here every case is planned once, and time is
not looked at.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from bizra_lab.analysis.cases_needed import cases_needed
from bizra_lab.analysis.shares import tallied
from bizra_lab.components.planner import BFCL, Evaluation, Settings, cases_of, evaluate, planner_eval, planner_of
from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.model import Estimate, Results
from bizra_lab.reporting.planning import Need, Planned
from bizra_lab.study import Study
from bizra_lab.units import to_own

__all__ = ["cases_missing", "evaluation_document", "plan_all", "plan_leaderboard"]

METRICS = ("json_valid", "right_tool", "tool_call_success")
IN_CATEGORY = "tool_call_success."
FAILURE = "failure_"


def plan_all(study: Study, split: Literal["tuning", "held_out"] | None = None) -> Planned:
    """
    What the study's planner makes of every case of its suite; `split` picks another part of the requests for Node0.

    Raises CannotMeasure for a study of something else, LabError when cases or planner are not to be had.
    """
    settings = _settings(study)
    return _planned(study, settings if split is None else dataclasses.replace(settings, split=split))


def plan_leaderboard(study: Study) -> tuple[Planned, ...]:
    """
    What the study's planner makes of the Berkeley leaderboard's cases; nothing where no folder of wheels is named.

    A wheel that only happens to be on a machine changes nothing: the same study says the same everywhere.
    """
    settings = _settings(study)
    if settings.wheels is None or settings.planner in ("endpoint", "transcripts"):
        return ()
    return (_planned(study, dataclasses.replace(settings, suite=BFCL, categories=())),)


def evaluation_document(study: Study) -> dict[str, Any]:
    """The study's planner on every case of its suite, case by case, as plain JSON data: `planner_eval`."""
    return planner_eval(_evaluation(_settings(study)))


def cases_missing(study: Study, results: Results) -> tuple[Need, ...]:
    """For each gate that wants a share to be at least so great: how many cases it takes at the share that was seen."""
    return tuple(
        Need(gate.id, limit, seen, cases_needed(seen.value, limit, study.analysis.confidence))
        for gate in study.gates.gates
        for seen in (results.get(gate.result),)
        if gate.kind == "at_least" and isinstance(seen, Estimate) and seen.unit == "share"
        for limit in (to_own(gate.limits[0], gate.unit, seen.unit),)
    )


def _settings(study: Study) -> Settings:
    if not isinstance(study.component_settings, Settings):
        raise CannotMeasure(f"{study.stem}: measures {study.component}; expected a planner")
    return study.component_settings


def _evaluation(settings: Settings) -> Evaluation:
    cases = cases_of(settings)
    # An endpoint is asked as many things at a time as its settings allow; the others gain nothing from threads.
    concurrency = settings.endpoint.concurrency if settings.planner == "endpoint" else 1
    planner = planner_of(settings, cases, MonotonicClock().now_ns)
    return evaluate(cases, planner, settings.name, concurrency)


def _planned(study: Study, settings: Settings) -> Planned:
    evaluation = _evaluation(settings)
    tallies = evaluation.tallies()
    shares = {name: tallied(tally, study.analysis.confidence) for name, tally in tallies.items()}
    return Planned(
        evaluation.name,
        len(evaluation.evaluated),
        {name: shares[name] for name in METRICS},
        {name.removeprefix(IN_CATEGORY): each for name, each in shares.items() if name.startswith(IN_CATEGORY)},
        {name.removeprefix(FAILURE): each.count for name, each in tallies.items() if name.startswith(FAILURE)},
    )
