"""Rates that one load generator does not reach."""

from __future__ import annotations

import pytest

from bizra_lab.model import Declared, Weight
from tests.audit.claims import found_by, not_looked, published


@pytest.mark.parametrize(
    ("doubted", "rate"), [(True, "500000 /s"), (False, "300000 /s"), (False, "3e5 /s"), (False, "12 /s")]
)
def test_a_rate_is_one_that_the_generator_reaches(doubted: bool, rate: str) -> None:
    found = found_by("generator_limit", published(Declared(), throughput_per_s=rate, generator_limit_per_s="300000 /s"))
    assert ([Weight.DOUBT] if doubted else []) == [finding.weight for finding in found]


def test_a_limit_of_one_digit_leaves_open_what_it_leaves_open() -> None:
    assert () == found_by(
        "generator_limit", published(Declared(), throughput_per_s="320000 /s", generator_limit_per_s="3e5 /s")
    )


def test_the_finding_says_how_many_it_would_take() -> None:
    claim = published(Declared(), throughput_per_s="500000 /s", generator_limit_per_s="300000 /s")
    (finding,) = found_by("generator_limit", claim)
    assert finding.message.startswith("500,000 /s are 1.667 times the 300,000 /s that the generator is said to reach")


def test_who_does_not_say_what_sent_it_is_left_alone() -> None:
    assert not_looked("generator_limit", published(Declared(), throughput_per_s="500000 /s"))
