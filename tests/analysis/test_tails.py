"""The tail: fits against published ones, intervals against simulated truth, thresholds against known ones."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from bizra_lab.analysis.tails import (
    EXCEEDANCES_MIN,
    ParetoTail,
    candidates,
    choose_threshold,
    fit,
    goodness_of_fit,
    hill,
    level_curve,
    mean_residual_life,
    return_level,
    seen_levels,
    shape,
    stability,
)
from bizra_lab.model import Estimate, Floats, Ints, Result, Unavailable

YEAR_DAYS = 365.25


def _published(name: str, column: int) -> Floats:
    """A series of Coles' book, as openturns ships it; the package itself is heavy, and is not imported."""
    spec = find_spec("openturns")
    assert spec is not None and spec.origin is not None
    lines = (Path(spec.origin).parent / "usecases" / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return np.array([float(line.split(",")[column]) for line in lines[1:]])


RAIN_MM = _published("rain", 0)  # each day of 48 years in south-west England
DOW_JONES = _published("dowjones", 1)  # closing values of 1304 days


def _pareto(n: int, shape: float, rng: np.random.Generator, scale: float = 1.0) -> Floats:
    drawn: Floats = stats.genpareto(shape, 0, scale).rvs(n, random_state=rng)
    return drawn


def _fitted(values: Ints | Floats, threshold: float) -> ParetoTail:
    tail = fit(values, threshold, "ns")
    assert isinstance(tail, ParetoTail)
    return tail


def _known(result: Result) -> Estimate:
    assert isinstance(result, Estimate)
    return result


def _reason(result: object) -> str:
    assert isinstance(result, Unavailable)
    return result.reason


# --- the fit


def test_the_rain_above_30_mm_is_fitted_as_in_coles_book() -> None:
    tail = _fitted(RAIN_MM, 30)
    assert 152 == len(tail.excesses)
    assert 17_531 == tail.n
    # Coles (2001), p. 85; his digits, and five more of R's ismev.
    assert 7.44 == pytest.approx(tail.scale, abs=0.005)
    assert 0.184 == pytest.approx(tail.shape, abs=0.0006)
    assert 0.959 == pytest.approx(tail.scale_se, abs=0.0006)
    assert 0.101 == pytest.approx(tail.shape_se, abs=0.0006)
    assert -485.0937 == pytest.approx(tail.log_likelihood, abs=1e-4)


def test_the_gains_of_the_dow_jones_above_2_percent_are_fitted_as_in_coles_book() -> None:
    gains = np.maximum(100 * np.diff(np.log(DOW_JONES)), 0.0)
    tail = _fitted(gains, 2)
    # Coles (2001), p. 104.
    assert 37 == len(tail.excesses)
    assert 0.495 == pytest.approx(tail.scale, abs=5e-4)
    assert 0.288 == pytest.approx(tail.shape, abs=5e-4)
    assert 0.150 == pytest.approx(tail.scale_se, abs=5e-4)
    assert 0.258 == pytest.approx(tail.shape_se, abs=5e-4)


@pytest.mark.parametrize("true_shape", [-0.3, -0.05, 0.0, 0.05, 0.5, 0.9])
def test_a_fit_finds_the_tail_it_was_drawn_from(true_shape: float) -> None:
    tail = _fitted(_pareto(100_000, true_shape, np.random.default_rng(1), scale=3e6), 0.0)
    assert true_shape == pytest.approx(tail.shape, abs=0.015)
    assert 3e6 == pytest.approx(tail.scale, rel=0.015)


@pytest.mark.parametrize("true_shape", [-0.2, 0.3])
def test_no_tail_nearby_is_likelier_than_the_fitted_one(true_shape: float) -> None:
    values = _pareto(300, true_shape, np.random.default_rng(2))
    tail = _fitted(values, 0.0)
    for scale in (0.999, 1.0, 1.001):
        for by in (-0.001, 0.0, 0.001):
            other = stats.genpareto(tail.shape + by, 0, tail.scale * scale).logpdf(values).sum()
            assert tail.log_likelihood >= other - 1e-9


def test_the_unit_makes_no_difference_to_the_shape() -> None:
    values = _pareto(500, 0.2, np.random.default_rng(3))
    in_s, in_ns = _fitted(values, 0.1), _fitted(values * 1e9, 1e8)
    assert in_s.shape == pytest.approx(in_ns.shape, rel=1e-6)
    assert in_s.scale * 1e9 == pytest.approx(in_ns.scale, rel=1e-6)


def test_too_few_exceedances_are_no_tail() -> None:
    values = np.arange(100)
    assert "29 values exceed 70; a tail needs 30" == _reason(fit(values, 70, "ns"))


def test_a_timeout_is_not_a_tail() -> None:
    waits = np.minimum(np.random.default_rng(4).exponential(1e9, 5_000), 1.2e9)
    assert "end abruptly (shape -" in _reason(fit(waits, 1e9, "ns"))
    assert "as at a timeout" in _reason(fit(waits, 1e9, "ns"))


@pytest.mark.parametrize("values", [np.array([]), np.array([5.0]), np.full(1_000, 7), np.zeros(1_000, dtype=np.int64)])
def test_nothing_is_fitted_where_nothing_varies(values: Ints | Floats) -> None:
    assert "0 values exceed 7" in _reason(fit(values, 7, "ns"))
    assert 0 == len(candidates(values))
    assert "no threshold is exceeded by 30" in _reason(choose_threshold(values, candidates(values), _rng()))


def test_one_value_above_the_threshold_many_times_is_no_tail() -> None:
    assert "end abruptly" in _reason(fit(np.full(1_000, 7), 5, "ns"))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.array([1.0, math.nan, math.inf]), "2 of 3 values are not finite"),
        (np.array([3, -1, -2]), "2 of 3 values are below 0, the least -2"),
        (np.ones((2, 2)), "expected one column of numbers, got 2 dimensions"),
        (np.array(["1"]), "expected one column of numbers"),
    ],
)
def test_what_cannot_be_a_latency_is_refused(values: Floats, says: str) -> None:
    for refused in (
        lambda: fit(values, 0, "ns"),
        lambda: candidates(values),
        lambda: hill(values, 1, 0.95),
        lambda: mean_residual_life(values, np.array([0.0]), 0.95, "ns"),
    ):
        with pytest.raises(ValueError, match=says):
            refused()


