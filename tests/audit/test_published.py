"""What published percentiles leave open, against samples that have them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bizra_lab.analysis import mean_bounds as sharp
from bizra_lab.audit._published import Bounds, deviation_bounds, knots, mean_bounds, printed
from bizra_lab.model import Claim, Declared, Estimate
from tests.audit.claims import published


def exact(times: np.ndarray, *percents: float) -> Claim:
    """The claim of these times' own percentiles and extremes, to the last digit."""
    n = len(times)
    ordered = np.sort(times)
    found = {f"p{p:g}": float(ordered[math.ceil(n * p / 100) - 1]) for p in percents}
    found |= {"min": float(ordered[0]), "max": float(ordered[-1])}
    results = {f"latency_ns.{name}": Estimate(value, value, value, "ns", n) for name, value in found.items()}
    return Claim("exact", results, Declared())


def test_figures_are_read_from_their_names_by_rising_share() -> None:
    claim = published(Declared(), latency_ns__max="9 ms", latency_ns__p50="2 ms", latency_ns__p99_9="8 ms")
    assert ["latency_ns.p50", "latency_ns.p99.9", "latency_ns.max"] == [
        knot.name for knot in knots(claim, "latency_ns")
    ]
    assert () == knots(claim, "service_ns")


def test_without_a_maximum_a_mean_has_no_upper_bound() -> None:
    claim = published(Declared(), latency_ns__p50="2 ms")
    bounds = mean_bounds(knots(claim, "latency_ns"), 0)
    assert math.inf == bounds.high
    assert 0.5 * 1.5e6 == pytest.approx(bounds.low, rel=0.02)


def test_the_figures_this_suite_began_with_force_a_mean_of_148_microseconds() -> None:
    claim = published(
        Declared(),
        latency_ns__min="85 us",
        latency_ns__p50="120 us",
        latency_ns__p90="450 us",
        latency_ns__p95="600 us",
        latency_ns__p99="1100 us",
    )
    assert 148e3 == pytest.approx(mean_bounds(knots(claim, "latency_ns"), 0).low, rel=0.02)


@pytest.mark.parametrize("n", [10, 100, 1_000, 20_000])
def test_mean_and_deviation_of_any_times_lie_within_what_their_figures_leave_open(n: int) -> None:
    """Of 60 samples each; the ends are those of the sharpest bounds there are, give or take what sketches lose."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        times = np.exp(rng.uniform(0.1, 2.5) * rng.standard_normal(n)) * 1e6
        figures = knots(exact(times, 50, 90, 99), "latency_ns")
        mean = mean_bounds(figures, n)
        assert mean.low <= times.mean() <= mean.high
        spread = deviation_bounds(figures, n, mean)
        assert spread.low <= times.std() <= spread.high
        best = sharp.mean_bounds(
            sharp.Published(
                {knot.p: sharp.Span(knot.figure.low, knot.figure.high) for knot in figures if 0 < knot.p < 1},
                sharp.Span(figures[0].figure.low, figures[0].figure.high),
                sharp.Span(figures[-1].figure.low, figures[-1].figure.high),
                n,
            )
        )
        assert best.low == pytest.approx(mean.low, rel=0.011)
        assert mean.high >= best.high


@pytest.mark.parametrize(
    ("low", "high", "value"),
    [(0.0185, 0.0195, 0.019), (119.5, 120.5, 120.0), (0.21155, 0.21165, 0.2116), (0.0, 0.5, 0)],
)
def test_a_number_may_have_been_all_that_rounds_to_its_digits(low: float, high: float, value: float) -> None:
    assert Bounds(low, high) == Bounds(pytest.approx(printed(value).low), pytest.approx(printed(value).high))  # type: ignore[arg-type]
