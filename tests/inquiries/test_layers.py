"""A cache layer by layer, and the sum of its parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bizra_lab.components import cache as component
from bizra_lab.errors import CannotMeasure
from bizra_lab.inquiries.layers import add_layers, measure_layers
from bizra_lab.model import Estimate, Result, Results, Unavailable
from bizra_lab.study import Study, load

HOME = Path(__file__).parents[2]

SMALL = {"component.keys": 2_000, "component.l1_entries": 200, "component.l2_entries": 300}


@pytest.fixture(autouse=True)
def _short_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(component, "PLAN_LENGTH", 6_000)
    monkeypatch.setattr(component, "FILLING", 3_000)


def _study(profile: str, overrides: dict[str, Any]) -> Study:
    return load("cache", profile, SMALL | overrides, HOME)


def _share(value: float, n: int = 100) -> Estimate:
    return Estimate(value, value - 0.01, value + 0.01, "share", n)


def _mean(value: float, half: float) -> Estimate:
    return Estimate(value, value - half, value + half, "ns", 50)


def _measured(**changed: Results) -> dict[str, Results]:
    mixed: Results = {
        "share.hit_l1": _share(0.9),
        "share.answered_l2": _share(0.06),
        "share.answered_load": _share(0.04),
        "latency_ns.mean": _mean(1000, 30),
    }
    layers: dict[str, Results] = {
        "mixed": mixed,
        "l1": {"latency_ns.mean": _mean(100, 10)},
        "l2": {"latency_ns.mean": _mean(5000, 200)},
        "load": {"latency_ns.mean": _mean(20_000, 400)},
    }
    return layers | changed


def _estimate(result: Result) -> Estimate:
    assert isinstance(result, Estimate), result
    return result


def test_the_parts_add_up_to_the_whole_with_their_intervals() -> None:
    rows = add_layers(_measured())
    assert ["l1", "l2", "load", "together, by arithmetic", "together, as measured"] == list(rows)
    assert [90, 300, 800] == pytest.approx([_estimate(rows[layer]["part"]).value for layer in ("l1", "l2", "load")])
    together = _estimate(rows["together, by arithmetic"]["mean"])
    # Half widths 9, 12 and 16 ns: the root of 81 + 144 + 256.
    assert (1190, 1190 - 21.93, 1190 + 21.93) == pytest.approx((together.value, together.low, together.high), abs=0.01)
    assert 1.0 == pytest.approx(_estimate(rows["together, by arithmetic"]["share"]).value)
    assert _mean(1000, 30) == rows["together, as measured"]["mean"]


def test_a_part_that_is_not_known_leaves_the_sum_unknown() -> None:
    rows = add_layers(_measured(l2={"latency_ns.mean": Unavailable("too few")}))
    assert isinstance(rows["together, by arithmetic"]["mean"], Unavailable)
    assert isinstance(rows["l2"]["part"], Unavailable)


def test_a_layer_that_answered_nothing_adds_nothing_whatever_it_takes() -> None:
    mixed = dict(_measured()["mixed"]) | {"share.answered_l2": Estimate(0.0, 0.0, 0.01, "share", 100)}
    rows = add_layers(_measured(mixed=mixed, l2={"latency_ns.mean": Unavailable("too few")}))
    assert 890 == pytest.approx(_estimate(rows["together, by arithmetic"]["mean"]).value)


def test_in_simulated_time_every_layer_answers_its_own() -> None:
    measured = measure_layers(_study("replay", {"profile.duration_s": 0.01}))
    assert ["mixed", "l1", "l2", "l3", "load"] == list(measured)
    for layer, name in (("l1", "hit_l1"), ("l2", "hit_l2"), ("l3", "hit_l3"), ("load", "answered_load")):
        assert 1.0 == _estimate(measured[layer][f"share.{name}"]).value
    assert 0 < _estimate(measured["mixed"]["share.hit_l1"]).value < 1


def test_layers_that_the_study_does_without_are_left_out() -> None:
    measured = measure_layers(_study("replay", {"profile.duration_s": 0.01, "component.l2": None}))
    assert ["mixed", "l1", "l3", "load"] == list(measured)


def test_another_components_study_has_no_layers() -> None:
    with pytest.raises(CannotMeasure, match="the_lab: component known_cost has no layers; expected cache"):
        measure_layers(load("the_lab", "replay", {}, HOME))
