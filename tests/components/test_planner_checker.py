"""When an answer is right, and which fault is named when it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bizra_lab.components._planner_cases import AcceptedCall, Answer, Call, Case, Tool
from bizra_lab.components._planner_checker import Failure, judge_answer
from bizra_lab.settings import build

LEADERBOARD = Path(__file__).parents[1] / "data" / "planner" / "leaderboard.jsonl"

WEATHER = Tool(
    "weather",
    "The weather of a city.",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "minimum": 1},
            "warmer_than": {"type": "number"},
            "hours": {"type": "array", "items": {"type": "integer"}},
            "wind": {"type": "object", "properties": {"unit": {"type": "string"}, "gusts": {"type": "boolean"}}},
            "layers": {"type": "array", "items": {"type": "object"}},
            "anything": {},
        },
        "required": ["city"],
    },
)
ALARM = Tool("alarm", "Set an alarm.", {"type": "object", "properties": {"hour": {"type": "integer"}}})


def _case(*accepted: AcceptedCall) -> Case:
    return Case("1", "simple", "Is it warm in Paris?", (WEATHER, ALARM), accepted)


def _accepted(**arguments: list[Any]) -> AcceptedCall:
    return AcceptedCall("weather", {name: tuple(options) for name, options in arguments.items()})


def _answer(*calls: tuple[str, dict[str, Any]]) -> Answer:
    return Answer(tuple(Call(name, json.dumps(arguments)) for name, arguments in calls))


def _failure(accepted: AcceptedCall, **arguments: Any) -> Failure | None:
    return judge_answer(_case(accepted), _answer(("weather", arguments))).failure


@pytest.mark.parametrize("line", LEADERBOARD.read_text(encoding="utf-8").splitlines())
def test_says_of_every_answer_what_the_leaderboards_own_checker_says(line: str) -> None:
    kept = json.loads(line)
    case = build(Case, kept["case"], "leaderboard.jsonl")
    answers = [Answer(tuple(Call(**call) for call in each["calls"])) for each in kept["answers"]]
    assert [each["right"] for each in kept["answers"]] == [judge_answer(case, each).failure is None for each in answers]


class TestACall:
    def test_with_accepted_arguments_is_right(self) -> None:
        assert None is _failure(_accepted(city=["Paris", "Paris, France"], days=[1, ""]), city="Paris")

    def test_of_another_tool_is_the_wrong_tool(self) -> None:
        judged = judge_answer(_case(_accepted(city=["Paris"])), _answer(("alarm", {"hour": 7})))
        assert (Failure.WRONG_TOOL, False, True) == (judged.failure, judged.right_tool, judged.json_valid)

    def test_of_a_tool_nobody_offers_conforms_to_nothing(self) -> None:
        judged = judge_answer(_case(_accepted(city=["Paris"])), _answer(("forecast", {"city": "Paris"})))
        assert (Failure.WRONG_TOOL, False) == (judged.failure, judged.json_valid)

    def test_without_a_required_argument_misses_it(self) -> None:
        assert Failure.MISSING is _failure(_accepted(city=["Paris"], days=[2]), days=2)

    def test_without_an_argument_that_was_asked_for_misses_it(self) -> None:
        assert Failure.MISSING is _failure(_accepted(city=["Paris"], days=[2]), city="Paris")

    def test_with_an_argument_that_nobody_asked_for_is_unexpected(self) -> None:
        assert Failure.UNEXPECTED is _failure(_accepted(city=["Paris"]), city="Paris", days=2)

    def test_with_text_for_a_number_has_the_wrong_type(self) -> None:
        assert Failure.WRONG_TYPE is _failure(_accepted(city=["Paris"], days=[2]), city="Paris", days="2")

    def test_with_another_number_has_the_wrong_value_and_the_detail_says_which(self) -> None:
        judged = judge_answer(
            _case(_accepted(city=["Paris"], days=[2])), _answer(("weather", {"city": "Paris", "days": 3}))
        )
        assert (Failure.WRONG_VALUE, "days: got 3, expected [2]") == (judged.failure, judged.detail)


class TestAValue:
    @pytest.mark.parametrize("said", ["new york, n.y.", "New-York NY", "NEW_YORK^N*Y"])
    def test_as_text_is_compared_without_case_blanks_and_punctuation(self, said: str) -> None:
        assert None is _failure(_accepted(city=["New York, NY"]), city=said)

    def test_as_text_keeps_its_other_signs(self) -> None:
        assert Failure.WRONG_VALUE is _failure(_accepted(city=["Paris?"]), city="Paris")

    def test_may_be_whole_where_a_number_is_expected(self) -> None:
        assert None is _failure(_accepted(city=["Paris"], warmer_than=[20.0]), city="Paris", warmer_than=20)

    def test_may_not_have_a_point_where_a_whole_number_is_expected(self) -> None:
        assert Failure.WRONG_TYPE is _failure(_accepted(city=["Paris"], days=[2]), city="Paris", days=2.0)

    def test_that_is_true_is_no_number(self) -> None:
        assert Failure.WRONG_TYPE is _failure(_accepted(city=["Paris"], days=[1]), city="Paris", days=True)

    def test_in_a_list_has_its_type_and_its_place(self) -> None:
        accepted = _accepted(city=["Paris"], hours=[[6, 18]])
        assert None is _failure(accepted, city="Paris", hours=[6, 18])
        assert Failure.WRONG_TYPE is _failure(accepted, city="Paris", hours=["6", "18"])
        assert Failure.WRONG_VALUE is _failure(accepted, city="Paris", hours=[18, 6])

    def test_in_an_object_is_one_of_those_of_its_key(self) -> None:
        accepted = _accepted(city=["Paris"], wind=[{"unit": ["km/h", "kmh"], "gusts": [True, ""]}])
        assert None is _failure(accepted, city="Paris", wind={"unit": "KMH"})
        assert Failure.WRONG_VALUE is _failure(accepted, city="Paris", wind={"unit": "knots"})
        assert Failure.WRONG_VALUE is _failure(accepted, city="Paris", wind={"gusts": True})
        assert Failure.WRONG_VALUE is _failure(accepted, city="Paris", wind={"unit": "kmh", "from": "north"})

    def test_in_a_list_of_objects_has_its_place(self) -> None:
        accepted = _accepted(city=["Paris"], layers=[[{"name": ["rain"]}, {"name": ["wind"]}]])
        assert None is _failure(accepted, city="Paris", layers=[{"name": "Rain"}, {"name": "wind"}])
        assert Failure.WRONG_VALUE is _failure(accepted, city="Paris", layers=[{"name": "rain"}])

    def test_without_a_type_is_what_the_accepted_ones_are(self) -> None:
        accepted = _accepted(city=["Paris"], anything=[5])
        assert None is _failure(accepted, city="Paris", anything=5)
        assert Failure.WRONG_TYPE is _failure(accepted, city="Paris", anything=[5])

    def test_that_names_a_variable_is_compared_letter_by_letter(self) -> None:
        accepted = _accepted(city=["Paris"], days=["days_left"])
        assert None is _failure(accepted, city="Paris", days="days_left")
        assert Failure.WRONG_VALUE is _failure(accepted, city="Paris", days="DAYS_LEFT")


class TestSeveralCalls:
    def test_are_right_in_any_order(self) -> None:
        case = _case(_accepted(city=["Paris"]), _accepted(city=["Rome"]))
        assert (
            None is judge_answer(case, _answer(("weather", {"city": "Rome"}), ("weather", {"city": "Paris"}))).failure
        )

    def test_each_count_once(self) -> None:
        case = _case(_accepted(city=["Paris"]), _accepted(city=["Rome"]))
        judged = judge_answer(case, _answer(("weather", {"city": "Paris"}), ("weather", {"city": "Paris"})))
        assert (Failure.WRONG_VALUE, True) == (judged.failure, judged.right_tool)
        twice = _case(_accepted(city=["Paris"]), _accepted(city=["Paris"]))
        calls = _answer(("weather", {"city": "Paris"}), ("weather", {"city": "Rome"}))
        assert Failure.WRONG_VALUE is judge_answer(twice, calls).failure

    def test_of_which_one_lacks_miss_it_and_one_more_is_unexpected(self) -> None:
        two = _case(_accepted(city=["Paris"]), _accepted(city=["Rome"]))
        one = _case(_accepted(city=["Paris"]))
        assert Failure.MISSING is judge_answer(two, _answer(("weather", {"city": "Paris"}))).failure
        calls = _answer(("weather", {"city": "Paris"}), ("alarm", {}))
        assert Failure.UNEXPECTED is judge_answer(one, calls).failure

    def test_tell_the_fault_of_the_right_tool_not_of_another(self) -> None:
        case = _case(_accepted(city=["Paris"]), AcceptedCall("alarm", {"hour": (7,)}))
        judged = judge_answer(case, _answer(("alarm", {"hour": 7}), ("weather", {"city": "Rome"})))
        assert Failure.WRONG_VALUE is judged.failure


class TestJson:
    @pytest.mark.parametrize(
        "arguments", ['{"city": "Paris"', "city=Paris", '{"city": NaN}', '{"city": 1, "city": 2}', "[]", "[" * 100_000]
    )
    def test_that_does_not_parse_is_not_valid(self, arguments: str) -> None:
        judged = judge_answer(_case(_accepted(city=["Paris"])), Answer((Call("weather", arguments),)))
        assert (Failure.NOT_JSON, False, True) == (judged.failure, judged.json_valid, judged.right_tool)

    def test_that_parses_and_does_not_conform_is_not_valid(self) -> None:
        judged = judge_answer(
            _case(_accepted(city=["Paris"], days=[0])), _answer(("weather", {"city": "Paris", "days": 0}))
        )
        assert (None, False) == (judged.failure, judged.json_valid)

    def test_in_the_text_counts_as_calls(self) -> None:
        text = ' [{"name": "weather", "arguments": {"city": "Paris"}}] '
        judged = judge_answer(_case(_accepted(city=["Paris"])), Answer(text=text))
        assert (None, True) == (judged.failure, judged.json_valid)

    @pytest.mark.parametrize(
        "text", ['```json\n[{"name": "weather"}]\n```', "[weather(city='Paris')]", '{"city": "Paris"}']
    )
    def test_in_the_text_has_to_be_the_whole_text(self, text: str) -> None:
        assert Failure.NOT_JSON is judge_answer(_case(_accepted(city=["Paris"])), Answer(text=text)).failure


class TestNoCall:
    def test_where_one_is_due_is_a_refusal_with_nothing_to_be_valid(self) -> None:
        judged = judge_answer(_case(_accepted(city=["Paris"])), Answer(text="It is warm."))
        assert (Failure.REFUSED, None, False) == (judged.failure, judged.json_valid, judged.right_tool)

    @pytest.mark.parametrize("text", ["", "No tool of mine does that.", "[no such tool]"])
    def test_is_right_where_no_tool_fits(self, text: str) -> None:
        judged = judge_answer(_case(), Answer(text=text))
        assert (None, True) == (judged.failure, judged.right_tool)

    def test_is_what_is_due_where_no_tool_fits(self) -> None:
        judged = judge_answer(_case(), _answer(("alarm", {"hour": 7})))
        assert (Failure.UNEXPECTED, False) == (judged.failure, judged.right_tool)

    def test_is_the_answer_of_a_planner_that_raised(self) -> None:
        judged = judge_answer(_case(), None)
        assert (Failure.NO_ANSWER, None) == (judged.failure, judged.json_valid)


class TestAnyCall:
    CASE = Case("1", "relevance", "Wake me.", (WEATHER, ALARM), None)

    def test_of_a_tool_on_offer_is_right(self) -> None:
        assert None is judge_answer(self.CASE, _answer(("alarm", {}))).failure

    def test_of_no_tool_on_offer_is_the_wrong_tool(self) -> None:
        assert Failure.WRONG_TOOL is judge_answer(self.CASE, _answer(("clock", {}))).failure

    def test_is_not_none(self) -> None:
        assert Failure.REFUSED is judge_answer(self.CASE, Answer()).failure
