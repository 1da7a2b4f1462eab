"""What a reader needs and is not told."""

from __future__ import annotations

import dataclasses

import pytest

from bizra_lab.model import Declared, Weight
from bizra_lab.testing import clean_samples
from tests.audit.claims import claim_about, found_by, published

WHOLE = Declared("http", "closed", 50, None, 30.0, 120.0, 10_000, hardware="8 cores of some kind")


@pytest.mark.parametrize(
    ("words", "withheld"),
    [
        ("the concurrency", {"workers": None}),
        ("the kind of load", {"kind": None}),
        ("the scope", {"scope": None}),
        ("the duration", {"duration_s": None}),
        ("the warm-up", {"warmup_s": None}),
        ("the machine", {"hardware": None}),
        ("the concurrency, the warm-up, the machine", {"workers": None, "warmup_s": None, "hardware": None}),
    ],
)
def test_one_doubt_lists_what_is_missing(words: str, withheld: dict[str, None]) -> None:
    (finding,) = found_by("undisclosed", published(dataclasses.replace(WHOLE, **withheld)))
    assert Weight.DOUBT is finding.weight
    assert finding.message.startswith(f"nothing is said of {words}; without it")
    assert finding.touches_result("throughput_per_s")


def test_who_says_everything_is_left_alone() -> None:
    assert () == found_by("undisclosed", published(WHOLE))


def test_zero_is_something_said() -> None:
    assert () == found_by("undisclosed", published(dataclasses.replace(WHOLE, warmup_s=0.0)))


def test_a_duration_that_is_not_said_follows_from_count_and_rate() -> None:
    claim = published(dataclasses.replace(WHOLE, duration_s=None), throughput_per_s="523793 /s")
    (finding,) = found_by("undisclosed", claim)
    assert finding.message.endswith("; 10,000 operations at 523,793 /s take 19.09 ms")


def test_the_machine_of_a_measurement_is_in_its_record() -> None:
    assert () == found_by("undisclosed", claim_about(clean_samples(1, n=1_000)))
