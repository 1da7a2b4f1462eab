"""The cost of an operation by batches, on a clock that is moved by hand."""

from __future__ import annotations

import pytest

from bizra_lab.harness.clock import StepClock
from bizra_lab.harness.reference import BATCHES, cost_by_batches
from bizra_lab.model import Workload


@pytest.mark.parametrize("cost_ns", [7, 40_000, 30_000_000])
def test_a_known_cost_is_found_in_every_batch(cost_ns: int) -> None:
    clock = StepClock()
    costs_ns = cost_by_batches(Workload("known", lambda: clock.advance(cost_ns)), clock)
    assert [cost_ns] * BATCHES == costs_ns.tolist()


def test_a_batch_of_short_operations_is_long() -> None:
    clock, calls = StepClock(), []

    def operate() -> None:
        calls.append(clock.now_ns())
        clock.advance(1_000)

    cost_by_batches(Workload("short", operate), clock)
    assert len(calls) / BATCHES >= 5_000


def test_what_an_operation_raises_is_not_hidden() -> None:
    def operate() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        cost_by_batches(Workload("failing", operate), StepClock())
