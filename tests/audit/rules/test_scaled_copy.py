"""Sets of quantiles that are multiples of each other."""

from __future__ import annotations

import pytest

from bizra_lab.model import Claim, Declared, Weight
from tests.audit.claims import found_by, not_looked, published
from tests.audit.stating import stating


def quantiles(name: str, p50: str, p95: str, p99: str) -> Claim:
    return stating(published(Declared(), latency_ns__p50=p50, latency_ns__p95=p95, latency_ns__p99=p99), name=name)


ORIGINAL = quantiles("original", "0.12 ms", "0.6 ms", "1.1 ms")


@pytest.mark.parametrize(
    ("copied", "other"),
    [
        (True, quantiles("b", "0.14 ms", "0.72 ms", "1.3 ms")),
        (False, quantiles("b", "0.089 ms", "0.156 ms", "0.256 ms")),
        (False, ORIGINAL),  # which is the same run
        (False, quantiles("b", "0.12 ms", "0.61 ms", "1.11 ms")),  # or its like: the factor may be 1
        (False, quantiles("b", "1 ms", "5 ms", "9 ms")),  # anything is a multiple of that
        (False, quantiles("b", "10.0 ms", "10.0 ms", "10.0 ms")),
    ],
)
def test_one_factor_for_each_quantile_is_noted(copied: bool, other: Claim) -> None:
    found = found_by("scaled_copy", stating(ORIGINAL, beside=(other,)))
    assert ([Weight.NOTE] if copied else []) == [finding.weight for finding in found]


def test_claims_of_one_factor_are_named_together() -> None:
    others = tuple(quantiles(name, "0.14 ms", "0.72 ms", "1.3 ms") for name in ("b", "c"))
    (finding,) = found_by("scaled_copy", stating(ORIGINAL, beside=others))
    assert finding.message.startswith("each quantile is 0.7931 to 0.9091 times that of b and 1 more")


def test_two_quantiles_are_too_few() -> None:
    two = published(Declared(), latency_ns__p50="0.14 ms", latency_ns__p99="1.3 ms")
    assert () == found_by("scaled_copy", stating(ORIGINAL, beside=(two,)))
    assert not_looked("scaled_copy", stating(two, beside=(ORIGINAL,)))
