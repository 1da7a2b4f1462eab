"""Order statistics by counting are those of the sorted values."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizra_lab.analysis.selection import Ranked

EXTREMES = (-(2**63), 2**63 - 1)
VALUES = st.one_of(
    st.lists(st.integers(*EXTREMES), min_size=1, max_size=60),
    st.lists(st.one_of(st.integers(-3, 3), st.integers(10**15, 10**15 + 9), st.sampled_from(EXTREMES)), min_size=1),
)


@given(VALUES)
def test_every_rank_is_that_of_the_sorted_values(values: list[int]) -> None:
    found = Ranked.of(np.array(values, np.int64)).at(range(1, len(values) + 1))
    assert sorted(values) == [found[rank] for rank in range(1, len(values) + 1)]


@given(VALUES, st.data())
def test_ranks_may_be_asked_for_in_any_number_and_order(values: list[int], data: st.DataObject) -> None:
    ranks = data.draw(st.lists(st.integers(1, len(values)), max_size=9))
    assert {rank: sorted(values)[rank - 1] for rank in ranks} == Ranked.of(np.array(values, np.int64)).at(ranks)


def test_values_that_are_close_together_and_far_from_0_are_told_apart() -> None:
    """A million within a thousandth of 10^15: in a histogram of their size they all lie in one bucket or two."""
    values = 10**15 + np.random.default_rng(3).permutation(1_000_000) * 1_000
    found = Ranked.of(values).at([1, 500_000, 999_999])
    assert {1: 10**15, 500_000: 10**15 + 499_999_000, 999_999: 10**15 + 999_998_000} == found


def test_the_values_stay_where_they_are() -> None:
    values = np.random.default_rng(1).permutation(1_000)
    values.setflags(write=False)
    assert {500: 499} == Ranked.of(values).at([500])


def test_memory_does_not_grow_with_the_number_of_values() -> None:
    values = np.random.default_rng(2).exponential(1e6, 1 << 22).astype(np.int64)
    tracemalloc.start()
    Ranked.of(values).at([1, 1 << 21, 1 << 22])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < values.nbytes / 3


@pytest.mark.parametrize("ranks", [[0], [4], [1, 2, -1]])
def test_a_rank_that_no_value_has_is_refused(ranks: list[int]) -> None:
    with pytest.raises(ValueError, match="within 1 to 3"):
        Ranked.of(np.array([1, 2, 3])).at(ranks)
