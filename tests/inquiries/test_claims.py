"""The claims that the lab keeps: each finding comes out by rule, from the printed figures alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab import cli
from bizra_lab.errors import UnknownName
from bizra_lab.importers import read
from bizra_lab.importers.claims import words
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
    assert (39, 0) == (len(verdicts), verdicts.count(TrustVerdict.VALIDATED))


def test_what_the_report_validated_never_is() -> None:
    claims = read(CLAIMS / "bizra_node0.yaml").claims
    audits = audit_claims("bizra_node0", HOME).audits
    printing = [
        claim.name
        for claim in claims
        if isinstance(rate := claim.results.get("throughput_per_s"), Estimate) and rate.value == VALIDATED_FIGURE
    ]
    assert 9 == len(printing)
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


def test_no_control_is_refuted_and_none_is_void(famous: AuditedClaims) -> None:
    controls = {name: audit for name, audit in famous.audits.items() if name.startswith("control_")}
    assert 6 == len(controls)
    heavy = [
        (name, finding)
        for name, audit in controls.items()
        for found in audit.findings.values()
        for finding in found
        if finding.weight in (Weight.REFUTES, Weight.VOID)
    ]
    assert [] == heavy


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
        assert [] == [name for name, says in words(path).items() if not says]


def test_claims_are_in_the_order_of_their_file(report: AuditedClaims) -> None:
    assert list(report.says) == list(report.audits)
    assert "breaker_shipped" == next(iter(report.audits))


def test_a_claims_file_is_found_by_its_name() -> None:
    with pytest.raises(UnknownName, match="no claims file named 'bizra_node'; did you mean 'bizra_node0'"):
        audit_claims("bizra_node", HOME)


def test_the_shell_audits_a_claims_file_without_being_told_its_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert 1 == cli.main(["audit", str(CLAIMS / "bizra_node0.yaml")])
    said = capsys.readouterr().out
    assert "breaker_shipped (inproc): UNDER_AUDIT" in said
    assert said.rstrip().endswith("REFUTED")
