"""The operations do what they are named after, and no less."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from bizra_lab.components import COMPONENTS, known_cost
from bizra_lab.components.known_cost import Settings, prepare
from bizra_lab.errors import SettingsError
from bizra_lab.harness.clock import MonotonicClock, StepClock
from bizra_lab.model import Workload
from bizra_lab.settings import build
from bizra_lab.units import SECOND_NS


def workload(**settings: Any) -> Workload:
    return prepare(Settings(**settings), np.random.default_rng(1), StepClock().now_ns)


def test_an_empty_operation_does_nothing_and_counts_nothing() -> None:
    empty = workload()
    assert "known_cost.empty" == empty.name
    assert empty.operate() is None
    assert empty.count is None


def test_a_sleep_is_never_shorter_than_asked_for() -> None:
    clock = MonotonicClock()
    sleep = workload(operation="sleep", sleep_s=0.002)
    began_ns = clock.now_ns()
    sleep.operate()
    assert clock.now_ns() - began_ns >= 0.002 * SECOND_NS


def test_in_simulated_time_nobody_sleeps_and_all_else_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(known_cost, "_sleep", slept.append)
    simulated = COMPONENTS.get("known_cost").prepare_simulated
    sleep, hashed = (
        simulated(Settings(operation=name), np.random.default_rng(1), StepClock().now_ns) for name in ("sleep", "hash")
    )
    sleep.operate()
    assert sleep.count is not None
    assert (1, []) == (sleep.count(), slept)
    assert hashlib.sha256(bytes(65_536)).digest() == hashed.operate()


def test_a_hash_is_that_of_as_many_zeros_as_asked_for() -> None:
    assert hashlib.sha256(b"\0" * 4096).digest() == workload(operation="hash", hash_bytes=4096).operate()


@pytest.mark.parametrize("settings", [{"operation": "sleep", "sleep_s": 1e-6}, {"operation": "hash"}])
def test_sleeps_and_hashes_are_counted(settings: dict[str, Any]) -> None:
    counted = workload(**settings)
    assert counted.count is not None
    assert 0 == counted.count()
    for _ in range(3):
        counted.operate()
    assert 3 == counted.count()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"operation": "wait"}, "expected one of empty, sleep, hash, got 'wait'"),
        ({"sleep_s": 0}, "sleep_s must be a time above 0, got 0"),
        ({"hash_bytes": 2047}, "hash_bytes must be at least 2048, got 2047"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        build(COMPONENTS.get("known_cost").settings, settings, "component")


def test_twice_the_work_is_twice_the_bytes_and_no_other_kind_of_it() -> None:
    hashing, sleep, empty = workload(operation="hash", hash_bytes=4096), workload(operation="sleep"), workload()
    assert hashing.doubled is not None
    assert hashlib.sha256(b"\0" * 8192).digest() == hashing.doubled()
    assert sleep.doubled is not None
    clock = MonotonicClock()
    began_ns = clock.now_ns()
    sleep.doubled()
    assert clock.now_ns() - began_ns >= 0.002 * SECOND_NS
    assert empty.doubled is not None
    assert empty.doubled() is None
