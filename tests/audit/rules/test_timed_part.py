"""Rates of the part that was timed."""

from __future__ import annotations

import pytest

from bizra_lab.model import Declared, Weight
from bizra_lab.testing import clean_samples
from tests.audit.claims import claim_about, found_by, not_looked, published


@pytest.mark.parametrize(
    ("doubted", "rate", "duration_s", "operations"),
    [
        (True, "12998070 /s", 0.2116, 1_000_000),
        (True, "7949328 /s", 0.1267, 500_000),
        (False, "4726000 /s", 0.2116, 1_000_000),
        (False, "5000000 /s", 0.2116, 1_000_000),  # 200 of 211.6 ms
        (False, "1000000 /s", 0.2116, 1_000_000),  # more than was there, which is another rule's
    ],
)
def test_a_rate_fills_the_time_that_it_took(doubted: bool, rate: str, duration_s: float, operations: int) -> None:
    found = found_by(
        "timed_part", published(Declared(duration_s=duration_s, operations=operations), throughput_per_s=rate)
    )
    assert ([Weight.DOUBT] if doubted else []) == [finding.weight for finding in found]


def test_the_finding_says_what_was_timed_and_what_was_not() -> None:
    claim = published(Declared(duration_s=0.2116, operations=1_000_000), throughput_per_s="12998070 /s")
    (finding,) = found_by("timed_part", claim)
    assert finding.message == (
        "1,000,000 operations at 12,998,070 /s take 76.93 ms of the 211.6 ms that they took; the other 134.7 ms, "
        "63.64 %, are in no figure; it takes a rate by the clock, which is 4,725,897.9 /s"
    )


def test_operations_in_flight_at_the_edges_fill_time_too() -> None:
    declared = Declared(workers=100, duration_s=1.0, operations=100)
    assert () == found_by("timed_part", published(declared, throughput_per_s="200 /s"))


@pytest.mark.parametrize("declared", [Declared(duration_s=1.0), Declared(operations=5)])
def test_it_takes_rate_count_and_time(declared: Declared) -> None:
    assert not_looked("timed_part", published(declared, throughput_per_s="5 /s"))


def test_honest_measurements_fill_their_window() -> None:
    for seed in range(20):
        assert () == found_by("timed_part", claim_about(clean_samples(seed, n=2_000, workers=8)))
