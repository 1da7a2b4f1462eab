"""
BIZRA Lab turns performance claims into proofs.

The line, one value handed forward:

    study   = lab.load("circuit_breaker", "smoke")      what will be done
    samples = lab.measure(study)                        what was seen
    results = lab.estimate(samples, study.analysis)     what it amounts to
    claim   = lab.claim_of(samples, results)            what is claimed
    audit   = lab.inspect(claim)                        may it be believed?
    verdicts = lab.judge(study.gates, claim, audit)     is it good enough?
    record  = lab.record(study, samples, results, audit, verdicts, out_dir)   who can check it later?

Names are imported when they are first used: a command that lists studies need not load what draws charts.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bizra_lab.analysis.curves import exceedance as exceedance
    from bizra_lab.analysis.curves import timeline as timeline
    from bizra_lab.analysis.estimate import AnalysisSettings as AnalysisSettings
    from bizra_lab.analysis.estimate import estimate as estimate
    from bizra_lab.analysis.pairs import ratios as ratios
    from bizra_lab.audit import inspect as inspect
    from bizra_lab.gates import judge as judge
    from bizra_lab.measuring import measure as measure
    from bizra_lab.measuring import measure_pair as measure_pair
    from bizra_lab.measuring import replicate as replicate
    from bizra_lab.reporting.charts.exceedance import exceedance as draw_exceedance
    from bizra_lab.reporting.charts.in_flight import in_flight as draw_in_flight
    from bizra_lab.reporting.charts.timeline import timeline as draw_timeline
    from bizra_lab.reporting.table import comparison_table as comparison_table
    from bizra_lab.reporting.table import evidence_table as evidence_table
    from bizra_lab.reporting.table import findings_table as findings_table
    from bizra_lab.reporting.table import measurement_table as measurement_table
    from bizra_lab.reporting.table import results_table as results_table
    from bizra_lab.reporting.table import settings_table as settings_table
    from bizra_lab.reporting.table import side_by_side_table as side_by_side_table
    from bizra_lab.reporting.table import verdicts_table as verdicts_table
    from bizra_lab.reporting.table import witnesses_table as witnesses_table
    from bizra_lab.study import claim_of as claim_of
    from bizra_lab.study import known_cost as known_cost
    from bizra_lab.study import load as load
    from bizra_lab.study import record as record
    from bizra_lab.witnesses import cross_check as cross_check

# Where each name is: its module and what it is called there.
_HOMES = {
    "AnalysisSettings": ("analysis.estimate", "AnalysisSettings"),
    "claim_of": ("study", "claim_of"),
    "comparison_table": ("reporting.table", "comparison_table"),
    "cross_check": ("witnesses", "cross_check"),
    "draw_exceedance": ("reporting.charts.exceedance", "exceedance"),
    "draw_in_flight": ("reporting.charts.in_flight", "in_flight"),
    "draw_timeline": ("reporting.charts.timeline", "timeline"),
    "estimate": ("analysis.estimate", "estimate"),
    "evidence_table": ("reporting.table", "evidence_table"),
    "exceedance": ("analysis.curves", "exceedance"),
    "findings_table": ("reporting.table", "findings_table"),
    "inspect": ("audit", "inspect"),
    "judge": ("gates", "judge"),
    "known_cost": ("study", "known_cost"),
    "load": ("study", "load"),
    "measure": ("measuring", "measure"),
    "measure_pair": ("measuring", "measure_pair"),
    "measurement_table": ("reporting.table", "measurement_table"),
    "ratios": ("analysis.pairs", "ratios"),
    "record": ("study", "record"),
    "replicate": ("measuring", "replicate"),
    "results_table": ("reporting.table", "results_table"),
    "settings_table": ("reporting.table", "settings_table"),
    "side_by_side_table": ("reporting.table", "side_by_side_table"),
    "timeline": ("analysis.curves", "timeline"),
    "verdicts_table": ("reporting.table", "verdicts_table"),
    "witnesses_table": ("reporting.table", "witnesses_table"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bizra_lab' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(importlib.import_module(f"bizra_lab.{module}"), attribute)


def __dir__() -> list[str]:
    return sorted(_HOMES)
