"""Two kinds of operations behind one number."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from bizra_lab.model import Floats, Weight
from bizra_lab.testing import clean_samples, drafted, samples_from
from tests.audit.claims import claim_about, found_by

ONE_HUMP: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "log-normal": lambda rng, n: np.exp(rng.standard_normal(n)),
    "exponential": lambda rng, n: rng.standard_exponential(n) + 0.01,
    "uniform": lambda rng, n: rng.uniform(0.5, 1.5, n),
    "outliers on both sides": lambda rng, n: np.exp(0.3 * np.clip(rng.standard_t(2, n), -20, 20)),
    "Pareto": lambda rng, n: rng.pareto(1.5, n) + 1,
    "one with a few stalls": lambda rng, n: (
        np.where(rng.random(n) < 0.995, 1.0, 50.0) * np.exp(0.3 * rng.standard_normal(n))
    ),
}


def cached(rng: np.random.Generator, hits: float, times: float, n: int = 20_000) -> Floats:
    """Hits of about 1 ms, and misses that take so many times as long."""
    return np.where(rng.random(n) < hits, 1.0, times) * np.exp(0.2 * rng.standard_normal(n)) * 1e6


@pytest.mark.parametrize(
    ("weight", "hits", "times"),
    [
        (Weight.NOTE, 0.93, 8.0),
        (Weight.NOTE, 0.97, 30.0),
        (Weight.NOTE, 0.2, 5.0),
        (Weight.DOUBT, 0.5, 5.0),
        (Weight.DOUBT, 0.54, 5.0),
        (None, 0.995, 30.0),  # outliers
        (None, 0.5, 1.3),  # one hump, a little wider
        (None, 0.5, 1.8),  # two, but no latency divides them
    ],
)
def test_two_humps_are_noted_and_equal_ones_doubted(weight: Weight | None, hits: float, times: float) -> None:
    for seed in range(10):
        times_ns = cached(np.random.default_rng(seed), hits, times).astype(np.int64)
        found = found_by("multimodal", claim_about(samples_from(times_ns)))
        assert ([] if weight is None else [weight]) == [finding.weight for finding in found]


def test_the_finding_says_both_humps_and_the_share_of_each() -> None:
    times_ns = cached(np.random.default_rng(1), 0.9, 10.0).astype(np.int64)
    (finding,) = found_by("multimodal", claim_about(samples_from(times_ns)))
    assert (
        "latencies have two humps: 89.81 % of the operations around 981.0 µs, the others around 9.769 ms, with a "
        "valley at 3.566 ms; the mean is of neither" == finding.message
    )
    assert ("latency_ns.mean",) == finding.touches


@pytest.mark.parametrize("name", ONE_HUMP)
def test_one_hump_is_left_alone(name: str) -> None:
    """100 runs each: none has anything found."""
    for seed in range(100):
        n = 1_000 if seed % 2 else 5_000
        times_ns = (ONE_HUMP[name](np.random.default_rng(seed), n) * 1e6).astype(np.int64) + 1
        assert () == found_by("multimodal", claim_about(samples_from(times_ns)))


def test_the_ticks_of_a_coarse_clock_are_no_humps() -> None:
    for seed in range(20):
        narrow = np.exp(0.1 * np.random.default_rng(seed).standard_normal(20_000)) * 1e6
        for step_ns in (50_000, 1_000_000):
            times_ns = narrow.astype(np.int64) // step_ns * step_ns
            assert () == found_by("multimodal", claim_about(samples_from(times_ns, clock_step_ns=float(step_ns))))


def test_equal_times_and_few_have_no_shape() -> None:
    assert () == found_by("multimodal", claim_about(samples_from([1_000_000] * 5_000)))
    assert () == found_by("multimodal", claim_about(samples_from([1_000_000, 9_000_000] * 400)))


def test_honest_measurements_have_no_finding() -> None:
    assert [] == [seed for seed in range(100) if found_by("multimodal", claim_about(clean_samples(seed)))]


def test_a_queue_makes_no_second_hump_of_what_operations_take() -> None:
    """A third of the operations is thirty times slower, and a third of the others waits for one of them."""
    queue = drafted("poisson_1", 3, 20_000)
    slow = np.random.default_rng(3).random(len(queue.service_ns)) < 0.3
    service_ns = np.where(slow, 60_000_000, 2_000_000)
    service_ns += np.random.default_rng(4).integers(-200_000, 200_000, len(service_ns))
    samples = dataclasses.replace(queue, service_ns=service_ns // 6).seen()
    (finding,) = found_by("multimodal", claim_about(samples))
    assert Weight.NOTE is finding.weight
    assert "latencies have two humps: 7" in finding.message or "latencies have two humps: 6" in finding.message
