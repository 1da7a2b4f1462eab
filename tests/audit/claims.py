"""Claims to try a rule on: from samples as the lab makes them, or from printed figures alone."""

from __future__ import annotations

from bizra_lab.analysis.estimate import AnalysisSettings, estimate
from bizra_lab.audit import RULES
from bizra_lab.model import Claim, Declared, Estimate, Finding, Result, Samples
from bizra_lab.study import claim_of


def claim_about(samples: Samples) -> Claim:
    """The claim a measurement of ours makes."""
    return claim_of(samples, estimate(samples, AnalysisSettings(quantiles=(0.5, 0.9, 0.99))))


def summary(*, throughput_per_s: float, mean_ns: float, p50_ns: float, workers: int | None, n: int = 120_000) -> Claim:
    """A closed load somebody printed, exact to the digit, 120 s long after 30 s of warm-up, on a 1 ns clock."""
    results: dict[str, Result] = {
        "throughput_per_s": Estimate(throughput_per_s, throughput_per_s, throughput_per_s, "per_s", n),
        "latency_ns.mean": Estimate(mean_ns, mean_ns, mean_ns, "ns", n),
        "latency_ns.p50": Estimate(p50_ns, p50_ns, p50_ns, "ns", n),
    }
    declared = Declared("inproc", "closed", workers, None, 30.0, 120.0, n, 1.0)
    return Claim("printed", results, declared)


def found_by(rule: str, claim: Claim) -> tuple[Finding, ...]:
    """What one rule finds in a claim it can look at."""
    each = RULES.get(rule)
    assert each.missing(claim) is None, each.missing(claim)
    return tuple(each.check(claim))
