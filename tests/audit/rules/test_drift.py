"""Runs that are still changing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bizra_lab.harness.simulate import ClosedQueue, Exponential, LogNormal, OpenQueue, simulate
from bizra_lab.model import Floats, Samples, Weight
from bizra_lab.testing import clean_samples, samples_from
from tests.audit.claims import claim_about, found_by, not_looked

N = 20_000
PLACE = np.arange(N) / N

FAULTS: dict[str, tuple[str, Floats]] = {
    "a trend of 20 %": ("drifts through all", 1 + 0.2 * PLACE),
    "a trend of -30 %": ("drifts through all", 1 - 0.3 * PLACE),
    "a step of 10 % half-way": ("shifts", np.where(PLACE > 0.5, 1.1, 1.0)),
    "a step of 20 % late": ("shifts", np.where(PLACE > 0.7, 1.2, 1.0)),
    "a step of 50 % at the end": ("too late to see what follows", np.where(PLACE > 0.9, 1.5, 1.0)),
    "3 % of warm-up": ("the warm-up reaches", np.where(PLACE < 0.03, 3.0, 1.0)),
    "10 % of warm-up": ("the warm-up reaches", np.where(PLACE < 0.1, 1.5, 1.0)),
    "a third of warm-up": ("the warm-up reaches", np.where(PLACE < 0.33, 1.2, 1.0)),
    "a warm-up that fades": ("the warm-up reaches", 1 + 2 * np.exp(-PLACE / 0.02)),
}


def shaped(seed: int, level: Floats) -> Samples:
    """An honest measurement of 120 s whose times were multiplied by a level."""
    times = np.exp(0.3 * np.random.default_rng(seed).standard_normal(N)) * level
    return samples_from((times / times.mean() * 6e6).astype(np.int64))


@pytest.mark.parametrize("name", FAULTS)
def test_a_run_that_changes_is_doubted_and_told_how(name: str) -> None:
    words, level = FAULTS[name]
    for seed in range(20):
        (finding,) = found_by("drift", claim_about(shaped(seed, level)))
        assert Weight.DOUBT is finding.weight and finding.touches_result("throughput_per_s")
        assert words in finding.message


def test_a_change_of_two_per_cent_is_the_mood_of_a_machine() -> None:
    for seed in range(20):
        assert () == found_by("drift", claim_about(shaped(seed, np.where(PLACE > 0.5, 1.02, 1.0))))


def test_the_finding_says_when_and_from_what_to_what() -> None:
    times_ns = np.where(PLACE < 0.25, 8_000_000, 4_000_000)
    (finding,) = found_by("drift", claim_about(samples_from(times_ns)))
    assert (
        "the warm-up reaches 40 s into the 100 s measured: "
        "the median latency is 8.000 ms before, 4.000 ms after (-50.0%)" == finding.message
    )


def _similar(rng: np.random.Generator, memory: float) -> Floats:
    """Normal values of which each resembles the one before by so much."""
    shocks = rng.standard_normal(N) * np.sqrt(1 - memory**2)
    values = np.empty(N)
    value = 0.0
    for place, shock in enumerate(shocks.tolist()):
        value = memory * value + shock
        values[place] = value
    return values


STEADY: dict[str, Callable[[int], Samples]] = {
    "log-normal": clean_samples,
    "log-normal, 8 workers": lambda seed: clean_samples(seed, workers=8),
    "Pareto": lambda seed: samples_from(
        (np.random.default_rng(seed).pareto(1.5, N) * 1e6).astype(np.int64) + 1_000_000
    ),
    "neighbours alike": lambda seed: shaped(0, np.exp(0.3 * _similar(np.random.default_rng(seed), 0.99))),
    "M/M/1 at 0.5": lambda seed: simulate(OpenQueue(Exponential(), Exponential(), 0.5), N, N, seed),
    "M/M/1 at 0.8": lambda seed: simulate(OpenQueue(Exponential(), Exponential(), 0.8), N, N, seed),
    "M/G/1 at 0.7": lambda seed: simulate(OpenQueue(Exponential(), LogNormal(1.0), 0.7), N, N, seed),
    "M/M/1//8": lambda seed: simulate(ClosedQueue(clients=8, mean_think_ns=5e6), N, 5_000, seed),
}


@pytest.mark.parametrize("name", STEADY)
def test_a_steady_run_is_left_alone(name: str) -> None:
    """100 runs each, of queues whose neighbours resemble each other too: at most 1 has anything found."""
    alarms = [seed for seed in range(100) if found_by("drift", claim_about(STEADY[name](seed)))]
    assert len(alarms) <= 1, alarms


def test_a_run_that_remembers_for_as_long_as_a_part_is_rarely_taken_for_a_drift() -> None:
    """Its level wanders by 30 % with a memory of 500 operations, a fortieth of them."""
    runs = (shaped(seed, np.exp(0.3 * _similar(np.random.default_rng(seed), 0.998))) for seed in range(100))
    assert sum(bool(found_by("drift", claim_about(run))) for run in runs) <= 4


def test_a_few_operations_show_no_drift() -> None:
    looked = not_looked("drift", claim_about(clean_samples(1, n=999)))
    assert looked is not None and "it takes 1,000" in looked.reason
