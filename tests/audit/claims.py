"""Claims to try a rule on: from samples as the lab makes them, or from printed figures alone."""

from __future__ import annotations

from bizra_lab.analysis.estimate import AnalysisSettings, estimate
from bizra_lab.audit import RULES
from bizra_lab.importers._printed import decimal_of, rounded, time_of
from bizra_lab.model import Claim, Declared, Estimate, Finding, NotChecked, Result, Samples
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
    declared = Declared("inproc", "closed", workers, None, 30.0, 120.0, n, 1.0, "a machine")
    return Claim("printed", results, declared)


def figure(text: str, n: int = 0) -> Estimate:
    """A figure as printed, with the interval of its digits: "0.12 ms", "98.5 %", "523793 /s", "142 bytes", "43"."""
    number, _, unit = text.partition(" ")
    if unit in ("ns", "us", "ms", "s"):
        read, unit_ns = time_of(text, "here")
        return rounded(read, unit_ns, "ns", n)
    scale, own = {"%": (0.01, "share"), "/s": (1.0, "per_s"), "": (1.0, "ratio")}.get(unit, (1.0, unit))
    return rounded(decimal_of(number, "here"), scale, own, n)


def published(declared: Declared, n: int = 0, beside: tuple[Claim, ...] = (), /, **figures: str) -> Claim:
    """A claim of figures as printed; a name's dots are written as two underscores: latency_ns__p50="0.12 ms"."""
    results: dict[str, Result] = {
        name.replace("__", ".").replace("p99_9", "p99.9"): figure(text, n) for name, text in figures.items()
    }
    return Claim("published", results, declared, None, beside)


def found_by(rule: str, claim: Claim) -> tuple[Finding, ...]:
    """What one rule finds in a claim it can look at."""
    each = RULES.get(rule)
    assert each.missing(claim) is None, each.missing(claim)
    return tuple(answer for answer in each.check(claim) if isinstance(answer, Finding))


def not_looked(rule: str, claim: Claim) -> NotChecked | None:
    """Why one rule could not look at a claim, or at a part of it; None when it could."""
    each = RULES.get(rule)
    missing = each.missing(claim)
    if missing is not None:
        return missing
    return next((answer for answer in each.check(claim) if isinstance(answer, NotChecked)), None)
