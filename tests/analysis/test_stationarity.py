"""Steady states: found where they are, with the moment they begin, and not where there are none."""

from __future__ import annotations

import importlib.util
import itertools
import math
from collections import Counter
from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from bizra_lab.analysis.stationarity import (
    Level,
    Steadiness,
    Trend,
    Truncation,
    change_points,
    kernel,
    outliers,
    steadiness,
    trend,
    truncation,
)
from bizra_lab.errors import CannotMeasure
from bizra_lab.model import Estimate, Floats, Unavailable

KERNELS: tuple[Literal["c", "numpy"], ...] = (
    ("c", "numpy") if importlib.util.find_spec("bizra_lab.analysis._levels") is not None else ("numpy",)
)


def steady(rng: np.random.Generator, n: int = 2_000) -> Floats:
    """Iterations of a second, give or take 1 %."""
    return rng.normal(1.0, 0.01, n)


def in_a_queue(rng: np.random.Generator, n: int) -> Floats:
    """Sojourn times in M/M/1 at a utilisation of 0.8: 82 neighbours tell as much as one that is independent."""
    arrivals, services = rng.exponential(1.25, n + 2_000).cumsum(), rng.exponential(1, n + 2_000).cumsum()
    begins = np.concatenate([[0.0], services[:-1]])
    result: Floats = (services + np.maximum.accumulate(arrivals - begins) - arrivals)[2_000:]
    return result


# --- MSER-5


def test_a_warm_up_is_cut_where_it_ends() -> None:
    """20 values at 5, then 5 values a batch alternating around 1: four batches go, and no more."""
    values = np.concatenate([np.full(20, 5.0), np.tile([0.9] * 5 + [1.1] * 5, 20)])
    assert Truncation(20, 220) == truncation(values)


