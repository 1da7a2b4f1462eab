"""Wilson intervals, against published values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bizra_lab.analysis.shares import share, share_interval, tallied
from bizra_lab.model import Estimate, Tally, Unavailable


@pytest.mark.parametrize(
    ("low", "high", "hits", "n"),
    [
        # R. G. Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
        (0.2553, 0.3662, 81, 263),
        (0.0624, 0.1605, 15, 148),
        (0.0000, 0.1611, 0, 20),
        (0.0061, 0.1718, 1, 29),
    ],
)
def test_intervals_are_those_of_the_published_table(low: float, high: float, hits: int, n: int) -> None:
    found = share_interval(hits, n, 0.95)
    assert (low, high) == pytest.approx(found, abs=5e-5)


@given(st.integers(1, 10**9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_stays_within_zero_and_one(pair: tuple[int, int]) -> None:
    hits, n = pair
    low, high = share_interval(hits, n, 0.95)
    assert 0.0 <= low <= hits / n <= high <= 1.0


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (10, 10), (985, 1000), (961, 1000)])
def test_another_implementation_agrees(hits: int, n: int) -> None:
    theirs = stats.binomtest(hits, n).proportion_ci(0.99, "wilson")
    assert (theirs.low, theirs.high) == pytest.approx(share_interval(hits, n, 0.99), abs=1e-12)


@pytest.mark.parametrize(("hits", "n"), [(-1, 10), (11, 10), (0, 0)])
def test_what_is_no_share_is_refused(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        share_interval(hits, n, 0.95)


def test_no_operations_have_no_share() -> None:
    assert Unavailable("no operations") == share(0, 0, 0.95)
    found = share(1, 2, 0.95)
    assert isinstance(found, Estimate)
    assert (0.5, "share", 2) == (found.value, found.unit, found.n)


def test_what_a_component_counted_of_all_that_there_is_has_no_spread() -> None:
    assert Estimate(1.0, 1.0, 1.0, "share", 3) == tallied(Tally(3, 3, complete=True), 0.95)


def test_what_a_component_counted_of_some_stands_for_more_and_has_an_interval() -> None:
    found = tallied(Tally(985, 1000), 0.95)
    assert isinstance(found, Estimate)
    assert (0.975, 0.991) == (round(found.low, 3), round(found.high, 3))


def test_a_component_that_counted_nothing_has_no_share() -> None:
    assert Unavailable("no operations") == tallied(Tally(0, 0, complete=True), 0.95)
