"""How many independent operations dependent ones are worth, on series whose answer is known."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import signal

from bizra_lab.analysis.dependence import (
    Dependence,
    Inflation,
    at_quantiles,
    beyond_by_batch,
    bootstrap_interval,
    inflation,
    long_run_variance,
)
from bizra_lab.model import Ints

P50, P90, P99, P999 = (Fraction(each) for each in ("0.5", "0.9", "0.99", "0.999"))


def worth(values: Ints, limit: int) -> float:
    """τ of "above the limit"."""
    (counts,), batch = beyond_by_batch(values, [limit])
    return inflation(counts, batch).tau


def two_states(n: int, enter: float, leave: float, seed: int) -> Ints:
    """A Markov chain of 0 and 1 that leaves 0 with the chance `enter` a step, and 1 with `leave`."""
    rng = np.random.default_rng(seed)
    visits = int(1.2 * n / (1 / enter + 1 / leave)) + 100
    stays = np.column_stack([rng.geometric(enter, visits), rng.geometric(leave, visits)]).ravel()
    states: Ints = np.repeat(np.arange(2 * visits) % 2, stays)[:n]
    return states


def autoregressive(n: int, coefficient: float, seed: int) -> Ints:
    shocks = np.random.default_rng(seed).standard_normal(n)
    times: Ints = np.rint(1e6 * signal.lfilter([1.0], [1.0, -coefficient], shocks)).astype(np.int64)
    return times


@pytest.mark.parametrize(
    ("expected", "n", "enter", "leave"),
    [
        (18.8, 1_000_000, 0.001, 0.1),  # λ = 0.899: correlations are λ, λ², …, and τ = (1 + λ)/(1 − λ)
        (18.8, 20_000_000, 0.001, 0.1),  # ten correlation times within a batch
        (3.0, 200_000, 0.25, 0.25),
        (199.0, 2_000_000, 0.005, 0.005),
    ],
)
def test_a_markov_chains_inflation_is_found(expected: float, n: int, enter: float, leave: float) -> None:
    assert expected == pytest.approx(worth(two_states(n, enter, leave, 5), 0), rel=0.2)


def test_the_middle_of_an_autoregression_depends_on_itself_as_the_arcsine_law_says() -> None:
    """Signs of normal values with correlation r correlate by 2/π·asin r, so τ = 1 + 4/π Σ asin 0.9^k = 13.29."""
    assert 13.29 == pytest.approx(worth(autoregressive(400_000, 0.9, 1), 0), rel=0.1)


def test_independent_operations_are_worth_their_number() -> None:
    """300 draws, at three quantiles each: τ is exactly 1 in all but 1 % of them."""
    rng = np.random.default_rng(9)
    apart = [
        found.inflation.tau
        for n in (300, 5_000, 50_000)
        for values in (rng.integers(0, 10**9, n) for _ in range(100))
        for found in at_quantiles(values, {p: int(p * 10**9) for p in (P50, P99, P999)}).values()
        if found.inflation.tau != 1.0
    ]
    assert len(apart) <= 9, apart


@pytest.mark.parametrize("period", [2, 10, 100])
def test_what_comes_at_even_distances_is_worth_its_number(period: int) -> None:
    """The share beyond varies less than among independent operations; no more is claimed for it."""
    assert 1.0 == worth((np.arange(100_000) % period == 0).astype(np.int64), 0)


def test_a_host_that_changes_its_speed_a_little_and_seldom_is_seen() -> None:
    """Forty spells of 2,000 operations with 10 or 30 slow ones, 20 ± 10: they vary by 20 + 10², six times 20."""
    rng = np.random.default_rng(4)
    found = []
    for _ in range(20):
        likely = np.repeat(rng.integers(0, 2, 40), 2_000)
        found.append(worth((rng.random(80_000) < np.where(likely, 0.015, 0.005)).astype(np.int64), 0))
    assert min(found) > 1.5
    assert 6.0 == pytest.approx(float(np.median(found)), rel=0.4)


def test_what_lasts_is_seen_behind_what_is_short() -> None:
    """Slow operations in fives, 4 ± 2 fives a spell: the fives make it 5, the spells 4 + 2² over 4 times as much."""
    rng = np.random.default_rng(6)
    found = []
    for _ in range(20):
        likely = np.repeat(rng.integers(0, 2, 40), 2_000)
        first = (rng.random(80_000) < np.where(likely, 0.003, 0.001)).astype(np.int64)
        found.append(worth(np.convolve(first, np.ones(5, dtype=np.int64))[:80_000], 0))
    assert min(found) >= 4.9
    assert 10 == pytest.approx(float(np.median(found)), rel=0.3)


def test_values_that_are_all_alike_tell_nothing_of_dependence() -> None:
    assert 1.0 == worth(np.full(1_000, 7, dtype=np.int64), 7)


def test_batches_follow_each_other_and_leave_out_the_rest() -> None:
    counts, batch = beyond_by_batch(np.arange(4_097 * 2), [0, 8_182])
    assert 3 == batch
    assert (2, 2_731) == counts.shape
    assert [2, 3, 3] == counts[0][:3].tolist()
    assert [0, 1, 3, 3, 3] == counts[1][-5:].tolist()
    assert 8_192 == counts[0].sum()


def test_batches_are_counted_alike_in_one_block_and_in_many(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).integers(0, 100, 20_000)
    whole, batch = beyond_by_batch(values, [50, 98])
    monkeypatch.setattr("bizra_lab.analysis.dependence.ROWS", 17)
    assert whole.tolist() == beyond_by_batch(values, [50, 98])[0].tolist()
    assert (values[: batch * whole.shape[1]] > 50).sum() == whole[0].sum()


@pytest.mark.parametrize(
    ("expected", "deviations"),
    [
        (1.5, [1, 1, -1, -1]),  # 4 at lag 0, 1 at lag 1, negative from there: (4 + 2·1)/4
        (0.0, [1, -1, 1, -1]),  # 4 and −3, then 2 and −1: 4 − 2·3 + 2·2 − 2·1, the mean of such a series is always 0
        (0.0, [0, 0, 0, 0]),
        (8.0, [3, 3, -2, 1, -5]),  # 48 at lag 0, −4 at lag 1, then 7 − 12 is negative: (48 − 2·4)/5
    ],
)
def test_the_sum_of_the_autocovariances_is_that_by_hand(expected: float, deviations: list[float]) -> None:
    """Before what the mean took is put back: one part in so many as the lags, both ways, are of the series."""
    variance, span = long_run_variance(np.array(deviations, dtype=np.float64))
    assert expected == pytest.approx(variance / (1 + span))


def test_the_sum_spans_the_lags_it_took() -> None:
    """Two lags are taken: 0, 1 before and 1 after, 3 of 4."""
    assert 0.75 == long_run_variance(np.array([1.0, 1.0, -1.0, -1.0]))[1]


def test_what_the_mean_took_is_put_back() -> None:
    """200 autoregressions as short as twenty of their correlation times: on average the variance is the true one."""
    rng = np.random.default_rng(8)
    found = []
    for _ in range(200):
        series = signal.lfilter([1.0], [1.0, -0.9], rng.standard_normal(400))[100:]
        found.append(long_run_variance(series - series.mean())[0])
    assert 100 == pytest.approx(float(np.mean(found)), rel=0.15)


def test_an_interval_pays_for_not_knowing_the_inflation() -> None:
    """At τ = 50 of 100,000: 2,000, and 20 beyond p99; Student's t with 5 degrees is 2.571 where normal is 1.96."""
    found = Dependence(100_000, P99, Inflation(50.0))
    assert 2_000 == found.n_eff
    assert 5.0 == pytest.approx(found.degrees, rel=1e-3)
    assert 1_162 == found.n_for_interval(0.95)
    alone = Dependence(100_000, P99, Inflation())
    assert math.inf == alone.degrees
    assert 100_000 == alone.n_for_interval(0.95)


