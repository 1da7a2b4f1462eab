"""Agreement in every order, under faults, between processes and at any size; and where it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.inquiries import agreement
from bizra_lab.inquiries.agreement import conflict_bounds, every_order, head_growth, over_network, under_faults
from bizra_lab.model import Estimate, Result
from bizra_lab.study import Study, load

HOME = Path(__file__).parents[2]


def _study(profile: str) -> Study:
    return load("consensus", profile, {}, HOME)


def _value(result: Result) -> float:
    assert isinstance(result, Estimate), result
    return result.value


def test_only_the_rule_tells_one_head_in_every_order() -> None:
    found = every_order(1)
    deal, told, results = found[agreement.RULE]
    assert ("B3/B3/B3", {"B3": 5_040}) == (deal, told)
    assert {1.0} == {_value(each) for each in results.values()}
    naive = [each for name, each in found.items() if name != agreement.RULE]
    assert 4 == len(naive)
    for deal, told, results in naive:
        assert {"B2", "B3"} == set(deal.split("/")) == set(told)
        assert _value(results["share.orders_agree"]) < 1


def test_runs_under_faults_are_counted_by_mix() -> None:
    found = under_faults(1, runs=2)
    assert 8 == len(found)
    for results in found.values():
        told = {name: _value(result) for name, result in results.items() if name != "messages"}
        assert {
            "heads agree": 1.0,
            "as defined": 1.0,
            "conflicting finals": 0.0,
            "reverted": 0.0,
            "progress after healing": 1.0,
        } == told
    assert under_faults(1, runs=2) == found


def test_in_simulated_time_no_process_is_started() -> None:
    told = over_network(_study("replay"))
    assert ["V1", "V2", "V3", "V4"] == list(told)
    assert 1 == len({head for head, _, _ in told.values()})
    assert {"simulated"} == {meanwhile for _, _, meanwhile in told.values()}
    assert told == over_network(_study("replay"))


def test_on_a_real_clock_processes_agree_and_one_was_killed() -> None:
    told = over_network(_study("smoke"))
    assert 1 == len({head for head, _, _ in told.values()})
    assert 3 == sum(meanwhile == "up throughout" for _, _, meanwhile in told.values())
    assert told["V2"][2].startswith("killed, and back ")


def test_the_cost_of_a_vote_grows_far_less_than_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, small in (("BLOCKS", (50, 5_000)), ("VALIDATORS", (50, 500)), ("FIXED", 200)):
        monkeypatch.setattr(agreement, name, small)
    grown = head_growth(_study("replay"))
    assert "steps" == grown.unit
    assert ["blocks, median", "blocks, p99", "validators, median", "validators, p99"] == list(grown.lines)
    few, many = map(_value, grown.lines["blocks, median"].values())
    # A hundred times as many blocks, and six or seven doublings of the depth.
    assert 1 < many / few < 5
    assert 1 == pytest.approx(
        _value(grown.lines["validators, median"][500]) / _value(grown.lines["validators, median"][50]), rel=0.2
    )
    assert grown == head_growth(_study("replay"))


def test_on_a_real_clock_the_cost_is_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, small in (("BLOCKS", (50,)), ("VALIDATORS", (50,)), ("FIXED", 50)):
        monkeypatch.setattr(agreement, name, small)
    grown = head_growth(_study("smoke"))
    assert "ns" == grown.unit
    assert all(_value(cost) > 0 for line in grown.lines.values() for cost in line.values())


def test_conflict_begins_at_the_bound() -> None:
    found = conflict_bounds(100)
    assert found.seen == found.bound
    assert (0.34, 0.6) == (found.seen[0.67], found.seen[0.8])
