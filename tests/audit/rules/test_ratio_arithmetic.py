"""Ratios and percentages that are not those of the figures beside them."""

from __future__ import annotations

import pytest

from bizra_lab.model import Declared, Weight
from tests.audit.claims import found_by, not_looked, published


@pytest.mark.parametrize(
    ("refuted", "figures"),
    [
        (False, {"throughput_per_s": "13e6 /s", "baseline": "300000 /s", "ratio_claimed": "43"}),
        (True, {"throughput_per_s": "12998070 /s", "baseline": "300000 /s", "ratio_claimed": "45"}),
        (False, {"throughput_per_s": "12998070 /s", "baseline": "300000 /s", "change_claimed": "4233 %"}),
        (True, {"throughput_per_s": "12998070 /s", "baseline": "300000 /s", "change_claimed": "4333 %"}),
        (True, {"throughput_per_s": "523793 /s", "baseline": "408368 /s", "change_claimed": "35.0 %"}),  # 28.3 %
        (False, {"throughput_per_s": "523793 /s", "baseline": "408368 /s", "change_claimed": "28.3 %"}),
        # Times: twice as fast is half the time, and an improvement is a reduction.
        (False, {"latency_ns__p50": "50 ms", "baseline": "100 ms", "ratio_claimed": "2.0"}),
        (False, {"latency_ns__p50": "50 ms", "baseline": "100 ms", "ratio_claimed": "0.50"}),
        (False, {"latency_ns__p50": "50 ms", "baseline": "100 ms", "change_claimed": "50 %"}),
        (True, {"latency_ns__p50": "50 ms", "baseline": "100 ms", "change_claimed": "100 %"}),
        # The interval of a coarse baseline: 1 µs may be 0.5 to 1.5.
        (False, {"latency_ns__p50": "50 us", "baseline": "1 us", "ratio_claimed": "90"}),
        (False, {"latency_ns__p50": "50 us", "baseline": "1 us", "ratio_claimed": "40"}),
        (True, {"latency_ns__p50": "50 us", "baseline": "1.0 us", "ratio_claimed": "90"}),
        # Of several latencies any may be meant.
        (
            False,
            {"latency_ns__p50": "50 ms", "latency_ns__p99": "90 ms", "baseline": "100 ms", "change_claimed": "10 %"},
        ),
        (True, {"share__hit": "92.8 %", "baseline": "85.0 %", "change_claimed": "7.8 %"}),
        (False, {"share__hit": "92.8 %", "baseline": "85.0 %", "change_claimed": "9.2 %"}),
        # Seventy per cent fewer failures: of some shares less is better.
        (False, {"share__failed": "0.30 %", "baseline": "1.00 %", "change_claimed": "70 %"}),
        (True, {"share__failed": "0.30 %", "baseline": "1.00 %", "change_claimed": "30 %"}),
    ],
)
def test_a_ratio_is_that_of_its_two_figures(refuted: bool, figures: dict[str, str]) -> None:
    found = found_by("ratio_arithmetic", published(Declared(), **figures))
    assert ([Weight.REFUTES] if refuted else []) == [finding.weight for finding in found]


def test_a_time_cannot_fall_by_more_than_all_of_itself() -> None:
    """The published +6285.7 % of p50, which went from 0.0014 to 0.0894 ms."""
    claim = published(
        Declared(ratio_of="latency_ns.p50"),
        latency_ns__p50="0.0894 ms",
        baseline="0.0014 ms",
        change_claimed="6285.7 %",
    )
    (finding,) = found_by("ratio_arithmetic", claim)
    assert finding.message == ("a time cannot fall by 6,286 % of itself, only by 100 %; latency_ns.p50 rose by as much")
    (alone,) = found_by(
        "ratio_arithmetic",
        published(Declared(ratio_of="latency_ns.p50"), latency_ns__p50="0.0894 ms", change_claimed="6285.7 %"),
    )
    assert alone.message == "a time cannot fall by 6,286 % of itself, only by 100 %"


@pytest.mark.parametrize(
    ("slip", "figures"),
    [
        (
            "the change is in percentage points",
            {"share__hit": "92.8 %", "baseline": "85.0 %", "change_claimed": "7.8 %"},
        ),
        (
            "it is so many per cent of the baseline, not more than it",
            {"throughput_per_s": "12998070 /s", "baseline": "300000 /s", "change_claimed": "4333 %"},
        ),
        ("it is a rise", {"latency_ns__p50": "150 ms", "baseline": "100 ms", "change_claimed": "50 %"}),
    ],
)
def test_the_usual_slips_are_named(slip: str, figures: dict[str, str]) -> None:
    (finding,) = found_by("ratio_arithmetic", published(Declared(), **figures))
    assert finding.message.endswith(f"; {slip}")


def test_the_finding_does_the_arithmetic() -> None:
    claim = published(Declared(), throughput_per_s="523793 /s", baseline="408368 /s", change_claimed="35.0 %")
    (finding,) = found_by("ratio_arithmetic", claim)
    assert (
        "a change for the better by 35.00 % is claimed, but throughput_per_s went from 408,400 /s to 523,800 /s, "
        "by +0.2826 of it" == finding.message
    )


@pytest.mark.parametrize(
    "figures",
    [{"throughput_per_s": "5 /s", "ratio_claimed": "2"}, {"baseline": "5 /s", "ratio_claimed": "2"}],
)
def test_a_ratio_of_something_undisclosed_is_not_checked(figures: dict[str, str]) -> None:
    looked = not_looked("ratio_arithmetic", published(Declared(), **figures))
    assert looked is not None and looked.undisclosed


def test_who_claims_no_ratio_is_left_alone() -> None:
    claim = published(Declared(), throughput_per_s="5 /s", baseline="4 /s")
    assert None is not_looked("ratio_arithmetic", claim)
    assert () == found_by("ratio_arithmetic", claim)
