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
    from bizra_lab.analysis.batches import per_record as per_record
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
    from bizra_lab.components._planner_wheels import fetch_wheel as fetch_wheel
    from bizra_lab.components.consensus import wq_proof as wq_proof
    from bizra_lab.gates import judge as judge
    from bizra_lab.inquiries.acceptance import accepted_by_rule as accepted_by_rule
    from bizra_lab.inquiries.agreement import conflict_bounds as conflict_bounds
    from bizra_lab.inquiries.agreement import every_order as every_order
    from bizra_lab.inquiries.agreement import head_growth as head_growth
    from bizra_lab.inquiries.agreement import over_network as over_network
    from bizra_lab.inquiries.agreement import under_faults as under_faults
    from bizra_lab.inquiries.claims import audit_claims as audit_claims
    from bizra_lab.inquiries.claims import claimed_in_flight as claimed_in_flight
    from bizra_lab.inquiries.concurrency import sweep as sweep
    from bizra_lab.inquiries.faults import weigh_doctored as weigh_doctored
    from bizra_lab.inquiries.known_truth import coverage as coverage
    from bizra_lab.inquiries.known_truth import known_queue as known_queue
    from bizra_lab.inquiries.known_truth import sweep_of_clients as sweep_of_clients
    from bizra_lab.inquiries.layers import add_layers as add_layers
    from bizra_lab.inquiries.layers import measure_layers as measure_layers
    from bizra_lab.inquiries.planning import cases_missing as cases_missing
    from bizra_lab.inquiries.planning import evaluation_document as evaluation_document
    from bizra_lab.inquiries.planning import plan_all as plan_all
    from bizra_lab.inquiries.planning import plan_leaderboard as plan_leaderboard
    from bizra_lab.inquiries.policies import hit_rates as hit_rates
    from bizra_lab.inquiries.self_test import draws_of as draws_of
    from bizra_lab.inquiries.self_test import find_planted as find_planted
    from bizra_lab.inquiries.self_test import find_smaller as find_smaller
    from bizra_lab.inquiries.tampering import inclusion as inclusion
    from bizra_lab.inquiries.tampering import tamper as tamper
    from bizra_lab.inquiries.witnesses import cross_check as cross_check
    from bizra_lab.inquiries.work_scaling import double_the_work as double_the_work
    from bizra_lab.measuring import measure as measure
    from bizra_lab.measuring import measure_pair as measure_pair
    from bizra_lab.measuring import replicate as replicate
    from bizra_lab.reporting.attestation import inclusion_table as inclusion_table
    from bizra_lab.reporting.attestation import tampering_table as tampering_table
    from bizra_lab.reporting.charts.accepted_by_damage import accepted_by_damage as draw_accepted_by_damage
    from bizra_lab.reporting.charts.claimed_in_flight import claimed_in_flight as draw_claimed_in_flight
    from bizra_lab.reporting.charts.conflict import conflict as draw_conflict
    from bizra_lab.reporting.charts.confusion import confusion as draw_confusion
    from bizra_lab.reporting.charts.exceedance import exceedance as draw_exceedance
    from bizra_lab.reporting.charts.failures import failures as draw_failures
    from bizra_lab.reporting.charts.growth import growth as draw_growth
    from bizra_lab.reporting.charts.in_flight import in_flight as draw_in_flight
    from bizra_lab.reporting.charts.intervals import intervals as draw_intervals
    from bizra_lab.reporting.charts.mean_residual_life import mean_residual_life as draw_mean_residual_life
    from bizra_lab.reporting.charts.power import power as draw_power
    from bizra_lab.reporting.charts.return_level import return_level as draw_return_level
    from bizra_lab.reporting.charts.scalability import scalability as draw_scalability
    from bizra_lab.reporting.charts.threshold_choice import threshold_choice as draw_threshold_choice
    from bizra_lab.reporting.charts.threshold_stability import threshold_stability as draw_threshold_stability
    from bizra_lab.reporting.charts.timeline import timeline as draw_timeline
    from bizra_lab.reporting.claims import both_rules_table as both_rules_table
    from bizra_lab.reporting.claims import claims_table as claims_table
    from bizra_lab.reporting.claims import withheld_table as withheld_table
    from bizra_lab.reporting.claims import worked_findings_table as worked_findings_table
    from bizra_lab.reporting.consensus import heads_table as heads_table
    from bizra_lab.reporting.consensus import validators_table as validators_table
    from bizra_lab.reporting.planning import needs_table as needs_table
    from bizra_lab.reporting.planning import planned_table as planned_table
    from bizra_lab.reporting.self_test import power_table as power_table
    from bizra_lab.reporting.self_test import tried_table as tried_table
    from bizra_lab.reporting.status import audits_table as audits_table
    from bizra_lab.reporting.status import levels_table as levels_table
    from bizra_lab.reporting.status import open_table as open_table
    from bizra_lab.reporting.status import score_table as score_table
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
    from bizra_lab.study import beside as beside
    from bizra_lab.study import claim_of as claim_of
    from bizra_lab.study import known_cost as known_cost
    from bizra_lab.study import load as load
    from bizra_lab.study import record as record
    from bizra_lab.suite.compare import compare_samples as compare_samples
    from bizra_lab.suite.compare import compared_table as compared_table
    from bizra_lab.suite.rehearsal import rehearse as rehearse
    from bizra_lab.testing import honest as honest

