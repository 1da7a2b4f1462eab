"""A study's planner on every case, and the cases that its gates need."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.errors import CannotMeasure, Unreadable
from bizra_lab.inquiries.planning import cases_missing, evaluation_document, plan_all, plan_leaderboard
from bizra_lab.model import Estimate, Unavailable
from bizra_lab.study import Study, load

HOME = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def study() -> Study:
    return load("planner", "replay", home=HOME)


def test_every_case_is_planned_once_and_every_failure_counted(study: Study) -> None:
    planned = plan_all(study)
    assert "planner.offline on node0 held-out" == planned.name
    assert {"plain", "options", "nothing_fits"} == set(planned.by_category)
    right = planned.shares["tool_call_success"]
    assert isinstance(right, Estimate)
    assert planned.cases == right.n == round(right.value * planned.cases) + sum(planned.failures.values())


def test_the_requests_it_was_made_on_are_the_easier_ones(study: Study) -> None:
    tuning, held_out = (plan_all(study, split).shares["tool_call_success"] for split in ("tuning", "held_out"))
    assert isinstance(tuning, Estimate) and isinstance(held_out, Estimate)
    assert held_out.value < tuning.value


def test_the_document_has_the_same_cases(study: Study) -> None:
    assert plan_all(study).cases == len(evaluation_document(study)["by_case"])


def test_without_a_folder_of_wheels_there_is_no_leaderboard(study: Study) -> None:
    assert () == plan_leaderboard(study)


def test_a_folder_without_the_wheel_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="fetch it with"):
        plan_leaderboard(load("planner", "replay", {"component.wheels": str(tmp_path)}, HOME))


def test_another_component_is_no_planner() -> None:
    with pytest.raises(CannotMeasure, match="measures known_cost; expected a planner"):
        plan_all(load("the_lab", "replay", home=HOME))


def test_each_gate_is_told_how_many_cases_it_needs_at_the_share_that_was_seen(study: Study) -> None:
    seen = {
        "share.json_valid": Estimate(1.0, 0.99, 1.0, "share", 500),
        "share.tool_call_success": Estimate(0.961, 0.94, 0.975, "share", 500),
    }
    valid, right = cases_missing(study, seen)
    assert isinstance(valid.needed, Estimate) and isinstance(right.needed, Estimate)
    assert [0.98, 0.95] == pytest.approx([valid.limit, right.limit])
    assert (190, True) == (valid.needed.n, valid.met)
    assert (1470, False) == (right.needed.n, right.met)


def test_a_gate_without_a_share_is_left_out(study: Study) -> None:
    assert () == cases_missing(study, {"share.json_valid": Unavailable("no operations")})
