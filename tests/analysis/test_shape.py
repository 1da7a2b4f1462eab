"""One hump or two: the dip against its definition, modes against mixtures whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize

from bizra_lab.analysis.shape import DipTest, TwoModes, _p_value, dip, dip_test, time_in_slowest, two_modes
from bizra_lab.model import Estimate, Floats, Ints, Unavailable


def _rng() -> np.random.Generator:
    return np.random.default_rng(1985)


def _reason(result: object) -> str:
    assert isinstance(result, Unavailable)
    return result.reason


def _hits_and_misses(n: int, misses: float, rng: np.random.Generator) -> Ints:
    """Latencies of a cache, in ns: hits about 2 µs, misses about 100 µs, in random order."""
    slow = round(n * misses)
    hits, others = rng.lognormal(math.log(2e3), 0.3, n - slow), rng.lognormal(math.log(1e5), 0.5, slow)
    return rng.permutation(np.concatenate([hits, others])).astype(np.int64)


# --- the dip


def _dip_by_its_definition(values: Floats) -> float:
    """The least distance to a distribution with one hump, by a linear program for each place of its top."""
    places, counts = np.unique(values, return_counts=True)
    upper = np.cumsum(counts) / len(values)
    lower = np.concatenate(([0.0], upper[:-1]))
    return min(_distance(places, lower, upper, top) for top in range(len(places)))


def _distance(places: Floats, lower: Floats, upper: Floats, top: int) -> float:
    """The least distance where the top is at one of the values: there it may jump, and has two heights."""
    k = len(places)
    x = np.insert(places, top, places[top])
    bounds = np.insert(lower, top + 1, lower[top]), np.insert(upper, top, upper[top])
    # At the top the height before the jump answers for what is below it, and the height after it for what is above.
    bounds[0][top + 1], bounds[1][top] = upper[top], lower[top]
    rows, limits = [], []
    for height in range(k + 1):
        for bound in bounds:
            for sign in (1.0, -1.0):
                row = np.zeros(k + 2)
                row[height], row[-1] = sign, -1.0
                rows.append(row)
                limits.append(sign * bound[height])
    for height in range(k):
        row = np.zeros(k + 2)
        row[height], row[height + 1] = 1.0, -1.0
        rows.append(row)
        limits.append(0.0)
    for height in [*range(1, top), *range(top + 2, k)]:
        before, after = 1 / (x[height] - x[height - 1]), 1 / (x[height + 1] - x[height])
        row = np.zeros(k + 2)
        row[height - 1], row[height], row[height + 1] = -before, before + after, -after
        rows.append(row if height < top else -row)
        limits.append(0.0)
    cost = np.zeros(k + 2)
    cost[-1] = 1.0
    return float(optimize.linprog(cost, A_ub=np.array(rows), b_ub=limits, bounds=(0, 1)).fun)


@pytest.mark.parametrize("decimals", [8, 1, 0])
@pytest.mark.parametrize("apart", [0.0, 4.0])
def test_the_dip_is_the_least_distance_to_one_hump(apart: float, decimals: int) -> None:
    rng = np.random.default_rng(round(apart) + decimals)
    for n in (12, 25):
        values = np.sort(np.round(np.concatenate([rng.normal(size=n), rng.normal(apart, 1, size=n // 2)]), decimals))
        assert _dip_by_its_definition(values) == pytest.approx(dip(values), abs=1e-7)


@pytest.mark.parametrize(
    ("expected", "values"),
    [
        (1 / 4, [0, 0, 0, 1, 1, 1]),
        (1 / 20, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (1 / 20, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    ],
)
def test_the_dip_of_a_few_values(expected: float, values: list[float]) -> None:
    assert expected == pytest.approx(dip(np.array(values, dtype=np.float64)))


@pytest.mark.parametrize(
    ("expected", "distance", "n"),
    [
        (0.0867, 0.0595238, 63),  # R's package diptest, of its data set on a faculty's quality
        (0.05, 0.0702, 50),  # Hartigan and Hartigan (1985), table 1
    ],
)
def test_a_p_value_is_the_published_one(expected: float, distance: float, n: int) -> None:
    assert expected == pytest.approx(_p_value(distance, n), abs=0.004)


def test_uniform_values_are_rejected_as_rarely_as_they_should_be() -> None:
    rng = _rng()
    found = [dip_test(rng.random(300)) for _ in range(400)]
    p_values = [each.p_value for each in found if isinstance(each, DipTest)]
    assert 400 == len(p_values)
    assert 22 <= sum(p <= 0.1 for p in p_values) <= 58
    assert 170 <= sum(p <= 0.5 for p in p_values) <= 230


def test_two_humps_far_apart_are_rejected() -> None:
    rng = _rng()
    found = dip_test(np.concatenate([rng.normal(0, 1, 200), rng.normal(6, 1, 200)]))
    assert isinstance(found, DipTest)
    assert 0.001 == pytest.approx(found.p_value)
    assert 400 == found.n


def test_too_few_or_equal_values_have_no_shape() -> None:
    assert "49 values do not tell one hump from two; it needs 50" == _reason(dip_test(np.arange(49)))
    assert "all 60 values are 7: they have no shape" == _reason(dip_test(np.full(60, 7)))
    with pytest.raises(ValueError, match="1 of 60 values are not finite"):
        dip_test(np.array([math.nan, *range(59)]))


# --- two modes


@pytest.mark.parametrize("misses", [0.5, 0.1, 0.02])
def test_hits_and_misses_are_told_apart_with_their_shares(misses: float) -> None:
    found = two_modes(_hits_and_misses(200_000, misses, _rng()), 1.0, _rng(), 0.99)
    assert isinstance(found, TwoModes)
    assert 2e3 == pytest.approx(found.fast.at_ns, rel=0.15)
    assert 1e5 == pytest.approx(found.slow.at_ns, rel=0.4)
    assert 6e3 < found.split_ns < 3e4
    assert found.fast.share.low <= 1 - misses <= found.fast.share.high
    assert found.slow.share.low <= misses <= found.slow.share.high


def test_fewer_misses_than_one_in_two_hundred_are_no_mode() -> None:
    assert "one hump" in _reason(two_modes(_hits_and_misses(200_000, 0.004, _rng()), 1.0, _rng(), 0.95))


def test_a_heavy_tail_is_no_second_mode() -> None:
    rng = _rng()
    told = 0
    for _ in range(40):
        stalls = (rng.random(20_000) < 0.02) * rng.pareto(1.8, 20_000) * 1e3
        told += isinstance(
            two_modes((rng.lognormal(7.6, 0.5, 20_000) + stalls).astype(np.int64), 1.0, rng, 0.95), TwoModes
        )
    assert 0 == told


@pytest.mark.parametrize("step_ns", [1, 40, 150])
def test_the_ticks_of_a_clock_are_no_modes(step_ns: int) -> None:
    latency_ns = (_rng().lognormal(math.log(2e3), 0.3, 100_000) // step_ns * step_ns).astype(np.int64)
    assert "one hump explains" in _reason(two_modes(latency_ns, step_ns, _rng(), 0.95))


def test_a_clock_too_coarse_to_show_humps_is_named() -> None:
    latency_ns = np.array([0] * 600 + [1_000] * 300 + [2_000] * 100)
    assert "half of the latencies are below 10 steps of 1000 ns: humps would be ticks" == _reason(
        two_modes(latency_ns, 1_000.0, _rng(), 0.95)
    )


def test_latencies_of_zero_do_not_stop_the_search() -> None:
    latency_ns = np.concatenate([_hits_and_misses(50_000, 0.2, _rng()), np.zeros(20, dtype=np.int64)])
    assert isinstance(two_modes(latency_ns, 1.0, _rng(), 0.95), TwoModes)


def test_a_seed_repeats_every_digit() -> None:
    latency_ns = _hits_and_misses(80_000, 0.2, _rng())
    assert two_modes(latency_ns, 1.0, _rng(), 0.95) == two_modes(latency_ns, 1.0, _rng(), 0.95)


def test_too_few_or_equal_latencies_have_no_modes() -> None:
    assert "0 operations do not tell" in _reason(two_modes(np.array([]), 1.0, _rng(), 0.95))
    assert "1 operations do not tell" in _reason(two_modes(np.array([5]), 1.0, _rng(), 0.95))
    assert "all 90 latencies are 0 ns" in _reason(two_modes(np.zeros(90, dtype=np.int64), 1.0, _rng(), 0.95))
    with pytest.raises(ValueError, match="1 of 60 values are below 0"):
        two_modes(np.array([-1, *range(59)]), 1.0, _rng(), 0.95)


# --- time in the slowest


def test_the_slowest_hundredth_takes_a_hundredth_of_the_time_where_all_are_equal() -> None:
    found = time_in_slowest(np.full(5_000, 250), 0.95)
    assert isinstance(found, Estimate)
    assert (0.01, 0.01, 0.01) == pytest.approx((found.low, found.value, found.high))
    assert ("share", 5_000) == (found.unit, found.n)


def test_one_stall_in_a_hundred_can_take_half_of_the_time() -> None:
    latency_ns = np.full(10_000, 100)
    latency_ns[::100] = 9_900
    found = time_in_slowest(latency_ns, 0.95)
    assert isinstance(found, Estimate)
    assert 0.5 == pytest.approx(found.value)


def test_its_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = _rng()
    # Of exponential times the slowest share q takes q·(1 − log q) of all.
    truth = 0.01 * (1 + math.log(100))
    found = [time_in_slowest(rng.exponential(1e5, 20_000), 0.95) for _ in range(200)]
    held = sum(each.low <= truth <= each.high for each in found if isinstance(each, Estimate))
    assert 180 <= held <= 198


def test_it_needs_twenty_operations_among_the_slowest() -> None:
    assert isinstance(time_in_slowest(np.arange(1_901), 0.95), Estimate)
    assert "1900 operations do not bound the time of the slowest; it needs 2000" == _reason(
        time_in_slowest(np.arange(1_900), 0.95)
    )


def test_no_time_has_no_shares() -> None:
    assert "all 3000 operations took 0 ns by the clock" == _reason(
        time_in_slowest(np.zeros(3_000, dtype=np.int64), 0.95)
    )
    assert "0 operations do not bound" in _reason(time_in_slowest(np.array([]), 0.95))
    with pytest.raises(ValueError, match="not finite"):
        time_in_slowest(np.full(3_000, math.nan), 0.95)
