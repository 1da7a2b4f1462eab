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
    from bizra_lab.analysis.extremes import extremes as extremes
    from bizra_lab.analysis.pairs import ratios as ratios
    from bizra_lab.analysis.scaling import scaling as scaling
    from bizra_lab.analysis.settling import settling as settling
    from bizra_lab.analysis.terms import by_instrument as by_instrument
    from bizra_lab.analysis.terms import over_windows as over_windows
    from bizra_lab.audit import inspect as inspect
    from bizra_lab.gates import judge as judge
    from bizra_lab.inquiries.claims import audit_claims as audit_claims
    from bizra_lab.inquiries.claims import claimed_in_flight as claimed_in_flight
    from bizra_lab.inquiries.concurrency import sweep as sweep
    from bizra_lab.inquiries.faults import weigh_doctored as weigh_doctored
    from bizra_lab.inquiries.known_truth import coverage as coverage
    from bizra_lab.inquiries.known_truth import known_queue as known_queue
    from bizra_lab.inquiries.known_truth import sweep_of_clients as sweep_of_clients
    from bizra_lab.inquiries.witnesses import cross_check as cross_check
    from bizra_lab.measuring import measure as measure
    from bizra_lab.measuring import measure_pair as measure_pair
    from bizra_lab.measuring import replicate as replicate
    from bizra_lab.reporting.charts.claimed_in_flight import claimed_in_flight as draw_claimed_in_flight
    from bizra_lab.reporting.charts.exceedance import exceedance as draw_exceedance
    from bizra_lab.reporting.charts.in_flight import in_flight as draw_in_flight
    from bizra_lab.reporting.charts.intervals import intervals as draw_intervals
    from bizra_lab.reporting.charts.mean_residual_life import mean_residual_life as draw_mean_residual_life
    from bizra_lab.reporting.charts.return_level import return_level as draw_return_level
    from bizra_lab.reporting.charts.scalability import scalability as draw_scalability
    from bizra_lab.reporting.charts.threshold_choice import threshold_choice as draw_threshold_choice
    from bizra_lab.reporting.charts.threshold_stability import threshold_stability as draw_threshold_stability
    from bizra_lab.reporting.charts.timeline import timeline as draw_timeline
    from bizra_lab.reporting.claims import both_rules_table as both_rules_table
    from bizra_lab.reporting.claims import claims_table as claims_table
    from bizra_lab.reporting.claims import withheld_table as withheld_table
    from bizra_lab.reporting.claims import worked_findings_table as worked_findings_table
    from bizra_lab.reporting.table import comparison_table as comparison_table
    from bizra_lab.reporting.table import evidence_table as evidence_table
    from bizra_lab.reporting.table import faults_table as faults_table
    from bizra_lab.reporting.table import findings_table as findings_table
    from bizra_lab.reporting.table import measurement_table as measurement_table
    from bizra_lab.reporting.table import results_table as results_table
    from bizra_lab.reporting.table import settings_table as settings_table
    from bizra_lab.reporting.table import side_by_side_table as side_by_side_table
    from bizra_lab.reporting.table import steady_state_table as steady_state_table
    from bizra_lab.reporting.table import truth_table as truth_table
    from bizra_lab.reporting.table import verdicts_table as verdicts_table
    from bizra_lab.reporting.table import witnesses_table as witnesses_table
    from bizra_lab.study import claim_of as claim_of
    from bizra_lab.study import known_cost as known_cost
    from bizra_lab.study import load as load
    from bizra_lab.study import record as record
    from bizra_lab.suite.compare import compare_samples as compare_samples
    from bizra_lab.suite.compare import compared_table as compared_table
    from bizra_lab.testing import honest as honest

# Where each name is: its module and what it is called there.
_HOMES = {
    "AnalysisSettings": ("analysis.estimate", "AnalysisSettings"),
    "by_instrument": ("analysis.terms", "by_instrument"),
    "audit_claims": ("inquiries.claims", "audit_claims"),
    "both_rules_table": ("reporting.claims", "both_rules_table"),
    "claim_of": ("study", "claim_of"),
    "claimed_in_flight": ("inquiries.claims", "claimed_in_flight"),
    "claims_table": ("reporting.claims", "claims_table"),
    "compare_samples": ("suite.compare", "compare_samples"),
    "compared_table": ("suite.compare", "compared_table"),
    "comparison_table": ("reporting.table", "comparison_table"),
    "coverage": ("inquiries.known_truth", "coverage"),
    "cross_check": ("inquiries.witnesses", "cross_check"),
    "draw_claimed_in_flight": ("reporting.charts.claimed_in_flight", "claimed_in_flight"),
    "draw_exceedance": ("reporting.charts.exceedance", "exceedance"),
    "draw_in_flight": ("reporting.charts.in_flight", "in_flight"),
    "draw_intervals": ("reporting.charts.intervals", "intervals"),
    "draw_mean_residual_life": ("reporting.charts.mean_residual_life", "mean_residual_life"),
    "draw_return_level": ("reporting.charts.return_level", "return_level"),
    "draw_scalability": ("reporting.charts.scalability", "scalability"),
    "draw_threshold_choice": ("reporting.charts.threshold_choice", "threshold_choice"),
    "draw_threshold_stability": ("reporting.charts.threshold_stability", "threshold_stability"),
    "draw_timeline": ("reporting.charts.timeline", "timeline"),
    "estimate": ("analysis.estimate", "estimate"),
    "evidence_table": ("reporting.table", "evidence_table"),
    "exceedance": ("analysis.curves", "exceedance"),
    "extremes": ("analysis.extremes", "extremes"),
    "faults_table": ("reporting.table", "faults_table"),
    "findings_table": ("reporting.table", "findings_table"),
    "honest": ("testing", "honest"),
    "inspect": ("audit", "inspect"),
    "judge": ("gates", "judge"),
    "known_cost": ("study", "known_cost"),
    "known_queue": ("inquiries.known_truth", "known_queue"),
    "load": ("study", "load"),
    "measure": ("measuring", "measure"),
    "measure_pair": ("measuring", "measure_pair"),
    "measurement_table": ("reporting.table", "measurement_table"),
    "over_windows": ("analysis.terms", "over_windows"),
    "ratios": ("analysis.pairs", "ratios"),
    "record": ("study", "record"),
    "replicate": ("measuring", "replicate"),
    "results_table": ("reporting.table", "results_table"),
    "scaling": ("analysis.scaling", "scaling"),
    "settings_table": ("reporting.table", "settings_table"),
    "settling": ("analysis.settling", "settling"),
    "side_by_side_table": ("reporting.table", "side_by_side_table"),
    "steady_state_table": ("reporting.table", "steady_state_table"),
    "sweep": ("inquiries.concurrency", "sweep"),
    "sweep_of_clients": ("inquiries.known_truth", "sweep_of_clients"),
    "timeline": ("analysis.curves", "timeline"),
    "truth_table": ("reporting.table", "truth_table"),
    "verdicts_table": ("reporting.table", "verdicts_table"),
    "weigh_doctored": ("inquiries.faults", "weigh_doctored"),
    "withheld_table": ("reporting.claims", "withheld_table"),
    "witnesses_table": ("reporting.table", "witnesses_table"),
    "worked_findings_table": ("reporting.claims", "worked_findings_table"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bizra_lab' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(importlib.import_module(f"bizra_lab.{module}"), attribute)


def __dir__() -> list[str]:
    return sorted(_HOMES)
