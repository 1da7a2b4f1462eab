"""What stands apart from a tail, and what a tail reaches by itself."""

from __future__ import annotations

import numpy as np
import pytest

from bizra_lab.audit._outlying import LARGEST, standing_apart
from bizra_lab.model import Floats, Ints


def largest(values: Floats) -> Ints:
    return np.sort((values * 1e6).astype(np.int64))[::-1][:LARGEST]


@pytest.mark.parametrize("count", [1, 3, 10])
def test_so_many_stalls_among_light_times_stand_apart(count: int) -> None:
    times = np.random.default_rng(1).standard_exponential(20_000)
    times[:count] = 300.0
    assert count == standing_apart(largest(times), 0.0)


def test_more_than_ten_are_a_kind_of_operation() -> None:
    times = np.random.default_rng(1).standard_exponential(20_000)
    times[:11] = 300.0
    assert 0 == standing_apart(largest(times), 0.0)


def test_what_is_shorter_than_asked_for_does_not_count() -> None:
    times = np.random.default_rng(1).standard_exponential(20_000)
    times[0] = 300.0
    assert (1, 0) == (standing_apart(largest(times), 299e6), standing_apart(largest(times), 301e6))


def test_the_longest_of_a_heavy_tail_belongs_to_it() -> None:
    """Of 500 tails without a variance at most 5 have any that stand apart."""
    alarms = sum(
        standing_apart(largest(np.random.default_rng(seed).pareto(1.6, 5_000) + 1), 0.0) > 0 for seed in range(500)
    )
    assert alarms <= 5


def test_a_few_values_have_no_tail_to_stand_apart_from() -> None:
    assert 0 == standing_apart(largest(np.ones(20)), 0.0)
