"""
Is an answer right, and if not, how is it wrong?

Calls are compared as the Berkeley Function-Calling Leaderboard compares them: the tool's name; every required argument;
no argument that is unknown; exact types, where an integer may stand for a number, one level into lists; values against
the accepted ones, text without case, blanks and ``,./-_*^``. Several calls are matched in any order, each accepted one
with the first call that fits. An accepted value of another type than the schema's is the name of something, and then
only equal.

Stricter than the leaderboard in one thing: where any call is right, it has to be of a tool on offer.

Source: S. G. Patil et al. (2025), The Berkeley Function Calling Leaderboard, ICML; its checker in package bfcl-eval.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema

from bizra_lab.components._planner_cases import MAY_BE_LEFT_OUT, AcceptedCall, Answer, Call, Case, Tool
from bizra_lab.errors import one_line

_TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list,
    "object": dict,
}
_IGNORED = re.compile(r"[ ,./\-_*^]")  # in text: "April 1, 2024" is "April 1 2024"
_MEANT_AS_JSON = ("{", "[", "```")  # how text begins that was to be calls


class Failure(enum.StrEnum):
    """How an answer is wrong; the first of its faults, in the order in which it is looked at."""

    NO_ANSWER = "no_answer"  # the planner raised
    NOT_JSON = "not_json"
    REFUSED = "refused"  # no call where one is due
    MISSING = "missing"  # an argument, or one of several calls
    UNEXPECTED = "unexpected"  # an argument nobody asked for, or a call too many
    WRONG_TOOL = "wrong_tool"
    WRONG_TYPE = "wrong_type"
    WRONG_VALUE = "wrong_value"


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What is said of one answer; `detail` is a sentence about the failure, empty where there is none.

    `json_valid`: the arguments of every call parse, and conform to the schema of a tool on offer; None where nothing
    was called, so that there is nothing to be valid. `right_tool`: the tools called are the right ones, whatever the
    arguments.
    """

    json_valid: bool | None
    right_tool: bool
    failure: Failure | None = None
    detail: str = ""


class _NotCalls(ValueError):
    """What the planner wrote are no calls."""


@dataclass(frozen=True, slots=True)
class _Parsed:
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Fault:
    failure: Failure
    detail: str


def judge_answer(case: Case, answer: Answer | None) -> Judgement:
    """The judgement of an answer; None is that of a planner that raised."""
    if answer is None:
        return Judgement(None, False, Failure.NO_ANSWER, "the planner gave no answer")
    try:
        calls = answer.calls or _calls_in(answer.text)
        parsed = [_Parsed(each.name, _arguments(each)) for each in calls]
    except ValueError as error:
        return _not_json(case, answer, one_line(error))
    fault = _fault(case, parsed)
    return Judgement(
        json_valid=all(_conforms(case.tool(each.name), each.arguments) for each in parsed) if parsed else None,
        right_tool=_right_tools(case, [each.name for each in parsed]),
        failure=fault.failure if fault else None,
        detail=fault.detail if fault else "",
    )


def _not_json(case: Case, answer: Answer, reason: str) -> Judgement:
    # Text that is no JSON calls nothing, which is right where nothing is to be called.
    if case.accepted == () and not answer.calls:
        return Judgement(json_valid=False, right_tool=True)
    right = _right_tools(case, [each.name for each in answer.calls])
    return Judgement(False, right, Failure.NOT_JSON, reason)


# --- reading


def _calls_in(text: str) -> tuple[Call, ...]:
    """The calls that a planner without a protocol of its own has written as JSON; none in prose."""
    written = text.strip()
    if not written.startswith(_MEANT_AS_JSON):
        return ()
    value = _parse(written)
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(each, dict) and isinstance(each.get("name"), str) for each in listed):
        raise _NotCalls("expected calls as objects with name and arguments")
    return tuple(Call(each["name"], json.dumps(each.get("arguments", {}))) for each in listed)


def _arguments(call: Call) -> Mapping[str, Any]:
    arguments = _parse(call.arguments)
    if not isinstance(arguments, dict):
        raise _NotCalls(f"{call.name}: expected an object of arguments, got {type(arguments).__name__}")
    return arguments


def _parse(text: str) -> Any:
    """JSON as it is defined: no NaN, and no key twice. Raises ValueError, also the parser's own."""
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
    except RecursionError:
        raise _NotCalls("nested too deeply") from None


def _refuse_constant(name: str) -> None:
    raise _NotCalls(f"{name} is not JSON")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _NotCalls("a key is there twice")
    return made


def _conforms(tool: Tool | None, arguments: Mapping[str, Any]) -> bool:
    return tool is not None and jsonschema.Draft202012Validator(tool.parameters).is_valid(arguments)


# --- comparing calls


def _right_tools(case: Case, names: Sequence[str]) -> bool:
    if case.accepted is None:
        return bool(names) and all(case.tool(each) for each in names)
    return sorted(names) == sorted(each.name for each in case.accepted)