# --- intervals


@pytest.mark.parametrize(
    ("confidence", "low_mm", "high_mm"), [(0.95, 80.86, 185.04), (0.9, 83.50, 164.72), (0.8, 87.06, 146.16)]
)
def test_the_rain_of_a_hundred_years_has_its_published_interval(
    confidence: float, low_mm: float, high_mm: float
) -> None:
    level = _known(return_level(_fitted(RAIN_MM, 30), 100 * YEAR_DAYS, confidence))
    # The values that R's texmex is tested with.
    assert 106.34 == pytest.approx(level.value, abs=0.006)
    assert low_mm == pytest.approx(level.low, abs=0.006)
    assert high_mm == pytest.approx(level.high, abs=0.006)


@pytest.mark.parametrize(("true_shape", "n", "above"), [(0.2, 5_000, 150), (-0.2, 5_000, 150), (0.5, 20_000, 600)])
def test_intervals_hold_the_truth_as_often_as_they_say(true_shape: float, n: int, above: int) -> None:
    rng = np.random.default_rng(5)
    one_in = 5 * n
    true_level = 1 + stats.genpareto(true_shape).ppf(1 - 1 / (one_in * above / n))
    levels_hold = shapes_hold = 0
    for _ in range(200):
        exceeding = rng.binomial(n, above / n)
        values = np.concatenate([rng.random(n - exceeding), 1 + _pareto(exceeding, true_shape, rng)])
        tail = _fitted(values, 1.0)
        level, of_shape = _known(return_level(tail, one_in, 0.95)), _known(shape(tail, 0.95))
        levels_hold += level.low <= true_level <= level.high
        shapes_hold += of_shape.low <= true_shape <= of_shape.high
    # 190 are due; 180 and 198 lie three standard errors away.
    assert 180 <= levels_hold <= 198
    assert 180 <= shapes_hold <= 198


