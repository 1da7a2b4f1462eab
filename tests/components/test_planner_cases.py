"""Cases in a file, and functions as planners."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.components._planner_cases import (
    AcceptedCall,
    Answer,
    Call,
    Case,
    Message,
    Tool,
    planner_of_function,
    read_cases,
    write_cases,
)
from bizra_lab.components._planner_node0 import TOOLS, node0_cases
from bizra_lab.errors import SettingsError, Unreadable

LINE = (
    '{"id": "1", "category": "simple", "request": "Is it warm in Paris?", "tools": [{"name": "weather", '
    '"description": "The weather.", "parameters": {"type": "object"}}], '
    '"accepted": [{"name": "weather", "arguments": {"city": ["Paris", ""]}}]}'
)


def _file(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_line_is_a_case(tmp_path: Path) -> None:
    tool = Tool("weather", "The weather.", {"type": "object"})
    accepted = AcceptedCall("weather", {"city": ("Paris", "")})
    assert (Case("1", "simple", "Is it warm in Paris?", (tool,), (accepted,)),) == read_cases(_file(tmp_path, LINE))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    cases = node0_cases("tuning")[:20]
    path = tmp_path / "cases.jsonl"
    path.write_bytes(write_cases(cases))
    assert write_cases(cases) == write_cases(read_cases(path))


def test_a_conversation_keeps_its_messages_and_its_words_are_the_users(tmp_path: Path) -> None:
    talk = '[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Is it warm?"}]'
    (case,) = read_cases(_file(tmp_path, LINE.replace('"Is it warm in Paris?"', talk)))
    assert (Message("system", "Be brief."), Message("user", "Is it warm?")) == case.messages
    assert "Is it warm?" == case.words


def test_null_accepts_any_call(tmp_path: Path) -> None:
    before, _, _ = LINE.partition('"accepted"')
    (case,) = read_cases(_file(tmp_path, before + '"accepted": null}'))
    assert None is case.accepted


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["{"], "line 1: not JSON"),
        ([LINE, "[]"], "line 2: expected keys and values"),
        ([LINE, LINE], "two cases have the id '1'"),
        ([""], "no cases"),
        ([LINE.replace('"category"', '"kategory"')], "kategory: unknown setting; did you mean 'category'"),
        ([LINE.replace('{"type": "object"}', '{"type": "objekt"}')], "line 1: tool 'weather': not a JSON Schema"),
        (['{"id": "1"}'], "line 1.category: missing"),
    ],
)
def test_a_file_that_is_not_one_of_cases_is_refused_with_the_place(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_cases(_file(tmp_path, *lines))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file or directory"):
        read_cases(tmp_path / "none.jsonl")


class TestTheRequestsForNode0:
    def test_are_more_than_three_hundred_each_of_its_own_words(self) -> None:
        requests = [each.request for split in ("tuning", "held_out") for each in node0_cases(split)]
        assert 300 < len(node0_cases("held_out"))
        assert len(requests) == len(set(requests))

    def test_are_the_same_at_every_call(self) -> None:
        assert node0_cases("held_out") == node0_cases("held_out")

    def test_ask_for_every_tool_and_for_none(self) -> None:
        for split in ("tuning", "held_out"):
            asked = {each.name for case in node0_cases(split) for each in case.accepted or ()}
            assert {each.name for each in TOOLS} == asked
            assert any(case.accepted == () for case in node0_cases(split))

    def test_accept_calls_that_their_tools_schema_allows(self) -> None:
        for case in (*node0_cases("tuning"), *node0_cases("held_out")):
            for accepted in case.accepted or ():
                tool = case.tool(accepted.name)
                assert tool is not None
                assert set(tool.required) <= set(accepted.arguments) <= set(tool.properties)

    def test_say_every_value_that_has_to_be_given(self) -> None:
        for case in node0_cases("held_out"):
            for accepted in case.accepted or ():
                texts = [options[0] for options in accepted.arguments.values() if isinstance(options[0], str)]
                required = [text for text in texts if "_" not in text and text not in {"smoke", "l1", "l2", "l3"}]
                assert [] == [text for text in required if text not in case.words]


def weather(case: Case) -> list[dict[str, object]]:
    return [{"name": "weather", "arguments": {"city": case.words.split()[-1]}}]


def answers_itself(case: Case) -> Answer:
    return Answer(text=case.id)


class TestAFunctionAsPlanner:
    CASE = Case("1", "simple", "The weather of Paris", (), ())

    def test_answers_with_its_calls(self) -> None:
        planner = planner_of_function(f"{__name__}:weather")
        assert Answer((Call("weather", '{"city":"Paris"}'),)) == planner(self.CASE)

    def test_may_answer_with_an_answer(self) -> None:
        assert Answer(text="1") == planner_of_function(f"{__name__}:answers_itself")(self.CASE)

    @pytest.mark.parametrize("reference", ["no.such.module:plan", "json:no_such", "json:decoder", "..."])
    def test_has_to_be_there_and_to_be_called(self, reference: str) -> None:
        with pytest.raises(SettingsError, match="expected module:function"):
            planner_of_function(reference)
