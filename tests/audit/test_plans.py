"""Plans as due times show them."""

from __future__ import annotations

import dataclasses

import numpy as np

from bizra_lab.audit._plans import Plan, plan_of
from bizra_lab.model import Ints
from bizra_lab.testing import drafted


def planned(due_ns: Ints) -> Plan:
    samples = drafted("constant_8", 1, len(due_ns)).seen()
    return plan_of(dataclasses.replace(samples, scheduled_ns=due_ns))


def test_an_even_plan_has_an_interval_and_no_empty_place() -> None:
    plan = planned(1_000 * np.arange(100) + 7)
    assert (1_000.0, 99_000, 0) == (plan.interval_ns, plan.span_ns, plan.put_off())
    assert [] == plan.empty_places()[0].tolist()


def test_places_without_an_operation_are_empty() -> None:
    plan = planned(np.delete(1_000 * np.arange(100), [10, 50, 51]))
    empty, behind = plan.empty_places()
    assert ([1, 2], [9, 48]) == (empty.tolist(), behind.tolist())


def test_due_times_beside_their_places_were_put_off() -> None:
    """One that comes late leaves a long gap and a short one."""
    due_ns = 1_000 * np.arange(100)
    due_ns[40] += 300
    assert 2 == planned(due_ns).put_off()


def test_arrivals_at_random_have_no_interval() -> None:
    assert 0.0 == plan_of(drafted("poisson_1", 1, 5_000).seen()).interval_ns


def test_a_coarse_clock_leaves_a_plan_even() -> None:
    """Places 15.6 steps apart fall into steps that are 15 or 16 apart."""
    samples = drafted("constant_8", 1, 5_000).seen()
    coarse = dataclasses.replace(
        samples,
        measurement=dataclasses.replace(samples.measurement, clock_step_ns=64.0),
        scheduled_ns=np.arange(5_000) * 1_000 // 64 * 64,
    )
    assert plan_of(coarse).interval_ns in (960.0, 1_024.0)
