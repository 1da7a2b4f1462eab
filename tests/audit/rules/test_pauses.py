"""Stalls in step."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.model import Claim, Samples, Weight
from bizra_lab.study import claim_of
from bizra_lab.testing import clean_samples, drafted, samples_from
from tests.audit.claims import found_by


def records_of(samples: Samples) -> Claim:
    """All that this rule looks at."""
    return claim_of(samples, {})


def stalled(
    rng: np.random.Generator, period_s: float, stall_ms: float, spread: float, slow_share: float = 0.0
) -> Samples:
    """
    An operation of about 1 ms after the other; one that runs when a stall falls due takes that much longer.

    So does a share of the others.
    """
    n = 20_000
    times_ns = (1e6 * np.exp(0.3 * rng.standard_normal(n))).astype(np.int64)
    times_ns[rng.random(n) < slow_share] += int(stall_ms * 1e6)
    due_ns = np.cumsum(period_s * 1e9 * np.maximum(0.05, 1 + spread * rng.standard_normal(200)))
    for due in due_ns:
        place = int(np.searchsorted(np.cumsum(times_ns), due))
        if place < n:
            times_ns[place] += int(stall_ms * 1e6)
    return samples_from(times_ns)


@pytest.mark.parametrize(
    ("weight", "period_s", "stall_ms"),
    [
        (Weight.NOTE, 1.5, 12.0),
        (Weight.NOTE, 1.0, 3.5),
        (Weight.DOUBT, 1.0, 50.0),  # a twentieth of the time
        (Weight.DOUBT, 0.5, 15.0),
        (Weight.DOUBT, 2.4, 15.0),  # eight periods
        (None, 3.3, 15.0),  # six: too few to be in step
        (None, 1.0, 1.0),  # no longer than what operations differ by
    ],
)
def test_a_pause_in_step_is_found_and_of_few_periods_doubted(
    weight: Weight | None, period_s: float, stall_ms: float
) -> None:
    for seed in range(10):
        found = found_by("pauses", records_of(stalled(np.random.default_rng(seed), period_s, stall_ms, 0.0)))
        assert ([] if weight is None else [weight]) == [finding.weight for finding in found]


def test_period_and_share_are_named() -> None:
    """Every 100th operation of 10 ms takes 510: every 1.5 s half a second, a third of the time."""
    times_ns = np.full(5_000, 10_000_000)
    times_ns[99::100] = 510_000_000
    (finding,) = found_by("pauses", records_of(samples_from(times_ns)))
    assert (
        "every 1.500 s something stops operations for 510.0 ms: 50 stalls, 34.00 % of the time, beyond 3 times the "
        "median of 10.00 ms; the window holds 50 periods, and it takes 10" == finding.message
    )


def test_workers_that_are_stopped_together_are_stopped_once() -> None:
    times_ns = np.full(8_000, 10_000_000)
    times_ns[(np.arange(8_000) // 8) % 100 == 99] = 510_000_000
    (finding,) = found_by("pauses", records_of(samples_from(times_ns, workers=8)))
    assert finding.message.startswith("every 1.500 s something stops operations for 510.0 ms: 10 stalls")


def test_a_stall_inside_a_longer_one_is_the_same() -> None:
    """Of two workers one stops for 510 ms every 1.5 s, the other for 110 ms twice meanwhile."""
    long_ns, short_ns = np.full(1_000, 10_000_000), np.full(1_000, 10_000_000)
    long_ns[99::100] = 510_000_000
    short_ns[[place for first in range(99, 1_000, 132) for place in (first, first + 10)]] = 110_000_000
    both = samples_from(np.stack([long_ns, short_ns], axis=1).ravel(), workers=2)
    (finding,) = found_by("pauses", records_of(both))
    assert finding.message.startswith("every 1.500 s something stops operations for 510.0 ms: 10 stalls")
    assert "beyond 3 times the median" in finding.message


def test_a_pause_among_slow_operations_is_found_where_it_crowds() -> None:
    """10 ms every 0.2 s, 100 times, and half as many operations as slow at random."""
    for seed in range(10):
        samples = stalled(np.random.default_rng(seed), 0.2, 10.0, 0.0, slow_share=0.0025)
        (finding,) = found_by("pauses", records_of(samples))
        assert finding.weight is Weight.DOUBT
        assert finding.message.startswith(("every 199", "every 20"))


def test_a_pause_shorter_than_an_operation_is_found_by_the_silence_of_all_workers() -> None:
    """64 workers whose operations take 400 ms; everything stands still for 100 ms every 2 s."""
    finished = drafted("closed_64", 3, 20_000)
    stopped = dataclasses.replace(finished, stops_ns=tuple((k * 2_000_000_000, 100_000_000) for k in range(1, 60)))
    (finding,) = found_by("pauses", records_of(stopped.seen()))
    assert finding.message.startswith("every 2.1") and "from one end to the next" in finding.message


def test_stalls_at_random_keep_no_step() -> None:
    """100 runs of 20 s with about 20 stalls, their distances exponential: at most 1 has anything found."""
    alarms = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        times_ns = (1e6 * np.exp(0.3 * rng.standard_normal(20_000))).astype(np.int64)
        times_ns[rng.random(20_000) < 0.001] += 50_000_000
        alarms += bool(found_by("pauses", records_of(samples_from(times_ns))))
    assert alarms <= 1


@pytest.mark.parametrize("shape", ["clean", "heavy"])
def test_honest_measurements_have_no_finding(shape: str) -> None:
    for seed in range(100):
        heavy = (np.random.default_rng(seed).pareto(1.5, 10_000) * 1e6).astype(np.int64) + 1_000_000
        samples = clean_samples(seed) if shape == "clean" else samples_from(heavy)
        assert () == found_by("pauses", records_of(samples))
