"""Operations that cannot be told from none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.model import Claim, Declared, Estimate, Instrument, Weight
from bizra_lab.testing import clean_samples, drafted, samples_from
from bizra_lab.testing.doctored import lasting
from tests.audit.claims import claim_about, found_by, not_looked, published

STEP_10 = Declared(clock_step_ns=10.0)


def timed(p50: tuple[float, float, float], floor_ns: float) -> Claim:
    value, low, high = p50
    results = {
        "latency_ns.p50": Estimate(value, low, high, "ns", 10_000),
        "timer.floor_ns": Estimate(floor_ns, floor_ns, floor_ns, "ns", 1),
    }
    return Claim("timed", results, STEP_10)


@pytest.mark.parametrize(
    ("dead", "p50", "floor_ns"),
    [
        (True, (30.0, 30.0, 30.0), 30.0),
        (True, (30.0, 20.0, 39.0), 30.0),  # within one step of the clock
        (False, (30.0, 20.0, 41.0), 30.0),  # its interval reaches beyond: not shown to be nothing
        (False, (58.0, 58.0, 58.0), 30.0),
        (True, (209.0, 205.0, 215.0), 200.0),  # within a tenth of a floor that is many steps
        (False, (230.0, 225.0, 235.0), 200.0),
        (True, (5.0, 5.0, 5.0), 30.0),
    ],
)
def test_what_takes_as_long_as_nothing_is_void(dead: bool, p50: tuple[float, float, float], floor_ns: float) -> None:
    found = found_by("dead_code", timed(p50, floor_ns))
    assert ([Weight.VOID] if dead else []) == [finding.weight for finding in found]


def test_the_finding_says_both_times() -> None:
    (finding,) = found_by("dead_code", timed((30.0, 30.0, 30.0), 30.0))
    assert (
        "a typical operation takes 30.00 ns, at most 30.00 ns, and an empty one is recorded as 30.00 ns: "
        "the two are the same within 10.00 ns" == finding.message
    )


@pytest.mark.parametrize(
    ("undisclosed", "mean"), [(True, "0.048 us"), (True, "9.9 us"), (None, "11 us"), (None, "3 ms")]
)
def test_without_a_floor_short_times_cannot_be_told_from_nothing(undisclosed: bool | None, mean: str) -> None:
    looked = not_looked("dead_code", published(Declared(), latency_ns__mean=mean))
    assert undisclosed == (looked and looked.undisclosed)


def test_without_a_time_nothing_is_checked() -> None:
    looked = not_looked("dead_code", published(Declared(), throughput_per_s="523793 /s"))
    assert looked is not None and not looked.undisclosed


def test_work_that_is_done_is_told_from_none_and_work_that_is_not_is_not() -> None:
    """100 measurements each, on a clock of 10 ns whose empty operation takes 30: of 80 ns, and of 31 ns."""
    instrument = Instrument("c", 30.0, 30.0, (), 1_000_000_000)
    for ns, dead in ((80.0, False), (31.0, True)):
        for seed in range(100):
            rng = np.random.default_rng(seed)
            times_ns = (ns + rng.standard_exponential(2_000) * 4).astype(np.int64) // 10 * 10
            samples = dataclasses.replace(samples_from(times_ns, clock_step_ns=10.0), instrument=instrument)
            assert dead == bool(found_by("dead_code", claim_about(samples)))


def test_honest_measurements_have_no_finding() -> None:
    assert [] == [seed for seed in range(100) if found_by("dead_code", claim_about(clean_samples(seed, n=2_000)))]


@pytest.mark.parametrize(("doubted", "about_ns"), [(1, 40), (1, 900), (0, 1_200), (0, 5_000)])
def test_operations_whose_floor_nobody_gave_must_take_longer_than_a_clock_may(doubted: int, about_ns: int) -> None:
    times_ns = about_ns + np.random.default_rng(1).integers(0, about_ns // 10, 4_000)
    found = found_by("dead_code", claim_about(samples_from(times_ns)))
    assert [Weight.DOUBT] * doubted == [finding.weight for finding in found]


def test_what_an_operation_of_an_open_load_waits_is_no_work() -> None:
    """Its response is long, but it does nothing."""
    waits = drafted("poisson_1", 1, 5_000).seen()
    (finding,) = found_by("dead_code", claim_about(lasting(waits, np.full(len(waits), 50))))
    assert Weight.DOUBT is finding.weight
