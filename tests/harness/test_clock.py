"""Clocks go forward, and one of them only when it is told to."""

from __future__ import annotations

import pytest

from bizra_lab.harness.clock import MonotonicClock, StepClock


def test_the_hosts_clock_never_goes_back() -> None:
    readings = [MonotonicClock.now_ns() for _ in range(10_000)]
    assert sorted(readings) == readings


def test_sleep_returns_no_earlier_than_asked() -> None:
    began_ns = MonotonicClock.now_ns()
    MonotonicClock.sleep(0.01)
    assert MonotonicClock.now_ns() - began_ns >= 10_000_000


def test_a_step_clock_stands_still_until_it_is_moved() -> None:
    clock = StepClock(5)
    assert [5, 5, 5] == [clock.now_ns() for _ in range(3)]
    clock.advance(37)
    assert 42 == clock.now_ns()
    clock.advance(0)
    assert 42 == clock.now_ns()


def test_sleeping_moves_a_step_clock_at_once() -> None:
    clock = StepClock(0)
    clock.sleep(1.5)
    assert 1_500_000_000 == clock.now_ns()


def test_a_step_clock_cannot_be_moved_back() -> None:
    clock = StepClock(10)
    with pytest.raises(ValueError, match="cannot go back, got -1 ns"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.sleep(-0.5)
    assert 10 == clock.now_ns()
