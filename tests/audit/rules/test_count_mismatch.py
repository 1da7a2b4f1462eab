"""Rate, duration and count that are not one fact."""

from __future__ import annotations

import dataclasses

import pytest

from bizra_lab.model import Declared, Weight
from bizra_lab.testing import clean_samples, drafted
from tests.audit.claims import claim_about, found_by, not_looked, published


@pytest.mark.parametrize(
    ("weight", "rate", "duration_s", "operations"),
    [
        (Weight.REFUTES, "12998070 /s", 0.2116, 1_000_000),  # 4.7 million by the wall clock
        (Weight.REFUTES, "7949328 /s", 0.1267, 500_000),
        (Weight.REFUTES, "523793 /s", 120.0, 10_000),
        (None, "4726000 /s", 0.2116, 1_000_000),
        (None, "523793 /s", 0.01909, 10_000),
        (None, "500000 /s", 0.02, 10_400),  # "20 ms" is 19.5 to 20.5
        (Weight.NOTE, "523793 /s", 120.0, 62_855_160),  # multiplied
        (None, "523793 /s", 120.0, 62_855_161),
        (Weight.NOTE, "10000 /s", 100.0, 1_000_000),
        (Weight.DOUBT, "1000 /s", 10.0, 20_000),  # half of what was counted
        (None, "1000 /s", 10.0, 10_100),
    ],
)
def test_rate_times_duration_is_the_count(weight: Weight | None, rate: str, duration_s: float, operations: int) -> None:
    claim = published(Declared(duration_s=duration_s, operations=operations), throughput_per_s=rate)
    assert ([] if weight is None else [weight]) == [finding.weight for finding in found_by("count_mismatch", claim)]


def test_the_finding_says_the_rate_by_the_clock() -> None:
    claim = published(Declared(duration_s=0.2116, operations=1_000_000), throughput_per_s="12998070 /s")
    (finding,) = found_by("count_mismatch", claim)
    assert finding.message.startswith("12,998,070 /s × 211.6 ms = 2.75039e+06 operations")
    assert finding.message.endswith("but 1,000,000 were counted, which over that time is 4.7259e+06 /s")


def test_operations_that_failed_may_be_missing_from_the_rate() -> None:
    declared = Declared(duration_s=10.0, operations=20_000)
    half = published(declared, 20_000, throughput_per_s="1000 /s", share__failed="50 %")
    assert () == found_by("count_mismatch", half)


def test_operations_in_flight_at_the_edges_may_be_counted_or_not() -> None:
    declared = Declared(workers=512, duration_s=10.0, operations=1_000)
    assert () == found_by("count_mismatch", published(declared, throughput_per_s="150 /s"))
    alone = dataclasses.replace(declared, workers=1)
    assert 1 == len(found_by("count_mismatch", published(alone, throughput_per_s="150 /s")))


@pytest.mark.parametrize(
    ("declared", "figures"),
    [
        (Declared(duration_s=1.0), {"throughput_per_s": "1500 /s"}),
        (Declared(operations=5), {"throughput_per_s": "1500 /s"}),
        (Declared(duration_s=1.0, operations=5), {}),
    ],
)
def test_with_two_of_the_three_there_is_nothing_to_compare(declared: Declared, figures: dict[str, str]) -> None:
    looked = not_looked("count_mismatch", published(declared, **figures))
    assert looked is not None and not looked.undisclosed


def test_honest_measurements_add_up() -> None:
    for seed in range(100):
        for workers in (1, 8):
            assert () == found_by("count_mismatch", claim_about(clean_samples(seed, n=2_000, workers=workers)))


@pytest.mark.parametrize("load", ["closed_1", "closed_64", "heavy_1", "poisson_1", "constant_8"])
@pytest.mark.parametrize(("doubted", "times"), [(0, 1.0), (1, 1.024), (1, 1 / 1.024), (1, 1_000.0)])
def test_stamps_span_the_duration_that_is_declared(load: str, doubted: int, times: float) -> None:
    for seed in range(3):
        samples = drafted(load, seed, 20_000).seen()
        duration_s = samples.measurement.duration_s * times
        told = dataclasses.replace(samples, measurement=dataclasses.replace(samples.measurement, duration_s=duration_s))
        assert doubted == len(found_by("count_mismatch", claim_about(told)))


@pytest.mark.parametrize(
    ("doubted", "load", "times"),
    [
        (1, "constant_8", 1.01),
        (0, "constant_8", 1.004),
        (1, "poisson_1", 1.1),
        (0, "poisson_1", 0.995),  # of 20,000 at random, half a per cent is chance
    ],
)
def test_operations_fall_due_at_the_rate_that_is_declared(doubted: int, load: str, times: float) -> None:
    for seed in range(3):
        samples = drafted(load, seed, 20_000).seen()
        rate_per_s = samples.measurement.load.rate_per_s
        assert rate_per_s is not None
        other = dataclasses.replace(samples.measurement.load, rate_per_s=rate_per_s * times)
        told = dataclasses.replace(samples, measurement=dataclasses.replace(samples.measurement, load=other))
        found = found_by("count_mismatch", claim_about(told))
        assert doubted == len(found)
        assert all("operations fell due at" in finding.message for finding in found)
