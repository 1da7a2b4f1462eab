"""Figures that one set of operations cannot have together."""

from __future__ import annotations

import numpy as np
import pytest

from bizra_lab.model import Declared, Weight
from bizra_lab.testing import clean_samples, samples_from
from tests.audit.claims import claim_about, found_by, not_looked, published

SHAPES = {
    "lognormal": lambda rng, n: np.exp(rng.standard_normal(n)),
    "exponential": lambda rng, n: rng.standard_exponential(n) + 0.01,
    "heavy": lambda rng, n: rng.pareto(1.2, n) + 1,
    "two humps": lambda rng, n: np.where(rng.random(n) < 0.9, 1.0, 30.0) * np.exp(0.1 * rng.standard_normal(n)),
}


@pytest.mark.parametrize(
    ("touches", "figures"),
    [
        (None, {"p50": "0.12 ms", "p95": "0.6 ms", "p99": "1.1 ms", "max": "4 ms"}),
        (("latency_ns.p50", "latency_ns.p99"), {"p50": "5.683 ms", "p99": "5.457 ms"}),
        (None, {"p50": "1.2 ms", "p95": "1.2 ms", "max": "1.2 ms"}),
        (None, {"p50": "1.2 ms", "p95": "1.16 ms"}),  # 1.15 to 1.25 ms may be less than 1.165
        (("latency_ns.p50", "latency_ns.p95"), {"p50": "1.2 ms", "p95": "1.14 ms"}),
        (("latency_ns.min", "latency_ns.p50"), {"min": "2 us", "p50": "1 ns"}),
        (("latency_ns.p99.9", "latency_ns.max"), {"p99_9": "9.0 ms", "max": "8.0 ms"}),
    ],
)
def test_a_quantile_never_falls_as_its_share_rises(touches: tuple[str, ...] | None, figures: dict[str, str]) -> None:
    claim = published(Declared(), 10_000, **{f"latency_ns__{name}": text for name, text in figures.items()})
    found = found_by("percentile_order", claim)
    assert ([] if touches is None else [touches]) == [finding.touches for finding in found]
    assert all(finding.weight is Weight.REFUTES for finding in found)


@pytest.mark.parametrize(
    ("refuted", "figures"),
    [
        (False, {"mean": "1.4 ms", "p50": "1.0 ms", "p99": "5.0 ms", "max": "9.0 ms"}),
        (True, {"mean": "0.4 ms", "p50": "1.0 ms", "p99": "5.0 ms", "max": "9.0 ms"}),  # at least 0.55 ms
        (True, {"mean": "3.4 ms", "p50": "1.0 ms", "p99": "5.0 ms", "max": "9.0 ms"}),  # at most 3.1 ms
        (False, {"mean": "3.4 ms", "p50": "1.0 ms", "p99": "5.0 ms"}),  # without a maximum, anything above
        (False, {"mean": "6.602 ms", "p50": "6.0 ms", "p90": "9.5 ms", "p99": "12 ms", "max": "14 ms"}),
        # The deviation: at least 0.6 of p50 and p99 apart, at most half the range.
        (True, {"sd": "9 ms", "mean": "1.4 ms", "p50": "1.0 ms", "p99": "5.0 ms", "max": "9.0 ms"}),
        (True, {"sd": "0.1 ms", "mean": "1.4 ms", "p50": "1.0 ms", "p95": "5.0 ms", "max": "9.0 ms"}),
        (False, {"sd": "1.2 ms", "mean": "1.4 ms", "p50": "1.0 ms", "p99": "5.0 ms", "max": "9.0 ms"}),
    ],
)
def test_mean_and_deviation_are_what_the_percentiles_permit(refuted: bool, figures: dict[str, str]) -> None:
    claim = published(Declared(), 10_000, **{f"latency_ns__{name}": text for name, text in figures.items()})
    assert refuted == bool(found_by("percentile_order", claim))


def test_the_finding_says_what_is_permitted() -> None:
    claim = published(Declared(), 0, latency_ns__mean="0.4 ms", latency_ns__p50="1.00 ms", latency_ns__max="2.00 ms")
    (finding,) = found_by("percentile_order", claim)
    assert (
        "latency_ns.mean is 350.0 to 450.0 µs, but p50 1.000 ms, max 2.000 ms permit 492.5 µs to 1.520 ms"
        == finding.message
    )


def test_without_percentiles_there_is_no_order() -> None:
    looked = not_looked("percentile_order", published(Declared(), latency_ns__mean="1 ms"))
    assert looked is not None and not looked.undisclosed


@pytest.mark.parametrize("shape", SHAPES)
def test_true_figures_never_contradict_each_other(shape: str) -> None:
    """100 samples of each shape, few and many: none has anything found."""
    for seed in range(100):
        rng = np.random.default_rng(seed)
        times_ns = (SHAPES[shape](rng, 400 if seed % 2 else 4_000) * 1e6).astype(np.int64) + 1
        assert () == found_by("percentile_order", claim_about(samples_from(times_ns)))


def test_a_mean_from_elsewhere_is_refuted_from_samples_too() -> None:
    claim = claim_about(clean_samples(3))
    results = dict(claim.results)
    results["latency_ns.mean"] = results["latency_ns.max"]
    (finding,) = found_by("percentile_order", type(claim)(claim.name, results, claim.declared, claim.samples))
    assert finding.touches_result("latency_ns.mean")
