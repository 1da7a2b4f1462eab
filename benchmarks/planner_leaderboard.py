"""Our checker of calls beside the Berkeley leaderboard's, out of its wheel: do they agree, and what does each take?"""

from __future__ import annotations

import copy
import importlib
import json
import statistics
import sys
import time
import types
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._results import Table
from bizra_lab.components._planner_bfcl import CATEGORIES, DATA, leaderboard_cases
from bizra_lab.components._planner_cases import Answer, Call, Case
from bizra_lab.components._planner_checker import judge_answer
from bizra_lab.components._planner_wheels import fetch_wheel

Calls = list[dict[str, Any]]  # as the leaderboard writes them: one name, and its arguments
Theirs = Callable[[Calls], bool]

SEED = 7
ANSWERS = 6  # of a case: the accepted one, and five that were damaged

TITLE = "Planner: our checker of calls beside the leaderboard's"
EXPLAIN = f"""\
Every case of the leaderboard with accepted calls, in Python: the first accepted answer and {ANSWERS - 1} that were
damaged by chance, each judged by both. Damages: an argument dropped, added, or of another type or value, text in other
letters, another name, a call more or less, calls in another order, an item of another type. `agree` counts the answers
that both call right, or both wrong; `right` those that the leaderboard does. Theirs is the checker inside the wheel of
bfcl-eval, with the table of model vendors it imports replaced by an empty one. Times are medians of an answer; ours
includes reading the arguments' JSON, and whether they conform to the schema."""

COLUMNS = ("category", "answers", "agree", "right", "ours, µs", "theirs, µs")


@dataclass(frozen=True, slots=True)
class Compared:
    """One answer to a case, by both checkers: whether it is right, and how long that took."""

    case: Case
    calls: Calls
    ours: bool
    theirs: bool
    ours_ns: int
    theirs_ns: int


def run() -> Table:
    """One row a category: answers judged, how many alike, how many right, and what one takes each of them."""
    compared = list(compare(fetch_wheel("bfcl-eval")))
    rows = [_row(name, [each for each in compared if each.case.category == name]) for name in CATEGORIES]
    return Table(COLUMNS, [row for row in rows if row[1]] + [_row("all", compared)])


def _row(name: str, compared: Sequence[Compared]) -> tuple[str | float, ...]:
    if not compared:
        return name, 0, 0, 0, 0, 0
    return (
        name,
        len(compared),
        sum(each.ours == each.theirs for each in compared),
        sum(each.theirs for each in compared),
        statistics.median(each.ours_ns for each in compared) / 1000,
        statistics.median(each.theirs_ns for each in compared) / 1000,
    )


def compare(wheel: Path) -> Iterator[Compared]:
    """Every answer to every case that has accepted calls, judged by both."""
    checker = _their_checker(wheel)
    rng = np.random.default_rng(SEED)
    for case in leaderboard_cases(wheel):
        if not case.accepted:
            continue
        theirs = checker(case)
        right = _accepted_calls(case)
        for number in range(ANSWERS):
            calls = damaged(right, rng) if number else right
            began_ns = time.perf_counter_ns()
            our_word = judge_answer(case, answer_of(calls)).failure is None
            between_ns = time.perf_counter_ns()
            their_word = theirs(copy.deepcopy(calls))
            ended_ns = time.perf_counter_ns()
            yield Compared(case, calls, our_word, their_word, between_ns - began_ns, ended_ns - between_ns)


def answer_of(calls: Calls) -> Answer:
    """Calls in the leaderboard's notation as a planner's answer."""
    return Answer(tuple(Call(name, json.dumps(arguments)) for each in calls for name, arguments in each.items()))


