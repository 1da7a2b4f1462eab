"""Real outputs of load generators, from the file to the verdict: what the audit finds in each, and what it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.audit._rule import given
from bizra_lab.audit.rules.littles_law import in_flight
from bizra_lab.model import Audit, Claim, TrustVerdict, Weight
from bizra_lab.study import audit_source
from tests.importers.reading import REAL, value


def audited(name: str, workers: int | None = None) -> tuple[Claim, Audit]:
    """The only claim of a file, with its audit."""
    ((claim, audit),) = audit_source(REAL / name, workers=workers).claims
    return claim, audit


def busy(claim: Claim) -> tuple[float, float]:
    """λ·W as its printed digits leave it open."""
    rate, wait = given(claim, "throughput_per_s"), given(claim, "latency_ns.mean")
    assert rate is not None
    assert wait is not None
    return in_flight(rate, wait, printed=True)


@pytest.mark.parametrize(
    ("name", "workers"), [("hey_uvicorn_slow10ms_c20.txt", 20), ("wrk_uvicorn_slow10ms_c20.txt", None)]
)
def test_twenty_clients_of_a_slow_server_are_all_in_flight(name: str, workers: int | None) -> None:
    claim, audit = audited(name, workers)
    assert 20 == claim.declared.workers
    assert 0.996 == pytest.approx(
        value(claim, "throughput_per_s") * value(claim, "latency_ns.mean") / 1e9 / 20, abs=0.0005
    )
    assert () == audit.findings["littles_law"]
    assert TrustVerdict.UNDER_AUDIT is audit.verdict  # six seconds on a machine that nobody names
    assert {"too_short", "undisclosed"} == {
        rule for rule, found in audit.findings.items() if any(each.weight is not Weight.NOTE for each in found)
    }


def test_a_median_of_0_ms_is_below_the_clock_and_void() -> None:
    claim, audit = audited("autocannon_nginx_c10.json")
    assert 0 == value(claim, "latency_ns.p50")
    (finding,) = audit.findings["clock_step"]
    assert Weight.VOID is finding.weight
    assert finding.touches_result("latency_ns.p50")
    assert "is 0, and 9 more, but nothing takes no time" in finding.message


def test_whole_milliseconds_leave_open_whether_fifty_are_in_flight() -> None:
    claim, audit = audited("ab_nginx_c50.txt")
    assert 50 == claim.declared.workers
    assert (18.8, 56.5) == pytest.approx(busy(claim), abs=0.05)
    assert () == audit.findings["littles_law"]
    (finding,) = audit.findings["clock_step"]
    assert Weight.VOID is finding.weight
    assert finding.touches_result("latency_ns.p50")


def test_a_stall_passes_littles_law_and_is_doubted_by_its_length() -> None:
    claim, audit = audited("hey_stall1500ms_c20.txt", 20)
    assert 0.997 == pytest.approx(
        value(claim, "throughput_per_s") * value(claim, "latency_ns.mean") / 1e9 / 20, abs=0.0005
    )
    assert () == audit.findings["littles_law"]
    (finding,) = audit.findings["coordinated_omission"]
    assert Weight.DOUBT is finding.weight
    assert finding.touches_result("latency_ns.p99")
    assert "1.534 s of the 6.012 s measured" in finding.message


def test_a_stall_is_told_whoever_the_clients_were() -> None:
    _, audit = audited("hey_stall1500ms_c20.txt")
    assert "workers undisclosed" == audit.not_checked["littles_law"].reason
    (finding,) = audit.findings["coordinated_omission"]
    assert Weight.NOTE is finding.weight  # one of how many it held up is what nobody says
    assert "1.534 s of the 6.012 s measured" in finding.message


@pytest.mark.parametrize(
    ("failures", "weights"),
    [
        # An eleventh of all was refused, which is in the latencies: only told apart would they show how fast that was.
        ("Non-2xx or 3xx responses: 40000", None),
        # What timed out is in none of them.
        ("Socket errors: connect 0, read 0, write 0, timeout 40000", [Weight.DOUBT]),
    ],
)
def test_failures_are_weighed_by_whether_a_tool_times_them(
    failures: str, weights: list[Weight] | None, tmp_path: Path
) -> None:
    path = tmp_path / "wrk.txt"
    path.write_text((REAL / "wrk_nginx_c16.txt").read_text().replace("Requests/sec:", f"  {failures}\nRequests/sec:"))
    ((_, audit),) = audit_source(path).claims
    found = audit.findings.get("errors_as_speed")
    assert weights == (None if found is None else [each.weight for each in found])
    assert (weights is None) == ("errors_as_speed" in audit.not_checked)


def test_a_rate_of_0_is_audited_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(
        "source: here\nclaims:\n  - {name: a, kind: closed, workers: 5, throughput_per_s: 0, latency: {mean: 1 ms}}\n"
    )
    ((_, audit),) = audit_source(path).claims
    assert () == audit.findings["littles_law"]
    assert TrustVerdict.UNDER_AUDIT is audit.verdict
