"""Two workloads in turns: both are measured in one run, block next to block."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.pair import measure_pair
from bizra_lab.harness.recorder import Recorder
from bizra_lab.harness.span import Span
from bizra_lab.model import Workload


def sleeps(name: str, seconds: float) -> Workload:
    return Workload(name, partial(MonotonicClock.sleep, seconds))


def test_blocks_of_the_two_stand_next_to_each_other_and_hold_every_operation(recorder: Recorder) -> None:
    pair = measure_pair(sleeps("a", 0.001), sleeps("b", 0.003), Span(0.02, 0.5), recorder)
    assert len(pair.a_blocks) == len(pair.b_blocks) >= 20
    assert (len(pair.a), len(pair.b)) == (sum(pair.a_blocks), sum(pair.b_blocks))
    assert ("a", "b") == (pair.a.measurement.name, pair.b.measurement.name)
    firsts_a = pair.a.started_ns[np.cumsum((0, *pair.a_blocks[:-1]))]
    firsts_b = pair.b.started_ns[np.cumsum((0, *pair.b_blocks[:-1]))]
    assert np.median(np.abs(firsts_a - firsts_b)) < 100_000_000
    assert 0 < (firsts_a < firsts_b).sum() < len(firsts_a)
    # No operation of one lies in a block of the other.
    both = sorted([*zip(firsts_a.tolist(), "a" * 99, strict=False), *zip(firsts_b.tolist(), "b" * 99, strict=False)])
    assert len(both) == 2 * min(len(firsts_a), 99)


def test_each_side_says_how_long_it_had(recorder: Recorder) -> None:
    pair = measure_pair(sleeps("a", 0.001), sleeps("b", 0.001), Span(0.0, 0.4), recorder)
    assert 0.1 < pair.a.measurement.duration_s < 0.4
    assert pair.a.measurement.duration_s == pytest.approx(pair.b.measurement.duration_s, rel=0.5)
    assert len(pair.a) == pair.a.measurement.operations_attempted


def test_what_each_counts_itself_is_told(recorder: Recorder) -> None:
    seen = [0]

    def operate() -> None:
        seen[0] += 1
        MonotonicClock.sleep(0.001)

    pair = measure_pair(Workload("a", operate, count=lambda: seen[0]), sleeps("b", 0.001), Span(0.05, 0.4), recorder)
    assert len(pair.a) == pair.a.measurement.operations_attempted < seen[0]


def test_too_few_pairs_are_refused(recorder: Recorder) -> None:
    with pytest.raises(CannotMeasure, match=r"^a and b: \d pairs of blocks in 0\.05 s; expected at least 10: "):
        measure_pair(sleeps("a", 0.02), sleeps("b", 0.02), Span(0.0, 0.05), recorder)


def test_an_operation_that_never_returns_is_given_up(recorder: Recorder) -> None:
    forever = threading.Event()
    with pytest.raises(CannotMeasure, match=r"^a and b: an operation has not returned 0\.1 s after"):
        measure_pair(sleeps("a", 0.001), Workload("b", forever.wait), Span(0.0, 0.1, patience_s=0.1), recorder)
    forever.set()
