"""An audit: who looked, who could not, and what follows."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest

from bizra_lab.analysis.estimate import estimate
from bizra_lab.audit import RULES, inspect, inspect_together
from bizra_lab.model import Audit, Claim, Declared, Estimate, Finding, NotChecked, TrustVerdict, Weight
from bizra_lab.study import claim_of
from bizra_lab.testing import clean_samples
from tests.audit.claims import claim_about, published, summary

CLEAN = summary(workers=1, throughput_per_s=1000.0, mean_ns=9.9e5, p50_ns=1e6)


def test_every_rule_answers_about_every_claim() -> None:
    audit = inspect(CLEAN)
    assert set(RULES.names()) == set(audit.findings) | set(audit.not_checked)
    assert not set(audit.findings) & set(audit.not_checked)


def test_a_rule_that_needs_samples_says_that_a_summary_has_none_and_leaves_the_claim_validated() -> None:
    audit = inspect(CLEAN)
    assert NotChecked("only a summary was given; this needs every operation", False) == audit.not_checked["overlap"]
    assert TrustVerdict.VALIDATED is audit.verdict


def test_what_is_withheld_leaves_a_claim_under_audit() -> None:
    audit = inspect(dataclasses.replace(CLEAN, declared=dataclasses.replace(CLEAN.declared, workers=None)))
    assert NotChecked("workers undisclosed", True) == audit.not_checked["littles_law"]
    assert TrustVerdict.UNDER_AUDIT is audit.verdict


def test_a_claim_of_nothing_is_under_audit() -> None:
    assert TrustVerdict.UNDER_AUDIT is inspect(Claim("nothing", {}, Declared())).verdict


def test_the_heaviest_finding_decides() -> None:
    note, doubt, refutes = (Finding(weight, "…") for weight in (Weight.NOTE, Weight.DOUBT, Weight.REFUTES))
    assert TrustVerdict.VALIDATED is Audit({"a": (note,)}).verdict
    assert TrustVerdict.UNDER_AUDIT is Audit({"a": (note, doubt)}).verdict
    assert TrustVerdict.REFUTED is Audit({"a": (doubt,), "b": (refutes,)}).verdict


def test_doubts_are_about_the_results_they_touch_and_notes_are_none() -> None:
    about_tail = Finding(Weight.VOID, "few", ("latency_ns.p99.9",))
    about_all = Finding(Weight.DOUBT, "short")
    audit = Audit({"few_in_tail": (about_tail,), "too_short": (about_all,), "mood": (Finding(Weight.NOTE, "odd"),)})
    assert ("few_in_tail", "too_short") == tuple(rule for rule, _ in audit.doubts_about("latency_ns.p99.9"))
    assert ("too_short",) == tuple(rule for rule, _ in audit.doubts_about("latency_ns.p99"))


def test_an_honest_measurement_of_ours_is_validated() -> None:
    for workers in (1, 4):
        audit = inspect(claim_about(clean_samples(8, workers=workers)))
        assert {} == {rule: found for rule, found in audit.findings.items() if found}
        assert TrustVerdict.VALIDATED is audit.verdict


def test_claims_of_one_source_are_seen_beside_each_other_in_their_order() -> None:
    declared = Declared("inproc", "closed", 50)
    quick = published(declared, throughput_per_s="523793 /s", latency_ns__p99="0.256 ms")
    slow = published(declared, throughput_per_s="523793 /s", latency_ns__p99="1.1 ms")
    audits = inspect_together([quick, slow, CLEAN])
    assert [1, 1, 0] == [len(audit.findings["duplicate_figures"]) for audit in audits]
    assert () == inspect(quick).findings["duplicate_figures"]


def test_what_a_rule_could_not_look_at_is_its_answer_unless_it_doubts_anyway() -> None:
    """A share whose number is disclosed and one whose is not: the first alone is no reason to believe the second."""
    whole, unknown = Estimate(0.5, 0.5, 0.5, "share", 20), Estimate(0.5, 0.5, 0.5, "share", 0)
    impossible = Estimate(0.985, 0.9845, 0.9855, "share", 20)
    half_blind = inspect(Claim("shares", {"share.a": whole, "share.b": unknown}, Declared()))
    assert (
        NotChecked("share.b is of a number of operations that is undisclosed", True)
        == half_blind.not_checked["granularity_of_share"]
    )
    refuted = inspect(Claim("shares", {"share.a": impossible, "share.b": unknown}, Declared()))
    assert 1 == len(refuted.findings["granularity_of_share"])
    assert "granularity_of_share" not in refuted.not_checked


def test_long_measurements_are_asked_two_rules_at_a_time_and_answered_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = clean_samples(2_000)
    claim = claim_of(samples, estimate(samples))
    alone = inspect(claim)
    pools: list[int] = []

    def pool(workers: int) -> ThreadPoolExecutor:
        pools.append(workers)
        return ThreadPoolExecutor(workers)

    monkeypatch.setattr("bizra_lab.audit._rule.TOGETHER_FROM", 1)
    monkeypatch.setattr("bizra_lab.audit._rule.ThreadPoolExecutor", pool)
    assert alone == inspect(claim)
    assert [2] == pools
