"""Exact quantiles: ranks in rational numbers, intervals from the binomial."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bizra_lab.analysis.dependence import Dependence, Inflation
from bizra_lab.analysis.quantiles import (
    _ranks,
    order_statistics,
    probability,
    quantile_name,
    quantiles,
    quantiles_in_order,
    rank,
    rank_interval,
    samples_needed,
)
from bizra_lab.harness.simulate import Exponential, OpenQueue, mm1_sojourn_quantile_ns, simulate
from bizra_lab.model import Estimate, Ints, Result, Unavailable

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


def of(values: Ints, p: Fraction, confidence: float = 0.95) -> Result:
    """One quantile of values in time order."""
    return quantiles_in_order(values, [p], confidence, "ns")[p].value


def holds(found: Result, truth_ns: float) -> bool:
    assert isinstance(found, Estimate), found
    return found.low <= truth_ns <= found.high


def test_the_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """600 draws of 2,000 independent values: 95 % intervals for p99 hold the true p99 in 93 to 97.5 % of them."""
    rng = np.random.default_rng(7)
    truth_ns = -np.log(0.01) * 1e6
    held = sum(holds(of(rng.exponential(1e6, 2_000).astype(np.int64), P99), truth_ns) for _ in range(600))
    assert 0.93 <= held / 600 <= 0.975


@pytest.mark.parametrize(("utilisation", "n"), [(0.5, 100_000), (0.8, 400_000)])
def test_the_intervals_cover_the_truth_of_a_queue_where_ranks_alone_do_not(utilisation: float, n: int) -> None:
    """40 runs of M/M/1: at least 36 hold the true p99; binomial ranks as if independent do in fewer than 28."""
    queue = OpenQueue(Exponential(), Exponential(), utilisation)
    truth_ns = mm1_sojourn_quantile_ns(0.99, utilisation)
    between = rank_interval(n, P99, 0.95)
    assert between is not None
    ours = alone = 0
    for seed in range(40):
        latency_ns = simulate(queue, n, 20_000, seed).latency_ns
        ours += holds(of(latency_ns, P99), truth_ns)
        low, high = order_statistics(latency_ns, between).values()
        alone += low <= truth_ns <= high
    assert ours >= 36
    assert alone < 28


def test_the_order_of_the_values_is_kept_and_counts() -> None:
    """A thousand slow ones in a row are one event, however many they are; scattered they are a thousand."""
    rng = np.random.default_rng(11)
    times_ns = rng.integers(1_000, 2_000, 100_000)
    times_ns[50_000:51_500] += 10_000
    before = times_ns.copy()
    together, scattered = of(times_ns, P99), of(rng.permutation(times_ns), P99)
    assert np.array_equal(before, times_ns)
    assert isinstance(scattered, Estimate)
    assert isinstance(together, Unavailable)
    assert "resemble their neighbours and are worth" in together.reason


def test_dependence_widens_the_interval_around_the_same_value() -> None:
    queue = simulate(OpenQueue(Exponential(), Exponential(), 0.5), 200_000, 20_000, 1).latency_ns
    asked = quantiles_in_order(queue, [P50, P99], 0.95, "ns")
    shuffled = quantiles_in_order(np.random.default_rng(1).permutation(queue), [P50, P99], 0.95, "ns")
    for p in (P50, P99):
        ours, alone = asked[p].value, shuffled[p].value
        assert isinstance(ours, Estimate) and isinstance(alone, Estimate)
        assert ours.value == alone.value
        assert ours.high - ours.low > 1.5 * (alone.high - alone.low)
        assert Estimate(200_000, 200_000, 200_000, "operations", 200_000) == shuffled[p].n_eff


def test_operations_that_tell_too_little_say_how_many_it_takes() -> None:
    """20,000 of M/M/1 at 0.8 are worth some hundreds about p99, which takes 2,000: fifty times as many, or so."""
    queue = simulate(OpenQueue(Exponential(), Exponential(), 0.8), 20_000, 20_000, 7).latency_ns
    found = quantiles_in_order(queue, [P50, P99], 0.95, "ns")
    assert isinstance(found[P50].value, Estimate)
    unbounded, n_eff = found[P99].value, found[P99].n_eff
    assert isinstance(unbounded, Unavailable) and isinstance(n_eff, Estimate)
    assert 100 < n_eff.value < 1_000
    assert 40_000 < int(unbounded.reason.rpartition(" ")[2]) < 400_000


def test_the_ranks_of_what_operations_are_worth_are_stretched_to_all_of_them() -> None:
    """100,000 at τ = 50 bound like 1,162 independent ones, whose ranks are 1,144 and 1,158 by trying every pair."""
    assert (98_450, 99_656) == _ranks(Dependence(100_000, P99, Inflation(50.0)), 0.95)
    assert None is _ranks(Dependence(99_999, P99, Inflation(50.0)), 0.95)


def test_a_quantile_with_too_few_operations_beyond_it_says_how_many_it_needs() -> None:
    few = quantiles_in_order(np.arange(19_999, dtype=np.int64), [P999], 0.95, "ns")[P999]
    assert few.value == few.n_eff == Unavailable("19999 operations do not bound the 0.999 quantile; it needs 20000")
    assert 20_000 == samples_needed(P999)
    scattered = np.random.default_rng(2).permutation(20_000)
    assert isinstance(of(scattered, P999), Estimate)


def test_values_without_an_order_are_taken_as_independent() -> None:
    """Sorted, they depend on each other as much as values can, and nobody can tell."""
    values = np.arange(20_000, dtype=np.int64)
    scattered = np.random.default_rng(2).permutation(values)
    assert of(scattered, P999) == quantiles(values, [P999], 0.95, "ns")[P999]
    assert isinstance(of(values, P999), Unavailable)
    few = quantiles(np.arange(19_999, dtype=np.int64), [P999], 0.95, "ns")[P999]
    assert Unavailable("19999 operations do not bound the 0.999 quantile; it needs 20000") == few


def test_the_value_is_one_that_was_seen() -> None:
    values = np.array([5, 1, 4, 2, 3] * 20, dtype=np.int64)
    assert Estimate(3.0, 3.0, 3.0, "ns", 100) == of(values, P50, confidence=0.5)


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=50))
def test_order_statistics_are_those_of_the_sorted_values(values: list[int]) -> None:
    found = order_statistics(np.array(values, dtype=np.int64), range(1, len(values) + 1))
    assert sorted(values) == [found[place] for place in range(1, len(values) + 1)]


def test_no_values_give_no_quantile() -> None:
    assert isinstance(of(np.zeros(0, np.int64), P50), Unavailable)
