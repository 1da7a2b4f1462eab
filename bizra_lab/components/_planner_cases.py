"""
What a planner is asked, and what it answers: cases, tools, calls; and the JSONL file that cases come from.

A line of a file of cases:

    {"id": "weather-1", "category": "simple", "request": "Is it warm in Paris?",
     "tools": [{"name": "weather", "description": "…", "parameters": {<JSON Schema of an object>}}],
     "accepted": [{"name": "weather", "arguments": {"city": ["Paris"], "unit": ["celsius", ""]}}]}

`request` is what the user says, or a list of messages with role and content. Every accepted call has to be made, in any
order; each argument lists the values that are right, and "" among them means that it may be left out. No accepted call
at all means that no tool fits and none may be called; null means that any of the tools is right.
"""

from __future__ import annotations

import itertools
import json
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jsonschema

from bizra_lab.errors import SettingsError, Unreadable, one_line
from bizra_lab.settings import build, canonical, digest

MAY_BE_LEFT_OUT = ""  # among an argument's accepted values

CASES_BYTES_MAX = 256 * 2**20  # all of the leaderboard's single-turn cases together take 8 MB


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that may be called: its name, what it is for, and the JSON Schema of its arguments, an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]

    @property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """The schema of each argument, by name."""
        found: Mapping[str, Mapping[str, Any]] = self.parameters.get("properties", {})
        return found

    @property
    def required(self) -> tuple[str, ...]:
        """The arguments that no call may leave out."""
        return tuple(self.parameters.get("required", ()))


@dataclass(frozen=True, slots=True)
class AcceptedCall:
    """A call that is right: each argument with the values that are, `MAY_BE_LEFT_OUT` among them where it may be."""

    name: str
    arguments: Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Case:
    """A request with the tools on offer and the calls that are right; see the top of this file."""

    id: str
    category: str
    request: str | tuple[Message, ...]
    tools: tuple[Tool, ...]
    accepted: tuple[AcceptedCall, ...] | None

    @property
    def messages(self) -> tuple[Message, ...]:
        """The request as a conversation."""
        return (Message("user", self.request),) if isinstance(self.request, str) else self.request

    @property
    def words(self) -> str:
        """All that the user says."""
        return "\n".join(each.content for each in self.messages if each.role == "user")

    def tool(self, name: str) -> Tool | None:
        """The tool called `name`, if it is on offer."""
        return next((each for each in self.tools if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the planner wrote it: `arguments` is its own JSON text, which may turn out to be none."""

    name: str
    arguments: str

    @classmethod
    def of(cls, name: str, arguments: Mapping[str, Any]) -> Call:
        """The call of a planner that answers with values instead of text."""
        return cls(name, canonical(arguments).decode())


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What a planner answers: its calls, or what it says instead.

    Tokens, cost and latency are the planner's own account, None where it gives none; `attempts` counts requests sent.
    """

    calls: tuple[Call, ...] = ()
    text: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    latency_ns: int | None = None  # from the first request sent to the answer, waits between tries and all
    attempts: int = 1


Planner = Callable[[Case], Answer]


def read_cases(path: Path) -> tuple[Case, ...]:
    """
    The cases of a JSONL file, in its order.

    Raises Unreadable with the line that is not a case, that repeats an id, or whose tools are no JSON Schema.
    """
    cases: list[Case] = []
    sound: set[str] = set()
    for where, raw in read_lines(path):
        try:
            case = build(Case, raw, where)
        except SettingsError as error:
            raise Unreadable(one_line(error)) from None
        for tool in case.tools:
            _check_schema(tool, sound, where)
        cases.append(case)
    check_ids(cases, str(path))
    return tuple(cases)


def write_cases(cases: Sequence[Case]) -> bytes:
    """The JSONL file that `read_cases` reads back as the same cases."""
    return b"".join(canonical(each) + b"\n" for each in cases)


def read_lines(path: Path) -> Iterator[tuple[str, Any]]:
    """Each line of a JSONL file as (where it is, what it holds). Raises Unreadable with the line that is not JSON."""
    try:
        size = path.stat().st_size
        if size > CASES_BYTES_MAX:
            raise Unreadable(f"{path}: {size} bytes; expected JSONL of at most {CASES_BYTES_MAX}")
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield f"{path}: line {number}", json.loads(line)
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: not text ({one_line(error)}); expected UTF-8 JSONL") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise Unreadable(f"{path}: line {number}: not JSON ({one_line(error)}); expected one object a line") from None
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}; expected a JSONL file") from None


def check_ids(cases: Sequence[Case], where: str) -> None:
    """Raises Unreadable for no cases, and for two with one id: results are told apart by it."""
    if not cases:
        raise Unreadable(f"{where}: no cases; expected one a line")
    ids = sorted(each.id for each in cases)
    twice = next((first for first, second in itertools.pairwise(ids) if first == second), None)
    if twice is not None:
        raise Unreadable(f"{where}: two cases have the id {twice!r}; expected each once")


def _check_schema(tool: Tool, sound: set[str], where: str) -> None:
    # Cases share their tools, and to check a schema takes milliseconds.
    key = digest(tool.parameters)
    if key in sound:
        return
    try:
        jsonschema.Draft202012Validator.check_schema(tool.parameters)
    except jsonschema.SchemaError as error:
        raise Unreadable(f"{where}: tool {tool.name!r}: not a JSON Schema ({error.message})") from None
    sound.add(key)


def planner_of_function(reference: str) -> Planner:
    """
    A planner that is a Python callable, named "module:function".

    It is given a `Case`, of which it may see the request and the tools, and returns an `Answer`, or its calls as
    [{"name": …, "arguments": {…}}]. Raises SettingsError when there is no such callable.
    """
    try:
        function = pkgutil.resolve_name(reference)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(f"function: {reference!r}: {one_line(error)}; expected module:function") from None
    if not callable(function):
        raise SettingsError(f"function: {reference!r} cannot be called; expected module:function")

    def plan(case: Case) -> Answer:
        answered = function(case)
        if isinstance(answered, Answer):
            return answered
        return Answer(tuple(Call.of(each["name"], each["arguments"]) for each in answered))

    return plan
