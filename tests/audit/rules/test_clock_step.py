"""Latencies of a few steps of the clock."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.harness.simulate import Exponential, OpenQueue, simulate
from bizra_lab.model import Declared, Weight
from bizra_lab.testing import clean_samples, samples_from
from tests.audit.claims import claim_about, found_by, not_looked, published, summary


@pytest.mark.parametrize(("found", "p50_ns"), [(0, 100.0), (0, 1e6), (1, 99.0), (1, 12.0), (1, 0.0)])
def test_a_median_under_ten_steps_is_void(found: int, p50_ns: float) -> None:
    claim = claim_about(samples_from([1] * 400, clock_step_ns=10.0))
    printed = summary(workers=1, throughput_per_s=1e3, mean_ns=1e6, p50_ns=p50_ns)
    coarse = type(printed)(printed.name, printed.results, claim.declared)
    findings = found_by("clock_step", coarse)
    assert found == len(findings)
    assert all(finding.weight is Weight.VOID for finding in findings)


def test_times_cut_to_whole_milliseconds_betray_their_step() -> None:
    """Log-normal times around 5 ms, floored to 1 ms: a median of five steps, on a clock declared to step 1 ns."""
    rng = np.random.default_rng(2)
    times = (5e6 * np.exp(0.5 * rng.standard_normal(20_000))).astype(np.int64)
    cut = times // 1_000_000 * 1_000_000
    (finding,) = found_by("clock_step", claim_about(samples_from(cut)))
    assert "what every latency is a multiple of" in finding.message
    assert finding.touches_result("latency_ns.p99") and not finding.touches_result("throughput_per_s")
    assert () == found_by("clock_step", claim_about(samples_from(times)))


def test_rounding_that_does_no_harm_is_noted() -> None:
    rng = np.random.default_rng(2)
    times = (5e6 * np.exp(0.5 * rng.standard_normal(20_000))).astype(np.int64) // 1_000 * 1_000
    (finding,) = found_by("clock_step", claim_about(samples_from(times)))
    assert Weight.NOTE is finding.weight
    assert (
        "every latency is a multiple of 1.000 µs, and the clock's step is 1.000 ns: "
        "they were rounded after they were read" == finding.message
    )


@pytest.mark.parametrize(("doubted", "zeros"), [(1, 20), (0, 19), (0, 0)])
def test_one_in_a_hundred_operations_that_take_no_time_is_doubted(doubted: int, zeros: int) -> None:
    times = np.random.default_rng(1).integers(900_000, 1_100_000, 2_000)
    times[:zeros] = 0
    found = found_by("clock_step", claim_about(samples_from(times)))
    assert [Weight.DOUBT] * doubted == [finding.weight for finding in found]


@pytest.mark.parametrize(
    ("weight", "figures"),
    [
        (Weight.VOID, {"latency_ns__p50": "0 ms"}),
        (Weight.VOID, {"latency_ns__p95": "0 ms"}),
        (Weight.VOID, {"latency_ns__p50": "0 ms", "latency_ns__p99": "0 ms", "latency_ns__mean": "48 ns"}),
        (Weight.DOUBT, {"latency_ns__p50": "0.001 ms"}),  # anything from 0.5 to 1.5 µs
        (None, {"latency_ns__p50": "0.002 ms"}),
        (None, {"latency_ns__p50": "0.12 ms"}),
        (None, {"latency_ns__min": "0 ms", "latency_ns__p50": "0.12 ms"}),
    ],
)
def test_what_is_printed_as_nothing_is_void_and_in_one_digit_doubted(
    weight: Weight | None, figures: dict[str, str]
) -> None:
    found = found_by("clock_step", published(Declared(), 1_000, **figures))
    assert ([] if weight is None else [weight]) == [finding.weight for finding in found]


@pytest.mark.parametrize("figures", [{"latency_ns__p50": "1 ms"}, {"latency_ns__p99": "1 ms"}])
def test_an_undisclosed_clock_or_median_is_not_checked(figures: dict[str, str]) -> None:
    looked = not_looked("clock_step", published(Declared(), **figures))
    assert looked is not None and looked.undisclosed


def test_a_handful_of_equal_times_is_not_taken_for_rounding() -> None:
    assert () == found_by("clock_step", claim_about(samples_from([1_000_000, 2_000_000] * 50)))


def test_no_clock_shows_the_same_time_a_thousand_times() -> None:
    """As a report does that has put the median in the place of every operation."""
    (finding,) = found_by("clock_step", claim_about(samples_from([1_234_567] * 1_000)))
    assert Weight.VOID is finding.weight
    drawn = samples_from([1_234_567] * 1_000, scope="simulated")
    assert () == found_by("clock_step", claim_about(drawn))


@pytest.mark.parametrize(("weight", "ticks_in_median"), [(Weight.VOID, 5), (Weight.DOUBT, 20), (Weight.NOTE, 200)])
def test_rounding_is_doubted_by_how_much_of_the_median_it_is(weight: Weight, ticks_in_median: int) -> None:
    rng = np.random.default_rng(2)
    tick_ns = 5_000_000 // ticks_in_median
    times = (5e6 * np.exp(0.5 * rng.standard_normal(20_000))).astype(np.int64) // tick_ns * tick_ns
    assert [weight] == [each.weight for each in found_by("clock_step", claim_about(samples_from(times)))]


def test_ticks_that_are_no_whole_nanoseconds_are_found() -> None:
    """A clock of 60 steps a second, and operations of about a tenth of one."""
    rng = np.random.default_rng(2)
    ticks = np.cumsum(1e8 * np.exp(0.3 * rng.standard_normal(5_000))) // (1e9 / 60)
    stamps_ns = np.rint(ticks * (1e9 / 60)).astype(np.int64)
    (finding,) = found_by("clock_step", claim_about(samples_from(np.diff(stamps_ns))))
    assert Weight.VOID is finding.weight and "× 16.67 ms" in finding.message


def test_a_queue_hides_no_truncation_of_what_operations_take() -> None:
    """Only some operations waited, so that response times are no multiples of anything."""
    queue = simulate(OpenQueue(Exponential(), Exponential(), 0.5), 20_000, 1_000, 3)
    measured = dataclasses.replace(queue, measurement=dataclasses.replace(queue.measurement, scope="inproc"))
    assert () == found_by("clock_step", claim_about(measured))
    cut = dataclasses.replace(measured, finished_ns=measured.started_ns + measured.service_ns // 100_000 * 100_000)
    assert Weight.VOID in [each.weight for each in found_by("clock_step", claim_about(cut))]


def test_an_honest_measurement_has_no_finding() -> None:
    assert () == found_by("clock_step", claim_about(clean_samples(4)))
