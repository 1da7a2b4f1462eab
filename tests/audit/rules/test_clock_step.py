"""Latencies of a few steps of the clock."""

from __future__ import annotations

import numpy as np
import pytest

from bizra_lab.model import Weight
from bizra_lab.testing import clean_samples, samples_from
from tests.audit.claims import claim_about, found_by, summary


@pytest.mark.parametrize(("found", "p50_ns"), [(0, 100.0), (0, 1e6), (1, 99.0), (1, 12.0), (1, 0.0)])
def test_a_median_under_ten_steps_is_void(found: int, p50_ns: float) -> None:
    claim = claim_about(samples_from([1] * 400, clock_step_ns=10.0))
    printed = summary(workers=1, throughput_per_s=1e3, mean_ns=1e6, p50_ns=p50_ns)
    coarse = type(printed)(printed.name, printed.results, claim.declared)
    findings = found_by("clock_step", coarse)
    assert found == len(findings)
    assert all(finding.weight is Weight.VOID for finding in findings)


def test_times_cut_to_whole_milliseconds_betray_their_step() -> None:
    """Log-normal times around 5 ms, floored to 1 ms: a median of five steps, on a clock declared to step 1 ns."""
    rng = np.random.default_rng(2)
    times = (5e6 * np.exp(0.5 * rng.standard_normal(20_000))).astype(np.int64)
    cut = times // 1_000_000 * 1_000_000
    (finding,) = found_by("clock_step", claim_about(samples_from(cut)))
    assert "what every latency is a multiple of" in finding.message
    assert finding.touches_result("latency_ns.p99") and not finding.touches_result("throughput_per_s")
    assert () == found_by("clock_step", claim_about(samples_from(times)))


def test_a_handful_of_equal_times_is_not_taken_for_rounding() -> None:
    assert () == found_by("clock_step", claim_about(samples_from([1_000_000, 2_000_000] * 500)))


def test_an_honest_measurement_has_no_finding() -> None:
    assert () == found_by("clock_step", claim_about(clean_samples(4)))
