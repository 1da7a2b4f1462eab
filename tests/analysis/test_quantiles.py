"""Exact quantiles: ranks in rational numbers, intervals from the binomial."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bizra_lab.analysis.quantiles import (
    order_statistics,
    probability,
    quantile_name,
    quantiles,
    rank,
    rank_interval,
    samples_needed,
)
from bizra_lab.model import Estimate, Unavailable

P50, P99, P999 = Fraction(1, 2), Fraction(99, 100), Fraction(999, 1000)


@pytest.mark.parametrize(
    ("expected", "n", "p"),
    [
        (999, 1000, 0.999),
        (9990, 10_000, 0.999),
        (7, 100, 0.07),  # 100 × 0.07 is 7.000000000000001
        (7, 50, 0.14),  # likewise
        (57, 100, 0.57),  # 100 × 0.57 is 56.99999999999999
        (1, 3, 0.01),
        (3, 3, 0.99),
    ],
)
def test_the_rank_is_that_of_the_decimal_number_that_was_written(expected: int, n: int, p: float) -> None:
    assert expected == rank(n, probability(p))


@pytest.mark.parametrize(("expected", "p"), [("p50", 0.5), ("p99.9", 0.999), ("p99.999", 0.99999), ("p2.5", 0.025)])
def test_a_quantile_is_named_as_it_is_said(expected: str, p: float) -> None:
    assert expected == quantile_name(probability(p))


@pytest.mark.parametrize("p", [0, 1, -0.1, 1.5])
def test_a_quantile_outside_zero_and_one_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        probability(p)


@pytest.mark.parametrize(
    ("expected", "n", "p"),
    [
        ((40, 60), 100, P50),  # David & Nagaraja's example for the median: coverage 0.9540
        ((14, 27), 40, P50),
        ((61, 79), 100, Fraction(7, 10)),
        ((84, 96), 100, Fraction(9, 10)),
        ((47, 56), 57, Fraction(9, 10)),
    ],
)
def test_the_rank_interval_is_the_shortest_of_all_pairs(expected: tuple[int, int], n: int, p: Fraction) -> None:
    """Expected ranks were found by trying every pair of ranks."""
    assert expected == rank_interval(n, p, 0.95)


@given(n=st.integers(5, 3000), p=st.sampled_from([P50, Fraction(9, 10), P99, Fraction(1, 20)]))
def test_the_rank_interval_holds_its_confidence_and_one_rank_less_does_not(n: int, p: Fraction) -> None:
    between = rank_interval(n, p, 0.95)
    if between is None:
        assert stats.binom.cdf(n - 1, n, float(p)) - stats.binom.cdf(0, n, float(p)) < 0.95
        return
    low, high = between
    assert 1 <= low < high <= n
    within = np.diff(stats.binom.cdf([low - 1, high - 1], n, float(p)))[0]
    assert 0.95 <= within + 1e-12
    for narrower in ((low + 1, high), (low, high - 1)):
        assert 0.95 > np.diff(stats.binom.cdf([narrower[0] - 1, narrower[1] - 1], n, float(p)))[0]


def test_no_two_values_bound_the_median_of_five() -> None:
    assert None is rank_interval(5, P50, 0.95)


def test_the_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """600 draws of 2,000 independent values: 95 % intervals for p99 hold the true p99 in 93 to 97.5 % of them."""
    rng = np.random.default_rng(7)
    truth = -np.log(0.01) * 1e6
    held = 0
    for _ in range(600):
        values = rng.exponential(1e6, 2_000).astype(np.int64)
        found = quantiles(values, [P99], 0.95, "ns")[P99]
        assert isinstance(found, Estimate)
        held += found.low <= truth <= found.high
    assert 0.93 <= held / 600 <= 0.975


def test_a_quantile_with_too_few_operations_beyond_it_says_how_many_it_needs() -> None:
    found = quantiles(np.arange(19_999, dtype=np.int64), [P999], 0.95, "ns")[P999]
    assert Unavailable("19999 operations do not bound the 0.999 quantile; it needs 20000") == found
    assert 20_000 == samples_needed(P999)
    assert isinstance(quantiles(np.arange(20_000, dtype=np.int64), [P999], 0.95, "ns")[P999], Estimate)


def test_the_value_is_one_that_was_seen() -> None:
    values = np.array([5, 1, 4, 2, 3] * 20, dtype=np.int64)
    assert Estimate(3.0, 3.0, 3.0, "ns", 100) == quantiles(values, [P50], 0.5, "ns")[P50]


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=50))
def test_order_statistics_are_those_of_the_sorted_values(values: list[int]) -> None:
    found = order_statistics(np.array(values, dtype=np.int64), range(1, len(values) + 1))
    assert sorted(values) == [found[place] for place in range(1, len(values) + 1)]


def test_no_values_give_no_quantile() -> None:
    assert isinstance(quantiles(np.zeros(0, np.int64), [P50], 0.95, "ns")[P50], Unavailable)
