"""
The single-turn cases of the Berkeley Function-Calling Leaderboard, version 4, out of the wheel of `bfcl-eval`.

Apache-2.0, by the Gorilla team of UC Berkeley; only the data is read, inside the wheel. The cases in Java and
JavaScript are left out: their arguments are source text of those languages, not JSON.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bizra_lab.components._planner_cases import AcceptedCall, Case, Message, Tool
from bizra_lab.errors import Unreadable, one_line

DATA = "bfcl_eval/data"

CATEGORIES = (
    "simple_python",
    "multiple",
    "parallel",
    "parallel_multiple",
    "irrelevance",
    "live_simple",
    "live_multiple",
    "live_parallel",
    "live_parallel_multiple",
    "live_irrelevance",
    "live_relevance",
)

# Types as the leaderboard names them, where JSON Schema has another name; "any" is whatever the accepted values are.
_TYPES: Mapping[str, str] = {"dict": "object", "float": "number", "tuple": "array"}
_JSON_TYPES = frozenset({"string", "integer", "number", "boolean", "array", "object"})
_KEPT = ("description", "enum", "format", "maximum", "minItems", "maxItems", "required")  # as they are


def leaderboard_cases(wheel: Path, categories: Sequence[str] = CATEGORIES) -> tuple[Case, ...]:
    """The cases of these categories, in the leaderboard's order. Raises Unreadable for a wheel without them."""
    try:
        with zipfile.ZipFile(wheel) as opened:
            return tuple(case for category in categories for case in _cases(opened, category))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise Unreadable(f"{wheel}: not the leaderboard's data ({one_line(error)})") from None


def _cases(wheel: zipfile.ZipFile, category: str) -> Iterator[Case]:
    entries = _rows(wheel, f"{DATA}/BFCL_v4_{category}.json")
    answers: dict[str, Any] = {}
    if not category.endswith("relevance"):  # nothing is to be called there, or anything
        rows = _rows(wheel, f"{DATA}/possible_answer/BFCL_v4_{category}.json")
        answers = {row["id"]: row["ground_truth"] for row in rows}
    for entry in entries:
        (turn,) = entry["question"]
        yield Case(
            entry["id"],
            category,
            tuple(Message(each["role"], each["content"]) for each in turn),
            tuple(Tool(each["name"], each["description"], _schema(each["parameters"])) for each in entry["function"]),
            _accepted(category, answers.get(entry["id"], ())),
        )


def _rows(wheel: zipfile.ZipFile, name: str) -> list[Any]:
    return [json.loads(line) for line in wheel.read(name).decode().splitlines() if line.strip()]


def _accepted(category: str, answers: Sequence[Mapping[str, Mapping[str, Sequence[Any]]]]) -> Any:
    if category == "live_relevance":
        return None
    return tuple(
        AcceptedCall(name, {key: tuple(options) for key, options in arguments.items()})
        for each in answers
        for name, arguments in each.items()
    )


def _schema(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter as the leaderboard describes it, as JSON Schema."""
    named = _TYPES.get(raw["type"], raw["type"])
    made: dict[str, Any] = {"type": named} if named in _JSON_TYPES else {}
    made |= {key: raw[key] for key in _KEPT if key in raw}
    if "items" in raw:
        made["items"] = _schema(raw["items"])
    if "properties" in raw:
        made["properties"] = {name: _schema(each) for name, each in raw["properties"].items()}
    return made
