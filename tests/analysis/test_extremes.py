"""The slowest operations: what is found of tails that were drawn, and what is refused of those that tell nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.analysis.completion import latencies_in_order
from bizra_lab.analysis.extremes import ONE_IN, RESULTS, Extremes, dependence_above, extremes
from bizra_lab.model import Estimate, Ints, Result, Samples, Unavailable
from bizra_lab.testing import samples_from


def _exponential(n: int = 200_000, seed: int = 1) -> Samples:
    """Independent times of 1 ms on average: one in m takes more than ln m of them."""
    return samples_from((1e6 * np.random.default_rng(seed).standard_exponential(n)).astype(np.int64) + 1)


def _in_bursts(length: int) -> Samples:
    """The same times, each as often in a row."""
    return samples_from(np.repeat(_exponential(200_000 // length).latency_ns, length))


def _known(found: Extremes, name: str) -> Estimate:
    result = found.results[name]
    assert isinstance(result, Estimate), result
    return result


def _reason(result: Result) -> str:
    assert isinstance(result, Unavailable), result
    return result.reason


EXPONENTIAL = extremes(_exponential())


@pytest.mark.parametrize(("one_in", "level_ms"), [(1_000, 6.908), (100_000, 11.513), (1_000_000, 13.816)])
def test_levels_hold_the_truth(one_in: int, level_ms: float) -> None:
    level = _known(EXPONENTIAL, f"latency_ns.one_in_{one_in}")
    assert level.low <= level_ms * 1e6 <= level.high
    assert level_ms * 1e6 == pytest.approx(level.value, rel=0.1)


def test_a_tail_without_memory_has_the_shape_0_and_one_scale() -> None:
    shape, scale = _known(EXPONENTIAL, "tail.shape"), _known(EXPONENTIAL, "tail.scale_ns")
    assert shape.low <= 0 <= shape.high
    assert scale.low <= 1e6 <= scale.high
    assert 0.01 < _known(EXPONENTIAL, "tail.p_value").value


def test_the_threshold_was_seen_lies_in_its_plateau_and_leaves_its_share_above() -> None:
    threshold, share = _known(EXPONENTIAL, "tail.threshold_ns"), _known(EXPONENTIAL, "tail.share")
    latency_ns = _exponential().latency_ns
    assert int(threshold.value) in latency_ns
    assert EXPONENTIAL.chosen_ns == threshold.value
    assert EXPONENTIAL.plateau_ns == (threshold.low, threshold.high)
    assert int((latency_ns > threshold.value).sum()) / 200_000 == share.value
    assert threshold.n == share.value * share.n


def test_what_lies_too_far_past_the_data_says_how_many_it_needs() -> None:
    found = EXPONENTIAL.results["latency_ns.one_in_10000000"]
    assert "200000 values do not tell of one in 10000000; it needs 1000000" == _reason(found)


def test_curves_go_over_every_threshold_and_from_the_threshold_on() -> None:
    found = EXPONENTIAL
    assert found.chosen_ns is not None
    assert set(found.distance) == set(found.shape) == set(found.mean_excess)
    assert found.chosen_ns in found.distance
    assert min(found.seen.values()) >= found.chosen_ns
    assert 200_000 == pytest.approx(max(found.seen))
    assert 2_000_000 == max(found.levels)


def test_the_distance_is_least_at_the_chosen_threshold_and_counts_what_lies_above() -> None:
    chosen = EXPONENTIAL.chosen_ns
    assert chosen is not None
    heights = {at: each.value for at, each in EXPONENTIAL.distance.items() if isinstance(each, Estimate)}
    assert chosen == min(heights, key=lambda at: heights[at])
    assert _known(EXPONENTIAL, "tail.threshold_ns").n == _estimate(EXPONENTIAL.distance[chosen]).n


def _estimate(result: Result) -> Estimate:
    assert isinstance(result, Estimate)
    return result


def test_operations_in_bursts_are_worth_as_many_as_there_are_bursts() -> None:
    found = extremes(_in_bursts(20))
    n_eff = _known(found, "tail.n_eff")
    assert n_eff.low < 10_000 < n_eff.high
    assert n_eff.value < 0.25 * n_eff.n


def test_intervals_are_as_wide_as_what_operations_are_worth_makes_them() -> None:
    alone = _known(EXPONENTIAL, "latency_ns.one_in_1000000")
    bursts = _known(extremes(_in_bursts(5)), "latency_ns.one_in_1000000")
    assert 1.5 < (bursts.high - bursts.low) / (alone.high - alone.low)


def test_few_bursts_tell_no_level() -> None:
    found = extremes(_in_bursts(500))
    for name in ("tail.scale_ns", "tail.shape", "latency_ns.one_in_10000"):
        assert "resemble their neighbours and are worth" in _reason(found.results[name]), name
    assert {} != found.seen


def test_a_timeout_ends_a_tail_and_what_was_seen_is_still_shown() -> None:
    cut = samples_from(np.minimum(_exponential().latency_ns, 3_000_000 + np.arange(200_000) % 1_000))
    found = extremes(cut)
    assert "end abruptly" in _reason(found.results["latency_ns.one_in_10000"])
    assert "end abruptly" in _reason(found.levels[ONE_IN[0]])
    assert {} != found.seen


@pytest.mark.parametrize("n", [0, 59])
def test_too_few_operations_have_no_tail(n: int) -> None:
    found = extremes(samples_from(list(range(1, n + 1))))
    assert set(RESULTS) == set(found.results)
    assert {f"no threshold is exceeded by 30 of the {n} values"} == {_reason(each) for each in found.results.values()}
    assert ({}, {}, {}, {}) == (found.distance, found.mean_excess, found.shape, found.seen)
    assert (None, None) == (found.chosen_ns, found.plateau_ns)


def test_where_all_take_as_long_there_is_no_tail() -> None:
    found = extremes(samples_from([5_000] * 1_000))
    assert "no threshold is exceeded" in _reason(found.results["tail.threshold_ns"])


def test_a_seed_repeats_every_digit() -> None:
    samples = _exponential(5_000)
    assert extremes(samples, seed=3).results == extremes(samples, seed=3).results


def test_dependence_is_looked_for_in_the_order_in_which_operations_finished() -> None:
    """Two workers: the second one's operations are all slow, and finish among the first one's."""
    samples = samples_from([10, 35, 10, 35, 10, 35, 10, 35], workers=2)
    shuffled = np.array([7, 0, 6, 1, 5, 2, 4, 3])
    columns = {
        name: getattr(samples, name)[shuffled] for name in ("scheduled_ns", "started_ns", "finished_ns", "worker")
    }
    assert [10, 10, 10, 35, 10, 35, 35, 35] == latencies_in_order(dataclasses.replace(samples, **columns)).tolist()


def test_the_share_above_a_threshold_that_many_reach_is_of_those_above_it() -> None:
    values: Ints = np.array([1, 2, 2, 2, 3] * 100, dtype=np.int64)
    assert 0.8 == float(dependence_above(values, 2.0).p)