def test_the_less_operations_depend_the_better_it_is_known_how_much() -> None:
    """200 beyond p99 in independent ones, so 50 degrees, over 1 − 1/1.25² = 0.36."""
    assert 50 / 0.36 == pytest.approx(Dependence(25_000, P99, Inflation(1.25)).degrees)


def test_a_sum_over_a_tenth_of_the_series_has_ten_degrees_at_most() -> None:
    assert 10.0 == pytest.approx(Dependence(10**9, P50, Inflation(2.0, span=0.1)).degrees, rel=1e-3)
    assert 10 / 3 == pytest.approx(Dependence(100_000, P99, Inflation(50.0, span=0.1)).degrees, rel=1e-3)


def test_what_operations_are_worth_is_an_estimate_too() -> None:
    """χ² with 20 degrees lies between 9.591 and 34.17; nothing is worth more than its number."""
    found = Dependence(1_000_000, P99, Inflation(125.0)).estimate(0.95)
    assert (8_000, 1_000_000) == (found.value, found.n)
    assert 8_000 * 9.591 / 20 == pytest.approx(found.low, rel=1e-3)
    assert 8_000 * 34.17 / 20 == pytest.approx(found.high, rel=1e-3)
    assert 10_000 == Dependence(10_000, P99, Inflation(1.05)).estimate(0.95).high
    hardly = Dependence(1_000, P99, Inflation(900.0, span=3.0)).estimate(0.95)
    assert hardly.low <= hardly.value <= hardly.high


def test_a_block_of_all_draws_nothing_new() -> None:
    values = np.random.default_rng(0).permutation(1_000)
    assert (989, 989) == bootstrap_interval(values, P99, 0.95, 1_000, 20, np.random.default_rng(0))


def test_blocks_keep_what_single_draws_lose() -> None:
    """Of an autoregression single draws bound the median as if it were independent: blocks, three times as widely."""
    values = autoregressive(10_000, 0.9, 3)
    widths = []
    for block in (1, 100):
        low, high = bootstrap_interval(values, P50, 0.95, block, 200, np.random.default_rng(1))
        widths.append(high - low)
    assert 2.5 * widths[0] < widths[1] < 5 * widths[0]


@pytest.mark.parametrize("block", [0, 11])
def test_a_block_that_is_none_or_too_long_is_refused(block: int) -> None:
    with pytest.raises(ValueError, match="1 to 10 values"):
        bootstrap_interval(np.arange(10), P50, 0.95, block, 10, np.random.default_rng(0))
