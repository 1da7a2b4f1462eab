"""The planner as a component: its cases, its tallies, and what it is when measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bizra_lab.components._planner_cases import AcceptedCall, Answer, Call, Case, Tool, write_cases
from bizra_lab.components._planner_checker import judge_answer
from bizra_lab.components.planner import (
    Evaluated,
    Evaluation,
    Settings,
    cases_of,
    evaluate,
    planner_eval,
    planner_of,
    prepare,
    prepare_simulated,
    tallies,
)
from bizra_lab.errors import CannotMeasure, SettingsError, Unreadable
from bizra_lab.model import Tally
from bizra_lab.settings import build

TOOL = Tool("wake", "Wake somebody.", {"type": "object", "properties": {"hour": {"type": "integer"}}})
RIGHT = Answer((Call("wake", '{"hour": 7}'),))
WRONG = Answer((Call("wake", '{"hour": 8}'),))
BROKEN = Answer((Call("wake", '{"hour": '),))
SILENT = Answer(text="No.")


def _case(number: int, category: str = "simple") -> Case:
    return Case(str(number), category, "Wake me at 7.", (TOOL,), (AcceptedCall("wake", {"hour": (7,)}),))


def _evaluated(case: Case, answer: Answer | None) -> Evaluated:
    return Evaluated(case, answer, judge_answer(case, answer))


def _cases_file(tmp_path: Path, count: int) -> str:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(write_cases([_case(number) for number in range(count)]))
    return str(path)


def _operate(settings: Settings, operations: int) -> dict[str, Tally]:
    workload = prepare(settings, np.random.default_rng(1), lambda: 0)
    for _ in range(operations):
        workload.operate()
    assert workload.tallies is not None and workload.count is not None
    assert operations == workload.count()
    return dict(workload.tallies())


def always_seven(_: Case) -> Answer:
    return RIGHT


def raises_on_odd_cases(case: Case) -> Answer:
    if int(case.id) % 2:
        raise ConnectionError("out of reach")
    return RIGHT


class TestTallies:
    FOUND = tallies(
        [
            _evaluated(_case(1), RIGHT),
            _evaluated(_case(2), WRONG),
            _evaluated(_case(3, "hard"), BROKEN),
            _evaluated(_case(4, "hard"), SILENT),
            _evaluated(_case(5, "hard"), None),
        ]
    )

    def test_count_successes_and_right_tools_over_all_cases(self) -> None:
        assert Tally(1, 5) == self.FOUND["tool_call_success"]
        assert Tally(3, 5) == self.FOUND["right_tool"]

    def test_count_valid_json_over_the_answers_that_call(self) -> None:
        assert Tally(2, 3) == self.FOUND["json_valid"]

    def test_count_each_way_of_being_wrong(self) -> None:
        wrong = {name: tally.count for name, tally in self.FOUND.items() if name.startswith("failure_") and tally.count}
        assert {"wrong_value": 1, "not_json": 1, "refused": 1, "no_answer": 1} == {
            name.removeprefix("failure_"): count for name, count in wrong.items()
        }

    def test_count_each_category_by_itself(self) -> None:
        assert Tally(1, 2) == self.FOUND["tool_call_success.simple"]
        assert Tally(0, 3) == self.FOUND["tool_call_success.hard"]

    def test_of_no_cases_are_of_nothing(self) -> None:
        assert Tally(0, 0) == tallies([])["tool_call_success"]


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "name"),
        [
            ({}, "planner.offline on node0 held-out"),
            ({"split": "tuning"}, "planner.offline on node0 tuning"),
            ({"suite": "some/cases.jsonl", "planner": "needle"}, "planner.needle on cases.jsonl"),
            ({"suite": "bfcl", "planner": "function", "function": "a:b"}, "planner.function a:b on bfcl"),
            ({"planner": "endpoint", "endpoint": {"model": "m-1"}}, "planner.endpoint m-1 on node0 held-out"),
        ],
    )
    def test_name_the_planner_and_the_suite(self, settings: dict[str, Any], name: str) -> None:
        assert name == build(Settings, settings, "test").name

    @pytest.mark.parametrize(
        ("settings", "missing"),
        [
            ({"planner": "endpoint"}, "endpoint.model"),
            ({"planner": "transcripts", "endpoint": {"model": "m"}}, "transcripts"),
            ({"planner": "function"}, "function"),
        ],
    )
    def test_ask_for_what_their_planner_needs(self, settings: dict[str, Any], missing: str) -> None:
        with pytest.raises(SettingsError, match=f"{missing} is missing"):
            build(Settings, settings, "test")

    def test_may_pick_categories(self) -> None:
        assert {"options"} == {each.category for each in cases_of(Settings(categories=("options",)))}

    def test_do_not_take_a_category_that_is_not_there(self) -> None:
        with pytest.raises(SettingsError, match="none called 'option'; did you mean 'options'"):
            cases_of(Settings(categories=("option",)))

    def test_say_how_to_get_the_leaderboards_wheel(self, tmp_path: Path) -> None:
        with pytest.raises(Unreadable, match=r"fetch it with bizra_lab\.fetch_wheel\('bfcl-eval'\)"):
            cases_of(Settings(suite="bfcl", wheels=str(tmp_path)))


class TestTheWorkload:
    def test_counts_a_case_once_however_often_it_is_planned(self, tmp_path: Path) -> None:
        settings = Settings(planner="function", function=f"{__name__}:always_seven", suite=_cases_file(tmp_path, 4))
        assert Tally(4, 4) == _operate(settings, 11)["tool_call_success"]

    def test_counts_only_cases_that_were_planned(self, tmp_path: Path) -> None:
        settings = Settings(planner="function", function=f"{__name__}:always_seven", suite=_cases_file(tmp_path, 4))
        assert Tally(3, 3) == _operate(settings, 3)["tool_call_success"]

    def test_takes_the_cases_in_an_order_of_the_seed(self) -> None:
        first = [_operate(Settings(), 50) for _ in range(2)]
        assert first[0] == first[1]
        other = prepare(Settings(), np.random.default_rng(2), lambda: 0)
        for _ in range(50):
            other.operate()
        assert other.tallies is not None
        assert first[0] != other.tallies()

    def test_raises_what_the_planner_raises_and_counts_it_as_no_answer(self, tmp_path: Path) -> None:
        reference = f"{__name__}:raises_on_odd_cases"
        settings = Settings(planner="function", function=reference, suite=_cases_file(tmp_path, 4))
        workload = prepare(settings, np.random.default_rng(1), lambda: 0)
        outcomes = []
        for _ in range(8):
            try:
                workload.operate()
                outcomes.append("ok")
            except ConnectionError:
                outcomes.append("ConnectionError")
        assert workload.tallies is not None
        assert 4 == outcomes.count("ConnectionError")
        assert Tally(2, 4) == workload.tallies()["failure_no_answer"]
        assert Tally(2, 4) == workload.tallies()["tool_call_success"]

    def test_in_simulated_time_is_the_same_but_for_an_endpoint(self) -> None:
        assert Settings().name == prepare_simulated(Settings(), np.random.default_rng(1), lambda: 0).name
        endpoint = build(Settings, {"planner": "endpoint", "endpoint": {"model": "m"}}, "test")
        with pytest.raises(CannotMeasure, match="expected its transcripts"):
            prepare_simulated(endpoint, np.random.default_rng(1), lambda: 0)


class TestAnEvaluation:
    def test_plans_every_case_once_in_order(self) -> None:
        cases = cases_of(Settings())[:40]
        found = evaluate(cases, planner_of(Settings(), cases, lambda: 0), "mine", concurrency=4)
        assert [each.id for each in cases] == [each.case.id for each in found.evaluated]
        assert found == evaluate(cases, planner_of(Settings(), cases, lambda: 0), "mine")

    def test_keeps_what_the_planner_raised(self) -> None:
        found = evaluate([_case(0), _case(1)], raises_on_odd_cases, "mine")
        assert ["", "ConnectionError: out of reach"] == [each.error for each in found.evaluated]
        assert Tally(1, 2) == found.tallies()["failure_no_answer"]

    def test_is_stopped_by_what_the_lab_refuses(self) -> None:
        def refuses(_: Case) -> Answer:
            raise CannotMeasure("no place for transcripts")

        with pytest.raises(CannotMeasure):
            evaluate([_case(0)], refuses, "mine")

    def test_as_a_document_has_every_case_and_what_was_spent(self) -> None:
        spent = replace(RIGHT, input_tokens=10, output_tokens=5, cost_usd=0.25)
        found = planner_eval(Evaluation("mine", (_evaluated(_case(1), spent), _evaluated(_case(2), WRONG))))
        assert (2, 10, 5, 0.25) == tuple(found[key] for key in ("cases", "input_tokens", "output_tokens", "cost_usd"))
        assert [None, "wrong_value"] == [each["failure"] for each in found["by_case"]]
        assert {"count": 1, "of": 2, "complete": False} == found["tallies"]["tool_call_success"]

    def test_as_a_document_has_no_sum_of_what_nobody_states(self) -> None:
        assert None is planner_eval(Evaluation("mine", (_evaluated(_case(1), RIGHT),)))["cost_usd"]
