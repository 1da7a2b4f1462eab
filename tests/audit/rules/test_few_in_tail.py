"""Quantiles that rest on a handful of operations."""

from __future__ import annotations

import pytest

from bizra_lab.model import Claim, Declared, Estimate, Unavailable
from bizra_lab.testing import clean_samples
from tests.audit.claims import claim_about, found_by, not_looked


def claim(name: str, n: int) -> Claim:
    return Claim("printed", {name: Estimate(5.0, 5.0, 5.0, "ns", n)}, Declared())


@pytest.mark.parametrize(
    ("found", "name", "n"),
    [
        (0, "latency_ns.p99", 2_000),
        (1, "latency_ns.p99", 1_999),
        (0, "latency_ns.p99.9", 20_000),  # 20000 × 0.001 is 19.999… in floats
        (1, "latency_ns.p99.9", 19_999),
        (1, "service_ns.p95", 9),
        (0, "latency_ns.max", 9),
        (0, "throughput_per_s", 9),
    ],
)
def test_twenty_operations_must_lie_beyond_a_quantile(found: int, name: str, n: int) -> None:
    assert found == len(found_by("few_in_tail", claim(name, n)))


def test_the_finding_says_how_many_operations_it_takes_and_touches_only_its_quantile() -> None:
    (finding,) = found_by("few_in_tail", claim("latency_ns.p99.99", 36_887))
    assert finding.message.endswith("it takes 20, so 200,000 operations")
    assert ("latency_ns.p99.99",) == finding.touches


def test_of_an_undisclosed_number_nothing_is_checked_unless_it_is_declared() -> None:
    unknown = claim("latency_ns.p99", 0)
    looked = not_looked("few_in_tail", unknown)
    assert looked is not None and looked.undisclosed
    told = Claim(unknown.name, unknown.results, Declared(operations=1_999))
    (finding,) = found_by("few_in_tail", told)
    assert "has 20 of 1,999 operations beyond it" in finding.message


def test_what_is_unavailable_is_not_doubted_again() -> None:
    assert () == found_by("few_in_tail", Claim("ours", {"latency_ns.p99": Unavailable("few")}, Declared()))


@pytest.mark.parametrize(("found", "n"), [(1, 1_999), (0, 2_000)])
def test_a_measurement_of_which_no_p99_can_be_told_is_doubted(found: int, n: int) -> None:
    assert found == len(found_by("few_in_tail", claim_about(clean_samples(1, n=n))))
