"""Little's Law over a window is exact, edges included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizra_lab.analysis.littles_law import in_flight_by_slice, over_window

operations = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 5_000)), min_size=1, max_size=60)


@given(operations, st.integers(0, 8_000), st.integers(1, 8_000))
def test_in_flight_is_rate_times_wait_and_the_edges(pairs: list[tuple[int, int]], begin: int, length: int) -> None:
    started = np.array([start for start, _ in pairs], dtype=np.int64)
    finished = started + np.array([took for _, took in pairs], dtype=np.int64)
    window = over_window(started, finished, begin, begin + length)
    assert window.in_flight == pytest.approx(
        window.arrival_times_wait + window.edge_before - window.edge_after, abs=1e-12, rel=1e-12
    )


def test_two_operations_that_overlap_by_half_are_one_and_a_half_in_flight_on_average() -> None:
    """One runs 0-100, one 50-100, over a window of 100."""
    window = over_window(np.array([0, 50]), np.array([100, 100]), 0, 100)
    assert 1.5 == window.in_flight
    assert 2 == window.began
    assert (1.5, 0.0, 0.0) == (window.arrival_times_wait, window.edge_before, window.edge_after)


def test_operations_across_the_edges_count_only_inside() -> None:
    """Over 60-160: one runs 0-80, 20 of it inside; one runs 150-190, 10 of it inside."""
    window = over_window(np.array([0, 150]), np.array([80, 190]), 60, 160)
    assert (0.3, 0.4, 0.2, 0.3) == pytest.approx(
        (window.in_flight, window.arrival_times_wait, window.edge_before, window.edge_after)
    )


def test_a_window_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="must end after it begins"):
        over_window(np.array([0]), np.array([1]), 5, 5)


@given(operations, st.integers(1, 12))
def test_slices_of_the_window_average_to_the_whole(pairs: list[tuple[int, int]], slices: int) -> None:
    started = np.array([start for start, _ in pairs], dtype=np.int64)
    finished = started + np.array([took for _, took in pairs], dtype=np.int64)
    edges = np.linspace(0, 12_000, slices + 1).round().astype(np.int64)
    levels = in_flight_by_slice(np.sort(started), np.sort(finished), edges)
    whole = over_window(started, finished, 0, 12_000).in_flight
    assert whole == pytest.approx(float(np.average(levels, weights=np.diff(edges))), abs=1e-9)
