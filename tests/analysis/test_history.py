"""Changes in a metric's history: found where they are, and not where they are not."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizra_lab.analysis.history import Change, best_split, changes
from bizra_lab.model import Floats, Unavailable


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def found_at(history: object, seed: int = 1) -> list[int]:
    found = changes(history, chance(seed))  # type: ignore[arg-type]
    assert not isinstance(found, Unavailable)
    return [each.index for each in found]


def test_three_levels_change_at_the_sixth_and_at_the_ninth_run() -> None:
    """The series with which Apache Otava and MongoDB's signal-processing-algorithms test their E-divisive."""
    history = [0.3, 2.4, 1.5, -0.9, -0.5, 99.7, 98.3, 99.1, 149.0, 149.7, 149.5, 149.1, 148.8, 150.0]
    found = changes(history, chance())
    assert not isinstance(found, Unavailable)
    assert [(5, 0.3, 99.1), (8, 99.1, 149.3)] == [(each.index, each.before, round(each.after, 6)) for each in found]


def test_one_change_in_twenty_runs() -> None:
    """Apache Otava's own example, which its permutations place at 10."""
    before = [1.02, 0.95, 0.99, 1.00, 1.12, 1.00, 1.01, 0.98, 1.01, 0.96]
    after = [0.50, 0.51, 0.48, 0.48, 0.55, 0.50, 0.49, 0.51, 0.50, 0.49]
    assert (Change(10, 1.0, 0.5, 1 / 500),) == changes([*before, *after], chance())


def test_a_change_of_spread_alone_is_a_change() -> None:
    rng = chance(4)
    history = np.concatenate([rng.normal(100, 1, 60), rng.normal(100, 8, 60)])
    (at,) = found_at(history)
    assert abs(at - 60) <= 8


def test_a_change_that_was_taken_back_is_two_changes() -> None:
    rng = chance(5)
    first, second = found_at(np.concatenate([rng.normal(m, 1, 25) for m in (100, 104, 100)]))
    assert abs(first - 25) <= 2
    assert abs(second - 50) <= 2


@given(st.lists(st.integers(-9, 9), min_size=6, max_size=12))
def test_the_best_split_is_the_best_of_all(history: list[int]) -> None:
    """Every pair of pieces of at least three runs, their distances averaged pair by pair."""
    values = np.array(history, dtype=np.float64)
    n = len(values)
    index, distance = best_split(np.abs(np.subtract.outer(values, values)))
    every = {
        (tau, kappa): _apart(values[:tau], values[tau:kappa])
        for tau in range(3, n - 2)
        for kappa in range(tau + 3, n + 1)
    }
    assert max(every.values()) == pytest.approx(distance, abs=1e-9)
    assert any(tau == index and each == pytest.approx(distance, abs=1e-9) for (tau, _), each in every.items())


def _apart(before: Floats, after: Floats) -> float:
    across = np.mean([abs(x - y) for x, y in itertools.product(before, after)])
    inside = sum(np.mean([abs(x - y) for x, y in itertools.combinations(each, 2)]) for each in (before, after))
    share = len(before) * len(after) / (len(before) + len(after))
    return float(share * (2 * across - inside))


def test_one_history_in_twenty_without_a_change_is_said_to_have_one() -> None:
    """400 histories of 30 runs each, half of them with a heavy tail."""
    rng = chance(6)
    false = 0
    for k in range(400):
        history = rng.normal(0, 1, 30) if k % 2 else rng.lognormal(0, 1.5, 30)
        false += changes(history, rng, shuffles=99) != ()
    assert 0.02 <= false / 400 <= 0.08


def test_a_step_of_two_deviations_is_found_within_two_runs() -> None:
    """Fifty histories that rise by two of their standard deviations half-way: six in seven are found, and near."""
    rng = chance(7)
    near = 0
    for _ in range(50):
        found = changes(np.concatenate([rng.normal(0, 1, 20), rng.normal(2, 1, 20)]), rng, shuffles=99)
        assert not isinstance(found, Unavailable)
        near += any(abs(each.index - 20) <= 2 for each in found)
    assert near >= 43


def test_the_same_seed_finds_the_same() -> None:
    history = chance(8).normal(0, 1, 24).cumsum()
    assert changes(history, chance(3)) == changes(history, chance(3)) != ()


@pytest.mark.parametrize(("scale", "offset"), [(0.001, 0.0), (1e9, 0.0), (1.0, 1e6), (3.7, -12.0)])
def test_the_unit_of_the_metric_changes_nothing(scale: float, offset: float) -> None:
    history = np.array([1.0, 1.1, 0.9, 1.0, 2.0, 2.1, 1.9, 2.0, 2.2])
    assert [4] == found_at(history * scale + offset * scale)


def test_runs_that_are_all_equal_never_changed() -> None:
    assert () == changes([7.0] * 30, chance())


def test_one_outlier_is_no_change() -> None:
    history = chance(9).normal(100, 1, 40)
    history[20] = 500.0
    assert [] == found_at(history)


@pytest.mark.parametrize("history", [[], [1.0], [1.0, 2.0, 1.0, 5.0, 6.0]])
def test_a_history_of_a_few_runs_shows_no_change(history: list[float]) -> None:
    assert Unavailable(f"{len(history)} runs show no change; it needs 6") == changes(history, chance())


@pytest.mark.parametrize("history", [[1.0] * 9 + [math.nan], [1.0] * 9 + [math.inf], [[1.0] * 10]])
def test_what_is_no_history_is_refused(history: list[float]) -> None:
    with pytest.raises(ValueError, match="one list of finite values"):
        changes(history, chance())


@pytest.mark.parametrize(("alarm_share", "shuffles"), [(0.05, 18), (0.0, 99), (1.0, 99)])
def test_too_few_shuffles_to_show_anything_are_refused(alarm_share: float, shuffles: int) -> None:
    with pytest.raises(ValueError, match="expected an alarm share"):
        changes([1.0] * 10, chance(), alarm_share, shuffles)
