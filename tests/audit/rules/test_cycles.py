"""Cycles for an operation, by its time and by its rate."""

from __future__ import annotations

import dataclasses

import pytest

from bizra_lab.model import Claim, Declared, Estimate, Weight
from tests.audit.claims import found_by, not_looked, published


def claimed(
    cycles: tuple[float, float] | None, workers: int | None = 1, /, clock: str = "4e9 Hz", **figures: str
) -> Claim:
    claim = published(Declared(workers=workers), clock_hz=clock, **figures)
    if cycles is None:
        return claim
    low, high = cycles
    return dataclasses.replace(
        claim, results={**claim.results, "cycles_per_op": Estimate(high, low, high, "cycles", 0)}
    )


@pytest.mark.parametrize(
    ("weight", "cycles", "figures"),
    [
        (None, (191.5, 192.5), {"latency_ns__mean": "48.0 ns"}),
        (Weight.REFUTES, (299.5, 300.5), {"latency_ns__mean": "48.0 ns"}),
        (
            Weight.NOTE,
            (0, 300),
            {"throughput_per_s": "12998070 /s"},
        ),  # the rate leaves 307.7, of which less may be used
        (Weight.REFUTES, (399.5, 400.5), {"throughput_per_s": "12998070 /s"}),
        (None, (0, 310), {"throughput_per_s": "12998070 /s"}),
        (Weight.NOTE, (0, 200), {"throughput_per_s": "13e6 /s"}),  # 296 to 320 are left
        (None, (191.5, 192.5), {"throughput_per_s": "12998070 /s", "latency_ns__mean": "48.0 ns"}),
        (Weight.REFUTES, (0, 0), {}),
    ],
)
def test_cycles_are_time_times_frequency(
    weight: Weight | None, cycles: tuple[float, float], figures: dict[str, str]
) -> None:
    found = found_by("cycles", claimed(cycles, clock="4000000000 Hz", **figures))
    assert ([] if weight is None else [weight]) == [finding.weight for finding in found]


def test_the_finding_says_what_is_stated_and_what_the_rate_leaves() -> None:
    (finding,) = found_by("cycles", claimed((0, 300), clock="4000000000 Hz", throughput_per_s="12998070 /s"))
    assert "less than 300 cycles an operation are stated; at 4 GHz the rate leaves 307.7" == finding.message


@pytest.mark.parametrize(("doubted", "mean"), [(True, "0.140 ns"), (False, "1.05 ns")])
def test_a_mean_below_one_cycle_is_doubted(doubted: bool, mean: str) -> None:
    found = found_by("cycles", claimed(None, latency_ns__mean=mean))
    assert ([Weight.DOUBT] if doubted else []) == [finding.weight for finding in found]


def test_cycles_without_a_frequency_or_a_time_are_not_checked() -> None:
    alone = published(Declared(), cycles_per_op="300 cycles")
    for claim in (alone, claimed((299, 301), None, throughput_per_s="5 /s")):
        looked = not_looked("cycles", claim)
        assert looked is not None and looked.undisclosed
    nothing = not_looked("cycles", published(Declared(), throughput_per_s="5 /s"))
    assert nothing is not None and not nothing.undisclosed
