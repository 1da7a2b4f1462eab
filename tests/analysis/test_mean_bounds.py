"""What percentiles allow, against linear programs that know nothing of the closed forms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from bizra_lab.analysis.mean_bounds import (
    Contradiction,
    Published,
    Span,
    deviation_bounds,
    mean_bounds,
    rounding,
)
from bizra_lab.model import Floats

P50, P95, P99 = Fraction(1, 2), Fraction(95, 100), Fraction(99, 100)


def exactly(value: float) -> Span:
    return Span(value, value)


def of(*, least: float | None = None, most: float | None = None, **quantiles: float) -> Published:
    """`of(p50=2, p99=5)`: figures of many operations that were not rounded."""
    return Published(
        {Fraction(name[1:]) / 100: exactly(value) for name, value in quantiles.items()},
        None if least is None else exactly(least),
        None if most is None else exactly(most),
    )


def test_percentiles_alone_bound_the_mean_from_below() -> None:
    """Half of all at least 0, 49 % at least 2, 1 % at least 5."""
    bounds = mean_bounds(of(p50=2, p99=5))
    assert pytest.approx((1.03, math.inf)) == (bounds.low, bounds.high)


def test_a_rate_that_percentiles_forbid() -> None:
    """One worker, p50 2 µs and p99 5 µs, cannot exceed 970,874 operations a second, so a million is impossible."""
    least_ns = mean_bounds(of(p50=2_000, p99=5_000)).low
    assert 970_874 == round(1e9 / least_ns)


def test_time_that_is_missing_from_what_was_published() -> None:
    """100 clients at 10,000/s wait 10 ms on average; p50, p95, p99 and max of 2, 4, 6, 500 ms permit 8.04."""
    assert pytest.approx(8.04) == mean_bounds(of(p50=2, p95=4, p99=6, most=500)).high


def test_the_minimum_lifts_the_lower_bound() -> None:
    assert Span(1.5, 3.0) == mean_bounds(of(least=1, p50=2, most=4))


def test_the_mean_in_flight_of_a_queue_lies_within_its_percentiles() -> None:
    """M/M/1 at a utilisation of 0.8 has L = 4; sojourn times are exponential with mean 5, arrivals 0.8 a second."""
    bounds = mean_bounds(
        of(p50=-5 * math.log(0.5), p95=-5 * math.log(0.05), p99=-5 * math.log(0.01), most=-5 * math.log(1e-6))
    )
    assert pytest.approx((1.91, 8.07), abs=0.01) == (0.8 * bounds.low, 0.8 * bounds.high)


def test_a_few_single_values_are_bounded_more_narrowly_than_many() -> None:
    """Of four values 1 is the least, 2 the second, 9 the greatest: only the third is open, 2 to 9."""
    figures = Published({P50: exactly(2.0)}, exactly(1.0), exactly(9.0), 4, "nearest")
    assert Span(3.5, 5.25) == mean_bounds(figures)


def test_a_definition_unknown_leaves_a_percentile_its_neighbours() -> None:
    """By linear interpolation the median of 0 and 10 is 5; by nearest rank no two values have 0, 5, 10."""
    figures = {P50: exactly(5.0)}
    assert Span(5.0, 5.0) == mean_bounds(Published(figures, exactly(0.0), exactly(10.0), 2, "any"))
    with pytest.raises(Contradiction, match="must not fall"):
        Published(figures, exactly(0.0), exactly(10.0), 2, "nearest")


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.115, 0.125, "0.12"),
        (0.1195, 0.1205, "0.120"),
        (1199.5, 1200.5, "1200"),
        (0.0, 0.5, "0"),
        (0.0, 0.005, "0.00"),
        (1150.0, 1250.0, "1.2e3"),
    ],
)
def test_each_printed_digit_says_how_far_it_was_rounded(low: float, high: float, text: str) -> None:
    assert Span(low, high) == rounding(text)


@pytest.mark.parametrize("text", ["", "fast", "-1", "NaN", "inf", "1 ms"])
def test_what_is_no_printed_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a"):
        rounding(text)


def test_rounded_figures_widen_the_bounds_by_their_rounding() -> None:
    """A median of "2" and a maximum of "4", each half a unit either way."""
    assert Span(0.75 + 0.0, 3.5) == mean_bounds(Published({P50: rounding("2")}, most=rounding("4")))


def test_rounding_can_be_all_that_makes_percentiles_agree() -> None:
    """p99 "2.0" is read 1.95 to 2.05 and p50 "2.04" 2.035 to 2.045: they meet."""
    assert (
        pytest.approx(2.0475)
        == mean_bounds(Published({P50: rounding("2.04"), P99: rounding("2.0")}, most=exactly(2.05))).high
    )


def test_percentiles_that_fall_contradict_each_other() -> None:
    with pytest.raises(Contradiction, match=r"must not fall .* p50 9 to 9, p99 5 to 5"):
        of(p50=9, p99=5)


def test_two_percentiles_of_fifty_operations_that_are_one_of_them_must_agree() -> None:
    """p99 and p99.9 of 50 are both the greatest."""
    with pytest.raises(Contradiction, match="of 50 operations"):
        Published({P99: exactly(5.0), Fraction(999, 1000): exactly(6.0)}, n=50, definition="nearest")


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("nothing to bound", {"quantiles": {}}),
        ("not negative", {"quantiles": {P50: Span(-1.0, 1.0)}}),
        ("is finite", {"quantiles": {P50: Span(1.0, math.inf)}}),
        ("between 0 and 1", {"quantiles": {Fraction(1): exactly(1.0)}}),
        ("0 operations", {"quantiles": {P50: exactly(1.0)}, "n": 0}),
    ],
)
def test_what_is_no_percentile_of_times_is_refused(message: str, arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=message):
        Published(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("ends", [(math.nan, 1.0), (1.0, math.nan), (2.0, 1.0), (math.inf, math.inf)])
def test_what_is_no_span_is_refused(ends: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="a span goes from"):
        Span(*ends)


def test_all_equal_figures_leave_nothing_open() -> None:
    same = of(least=3, p50=3, most=3)
    assert (Span(3.0, 3.0), Span(0.0, 0.0)) == (mean_bounds(same), deviation_bounds(same))


def test_times_far_from_zero_have_the_deviation_of_those_near_it() -> None:
    """A second in nanoseconds squared leaves floats no place for a unit."""
    near, far = (of(least=at, p50=at + 1.0, p99=at + 2.0, most=at + 2.0) for at in (0.0, 1e9))
    expected = deviation_bounds(near)
    found = deviation_bounds(far)
    assert (expected.low, expected.high) == pytest.approx((found.low, found.high), abs=1e-6)


def test_the_deviation_of_halves_at_the_ends() -> None:
    """Median 0 and maximum 2, mean 1: half at 0 and half at 2 is the one way."""
    assert Span(1.0, 1.0) == deviation_bounds(of(p50=0, most=2), exactly(1.0))


def test_without_a_maximum_no_deviation_is_too_great() -> None:
    bounds = deviation_bounds(of(p50=0), exactly(2.0))
    assert pytest.approx((2.0, math.inf)) == (bounds.low, bounds.high)


def test_a_mean_that_percentiles_forbid_is_a_contradiction() -> None:
    with pytest.raises(Contradiction, match=r"a mean of 5 to 5 lies outside 0\.5 to 1\.5"):
        deviation_bounds(of(p50=1, most=2), exactly(5.0))


values = st.lists(st.integers(0, 30), min_size=1, max_size=25)
probabilities = st.sets(st.integers(1, 39).map(lambda k: Fraction(k, 40)), max_size=5)


@given(values, probabilities, st.booleans(), st.booleans())
def test_the_bounds_hold_every_sample_with_these_figures(
    drawn: list[int], shares: set[Fraction], with_least: bool, with_most: bool
) -> None:
    ordered = np.sort(np.array(drawn, dtype=np.float64))
    published = _published(ordered, shares, with_least, with_most)
    mean, deviation = mean_bounds(published), deviation_bounds(published, exactly(float(ordered.mean())))
    assert mean.low - 1e-9 <= ordered.mean() <= mean.high + 1e-9
    assert deviation.low - 1e-6 <= ordered.std() <= deviation.high + 1e-6


@given(values, probabilities, st.booleans(), st.booleans(), st.sampled_from([0.0, 0.5, 2.0]))
def test_the_mean_of_n_values_is_bounded_as_a_linear_program_finds(
    drawn: list[int], shares: set[Fraction], with_least: bool, with_most: bool, rounded: float
) -> None:
    """One variable for each of the n values, rising, its own figure where it is a percentile."""
    ordered = np.sort(np.array(drawn, dtype=np.float64))
    published = _published(ordered, shares, with_least, with_most, rounded)
    n = len(ordered)
    box: list[tuple[float, float | None]] = [(0.0, None)] * n
    named = [(math.ceil(n * p) - 1, span) for p, span in published.quantiles.items()]
    named += [(place, span) for place, span in ((0, published.least), (n - 1, published.most)) if span is not None]
    for place, span in named:
        low, high = box[place]
        box[place] = (max(low, span.low), span.high if high is None else min(high, span.high))
    rising = np.eye(n - 1, n) - np.eye(n - 1, n, 1)
    bounds = mean_bounds(published)
    assert bounds.low == pytest.approx(_optimum(np.ones(n) / n, rising, box), abs=1e-8)
    assert bounds.high == pytest.approx(-_optimum(-np.ones(n) / n, rising, box), abs=1e-8)


def _published(
    ordered: Floats, shares: set[Fraction], with_least: bool, with_most: bool, rounded: float = 0.0
) -> Published:
    n = len(ordered)

    def near(value: float) -> Span:
        return Span(max(0.0, float(value) - rounded), float(value) + rounded)

    quantiles = {p: near(ordered[math.ceil(n * p) - 1]) for p in shares}
    nothing = not shares and not with_most
    return Published(
        quantiles,
        near(ordered[0]) if with_least or nothing else None,
        near(ordered[-1]) if with_most else None,
        n,
        "nearest",
    )


def _optimum(cost: Floats, rows: Floats, box: Sequence[tuple[float, float | None]]) -> float:
    found = optimize.linprog(
        cost, A_ub=rows if len(rows) else None, b_ub=np.zeros(len(rows)) if len(rows) else None, bounds=box
    )
    return -math.inf if found.status == 3 else float(found.fun)


steps = st.lists(st.integers(0, 6), min_size=2, max_size=6)


@given(steps, st.data())
def test_mean_and_deviation_of_a_distribution_are_bounded_as_a_linear_program_finds(
    rises: list[int], data: st.DataObject
) -> None:
    """
    One variable for the probability at each point of a grid that holds every figure.

    On a grid of step h the least second moment lies at most h²/4 above that between its points.
    """
    figures = np.cumsum(rises).astype(np.float64)
    inner = len(figures) - 2
    shares = sorted(data.draw(st.sets(st.integers(1, 19), min_size=inner, max_size=inner)))
    quantiles = {Fraction(k, 20): exactly(float(q)) for k, q in zip(shares, figures[1:-1], strict=True)}
    published = Published(quantiles, exactly(float(figures[0])), exactly(float(figures[-1])))
    step = 0.25
    grid = np.arange(figures[0], figures[-1] + step / 2, step)
    # F(q) ≥ p, and everything below q has at most p.
    rows = [-1.0 * (grid <= q) for q in figures[1:-1]] + [1.0 * (grid < q) for q in figures[1:-1]]
    limits = [-k / 20 for k in shares] + [k / 20 for k in shares]

    def program(cost: Floats, mean: float | None = None) -> float:
        equal = [np.ones(len(grid))] + ([] if mean is None else [grid])
        found = optimize.linprog(
            cost,
            A_ub=np.array(rows, dtype=np.float64).reshape(-1, len(grid)) if rows else None,
            b_ub=limits or None,
            A_eq=np.array(equal),
            b_eq=[1.0] + ([] if mean is None else [mean]),
        )
        assert found.success, found.message
        return float(found.fun)

    bounds = mean_bounds(published)
    assert bounds.low == pytest.approx(program(grid), abs=1e-8)
    assert bounds.high == pytest.approx(-program(-grid), abs=1e-8)
    mean = bounds.low + data.draw(st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0])) * (bounds.high - bounds.low)
    deviation = deviation_bounds(published, exactly(mean))
    assert deviation.high**2 == pytest.approx(-program(-((grid - mean) ** 2), mean), abs=1e-6)
    least = program((grid - mean) ** 2, mean)
    assert deviation.low**2 <= least + 1e-6
    assert least <= deviation.low**2 + step**2 / 4 + 1e-6


@given(steps, st.data())
def test_a_mean_within_a_range_lets_the_deviation_be_what_any_mean_in_it_does(
    rises: list[int], data: st.DataObject
) -> None:
    figures = np.cumsum(rises).astype(np.float64)
    published = Published({P50: exactly(float(figures[0]))}, None, exactly(float(figures[-1])))
    bounds = mean_bounds(published)
    shares = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    low, high = (bounds.low + share * (bounds.high - bounds.low) for share in shares)
    ranged = deviation_bounds(published, Span(low, high))
    singles = [deviation_bounds(published, exactly(float(each))) for each in np.linspace(low, high, 201)]
    assert ranged.low <= min(each.low for each in singles) + 1e-9
    assert ranged.high >= max(each.high for each in singles) - 1e-9
    assert ranged.low == pytest.approx(min(each.low for each in singles), abs=0.15)
    assert ranged.high == pytest.approx(max(each.high for each in singles), abs=0.15)