def _fault(case: Case, calls: Sequence[_Parsed]) -> _Fault | None:
    if case.accepted is None:
        return _fault_of_any(case, calls)
    due = len(case.accepted)
    if not calls and due:
        return _Fault(Failure.REFUSED, "no call was made")
    if len(calls) != due:
        kind = Failure.MISSING if len(calls) < due else Failure.UNEXPECTED
        return _Fault(kind, f"expected {due} calls, got {len(calls)}")
    left = list(calls)
    for accepted in case.accepted:
        faults = [_fault_of_call(case, each, accepted) for each in left]
        if None not in faults:
            return _closest(faults, left, accepted)
        left.pop(faults.index(None))
    return None


def _fault_of_any(case: Case, calls: Sequence[_Parsed]) -> _Fault | None:
    if not calls:
        return _Fault(Failure.REFUSED, "no call was made")
    unknown = next((each.name for each in calls if case.tool(each.name) is None), None)
    return None if unknown is None else _Fault(Failure.WRONG_TOOL, f"no tool is called {unknown!r}")


def _closest(faults: Sequence[_Fault | None], calls: Sequence[_Parsed], accepted: AcceptedCall) -> _Fault:
    """The fault of the first call of the right tool; of the wrong one where there is none."""
    pairs = zip(faults, calls, strict=True)
    fault = next((fault for fault, call in pairs if call.name == accepted.name), faults[0])
    assert fault is not None
    return fault


def _fault_of_call(case: Case, call: _Parsed, accepted: AcceptedCall) -> _Fault | None:
    tool = case.tool(accepted.name)
    if call.name != accepted.name or tool is None:
        return _Fault(Failure.WRONG_TOOL, f"expected {accepted.name!r}, got {call.name!r}")
    for name in tool.required:
        if name not in call.arguments:
            return _Fault(Failure.MISSING, f"{name}: required, and not given")
    for name, value in call.arguments.items():
        if name not in tool.properties or name not in accepted.arguments:
            return _Fault(Failure.UNEXPECTED, f"{name}: not asked for")
        failure = _failure_of_value(value, tool.properties[name], accepted.arguments[name])
        if failure is not None:
            return _Fault(failure, f"{name}: got {_said(value)}, expected {_said(accepted.arguments[name])}")
    for name, options in accepted.arguments.items():
        if name not in call.arguments and MAY_BE_LEFT_OUT not in options:
            return _Fault(Failure.MISSING, f"{name}: asked for, and not given")
    return None


def _said(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


# --- comparing values


def _failure_of_value(value: Any, schema: Mapping[str, Any], options: Sequence[Any]) -> Failure | None:
    expected = _type_of(schema)
    if expected is float and type(value) is int:
        value = float(value)
    stands_for = _type_among(options, expected)
    if type(value) is expected:
        items = schema.get("items")
        if items is not None and not any(_items_fit(value, each, _type_of(items)) for each in options):
            return Failure.WRONG_TYPE
    elif type(value) is not stands_for:
        return Failure.WRONG_TYPE
    right = value in options if stands_for is not expected else _is_among(value, schema, options)
    return None if right else Failure.WRONG_VALUE


def _type_of(schema: Mapping[str, Any]) -> type:
    """The Python type of a schema's values; text where it names none that is known."""
    named = schema.get("type")
    names: list[Any] = named if isinstance(named, list) else [named]
    return next((_TYPES[each] for each in names if each in _TYPES), str)


def _type_among(options: Sequence[Any], otherwise: type) -> type:
    return next((type(each) for each in options if each != MAY_BE_LEFT_OUT), otherwise)


def _items_fit(value: Any, option: Any, expected: type) -> bool:
    if not isinstance(value, list) or not isinstance(option, list):
        return True
    allowed = (expected, _type_among(option, expected))
    return all(type(each) in allowed for each in value)


def _is_among(value: Any, schema: Mapping[str, Any], options: Sequence[Any]) -> bool:
    """Whether a value of the schema's own type is one of those accepted."""
    match value:
        case dict():
            return any(_object_fits(value, each) for each in options)
        case list() if _type_of(schema.get("items", {})) is dict:
            return any(_objects_fit(value, each) for each in options)
        case list():
            return _plain_list(value) in [_plain_list(each) for each in options]
        case str():
            return _plain(value) in [_plain(each) for each in options if isinstance(each, str)]
    return value in options


def _object_fits(value: Any, option: Any) -> bool:
    """Whether an object has only keys that are accepted, each with a value that is, and all that must be there."""
    if not isinstance(value, dict) or not isinstance(option, dict):
        return False
    return all(key in option and _plain(each) in _plain_list(option[key]) for key, each in value.items()) and all(
        key in value or MAY_BE_LEFT_OUT in each for key, each in option.items()
    )


def _objects_fit(value: list[Any], option: Any) -> bool:
    return len(value) == len(option) and all(map(_object_fits, value, option))


def _plain_list(values: Any) -> list[Any]:
    return [_plain(each) for each in values]


def _plain(value: Any) -> Any:
    """Text as it is compared; anything else as it is."""
    return _IGNORED.sub("", value).lower().replace("'", '"') if isinstance(value, str) else value
