"""The same operation with twice the work, in turns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bizra_lab.audit import RULES
from bizra_lab.inquiries import work_scaling
from bizra_lab.inquiries.work_scaling import double_the_work
from bizra_lab.model import Claim, Declared, Estimate, Finding, Result, Unavailable, Weight
from bizra_lab.study import load

HOME = Path(__file__).parents[2]


def ratio(study: str = "the_lab", profile: str = "smoke", **overrides: Any) -> Result:
    found = double_the_work(load(study, profile, {f"component.{key}": value for key, value in overrides.items()}, HOME))
    assert ["work_scaling.ratio"] == list(found)
    return found["work_scaling.ratio"]


def weights(result: Result) -> list[Weight]:
    """How the rule weighs it."""
    answers = RULES.get("work_scaling").check(Claim("ours", {"work_scaling.ratio": result}, Declared()))
    return [each.weight for each in answers if isinstance(each, Finding)]


def test_twice_the_bytes_take_longer() -> None:
    twice = ratio(operation="hash")
    assert isinstance(twice, Estimate), twice
    assert 1.5 < twice.value < 2.5
    assert [] == weights(twice)


def test_twice_the_sleep_takes_longer() -> None:
    twice = ratio(operation="sleep", sleep_s=0.002)
    assert isinstance(twice, Estimate), twice
    assert twice.value > 1.2
    assert [] == weights(twice)


def test_twice_nothing_is_nothing() -> None:
    twice = ratio(operation="empty")
    assert isinstance(twice, Estimate), twice
    assert twice.low < 1.05
    assert weights(twice) in ([Weight.VOID], [Weight.DOUBT])


def test_drawn_durations_hold_no_work() -> None:
    assert Unavailable("durations are drawn under simulated time; the work is in none of them") == ratio(
        profile="replay"
    )


def test_a_component_without_such_an_operation_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_scaling, "DURATION_S", 0.1)
    assert Unavailable("circuit_breaker has no operation with twice the work") == ratio("circuit_breaker")
