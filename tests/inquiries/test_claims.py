"""The claims that the lab keeps: each finding comes out by rule, from the printed figures alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab import cli
from bizra_lab.errors import UnknownName
from bizra_lab.importers import read
from bizra_lab.inquiries.claims import AuditedClaims, audit_claims, claimed_in_flight
from bizra_lab.model import Audit, Claim, Declared, Estimate, Finding, NotChecked, TrustVerdict, Weight
from bizra_lab.reporting.claims import ClaimedInFlight

HOME = Path(__file__).parents[2]
CLAIMS = HOME / "params" / "claims"

VALIDATED_FIGURE = 523_793  # /s; what the report calls its credible baseline


@pytest.fixture(scope="module")
def report() -> AuditedClaims:
    return audit_claims("bizra_node0", HOME)


@pytest.fixture(scope="module")
def famous() -> AuditedClaims:
    return audit_claims("famous_figures", HOME)


def _said(audit: Audit, rule: str, weight: Weight) -> list[str]:
    return [finding.message for finding in audit.findings.get(rule, ()) if finding.weight is weight]


def _row(report: AuditedClaims, name: str) -> ClaimedInFlight:
    (row,) = [each for each in report.in_flight if each.name == name]
    return row


def _refuted(audits: AuditedClaims) -> set[str]:
    return {name for name, audit in audits.audits.items() if audit.verdict is TrustVerdict.REFUTED}


def test_none_of_the_reports_claims_is_validated(report: AuditedClaims) -> None:
    verdicts = [audit.verdict for audit in report.audits.values()]
    assert (70, 0) == (len(verdicts), verdicts.count(TrustVerdict.VALIDATED))


def test_what_the_report_validated_never_is() -> None:
    claims = read(CLAIMS / "bizra_node0.yaml").claims
    audits = audit_claims("bizra_node0", HOME).audits
    printing = [
        claim.name
        for claim in claims
        if isinstance(rate := claim.results.get("throughput_per_s"), Estimate)
        and rate.low <= VALIDATED_FIGURE <= rate.high
    ]
    assert 15 == len(printing)
    assert TrustVerdict.VALIDATED not in {audits[name].verdict for name in printing}
    assert TrustVerdict.REFUTED in {audits[name].verdict for name in printing}


@pytest.mark.parametrize(
    ("name", "rule", "weight", "arithmetic"),
    [
        ("breaker_concurrent", "undisclosed", Weight.DOUBT, "10,000 operations at 523,793 /s take 19.09 ms"),
        ("breaker_shipped", "duplicate_figures", Weight.DOUBT, "latency_ns.p99 1.100 ms and 256.0 µs"),
        ("breaker_shipped_wait", "percentile_order", Weight.REFUTES, "permit 146.0 µs or more"),
        ("breaker_schema_50_workers", "littles_law", Weight.REFUTES, "98.21 in flight (98.18 to 98.24), but 50"),
        ("breaker_schema_percentiles", "littles_law", Weight.REFUTES, "76.49 or more in flight, but 50 workers"),
        ("breaker_schema", "littles_law", Weight.REFUTES, "but 1 worker can have at most 1"),
        ("breaker_120_s", "count_mismatch", Weight.NOTE, "62,855,160 operations are 523,793 /s × 120 s"),
        ("breaker_p50_gain", "ratio_arithmetic", Weight.REFUTES, "latency_ns.p50 rose by as much"),
        ("breaker_p99_gain", "ratio_arithmetic", Weight.REFUTES, "latency_ns.p99 rose by as much"),
        ("breaker_throughput_gain", "ratio_arithmetic", Weight.REFUTES, "+0.2826 of it"),
        ("breaker_throughput_gain", "unequal_comparison", Weight.DOUBT, "workers 50 against 1"),
        ("breaker_sequential_expected", "littles_law", Weight.REFUTES, "4.559 or more in flight, but 1 worker"),
        ("breaker_sequential", "clock_step", Weight.DOUBT, "anything from 500.0 ns to 1.500 µs"),
        ("breaker_shipped", "injected", Weight.VOID, "share.failed of 0.3000 % is what the benchmark was set to"),
        ("breaker_13_million", "count_mismatch", Weight.REFUTES, "over that time is 4.7259e+06 /s"),
        ("breaker_13_million", "clock_step", Weight.VOID, "nothing takes no time"),
        ("breaker_measured_again", "littles_law", Weight.DOUBT, "81.23 % or more of the 258.4 ns"),
        ("breaker_measured_again", "too_short", Weight.DOUBT, "10.00 s were measured; it takes 120 s"),
        ("breaker_13_million_per_hour", "extrapolated", Weight.DOUBT, "1.701e+04 times as long as was measured"),
        ("validation", "count_mismatch", Weight.REFUTES, "over that time is 3.94633e+06 /s"),
        ("validation", "clock_step", Weight.VOID, "latency_ns.p95 is 0"),
        ("validation_per_hour", "extrapolated", Weight.REFUTES, "7,949,328 /s come to 2.86176e+10"),
        ("validation_per_minute", "extrapolated", Weight.REFUTES, "7,949,328 /s come to 4.7696e+08"),
        ("cache_l1_both", "littles_law", Weight.REFUTES, "2732 or more in flight, but 1 worker"),
        ("cache_l1_gate", "injected", Weight.VOID, "share.hit_l1 of 93.00 %"),
        ("cache_trend", "ratio_arithmetic", Weight.REFUTES, "the change is in percentage points"),
        ("planner_of_20", "granularity_of_share", Weight.REFUTES, "19 of them are 95.00 %, 20 are 100.0 %"),
        ("planner_of_200", "granularity_of_share", Weight.REFUTES, "192 of them are 96.00 %, 193 are 96.50 %"),
        ("planner_json_of_200", "granularity_of_share", Weight.DOUBT, "95.68 to 99.49 % with 95 % confidence"),
        ("planner_wins", "granularity_of_share", Weight.DOUBT, "2.787 to 30.10 % with 95 % confidence"),
        # What several of its documents say of one thing.
        ("breaker_schema", "contradiction", Weight.DOUBT, "operations 62,855,160 here and 10,000 there"),
        ("breaker_shipped_in_flight", "contradiction", Weight.DOUBT, "0.57 operations here and 62.9 operations there"),
        ("breaker_of_version_2_0", "contradiction", Weight.DOUBT, "version v2.0.0 here and v2.1.0 there"),
        ("breaker_13_million_as_audited", "contradiction", Weight.DOUBT, "duration_s 0.363 here and 0.2116 there"),
        ("breaker_dead_code", "contradiction", Weight.DOUBT, "less than 1.000 ns here and 48.00 ns there"),
        ("breaker_memory_passed", "contradiction", Weight.DOUBT, "memory 400 KB here and 1,055 KB there"),
        ("breaker_shipped", "unexplained_difference", Weight.DOUBT, "30,000 /s in breaker_of_the_day, 13,000,000 /s"),
        ("cache_l1_gate", "unexplained_difference", Weight.DOUBT, "1.300 ms here and 0 ns in cache_l1_benchmark"),
        ("cache_l1_size", "unexplained_difference", Weight.DOUBT, "1,000 entries here and 10,000 entries"),
        ("breaker_planned", "moving_target", Weight.DOUBT, "500,000 /s here and 300,000 /s in breaker_shipped"),
        ("breaker_promised", "withdrawn", Weight.DOUBT, "throughput_per_s of 13,000,000 /s is that of breaker_13_"),
        ("load_test", "scaled_copy", Weight.NOTE, "1.1 to 1.261 times that of breaker_shipped"),
        # What it works out from its figures, and what they make of it.
        ("breaker_schema_minimum", "littles_law", Weight.REFUTES, "43.82 or more in flight, but 1 worker"),
        ("breaker_shipped_in_flight", "stated_in_flight", Weight.REFUTES, "it is λ × p99, read in a unit a thousand"),
        ("breaker_shipped_in_flight_again", "stated_in_flight", Weight.NOTE, "it is λ × p50, and only the mean"),
        ("breaker_schema", "stated_in_flight", Weight.REFUTES, "is 98.18 to 98.24; it is λ × p50"),
        ("breaker_measured_again", "stated_in_flight", Weight.DOUBT, "λ × mean is 0.1858; the limit of 0.1000 lies"),
        ("breaker_measured_again", "rounded_away", Weight.DOUBT, "would take 4.800 µs each, 100 times the mean"),
        ("breaker_13_million_cycles", "cycles", Weight.NOTE, "less than 300 cycles an operation are stated; at 4 GHz"),
        ("breaker_warning_cycles", "cycles", Weight.REFUTES, "less than 0 cycles"),
        ("breaker_13_million", "timed_part", Weight.DOUBT, "76.93 ms of the 211.6 ms that they took; the other 134.7"),
        ("validation", "timed_part", Weight.DOUBT, "62.90 ms of the 126.7 ms"),
        ("cache_fallback", "combined_shares", Weight.REFUTES, "make it 0.8938 to 0.9788 %"),
        ("cache_database_load", "combined_shares", Weight.NOTE, "by 13.79 to 13.99, and 13.00 is claimed"),
        ("cache_database_load_behind_both", "combined_shares", Weight.NOTE, "by 102.2 to 111.9"),
        ("gates_combined", "counted_twice", Weight.DOUBT, "are 16 counted and 11 different"),
        ("inventory", "sum_of_parts", Weight.REFUTES, "its 15 parts come to 4,638 lines"),
        # Limits.
        ("breaker_memory", "limit_not_kept", Weight.REFUTES, "1,055 KB is said to be at most 500 KB"),
        ("breaker_shipped_in_flight", "one_sided_limit", Weight.DOUBT, "and so does any that is too large"),
        ("validation", "one_sided_limit", Weight.DOUBT, "latency_ns.p95 of 0 ns keeps the limit of 2.000 ms"),
        ("breaker_canary", "loose_limit", Weight.NOTE, "5.859 times as bad"),
        # Release and operation.
        ("load_test", "generator_limit", Weight.DOUBT, "500,000 /s are 1.667 times the 300,000 /s"),
        ("recovery", "sum_of_parts", Weight.REFUTES, "less than 300.0 s, but its 5 parts come to 570.0 s"),
        ("retention_of_proofs", "limit_not_kept", Weight.REFUTES, "90 days is said to be at least 180 days"),
        ("attestation_age", "limit_not_kept", Weight.REFUTES, "48 h is said to be at most 24 h"),
        ("autoscaling", "scaling_target", Weight.DOUBT, "it stays below the threshold, and none is added"),
        ("autoscaling", "scaling_target", Weight.VOID, "take 2 replicas, and there are 2 without any load"),
        ("breaker_measured_again", "order_of_events", Weight.REFUTES, "1,640 s later"),
        ("readiness_report", "order_of_events", Weight.DOUBT, "1,243 s later by the clock"),
    ],
)
def test_a_finding_about_the_report_comes_out_by_rule_with_its_arithmetic(
    name: str, rule: str, weight: Weight, arithmetic: str, report: AuditedClaims
) -> None:
    said = _said(report.audits[name], rule, weight)
    assert any(arithmetic in message for message in said), said


def test_what_is_right_in_the_report_is_not_refuted(report: AuditedClaims) -> None:
    right = {
        "breaker_against_target",
        "breaker_13_million_against_target",
        "breaker_trend",
        "cache_against_target",
        "cache_effective",
        "performance_validation",
        "ring_buffer_add",
        "ring_buffer_failure_rate",
        "validation_against_target",
        "validation_trend",
    }
    assert right <= report.audits.keys()
    assert set() == right & _refuted(report)


def test_a_hit_rate_that_differs_from_the_one_set_is_no_input(report: AuditedClaims) -> None:
    assert () == report.audits["cache_l1_benchmark"].findings["injected"]


def test_a_share_of_an_unknown_number_is_not_checked_and_stays_in_doubt(report: AuditedClaims) -> None:
    assert report.audits["planner"].not_checked["granularity_of_share"].undisclosed


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("plaintext_28_million", "bandwidth"),
        ("plaintext_rate_or_total", "count_mismatch"),
    ],
)
def test_a_famous_figure_that_cannot_be_is_refuted(name: str, rule: str, famous: AuditedClaims) -> None:
    assert _said(famous.audits[name], rule, Weight.REFUTES)


@pytest.mark.parametrize(
    ("name", "rule", "weight"),
    [
        ("list_cons_in_no_time", "clock_step", Weight.VOID),
        ("stalled_for_100_s", "coordinated_omission", Weight.DOUBT),
        ("dragonfly_25_times", "unequal_comparison", Weight.DOUBT),
    ],
)
def test_a_famous_figure_in_doubt_is_found_by_the_rule_it_is_famous_for(
    name: str, rule: str, weight: Weight, famous: AuditedClaims
) -> None:
    assert _said(famous.audits[name], rule, weight)


def test_work_that_takes_as_long_as_nothing_is_not_believed_without_the_clocks_own_cost(famous: AuditedClaims) -> None:
    assert famous.audits["modarith_add"].not_checked["dead_code"].undisclosed


def test_no_control_is_doubted_but_for_what_it_withholds(famous: AuditedClaims) -> None:
    controls = {name: audit for name, audit in famous.audits.items() if name.startswith("control_")}
    assert 6 == len(controls)
    doubts = [
        (name, rule, finding)
        for name, audit in controls.items()
        for rule, found in audit.findings.items()
        for finding in found
        if finding.weight is not Weight.NOTE and rule != "undisclosed"
    ]
    assert [] == doubts


def test_a_mean_of_samples_that_a_tool_added_is_found_by_what_is_in_flight(famous: AuditedClaims) -> None:
    """Pipelined batches, to which wrk added the samples of a plan sixteen times as dense: the mean became half."""
    (said,) = _said(famous.audits["libreactor_latency"], "littles_law", Weight.DOUBT)
    assert "4619 in flight (4619 to 4619), but 8192 workers" in said
    assert () == famous.audits["control_libreactor"].findings["littles_law"]


def test_the_control_that_withholds_nothing_is_validated(famous: AuditedClaims) -> None:
    assert TrustVerdict.VALIDATED is famous.audits["control_disclosed"].verdict
    assert {"plaintext_28_million", "plaintext_rate_or_total"} == _refuted(famous)


def test_terminals_that_think_are_in_flight_only_while_they_wait(famous: AuditedClaims) -> None:
    row = _row(famous, "control_terminals")
    assert (25, None) == (row.workers, row.found)
    assert row.low < 14.22 < row.high


class TestTwoRules:
    def test_the_reports_own_passes_the_artifact_by_its_mean(self, report: AuditedClaims) -> None:
        row = _row(report, "breaker_measured_again")
        assert row.by_median is not None and row.by_mean is not None
        assert (0, False) == (row.by_median.in_flight, row.by_median.plausible)
        assert (0.1858, True) == (round(row.by_mean.in_flight, 4), row.by_mean.plausible)

    def test_the_reports_own_passes_what_its_workers_cannot_do(self, report: AuditedClaims) -> None:
        row = _row(report, "breaker_schema_50_workers")
        assert row.by_mean is not None and row.by_mean.plausible
        assert row.impossible
        assert row.low > 50

    def test_of_percentiles_alone_ours_bounds_the_mean_from_below(self, report: AuditedClaims) -> None:
        row = _row(report, "breaker_schema_percentiles")
        assert (76.49, float("inf")) == (round(row.low, 2), row.high)
        assert row.by_mean is None

    def test_ours_does_not_look_where_the_kind_of_load_is_withheld(self, report: AuditedClaims) -> None:
        row = _row(report, "breaker_shipped")
        assert isinstance(row.found, NotChecked)
        assert row.workers is None

    def test_of_several_findings_the_heaviest_counts(self) -> None:
        rate, wait = Estimate(100, 100, 100, "per_s", 1000), Estimate(1e9, 1e9, 1e9, "ns", 1000)
        claim = Claim("made", {"throughput_per_s": rate, "latency_ns.mean": wait}, Declared(kind="closed", workers=100))
        doubt, proof = Finding(Weight.DOUBT, "perhaps"), Finding(Weight.REFUTES, "surely")
        row = claimed_in_flight(claim, Audit({"littles_law": (doubt, proof)}))
        assert row is not None
        assert (proof, True, 100, 100) == (row.found, row.impossible, row.low, row.high)

    def test_an_open_load_has_no_workers_to_exceed(self, famous: AuditedClaims) -> None:
        assert _row(famous, "control_wrk2").workers is None

    def test_without_a_rate_or_a_latency_there_is_no_row(self, report: AuditedClaims) -> None:
        names = {each.name for each in report.in_flight}
        assert {"breaker_120_s", "breaker_p50_gain", "planner"}.isdisjoint(names)


def test_every_claim_says_what_its_source_says() -> None:
    assert 2 <= len(list(CLAIMS.glob("*.yaml")))
    for path in CLAIMS.glob("*.yaml"):
        assert [] == [claim.name for claim in read(path).claims if not claim.says]


def test_claims_are_in_the_order_of_their_file(report: AuditedClaims) -> None:
    assert list(report.says) == list(report.audits)
    assert "breaker_shipped" == next(iter(report.audits))


def test_a_claims_file_is_found_by_its_name() -> None:
    with pytest.raises(UnknownName, match="no claims file named 'bizra_node'; did you mean 'bizra_node0'"):
        audit_claims("bizra_node", HOME)


def test_the_shell_audits_a_claims_file_without_being_told_its_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert 1 == cli.main(["audit", str(CLAIMS / "bizra_node0.yaml")])
    said = capsys.readouterr().out
    assert said.startswith(f"{CLAIMS / 'bizra_node0.yaml'}: 70 claims: 0 validated")
    assert "breaker_shipped (inproc): UNDER_AUDIT" in said
    assert said.rstrip().endswith("REFUTED")
