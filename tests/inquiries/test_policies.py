"""Hit rates by policy beside the optimum."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.components import cache as component
from bizra_lab.inquiries import policies
from bizra_lab.inquiries.policies import hit_rates
from bizra_lab.model import Estimate, Results
from bizra_lab.study import load

HOME = Path(__file__).parents[2]


def _found() -> dict[str, Results]:
    return hit_rates(load("cache", "replay", {"component.keys": 10_000, "component.l1_entries": 1_000}, HOME))


def _value(results: Results, name: str) -> float:
    result = results[name]
    assert isinstance(result, Estimate)
    return result.value


@pytest.fixture(autouse=True)
def _short_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(component, "PLAN_LENGTH", 60_000)
    monkeypatch.setattr(policies, "FILLING", 30_000)


def test_no_policy_beats_the_optimum_and_none_is_best_everywhere() -> None:
    found = _found()
    assert ["optimum", "lru", "lfu", "fifo", "s3_fifo", "sieve", "w_tinylfu"] == list(found)
    for kind in ("zipf", "loop", "ledger"):
        best = _value(found["optimum"], kind)
        for results in found.values():
            assert _value(results, kind) <= best
            assert _value(results, f"{kind}, of optimum") == pytest.approx(_value(results, kind) / best)
    assert _value(found["lru"], "loop") == 0 < _value(found["s3_fifo"], "loop")
    assert 1 / 3 == pytest.approx(_value(found["lru"], "ledger"), abs=0.01)
    assert _value(found["lru"], "zipf") < _value(found["lfu"], "zipf")
    for popular_once in ("lfu", "sieve", "w_tinylfu"):
        assert _value(found[popular_once], "ledger") < 0.1


def test_every_rate_has_an_interval_of_as_many_requests_as_were_counted() -> None:
    rate = _found()["lru"]["zipf"]
    assert isinstance(rate, Estimate)
    assert 30_000 == rate.n
    assert rate.low < rate.value < rate.high
    assert rate.high - rate.low == pytest.approx(0.007, abs=0.002)


def test_they_repeat() -> None:
    assert _found() == _found()
