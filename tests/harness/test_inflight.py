"""What is in flight, told by instruments that are not the records."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable

import numpy as np
import pytest

from bizra_lab.analysis.balance import balance
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.inflight import PythonGate, between
from bizra_lab.harness.measure import measure
from bizra_lab.harness.recorder import Recorder
from bizra_lab.harness.span import Span
from bizra_lab.model import GateReading, InFlight, Load, Samples, Unavailable, Workload

BUFFER = bytes(65_536)
LOCK = threading.Lock()


def test_between_two_readings_lies_what_changed() -> None:
    assert InFlight(window_ns=50, integral_ns=120, completed=3) == between(
        GateReading(integral_ns=1000, at_ns=500, entered=9, left=7),
        GateReading(integral_ns=1120, at_ns=550, entered=11, left=10),
    )


def test_the_gate_in_python_integrates_as_the_one_in_c_does() -> None:
    gate = PythonGate()
    begin_ns = gate.read()[1]
    gate.enter()
    gate.enter()
    entered_ns = gate.read()[1]
    MonotonicClock.sleep(0.01)
    integral_ns, end_ns, entered, left = gate.read()
    assert (2, 0) == (entered, left)
    assert 2 * (end_ns - entered_ns) <= integral_ns <= 2 * (end_ns - begin_ns)
    gate.leave()
    gate.leave()
    with pytest.raises(ValueError, match=r"^nothing is in flight that could leave$"):
        gate.leave()


def test_with_a_plan_operations_enter_the_gate_in_python_when_they_fall_due() -> None:
    now_ns = MonotonicClock.now_ns()
    gate = PythonGate(np.array([now_ns, now_ns + 1_000_000, now_ns + 10**12]))
    MonotonicClock.sleep(0.002)
    integral_ns, at_ns, entered, left = gate.read()
    assert (2, 0) == (entered, left)
    assert (at_ns - now_ns) + (at_ns - now_ns - 1_000_000) == integral_ns
    with pytest.raises(ValueError, match=r"^with a plan, operations enter when they fall due$"):
        gate.enter()
    assert [0, 1, 2, -1] == [gate.take() for _ in range(4)]


def test_a_closed_gate_gives_no_planned_operation_away() -> None:
    gate = PythonGate(np.array([1, 2]))
    gate.close()
    assert -1 == gate.take()


def sleeping() -> None:
    MonotonicClock.sleep(0.001)


def hashing() -> bytes:
    return hashlib.sha256(BUFFER).digest()


def computing() -> int:
    return sum(range(10_000))


def serialised() -> None:
    with LOCK:
        MonotonicClock.sleep(0.0005)


async def waiting() -> None:
    await asyncio.sleep(0.001)


HONEST: dict[str, tuple[Callable[[], object], Load]] = {
    "1 thread": (computing, Load()),
    "8 threads sleeping": (sleeping, Load(workers=8)),
    "2 threads hashing": (hashing, Load(workers=2)),
    "4 threads that need the GIL": (computing, Load(workers=4)),
    "8 threads one behind the other": (serialised, Load(workers=8)),
    "50 tasks": (waiting, Load(workers=50, workers_as="tasks")),
    "4 threads by a plan": (sleeping, Load("open", 4, 300.0)),
    "50 tasks by a plan": (waiting, Load("open", 50, 300.0, "poisson", "tasks")),
}


def ratio(samples: Samples) -> float:
    """L over λ·W, with what the window's edges cut off counted as the records would have."""
    assert samples.instrument is not None
    gate, cut = samples.instrument.in_flight, samples.instrument.cut
    assert gate is not None
    waited_ns = (gate.completed - (cut.ended_inside if cut else 0)) * float(samples.latency_ns.mean())
    return gate.integral_ns / (waited_ns + (cut.inside_ns if cut else 0))


@pytest.mark.parametrize("load", HONEST)
def test_gate_counter_and_records_agree_under_an_honest_load(recorder: Recorder, load: str) -> None:
    operate, how = HONEST[load]
    samples = measure(Workload("honest", operate), how, Span(0.1, 0.4), recorder)
    assert len(samples) == samples.measurement.operations_attempted > 0
    if recorder.name == "python" and operate is computing and how.workers > 1:
        # Such threads hand over the GIL between a stamp and the gate, so nobody weighs what they recorded.
        assert isinstance(balance(samples, 0.95)["littles_law.balance"], Unavailable)
        return
    # The gate in Python takes its own time between a stamp and its reading.
    assert 1.0 == pytest.approx(ratio(samples), abs=0.01 if recorder.name == "c" else 0.05)


@pytest.mark.parametrize("load", ["8 threads sleeping", "50 tasks"])
def test_the_sampler_agrees_with_the_gate_where_there_is_one(recorder: Recorder, load: str) -> None:
    operate, how = HONEST[load]
    samples = measure(Workload("honest", operate), how, Span(0.05, 0.5), recorder)
    assert samples.instrument is not None
    gate, sampled = samples.instrument.in_flight, samples.instrument.sampled
    assert gate is not None
    # One in Python would run only when nobody is in flight, so there is none.
    assert ("c" == recorder.name) == (sampled is not None)
    if sampled:
        error = 5 * max(sampled.deviation, 0.01) / sampled.looks**0.5
        assert gate.integral_ns / gate.window_ns == pytest.approx(sampled.mean, abs=error + 0.1 * sampled.mean)
