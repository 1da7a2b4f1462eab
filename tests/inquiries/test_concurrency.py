"""The same study with ever more workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.recorder import choose
from bizra_lab.inquiries.concurrency import sweep
from bizra_lab.model import Estimate, Result, Unavailable
from bizra_lab.study import Study, load

HOME = Path(__file__).parents[2]


def _study(profile: str, overrides: dict[str, Any]) -> Study:
    return load("the_lab", profile, overrides, HOME)


def _value(result: Result) -> float:
    assert isinstance(result, Estimate), result
    return result.value


def test_numbers_of_workers_go_up_and_down_again() -> None:
    runs = sweep(_study("replay", {"profile.duration_s": 0.1}), (1, 2, 3), rounds=3)
    assert [1, 2, 3, 3, 2, 1, 1, 2, 3] == [workers for workers, _ in runs]


def test_in_simulated_time_workers_do_not_meet_and_no_two_runs_are_the_same() -> None:
    (_, one), (_, two), (_, two_again), _ = sweep(_study("replay", {}), (1, 2))
    alone, together = (_value(found["throughput_per_s"]) for found in (one, two))
    assert 2 == pytest.approx(together / alone, rel=0.02)
    assert _value(two["latency_ns.mean"]) != _value(two_again["latency_ns.mean"])


def test_the_runs_of_a_round_share_the_studys_window() -> None:
    found = [results for _, results in sweep(_study("replay", {"profile.duration_s": 0.4}), (1, 1, 1, 1), rounds=1)]
    # A hash of 40 µs, simulated: 2,500 in a tenth of a second.
    assert [2_500] * 4 == pytest.approx([_estimate(each["throughput_per_s"]).n for each in found], rel=0.02)


def _estimate(result: Result) -> Estimate:
    assert isinstance(result, Estimate)
    return result


def test_on_a_real_clock_every_run_is_weighed_by_its_gate() -> None:
    real = {"profile.warmup_s": 0.02, "profile.duration_s": 0.2, "component.operation": "sleep"}
    for workers, found in sweep(_study("smoke", real), (1, 4), rounds=1):
        balance = found["littles_law.balance"]
        if workers > 1 and choose().name == "python":
            assert isinstance(balance, Unavailable)  # such threads hand over the GIL between a stamp and the gate
        else:
            assert _estimate(balance).low <= 1 <= _estimate(balance).high
        assert workers == pytest.approx(_value(found["littles_law.in_flight_at_gate"]), rel=0.1)


def test_an_open_load_has_no_sweep() -> None:
    opened = _study("replay", {"load": {"kind": "open", "workers": 2, "rate_per_s": 10}})
    with pytest.raises(CannotMeasure, match="the_lab: an open load keeps its rate whoever works"):
        sweep(opened)