# Where each name is: its module and what it is called there.
_HOMES = {
    "AnalysisSettings": ("analysis.estimate", "AnalysisSettings"),
    "accepted_by_rule": ("inquiries.acceptance", "accepted_by_rule"),
    "add_layers": ("inquiries.layers", "add_layers"),
    "audit_claims": ("inquiries.claims", "audit_claims"),
    "audits_table": ("reporting.status", "audits_table"),
    "beside": ("study", "beside"),
    "both_rules_table": ("reporting.claims", "both_rules_table"),
    "by_instrument": ("analysis.terms", "by_instrument"),
    "cases_missing": ("inquiries.planning", "cases_missing"),
    "claim_of": ("study", "claim_of"),
    "claimed_in_flight": ("inquiries.claims", "claimed_in_flight"),
    "claims_table": ("reporting.claims", "claims_table"),
    "compare_samples": ("suite.compare", "compare_samples"),
    "compared_table": ("suite.compare", "compared_table"),
    "comparison_table": ("reporting.table", "comparison_table"),
    "conflict_bounds": ("inquiries.agreement", "conflict_bounds"),
    "coverage": ("inquiries.known_truth", "coverage"),
    "cross_check": ("inquiries.witnesses", "cross_check"),
    "double_the_work": ("inquiries.work_scaling", "double_the_work"),
    "draw_accepted_by_damage": ("reporting.charts.accepted_by_damage", "accepted_by_damage"),
    "draw_claimed_in_flight": ("reporting.charts.claimed_in_flight", "claimed_in_flight"),
    "draw_conflict": ("reporting.charts.conflict", "conflict"),
    "draw_confusion": ("reporting.charts.confusion", "confusion"),
    "draw_exceedance": ("reporting.charts.exceedance", "exceedance"),
    "draw_failures": ("reporting.charts.failures", "failures"),
    "draw_growth": ("reporting.charts.growth", "growth"),
    "draw_in_flight": ("reporting.charts.in_flight", "in_flight"),
    "draw_intervals": ("reporting.charts.intervals", "intervals"),
    "draw_mean_residual_life": ("reporting.charts.mean_residual_life", "mean_residual_life"),
    "draw_power": ("reporting.charts.power", "power"),
    "draw_return_level": ("reporting.charts.return_level", "return_level"),
    "draw_scalability": ("reporting.charts.scalability", "scalability"),
    "draw_threshold_choice": ("reporting.charts.threshold_choice", "threshold_choice"),
    "draw_threshold_stability": ("reporting.charts.threshold_stability", "threshold_stability"),
    "draw_timeline": ("reporting.charts.timeline", "timeline"),
    "draws_of": ("inquiries.self_test", "draws_of"),
    "estimate": ("analysis.estimate", "estimate"),
    "evaluation_document": ("inquiries.planning", "evaluation_document"),
    "every_order": ("inquiries.agreement", "every_order"),
    "evidence_table": ("reporting.table", "evidence_table"),
    "exceedance": ("analysis.curves", "exceedance"),
    "extremes": ("analysis.extremes", "extremes"),
    "faults_table": ("reporting.table", "faults_table"),
    "fetch_wheel": ("components._planner_wheels", "fetch_wheel"),
    "find_planted": ("inquiries.self_test", "find_planted"),
    "find_smaller": ("inquiries.self_test", "find_smaller"),
    "findings_table": ("reporting.table", "findings_table"),
    "head_growth": ("inquiries.agreement", "head_growth"),
    "heads_table": ("reporting.consensus", "heads_table"),
    "hit_rates": ("inquiries.policies", "hit_rates"),
    "honest": ("testing", "honest"),
    "inclusion": ("inquiries.tampering", "inclusion"),
    "inclusion_table": ("reporting.attestation", "inclusion_table"),
    "inspect": ("audit", "inspect"),
    "judge": ("gates", "judge"),
    "known_cost": ("study", "known_cost"),
    "known_queue": ("inquiries.known_truth", "known_queue"),
    "levels_table": ("reporting.status", "levels_table"),
    "load": ("study", "load"),
    "measure": ("measuring", "measure"),
    "measure_layers": ("inquiries.layers", "measure_layers"),
    "measure_pair": ("measuring", "measure_pair"),
    "measurement_table": ("reporting.table", "measurement_table"),
    "needs_table": ("reporting.planning", "needs_table"),
    "open_table": ("reporting.status", "open_table"),
    "over_network": ("inquiries.agreement", "over_network"),
    "over_windows": ("analysis.terms", "over_windows"),
    "per_record": ("analysis.batches", "per_record"),
    "plan_all": ("inquiries.planning", "plan_all"),
    "plan_leaderboard": ("inquiries.planning", "plan_leaderboard"),
    "planned_table": ("reporting.planning", "planned_table"),
    "power_table": ("reporting.self_test", "power_table"),
    "ratios": ("analysis.pairs", "ratios"),
    "record": ("study", "record"),
    "rehearse": ("suite.rehearsal", "rehearse"),
    "replicate": ("measuring", "replicate"),
    "results_table": ("reporting.table", "results_table"),
    "scaling": ("analysis.scaling", "scaling"),
    "score_table": ("reporting.status", "score_table"),
    "settings_table": ("reporting.table", "settings_table"),
    "settling": ("analysis.settling", "settling"),
    "side_by_side_table": ("reporting.table", "side_by_side_table"),
    "steady_state_table": ("reporting.table", "steady_state_table"),
    "sweep": ("inquiries.concurrency", "sweep"),
    "sweep_of_clients": ("inquiries.known_truth", "sweep_of_clients"),
    "tamper": ("inquiries.tampering", "tamper"),
    "tampering_table": ("reporting.attestation", "tampering_table"),
    "timeline": ("analysis.curves", "timeline"),
    "tried_table": ("reporting.self_test", "tried_table"),
    "truth_table": ("reporting.table", "truth_table"),
    "under_faults": ("inquiries.agreement", "under_faults"),
    "validators_table": ("reporting.consensus", "validators_table"),
    "verdicts_table": ("reporting.table", "verdicts_table"),
    "weigh_doctored": ("inquiries.faults", "weigh_doctored"),
    "withheld_table": ("reporting.claims", "withheld_table"),
    "witnesses_table": ("reporting.table", "witnesses_table"),
    "worked_findings_table": ("reporting.claims", "worked_findings_table"),
    "wq_proof": ("components.consensus", "wq_proof"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bizra_lab' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(importlib.import_module(f"bizra_lab.{module}"), attribute)


def __dir__() -> list[str]:
    return sorted(_HOMES)