def test_an_interval_ends_where_the_likelihood_has_fallen_by_half_a_chi_square() -> None:
    tail = _fitted(RAIN_MM, 30)
    high = _known(shape(tail, 0.95)).high
    scales = np.linspace(3, 15, 20_001)[:, np.newaxis]
    best = stats.genpareto(high, 0, scales).logpdf(tail.excesses).sum(axis=1).max()
    assert 3.8415 == pytest.approx(2 * (tail.log_likelihood - best), abs=1e-3)


@pytest.mark.parametrize("true_shape", [-0.1, 0.0, 0.3])
def test_an_interval_grows_with_how_far_it_reaches_and_how_sure_it_is(true_shape: float) -> None:
    tail = _fitted(_pareto(2_000, true_shape, np.random.default_rng(6)), 0.1)
    near, far = _known(return_level(tail, 2_000, 0.95)), _known(return_level(tail, 20_000, 0.95))
    surer = _known(return_level(tail, 20_000, 0.99))
    assert near.low < near.value < near.high
    assert near.high - near.low < far.high - far.low
    assert surer.low < far.low < far.value < far.high < surer.high


def test_no_level_is_told_further_than_ten_times_what_was_seen() -> None:
    tail = _fitted(_pareto(1_000, 0.2, np.random.default_rng(7)), 1.0)
    assert isinstance(return_level(tail, 10_000, 0.95), Estimate)
    assert "1000 values do not tell of one in 10001; it needs 1001" == _reason(return_level(tail, 10_001, 0.95))


def test_no_level_is_told_of_a_tail_without_a_mean() -> None:
    tail = _fitted(_pareto(5_000, 1.3, np.random.default_rng(8)), 1.0)
    assert "has no mean" in _reason(return_level(tail, 10_000, 0.95))


def test_values_of_which_two_are_worth_one_tell_as_much_as_half_of_them() -> None:
    """A normal interval grows by √2; that of the likelihood is a little longer above."""
    tail = _fitted(_pareto(20_000, 0.1, np.random.default_rng(10)), 0.5)
    told = {tau: (shape(tail, 0.95, tau), return_level(tail, 100_000, 0.95, tau)) for tau in (1.0, 2.0)}
    for alone, in_pairs in zip(*((_known(each) for each in results) for results in told.values()), strict=True):
        assert alone.value == in_pairs.value
        assert math.sqrt(2) == pytest.approx((in_pairs.high - in_pairs.low) / (alone.high - alone.low), rel=0.01)


def test_a_tail_of_few_independent_values_tells_nothing() -> None:
    tail = _fitted(_pareto(1_000, 0.2, np.random.default_rng(7)), 0.0)
    says = "1000 values above 0 resemble their neighbours and are worth 25 independent ones; a tail needs 30"
    assert says == _reason(shape(tail, 0.95, 40.0)) == _reason(return_level(tail, 10_000, 0.95, 40.0))
    assert isinstance(shape(tail, 0.95, 33.0), Estimate)


def test_no_level_is_told_below_the_threshold() -> None:
    tail = _fitted(_pareto(1_000, 0.2, np.random.default_rng(9)), 3.0)
    assert "lies below the threshold" in _reason(return_level(tail, 2, 0.95))


# --- goodness of fit


def test_the_distance_of_a_fit_is_cramer_and_von_mises() -> None:
    tail = _fitted(RAIN_MM, 30)
    found = goodness_of_fit(tail, _rng())
    expected = stats.cramervonmises(tail.excesses, stats.genpareto(tail.shape, 0, tail.scale).cdf).statistic
    assert expected == pytest.approx(found.distance, rel=1e-9)
    assert 0.6 < found.p_value < 0.85


