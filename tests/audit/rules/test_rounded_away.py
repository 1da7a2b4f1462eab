"""Means of what the quantiles lost."""

from __future__ import annotations

import pytest

from bizra_lab.model import Declared, Weight
from tests.audit.claims import found_by, not_looked, published


@pytest.mark.parametrize(
    ("doubted", "figures"),
    [
        (True, {"latency_ns__p50": "0 us", "latency_ns__p99": "0 us", "latency_ns__mean": "0.048 us"}),
        (False, {"latency_ns__p50": "0 us", "latency_ns__p99": "1 us", "latency_ns__mean": "0.048 us"}),
        (False, {"latency_ns__p99": "0 us", "latency_ns__mean": "0 us"}),
        (False, {"latency_ns__p99": "0 us", "latency_ns__mean": "1 us"}),  # in the same steps
        (True, {"latency_ns__p99": "0 us", "latency_ns__max": "46812 us", "latency_ns__mean": "0.048 us"}),
    ],
)
def test_a_mean_finer_than_quantiles_of_0_is_doubted(doubted: bool, figures: dict[str, str]) -> None:
    found = found_by("rounded_away", published(Declared(), **figures))
    assert ([Weight.DOUBT] if doubted else []) == [finding.weight for finding in found]


def test_the_finding_says_how_long_the_few_beyond_would_have_taken() -> None:
    (finding,) = found_by("rounded_away", published(Declared(), latency_ns__p99="0 us", latency_ns__mean="0.048 us"))
    assert "the 1.000 % beyond would take 4.800 µs each, 100 times the mean" in finding.message


@pytest.mark.parametrize(
    "figures", [{"latency_ns__p99": "0 us"}, {"latency_ns__max": "0 us", "latency_ns__mean": "1 us"}]
)
def test_it_takes_a_mean_and_a_quantile(figures: dict[str, str]) -> None:
    assert not_looked("rounded_away", published(Declared(), **figures))
