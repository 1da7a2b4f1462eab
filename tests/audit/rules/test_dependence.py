"""Operations that come together: what is voided, what is noted, and silence where they are independent."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.harness.simulate import Exponential, OpenQueue, simulate
from bizra_lab.model import Claim, Declared, Estimate, Result, Unavailable, Weight
from bizra_lab.testing import clean_samples, samples_from
from tests.audit.claims import claim_about, found_by

QUEUE = OpenQueue(Exponential(), Exponential(), 0.8)


def claim(n: int, **worth: float) -> Claim:
    """A claim of n operations, with how many independent ones they are worth at each quantile, as in p99=…."""
    results = {
        f"n_eff.latency_ns.{name.replace('_', '.')}": Estimate(each, each, each, "operations", n)
        for name, each in worth.items()
    }
    return Claim("ours", results, Declared(), clean_samples(1, n=100))


@pytest.mark.parametrize(
    ("expected", "worth"),
    [
        ((), {"p99": 10_000}),
        ((Weight.NOTE,), {"p99": 4_999}),
        ((Weight.NOTE,), {"p99": 2_000}),
        ((Weight.VOID,), {"p99": 1_999}),
        ((Weight.VOID,), {"p50": 39}),
        ((), {"p99_9": 10_000}),  # ten beyond: too few of all, whatever they depend on
        ((Weight.NOTE,), {"p99_9": 4_000}),  # nor is it told
        ((Weight.VOID, Weight.NOTE), {"p50": 3_000, "p90": 2_500, "p99": 500}),
    ],
)
def test_twenty_independent_operations_must_lie_beyond_a_quantile(
    expected: tuple[Weight, ...], worth: dict[str, float]
) -> None:
    assert expected == tuple(finding.weight for finding in found_by("dependence", claim(10_000, **worth)))


def test_a_voided_quantile_is_the_only_one_touched_and_hears_what_it_needs() -> None:
    (finding,) = found_by("dependence", claim(100_000, p99=1_000, p50=90_000))
    assert ("latency_ns.p99",) == finding.touches
    assert finding.message == (
        "latency_ns.p99 rests on 100,000 operations that are worth 1,000 independent ones, 10 of them beyond it; "
        "it takes 20, so about 200,000 operations"
    )


def test_one_note_says_what_it_is_worst_for() -> None:
    (finding,) = found_by("dependence", claim(1_000_000, p50=40_000, p90=17_000, p99=900_000))
    assert "at latency_ns.p90 1,000,000 are worth 17,000 independent ones" in finding.message
    assert ("latency_ns.p50", "latency_ns.p90") == finding.touches


def test_what_nobody_counted_is_not_doubted() -> None:
    results: dict[str, Result] = {
        "n_eff.latency_ns.p99": Unavailable("few"),
        "latency_ns.p99": Estimate(5.0, 5.0, 5.0, "ns", 10),
    }
    assert () == found_by("dependence", Claim("theirs", results, Declared(), clean_samples(1, n=100)))


def test_that_a_queue_makes_responses_alike_is_noted() -> None:
    """At a utilisation of 0.8 an operation tells a seventieth of an independent one about p99: 20,000 are too few."""
    for n in (20_000, 1_000_000):
        found = found_by("dependence", claim_about(simulate(QUEUE, n, 20_000, 7)))
        assert [Weight.NOTE] == [finding.weight for finding in found]
        assert "latency_ns.p99" in found[0].touches


def test_a_queue_of_a_few_busy_periods_is_void() -> None:
    queue = OpenQueue(Exponential(), Exponential(), 0.98)
    found = found_by("dependence", claim_about(simulate(queue, 20_000, 20_000, 7)))
    assert ("latency_ns.p50",) in [finding.touches for finding in found if finding.weight is Weight.VOID]


def test_a_queue_hides_no_dependence_of_what_operations_take() -> None:
    """The same times, sorted within each thousand, for a server that rests half the time."""
    queue = simulate(OpenQueue(Exponential(), Exponential(), 0.1), 20_000, 1_000, 7)
    service_ns = np.sort(queue.service_ns.reshape(-1, 1_000), axis=1).ravel()
    alike = dataclasses.replace(queue, finished_ns=queue.started_ns + service_ns)
    found = found_by("dependence", claim_about(alike))
    assert ("service_ns.p99",) in [finding.touches for finding in found if finding.weight is Weight.VOID]


def test_a_quantile_that_is_told_must_rest_on_enough() -> None:
    asked = claim(100_000, p99_9=9_000)
    told = dataclasses.replace(
        asked, results={**asked.results, "latency_ns.p99.9": Estimate(5.0, 4.0, 6.0, "ns", 100_000)}
    )
    assert [Weight.NOTE] == [each.weight for each in found_by("dependence", asked)]
    assert [Weight.VOID] == [each.weight for each in found_by("dependence", told)]


def test_a_stall_that_slows_one_operation_in_fifty_is_one_event() -> None:
    rng = np.random.default_rng(3)
    times_ns = rng.integers(900_000, 1_100_000, 50_000)
    times_ns[20_000:21_000] *= 10
    found = found_by("dependence", claim_about(samples_from(times_ns)))
    assert [("latency_ns.p99",)] == [finding.touches for finding in found if finding.weight is Weight.VOID]


def test_independent_operations_are_left_alone() -> None:
    """200 honest measurements: at most 2 have anything found."""
    alarms = [seed for seed in range(200) if found_by("dependence", claim_about(clean_samples(seed)))]
    assert len(alarms) <= 2, alarms
