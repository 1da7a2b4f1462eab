"""An L that is not λ times the mean."""

from __future__ import annotations

import dataclasses

import pytest

from bizra_lab.model import Claim, Declared, Weight
from bizra_lab.testing import clean_samples
from tests.audit.claims import claim_about, found_by, not_looked, published

L = "littles_law.in_flight"


def stated(in_flight: str, limit: float | None = None, /, **figures: str) -> Claim:
    declared = Declared(limits=None if limit is None else {L: limit})
    return published(declared, littles_law__in_flight=f"{in_flight} operations", **figures)


@pytest.mark.parametrize(
    ("weight", "in_flight", "figures"),
    [
        (Weight.REFUTES, "62.9", {"latency_ns__p50": "120 us", "latency_ns__mean": "187.5 us"}),
        (None, "98.2", {"latency_ns__p50": "120 us", "latency_ns__mean": "187.5 us"}),
        (Weight.REFUTES, "0.57", {"latency_ns__p50": "0.12 ms", "latency_ns__p99": "1.1 ms"}),
        (Weight.NOTE, "62.9", {"latency_ns__p50": "0.12 ms", "latency_ns__p99": "1.1 ms"}),  # the mean may be that too
        (None, "80", {"latency_ns__p50": "0.12 ms", "latency_ns__p99": "1.1 ms"}),
        (None, "97", {"latency_ns__mean": "187.5 us"}),  # windows of a tool that differ by a moment
        (None, "63.0", {"latency_ns__p50": "0.12 ms", "latency_ns__mean": "0.12 ms"}),
    ],
)
def test_l_is_the_rate_times_the_mean(weight: Weight | None, in_flight: str, figures: dict[str, str]) -> None:
    found = found_by("stated_in_flight", stated(in_flight, throughput_per_s="523793 /s", **figures))
    assert ([] if weight is None else [weight]) == [finding.weight for finding in found]


@pytest.mark.parametrize(
    ("slip", "in_flight"),
    [
        ("; it is λ × p50", "62.9"),
        ("; it is λ × p99, read in a unit a thousand times too small", "0.57"),
        ("; it is λ × p50, read in one a thousand times too large", "62855"),
    ],
)
def test_the_product_that_it_is_instead_is_named(slip: str, in_flight: str) -> None:
    figures = {"latency_ns__p50": "120 us", "latency_ns__p99": "1100 us", "latency_ns__mean": "187.5 us"}
    (finding,) = found_by("stated_in_flight", stated(in_flight, throughput_per_s="523793 /s", **figures))
    assert finding.message.endswith(f"is 98.18 to 98.24{slip}")


def test_a_limit_between_the_slip_and_the_mean_makes_it_a_doubt() -> None:
    """An artifact that its source withdrew since L was 0, by the median; by its own mean L keeps the limit."""
    figures = {"throughput_per_s": "3870687 /s", "latency_ns__p50": "0 us", "latency_ns__mean": "0.048 us"}
    (noted,) = found_by("stated_in_flight", stated("0", **figures))
    assert Weight.NOTE is noted.weight
    (finding,) = found_by("stated_in_flight", stated("0", 0.1, **figures))
    assert Weight.DOUBT is finding.weight
    assert finding.message == (
        "0 in flight is stated; it is λ × p50, and only the mean makes L; λ × mean is 0.1858; "
        "the limit of 0.1000 lies between the two, so the slip decides"
    )


def test_without_a_rate_or_a_latency_there_is_no_product() -> None:
    for figures in ({"latency_ns__mean": "1 ms"}, {"throughput_per_s": "5 /s"}):
        looked = not_looked("stated_in_flight", stated("5", **figures))
        assert looked is not None and looked.undisclosed


def test_who_states_no_l_and_who_measured_it_is_left_alone() -> None:
    looked = not_looked("stated_in_flight", published(Declared(), throughput_per_s="5 /s", latency_ns__mean="1 ms"))
    assert looked is not None and not looked.undisclosed
    measured = claim_about(clean_samples(1, workers=4))
    assert () == found_by("stated_in_flight", measured)
    assert L in dataclasses.replace(measured, samples=None).results