def test_a_true_tail_is_rejected_as_rarely_as_it_should_be() -> None:
    rng = np.random.default_rng(10)
    p_values = [goodness_of_fit(_fitted(_pareto(200, 0.3, rng), 0.0), rng, draws=199).p_value for _ in range(100)]
    assert 3 <= sum(p <= 0.1 for p in p_values) <= 19
    assert 0.4 < np.mean(p_values) < 0.6


def test_what_is_no_tail_is_rejected() -> None:
    hump = np.random.default_rng(11).gamma(2.0, 1.0, 600)
    assert 0.001 == goodness_of_fit(_fitted(hump, 0.0), _rng()).p_value


def test_a_seed_repeats_every_digit() -> None:
    tail = _fitted(RAIN_MM, 30)
    assert goodness_of_fit(tail, _rng()) == goodness_of_fit(tail, _rng())
    first, second = (choose_threshold(RAIN_MM, candidates(RAIN_MM), _rng()) for _ in range(2))
    assert not isinstance(first, Unavailable) and not isinstance(second, Unavailable)
    assert first.distance.tolist() == second.distance.tolist()


# --- thresholds


def _case_1(rng: np.random.Generator) -> Floats:
    """A thousand values of which five in six exceed 1, and are Pareto's from there (Murphy and others, case 1)."""
    below = rng.random(1_000) < 1 / 6
    return np.where(below, rng.uniform(0.5, 1.0, 1_000), 1 + _pareto(1_000, 0.1, rng, scale=0.5))


def test_the_threshold_is_found_where_the_tail_begins() -> None:
    rng = np.random.default_rng(12)
    chosen = []
    for _ in range(12):
        values = _case_1(rng)
        choice = choose_threshold(values, np.quantile(values, np.arange(0, 0.96, 0.05)), rng)
        assert not isinstance(choice, Unavailable)
        chosen.append(choice.threshold)
    # Published: a root mean square error of 0.048, of 500 samples.
    assert math.sqrt(np.mean((np.array(chosen) - 1) ** 2)) < 0.06


def test_the_plateau_holds_the_threshold_and_what_is_as_near() -> None:
    values = _case_1(np.random.default_rng(13))
    choice = choose_threshold(values, candidates(values), _rng())
    assert not isinstance(choice, Unavailable)
    low, high = choice.plateau
    assert low <= choice.threshold <= high
    assert choice.distance.min() == choice.distance[choice.thresholds == choice.threshold]
    assert (choice.distance[(choice.thresholds < low) | (choice.thresholds > high)] > choice.distance.min()).all()


def test_candidates_were_seen_and_leave_enough_above() -> None:
    values = np.random.default_rng(14).lognormal(11, 1, 200_000).astype(np.int64)
    thresholds = candidates(values)
    above = [int((values > each).sum()) for each in thresholds]
    assert set(thresholds.tolist()) <= set(values.tolist())
    assert 5_000 == above[0]
    assert EXCEEDANCES_MIN == above[-1]
    assert above == sorted(above, reverse=True)


def test_candidates_of_a_coarse_clock_are_its_ticks() -> None:
    ticks = np.random.default_rng(15).geometric(0.3, 10_000) * 1_000
    thresholds = candidates(ticks)
    assert [] == [each for each in thresholds.tolist() if each % 1_000]
    assert all((ticks > each).sum() >= EXCEEDANCES_MIN for each in thresholds)


def test_a_mean_excess_is_level_for_an_exponential_tail_and_rises_for_a_heavy_one() -> None:
    rng = np.random.default_rng(16)
    thresholds = np.array([1.0, 2.0, 3.0])
    for level in mean_residual_life(rng.exponential(2.0, 200_000), thresholds, 0.99, "ns").values():
        assert _known(level).low <= 2.0 <= _known(level).high
    heavy = mean_residual_life(_pareto(200_000, 0.25, rng), thresholds, 0.99, "ns")
    # (1 + ξu)/(1 − ξ) at u = 1, 2, 3.
    for expected, level in zip((5 / 3, 2.0, 7 / 3), heavy.values(), strict=True):
        assert _known(level).low <= expected <= _known(level).high