def _their_checker(wheel: Path) -> Callable[[Case], Theirs]:
    """For a case, what the leaderboard's own checker says of calls."""
    # The checker asks of each model only whether its vendor takes dots in names; the table itself imports every vendor.
    vendors = types.ModuleType("bfcl_eval.constants.model_config")
    vendors.MODEL_CONFIG_MAPPING = {"any": types.SimpleNamespace(underscore_to_dot=False)}  # type: ignore[attr-defined]
    sys.modules[vendors.__name__] = vendors
    sys.path.append(str(wheel))
    language = importlib.import_module("bfcl_eval.constants.enums").Language.PYTHON
    check = importlib.import_module("bfcl_eval.eval_checker.ast_eval.ast_checker").ast_checker
    raw = _raw(wheel)

    def checker(case: Case) -> Theirs:
        functions, truth = raw[case.id]
        return lambda calls: bool(check(functions, calls, truth, language, case.category, "any")["valid"])

    return checker


def _raw(wheel: Path) -> dict[str, tuple[Any, Any]]:
    """The functions and accepted calls of each case as the leaderboard has them."""
    found: dict[str, tuple[Any, Any]] = {}
    with zipfile.ZipFile(wheel) as opened:
        for name in CATEGORIES:
            if name.endswith("relevance"):
                continue
            lines = [opened.read(f"{DATA}/{part}BFCL_v4_{name}.json").decode() for part in ("", "possible_answer/")]
            entries, answers = ([json.loads(line) for line in text.splitlines()] for text in lines)
            truth = {each["id"]: each["ground_truth"] for each in answers}
            found |= {each["id"]: (each["function"], truth[each["id"]]) for each in entries}
    return found


# --- answers


def _accepted_calls(case: Case) -> Calls:
    """The first accepted value of every argument that has one."""
    assert case.accepted
    return [
        {each.name: {name: _first(said) for name, options in each.arguments.items() if (said := _said(options))}}
        for each in case.accepted
    ]


def _said(options: Sequence[Any]) -> list[Any]:
    return [each for each in options if each != ""]


def _first(options: Sequence[Any]) -> Any:
    """The first of the accepted values; of an object, whose keys each have their own, the first of each."""
    match options[0]:
        case dict() as value:
            return _first_of_each(value)
        case list() as values if values and all(isinstance(each, dict) for each in values):
            return [_first_of_each(each) for each in values]
        case value:
            return value


def _first_of_each(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: said[0] for key, options in value.items() if isinstance(options, list) and (said := _said(options))}


def damaged(calls: Calls, rng: np.random.Generator) -> Calls:
    """The calls after one damage, drawn by chance; some leave them as they were."""
    changed = copy.deepcopy(calls)
    at = int(rng.integers(len(changed)))
    ((name, arguments),) = changed[at].items()
    key = list(arguments)[int(rng.integers(len(arguments)))] if arguments else None
    match int(rng.integers(9)):
        case 0:
            arguments.pop(key, None)
        case 1:
            arguments["surplus"] = 1
        case 2:
            changed[at] = {f"{name}_": arguments}
        case 3:
            changed = [*changed, copy.deepcopy(changed[0])] if rng.integers(2) else changed[:-1]
        case 4:
            changed = changed[::-1]
        case damage if key is not None:
            arguments[key] = _damaged_value(arguments[key], damage, rng)
    return changed


def _damaged_value(value: Any, damage: int, rng: np.random.Generator) -> Any:
    match damage:
        case 5:
            others: tuple[Any, ...] = (str(value), 5, 5.0, True, [value], {"a": 1}, None, [], "")
            return others[int(rng.integers(len(others)))]
        case 6:
            return _other_value(value)
        case 7:
            return _other_letters(value)
    if isinstance(value, list) and value:
        items: tuple[Any, ...] = (1, "1", 1.5, True, [1], {})
        return [items[int(rng.integers(len(items)))], *value[1:]]
    return value


def _other_value(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "x"
        case list():
            return value[:-1]
        case dict():
            return {**value, "surplus": 1}
    return 0


def _other_letters(value: Any) -> Any:
    match value:
        case str():
            return value.upper().replace(" ", "_")
        case bool():
            return value
        case int():
            return float(value)
        case list():
            return [_other_letters(each) if isinstance(each, str) else each for each in value]
        case dict():
            return {key: _other_letters(each) if isinstance(each, str) else each for key, each in value.items()}
    return value
