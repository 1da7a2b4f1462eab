"""Tails that have no mean."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bizra_lab.model import Claim, Floats, Samples, Weight
from bizra_lab.study import claim_of
from bizra_lab.testing import FAULTS, clean_samples, drafted, samples_from
from bizra_lab.testing.doctored import keeping
from tests.audit.claims import found_by

Draw = Callable[[np.random.Generator, int], Floats]

WITH_MEAN: dict[str, Draw] = {
    "log-normal": lambda rng, n: np.exp(rng.standard_normal(n)),
    "log-normal, wide": lambda rng, n: np.exp(1.5 * rng.standard_normal(n)),
    "exponential": lambda rng, n: rng.standard_exponential(n) + 0.001,
    "Pareto, ξ = 0.5": lambda rng, n: rng.pareto(2.0, n) + 1,
    "Pareto, ξ = 0.8": lambda rng, n: rng.pareto(1.25, n) + 1,
    "Pareto, ξ = 0.95": lambda rng, n: rng.pareto(1 / 0.95, n) + 1,
    "two humps": lambda rng, n: np.where(rng.random(n) < 0.99, 1.0, 1_000.0) * np.exp(0.1 * rng.standard_normal(n)),
    "two humps, rare": lambda rng, n: (
        np.where(rng.random(n) < 0.995, 1.0, 300.0) * np.exp(0.1 * rng.standard_normal(n))
    ),
}


def records_of(samples: Samples) -> Claim:
    """All that this rule looks at."""
    return claim_of(samples, {})


def found_in(draw: Draw, seed: int, n: int) -> bool:
    times_ns = (draw(np.random.default_rng(seed), n) * 1e6).astype(np.int64) + 1
    found = found_by("infinite_mean", records_of(samples_from(times_ns)))
    assert all(finding.weight is Weight.VOID and finding.touches_result("latency_ns.mean") for finding in found)
    return bool(found)


@pytest.mark.parametrize("name", WITH_MEAN)
def test_a_tail_with_a_mean_is_left_alone(name: str) -> None:
    """100 runs each: at most 1 has anything found."""
    assert sum(found_in(WITH_MEAN[name], seed, 10_000) for seed in range(100)) <= 1


@pytest.mark.parametrize(("found_at_least", "shape"), [(19, 2.0), (19, 1.5), (14, 1.25)])
def test_a_tail_without_one_is_void(found_at_least: int, shape: float) -> None:
    """Of 20 runs of 20,000 operations; a tail of Pareto's that begins at the median."""
    assert found_at_least <= sum(found_in(lambda rng, n: rng.pareto(1 / shape, n) + 1, s, 20_000) for s in range(20))


@pytest.mark.parametrize("shape", ["cached_8", "closed_64"])
def test_a_tail_of_which_the_windows_end_cuts_the_longest_is_void(shape: str) -> None:
    """Of 64 workers each one's longest operation takes a good part of the window: what is left looks bounded."""
    for seed in range(10):
        samples = FAULTS["infinite_mean"].fault.planted(drafted(shape, seed, 20_000), np.random.default_rng(seed))
        assert found_by("infinite_mean", records_of(samples))


def test_workers_that_stopped_early_are_no_tail() -> None:
    """Half of 64 stop after a tenth of the window, as when a load is run down."""
    samples = drafted("closed_64", 3, 20_000).seen()
    begin_ns, end_ns = samples.started_ns.min(), samples.finished_ns.max()
    stopped = (samples.worker < 32) & (samples.started_ns > begin_ns + (end_ns - begin_ns) // 10)
    assert () == found_by("infinite_mean", records_of(keeping(samples, ~stopped)))


def test_a_few_operations_show_no_tail() -> None:
    assert not found_in(lambda rng, n: rng.pareto(0.5, n) + 1, 1, 900)


def test_operations_that_took_no_time_are_no_tail() -> None:
    times_ns = np.zeros(2_000, np.int64)
    times_ns[:50] = 1_000_000
    assert () == found_by("infinite_mean", records_of(samples_from(times_ns, duration_s=1.0)))


def test_the_finding_says_the_shape_and_the_slowest() -> None:
    """Values at the quantiles of x^(−1/2): twice as far in the tail is four times as long."""
    times_ns = (1e3 * (20_000 / (np.arange(20_000) + 0.5)) ** 2).astype(np.int64)
    (finding,) = found_by("infinite_mean", records_of(samples_from(times_ns)))
    assert "x^(−1/ξ) with ξ = 2" in finding.message
    assert not finding.touches_result("latency_ns.p50")


def test_honest_measurements_have_no_finding() -> None:
    assert [] == [seed for seed in range(100) if found_by("infinite_mean", records_of(clean_samples(seed)))]
