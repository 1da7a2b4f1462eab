"""The terms of Little's Law, read off operations that were written by hand."""

from __future__ import annotations

import dataclasses

import pytest

from bizra_lab.analysis.terms import by_instrument, over_windows
from bizra_lab.model import Estimate, InFlight, Instrument, Result, SampledInFlight, Samples, Unavailable
from bizra_lab.testing import honest, samples_from

MS = 1_000_000


def _value(result: Result) -> float:
    assert isinstance(result, Estimate), result
    return result.value


def _watched(samples: Samples) -> Samples:
    """Ten seconds, in which a gate saw 2 in flight and 4,000 leave, one inside 1, and a sampler 2.1 ± 1."""
    return dataclasses.replace(
        samples,
        instrument=Instrument(
            "c",
            0.0,
            0.0,
            (),
            10_000 * MS,
            in_flight=InFlight(10_000 * MS, 20_000 * MS, 4_000),
            inside=InFlight(5_000 * MS, 5_000 * MS, 1_900),
            sampled=SampledInFlight(400, 2.1, 1.0, 0.0),
        ),
    )


FOUND = by_instrument(_watched(samples_from([5 * MS] * 4_000, workers=2)))


def test_a_gate_knows_what_is_in_flight_and_who_left() -> None:
    assert (2.0, 400.0) == (_value(FOUND["gate"]["L"]), _value(FOUND["gate"]["λ"]))
    assert (1.0, 380.0) == (_value(FOUND["gate inside"]["L"]), _value(FOUND["gate inside"]["λ"]))
    assert isinstance(FOUND["gate"]["W"], Unavailable)


def test_a_sampler_knows_what_is_in_flight_within_its_own_spread() -> None:
    """400 looks with a deviation of 1: 1.96 twentieths to either side."""
    found = FOUND["sampler"]["L"]
    assert isinstance(found, Estimate)
    assert (2.1, 2.002, 2.198) == pytest.approx((found.value, found.low, found.high))
    assert isinstance(FOUND["sampler"]["λ"], Unavailable)


def test_records_know_the_rate_and_the_wait_and_l_by_the_law_alone() -> None:
    assert (400.0, 5e6) == (_value(FOUND["records"]["λ"]), _value(FOUND["records"]["W"]))
    assert Unavailable("only by the law that is to be checked") == FOUND["records"]["L"]


def test_instruments_that_are_not_there_say_so() -> None:
    found = by_instrument(samples_from([]))
    assert {Unavailable("no gate counted what was in flight")} == set(found["gate"].values())
    assert {Unavailable("no sampler looked at what was in flight")} == set(found["sampler"].values())
    assert {Unavailable("no operations")} == set(found["records"].values())


def test_operations_of_no_length_have_no_rate() -> None:
    assert Unavailable("the window has no length") == by_instrument(samples_from([0] * 5))["records"]["λ"]


def test_the_middle_tenth_of_an_operation_without_end_is_all_edge() -> None:
    """One operation that lasts: it began before the window and ends behind it."""
    found = over_windows(samples_from([1_000 * MS]))["the middle tenth"]
    assert (0.0, 1.0, 0.0, 1.0, 0.0) == tuple(_value(found[name]) for name in ("began", "L", "λ·W", "E₀/T", "E₁/T"))


def test_over_all_that_was_measured_there_is_no_edge() -> None:
    found = over_windows(samples_from([1 * MS, 2 * MS, 3 * MS]))["all that was measured"]
    assert (3.0, 1.0, 1.0, 0.0, 0.0) == tuple(_value(found[name]) for name in ("began", "L", "λ·W", "E₀/T", "E₁/T"))


@pytest.mark.parametrize("window", ["all that was measured", "the middle tenth", "the middle hundredth"])
def test_with_its_edges_the_law_is_exact_over_every_window(window: str) -> None:
    found = over_windows(honest("heavy_8", 3))[window]
    assert _value(found["L"]) == pytest.approx(_value(found["λ·W + E₀/T − E₁/T"]), rel=1e-12)


def test_the_shorter_the_window_the_more_of_the_law_is_edge() -> None:
    found = over_windows(honest("heavy_8", 3))
    edges = [_value(each["E₀/T"]) for each in found.values()]
    assert edges == sorted(edges)
    assert edges[0] < 0.1 < edges[-1]


def test_an_open_loads_operations_are_in_flight_from_when_they_fell_due() -> None:
    late = samples_from([1 * MS] * 10)
    due = dataclasses.replace(late, scheduled_ns=late.started_ns - 9 * MS)
    # Nineteen ms from the first planned start to the last end, ten for each.
    assert 100 / 19 == pytest.approx(_value(over_windows(due)["all that was measured"]["L"]))