def test_the_cut_is_the_best_of_all_in_the_first_half() -> None:
    """Every cut tried on its own, with the variance taken of what is left."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        values = rng.normal(0, 1, 153) + 3 * np.exp(-np.arange(153) / 10)
        means = values[:150].reshape(30, 5).mean(axis=1)
        doubt = [float(means[cut:].var()) / (30 - cut) for cut in range(16)]
        found = truncation(values)
        assert found == (Truncation(5 * int(np.argmin(doubt)), 153) if np.argmin(doubt) < 15 else found)
        assert isinstance(found, Unavailable) == (np.argmin(doubt) == 15)


def test_a_run_that_never_settles_is_too_short() -> None:
    assert Unavailable("the mean still settles half-way through 1000 values") == truncation(np.arange(1_000, 0, -1))


def test_large_values_that_differ_little_are_cut_like_small_ones() -> None:
    values = np.concatenate([np.full(50, 3.0), np.tile([0.0] * 5 + [1.0] * 5, 40)])
    assert truncation(values) == truncation(values + 1e12) == Truncation(50, 450)


def test_nothing_is_cut_where_all_are_equal_and_a_handful_is_not_cut_at_all() -> None:
    assert Truncation(0, 100) == truncation(np.full(100, 3.0))
    assert Unavailable("99 values show no warm-up; it needs 100") == truncation(np.ones(99))
    assert isinstance(truncation([]), Unavailable)


# --- levels


def some_levels(draw: st.DataObject) -> Floats:
    parts = draw.draw(
        st.lists(st.tuples(st.integers(-4, 4), st.integers(1, 3), st.integers(2, 9)), min_size=1, max_size=4)
    )
    seed = draw.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(mean, spread, n) for mean, spread, n in parts])


@given(st.data(), st.sampled_from([1.0, 4.0, 12.0]))
def test_change_points_are_the_best_of_all_ways_to_cut(data: st.DataObject, penalty: float) -> None:
    series = some_levels(data)[:14]
    best = min(_price(series, cuts, penalty) for cuts in _ways_to_cut(len(series)))
    for kind in KERNELS:
        found = change_points(series, penalty, kernel(kind))
        assert best == pytest.approx(_price(series, found, penalty), abs=1e-6)


@given(st.data(), st.sampled_from([4.0, 50.0, 114.0]), st.sampled_from([1, 30, 300]))
def test_long_series_are_cut_alike_in_c_and_in_numpy(data: st.DataObject, penalty: float, longer: int) -> None:
    series = np.repeat(some_levels(data), longer)[:1_500]
    series += np.random.default_rng(len(series)).exponential(0.3, len(series))
    assert 1 == len({change_points(series, penalty, kernel(kind)) for kind in KERNELS})


def test_a_kernel_that_was_not_built_is_missed_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bizra_lab.analysis.stationarity._levels", None)
    assert kernel() is kernel("numpy")
    with pytest.raises(CannotMeasure, match="levels c was not built here; expected a C compiler at installation"):
        kernel("c")


def _ways_to_cut(n: int) -> list[tuple[int, ...]]:
    every = itertools.chain.from_iterable(itertools.combinations(range(2, n - 1), k) for k in range(n // 2))
    return [cuts for cuts in every if all(last - first >= 2 for first, last in itertools.pairwise((0, *cuts, n)))]


def _price(series: Floats, cuts: tuple[int, ...], penalty: float) -> float:
    """Of continuous values, whose levels never vary as little as their least step."""
    parts = np.split(series, cuts)
    return sum(len(part) * math.log(part.var()) for part in parts) + penalty * len(cuts)


@given(st.sampled_from([1e-9, 1e-3, 1e9]), st.sampled_from([-50.0, 0.0, 50.0]))
def test_seconds_and_nanoseconds_have_the_same_change_points(scale: float, offset: float) -> None:
    rng = np.random.default_rng(3)
    series = np.concatenate([steady(rng, 80), steady(rng, 80) * 1.2, steady(rng, 40)])
    assert (80, 160) == change_points((series + offset) * scale, 60.0)


def test_ticks_of_a_coarse_timer_that_repeat_are_no_levels() -> None:
    """Noise of less than a tick leaves runs of equal values, whose variance of 0 must not count as a discovery."""
    rng = np.random.default_rng(4)
    for noise in (0.15, 0.4, 0.8):
        assert () == change_points(np.round(rng.normal(100, noise, 1_000)), 15 * math.log(1_000))


def test_a_few_values_or_equal_ones_have_no_change_points() -> None:
    for series in ([], [1.0], [1.0, 2.0, 3.0], [4.0] * 50):
        assert () == change_points(np.array(series), 1.0)


def test_a_value_far_from_its_window_is_an_outlier_but_not_at_the_start() -> None:
    series = steady(np.random.default_rng(5), 600)
    series[[3, 300, 599]] = 9.0
    assert [300, 599] == np.flatnonzero(outliers(series)).tolist()
    assert not outliers(series[:100]).any()


# --- how a run went


@pytest.mark.parametrize(
    ("kind", "begins", "shape"),
    [
        ("flat", 0, lambda at: 0.0 * at),
        ("warmup", 10, lambda at: 0.1 * (at < 10)),
        ("warmup", 600, lambda at: 0.1 * (at < 600)),
        ("slowdown", 700, lambda at: 0.1 * (at >= 700)),
        ("no_steady_state", None, lambda at: 0.1 * (at >= 1_700)),
        ("no_steady_state", None, lambda at: 0.1 * (at // 150 % 2)),
    ],
)
def test_a_run_is_called_by_how_it_became_steady(
    kind: str, begins: int | None, shape: Callable[[Floats], Floats]
) -> None:
    """Five runs of 2,000 iterations each; the moment is found within three."""
    rng = np.random.default_rng(6)
    for _ in range(5):
        found = steadiness(steady(rng) + shape(np.arange(2_000.0)))
        assert isinstance(found, Steadiness)
        assert kind == found.kind
        assert (begins is None) == (found.begins is None)
        assert abs((found.begins or 0) - (begins or 0)) <= 3


def test_the_moment_is_the_stamp_of_the_value_with_which_it_begins() -> None:
    series = steady(np.random.default_rng(7), 10_007)
    series[:2_507] += 0.3
    found = steadiness(series)
    assert isinstance(found, Steadiness)
    assert ("warmup", 6) == (found.kind, found.batch)
    assert found.begins is not None
    assert 2_507 <= found.begins <= 2_507 + 2 * 6
    assert 10 * found.begins == found.begins_ns(np.arange(0, 100_070, 10))


def test_what_changes_by_less_than_the_tolerance_is_steady() -> None:
    series = np.tile([0.9999, 1.0001], 500)
    series[:500] += 0.005
    kinds = [steadiness(series, tolerance) for tolerance in (0.001, 0.01)]
    assert ["warmup", "flat"] == [each.kind for each in kinds if isinstance(each, Steadiness)]


def test_a_level_knows_its_mean_and_its_deviation() -> None:
    found = steadiness(np.concatenate([np.tile([3.0, 5.0], 30), np.tile([0.5, 1.5], 70)]))
    assert isinstance(found, Steadiness)
    assert (Level(0, 60, 4.0, 1.0), Level(60, 200, 1.0, 0.5)) == found.levels


def test_no_run_that_is_steady_is_called_anything_else() -> None:
    """Independent, skewed, dependent and quantised values: at most 1 of 24 runs may be misjudged."""
    rng = np.random.default_rng(8)

    def remembering(n: int) -> Floats:
        return 100 + np.asarray(signal.lfilter([1], [1, -0.9], rng.normal(0, 1, n + 500)))[500:]

    kinds = Counter[str]()
    for _ in range(6):
        for series in (
            steady(rng),
            rng.lognormal(0, 0.5, 9_000),
            remembering(20_000),
            np.round(rng.normal(50, 0.7, 900)),
        ):
            found = steadiness(series)
            assert isinstance(found, Steadiness)
            kinds[found.kind] += 1
    assert 23 <= kinds["flat"]


def test_a_queue_that_wanders_is_rarely_taken_for_one_that_warms_up() -> None:
    """M/M/1 at 0.8 over 20,000 operations; without longer batches most of these runs would be misjudged."""
    rng = np.random.default_rng(9)
    found = [steadiness(in_a_queue(rng, 20_000)) for _ in range(20)]
    assert 16 <= sum(isinstance(each, Steadiness) and each.kind == "flat" for each in found)


def test_a_run_all_equal_is_flat_and_a_short_one_says_nothing() -> None:
    flat = steadiness(np.full(100, 5.0))
    assert isinstance(flat, Steadiness)
    assert ("flat", 0, 1) == (flat.kind, flat.begins, len(flat.levels))
    assert "flat" == getattr(steadiness(np.zeros(100)), "kind", None)
    assert Unavailable("39 values do not show a steady state; it needs 40") == steadiness(np.ones(39))


# --- drift


def test_values_that_rise_evenly_rise_by_what_they_rise() -> None:
    """From the middle of the first of 20 batches to that of the last lie 950 of 1,000 values."""
    found = trend(np.arange(1_000.0), 0.95, "ns")
    assert isinstance(found, Trend)
    assert Estimate(950.0, 950.0, 950.0, "ns", 1_000) == found.rise
    assert found.p_value < 1e-15


def test_a_run_that_slows_by_its_own_noise_drifts() -> None:
    rng = np.random.default_rng(10)
    found = trend(rng.lognormal(0, 1, 20_000) + np.linspace(0, 0.3, 20_000), 0.95, "ns")
    assert isinstance(found, Trend)
    assert found.rise.low <= 0.3 * 0.95 <= found.rise.high
    assert 0.0 < found.rise.low
    assert found.p_value < 0.001


def test_runs_without_drift_drift_one_time_in_twenty() -> None:
    """200 independent runs and 100 of the queue, of 20,000 operations each."""
    rng = np.random.default_rng(11)
    runs = [rng.lognormal(0, 1, 2_000) for _ in range(200)] + [in_a_queue(rng, 20_000) for _ in range(100)]
    found = [trend(series, 0.95, "ns") for series in runs]
    drifting = [isinstance(each, Trend) and each.p_value < 0.05 for each in found]
    assert 0.01 <= sum(drifting[:200]) / 200 <= 0.08
    assert sum(drifting[200:]) / 100 <= 0.1


def test_equal_values_do_not_drift_and_a_handful_shows_no_trend() -> None:
    assert Trend(Estimate(0.0, 0.0, 0.0, "ns", 50), 1.0) == trend(np.full(50, 0.1), 0.95, "ns")
    assert Unavailable("19 values show no trend; it needs 20") == trend(np.ones(19), 0.95, "ns")


@pytest.mark.parametrize("values", [[1.0] * 200 + [math.nan], [1.0] * 200 + [-math.inf], [[1.0] * 200]])
def test_what_is_no_run_is_refused(values: list[float]) -> None:
    for look in (truncation, steadiness, lambda each: trend(each, 0.95, "ns")):
        with pytest.raises(ValueError, match="one list of finite values"):
            look(values)