def test_a_threshold_with_too_few_above_has_neither_mean_excess_nor_shape() -> None:
    values = np.arange(1_000)
    assert "20 values exceed 979" in _reason(mean_residual_life(values, np.array([979.0]), 0.95, "ns")[979.0])
    found = stability(values, np.array([979.0]), 0.95, "ns")
    assert "20 values exceed 979" in _reason(found.shape[979.0])
    assert "20 values exceed 979" in _reason(found.modified_scale[979.0])


def test_shape_and_modified_scale_are_level_above_where_the_tail_begins() -> None:
    values = 10 + _pareto(100_000, 0.3, np.random.default_rng(17), scale=4.0)
    found = stability(values, np.array([11.0, 15.0, 20.0]), 0.99, "ns")
    for of_shape in found.shape.values():
        assert _known(of_shape).low <= 0.3 <= _known(of_shape).high
    for modified in found.modified_scale.values():
        assert _known(modified).low <= 4 - 0.3 * 10 <= _known(modified).high


def test_the_interval_of_a_modified_scale_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(20)
    held = 0
    for _ in range(200):
        found = stability(5 + _pareto(300, 0.2, rng, scale=2.0), np.array([5.0]), 0.8, "ns")
        modified = _known(found.modified_scale[5.0])
        held += modified.low <= 2 - 0.2 * 5 <= modified.high
    assert 143 <= held <= 177


def test_values_at_the_threshold_are_not_above_it() -> None:
    values = np.array([10] * 40 + [12] * 40 + [4] * 40)
    excess = mean_residual_life(values, np.array([4.0, 10.0]), 0.95, "ns")
    assert Estimate(2.0, 2.0, 2.0, "ns", 40) == excess[10.0]
    assert (7.0, 80) == (_known(excess[4.0]).value, _known(excess[4.0]).n)


# --- Hill's estimator


def test_hill_is_the_mean_logarithm_over_the_next_value() -> None:
    assert math.log(2) * 5 / 3 == pytest.approx(_known(hill(np.array([1, 2, 4, 4, 1]), 3, 0.95)).value)


def test_hills_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(18)
    found = [_known(hill(1 + rng.pareto(2.0, 1_000), 100, 0.95)) for _ in range(2_000)]
    # 50 are due to miss on either side; 20 are three standard errors.
    assert 30 <= sum(each.low > 0.5 for each in found) <= 70
    assert 30 <= sum(each.high < 0.5 for each in found) <= 70


def test_hill_has_nothing_to_go_by_where_values_are_few_equal_or_zero() -> None:
    assert "3 values have no 3 above another" == _reason(hill(np.array([1, 2, 3]), 3, 0.95))
    assert "the 2 largest values are all 7" == _reason(hill(np.full(10, 7), 2, 0.95))
    assert "fewer than 4 of 5 values are above 0" == _reason(hill(np.array([0, 0, 0, 5, 6]), 3, 0.95))
    with pytest.raises(ValueError, match="at least 1 value, got 0"):
        hill(np.array([1, 2, 3]), 0, 0.95)


# --- curves


def test_the_curve_of_levels_ends_where_they_can_no_longer_be_told() -> None:
    tail = _fitted(_pareto(10_000, 0.2, np.random.default_rng(19)), 2.0)
    curve = level_curve(tail, 0.95)
    assert 100_000 == max(curve)
    assert min(curve) * tail.share > 1
    levels = [_known(level).value for _, level in sorted(curve.items())]
    assert levels == sorted(levels)


def test_what_was_seen_is_told_by_how_many_reached_it() -> None:
    seen = seen_levels(_fitted(12_000 // np.arange(1, 1_001), 119))
    assert 12_000 == seen[1_000]
    assert 6_000 == seen[500]
    assert 120 == seen[10]
    assert (10, 1_000) == (min(seen), max(seen))


def _rng() -> np.random.Generator:
    return np.random.default_rng(2001)
