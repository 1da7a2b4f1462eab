"""Coordinated omission: HdrHistogram's own example, wrk2's published runs, and queues that were stopped."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizra_lab.analysis.coordinated_omission import corrected, floor_ns, omitted, share_stalled_at_most
from bizra_lab.analysis.quantiles import order_statistics, rank
from bizra_lab.model import Ints

P50, P75, P90, P95, P99 = (Fraction(each, 100) for each in (50, 75, 90, 95, 99))
MS = 1_000_000
SECOND = 1000 * MS


def quantile_ns(times_ns: Ints, p: Fraction) -> int:
    place = rank(len(times_ns), p)
    return order_statistics(times_ns, [place])[place]


def half_of_the_time_stopped() -> Ints:
    """100 s of operations that take 1 ms, one every 10 ms; then one that takes 100 s."""
    return np.array([MS] * 10_000 + [100 * SECOND], dtype=np.int64)


def test_what_a_stall_omitted_comes_back_one_interval_apart() -> None:
    assert [45, 5, 35, 25, 15] == corrected(np.array([45, 5], dtype=np.int64), 10).tolist()


@pytest.mark.parametrize(("expected", "time_ns"), [(0, 0), (0, 10), (0, 19), (1, 20), (1, 29), (2, 30), (9, 100)])
def test_only_what_would_have_taken_a_whole_interval_was_omitted(expected: int, time_ns: int) -> None:
    assert expected == omitted(np.array([time_ns], dtype=np.int64), 10)


@pytest.mark.parametrize(
    ("seen_ms", "true_ms", "p"),
    [(1, 1, P50), (1, 50_000, P75), (1, 80_000, P90), (1, 98_000, P99), (100_000, 100_000, Fraction(99_999, 100_000))],
)
def test_the_example_of_hdrhistogram_is_met_to_the_millisecond(seen_ms: int, true_ms: int, p: Fraction) -> None:
    """Half the time quiet, half the time stopped; the corrected values are those its own tests expect."""
    times_ns = half_of_the_time_stopped()
    assert 9_999 == omitted(times_ns, 10 * MS)
    assert 20_000 == len(corrected(times_ns, 10 * MS))
    assert true_ms * MS == quantile_ns(corrected(times_ns, 10 * MS), p)
    assert seen_ms * MS == quantile_ns(times_ns, p)


@pytest.mark.parametrize(("expected_s", "p"), [(0, P50), (50, P75), (80, P90), (98, P99)])
def test_the_floor_finds_the_same_from_the_longest_time_and_the_duration_alone(expected_s: int, p: Fraction) -> None:
    assert expected_s * 1e9 == pytest.approx(floor_ns(p, 100e9, 200e9))


@pytest.mark.parametrize(
    ("floor_ms", "printed_ms", "longest_ms", "p", "omits"),
    [
        (425.62, 5.239, 1413.12, P95, True),  # timed from when a request was sent
        (1215.62, 6.04, 1413.12, P99, True),
        (428.692, 524.799, 1416.192, P95, False),  # timed from when it was due, in the same run
        (1218.692, 1270.0, 1416.192, P99, False),
    ],
)
def test_of_wrk2s_published_run_the_uncorrected_quantiles_lie_below_the_floor(
    floor_ms: float, printed_ms: float, longest_ms: float, p: Fraction, omits: bool
) -> None:
    """Its README's second example: 39,500 requests recorded at 2,000 /s, so 19.75 s; the server was stopped in it."""
    assert floor_ms == pytest.approx(floor_ns(p, longest_ms * 1e6, 19.75e9) / 1e6)
    assert omits == (printed_ms < floor_ms)


def test_what_holds_up_one_worker_of_four_lets_four_times_as_much_pass() -> None:
    """A stop of 4 s in a minute: 1 % of the time is 0.6 s of all the traffic, 2.4 s of a quarter of it."""
    assert 3.4e9 == pytest.approx(floor_ns(P99, 4e9, 60e9))
    assert 1.6e9 == pytest.approx(floor_ns(P99, 4e9, 60e9, share_stalled=0.25))
    assert 0.0 == floor_ns(P50, 4e9, 60e9)


def test_to_believe_a_quantile_is_to_believe_how_little_was_stalled() -> None:
    """A printed p99 of 1 s beside a stop of 4 s in a minute: 0.6 s / 3 s, a fifth of the traffic."""
    assert 0.2 == pytest.approx(share_stalled_at_most(P99, 1e9, 4e9, 60e9))
    assert 1.0 == share_stalled_at_most(P99, 3.9e9, 4e9, 60e9)
    assert 1.0 == share_stalled_at_most(P99, 4e9, 4e9, 60e9)


@pytest.mark.parametrize("stop_s", [0.5, 2.0, 8.0])
def test_a_load_that_keeps_to_its_plan_is_never_below_the_floor(stop_s: float) -> None:
    """A request every ms for 20 s to a server that is stopped once: who is due meanwhile waits for the rest of it."""
    due_s = np.arange(20_000) / 1000
    wait_ns = np.rint(np.where((due_s >= 5) & (due_s < 5 + stop_s), 5 + stop_s - due_s, 0.0) * 1e9).astype(np.int64)
    for p in (P50, P90, P95, P99):
        assert floor_ns(p, stop_s * 1e9, 20e9) <= quantile_ns(wait_ns.copy(), p) + MS


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=20), st.integers(1, 50))
def test_the_correction_is_what_counting_down_by_hand_gives(times: list[int], interval: int) -> None:
    by_hand = list(times)
    for each in times:
        left = each - interval
        while left >= interval:
            by_hand.append(left)
            left -= interval
    assert by_hand == corrected(np.array(times, dtype=np.int64), interval).tolist()


def test_no_interval_no_window_and_no_share_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 ns apart"):
        corrected(half_of_the_time_stopped(), 0)
    with pytest.raises(ValueError, match="above 0 ns"):
        floor_ns(P99, 1e9, 0.0)
    with pytest.raises(ValueError, match="above 0 and up to 1"):
        floor_ns(P99, 1e9, 60e9, share_stalled=0.0)
