"""
Planners that call tools, and how well they do it: a request and the tools on offer go in, calls come out.

A planner is anything that turns a `Case` into an `Answer`: the offline one without a model, an endpoint that speaks
OpenAI's protocol, its recorded transcripts, a Python function, or Needle, a small model out of a wheel. Cases are the
suite's own requests for Node0, the Berkeley leaderboard's, or anybody's JSONL.

    settings = Settings(planner="offline", suite="node0")
    cases = cases_of(settings)
    found = evaluate(cases, planner_of(settings, cases, clock))
    found.tallies()["tool_call_success"]

What a figure means depends on both, so both are in the name of what is measured: "planner.offline on node0 held-out".
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bizra_lab.components._component import Clock, component, counted, new_tally
from bizra_lab.components._planner_bfcl import CATEGORIES, leaderboard_cases
from bizra_lab.components._planner_cases import Answer, Case, Planner, planner_of_function, read_cases
from bizra_lab.components._planner_checker import Failure, Judgement, judge_answer
from bizra_lab.components._planner_endpoint import Endpoint, EndpointSettings, request_body
from bizra_lab.components._planner_needle import Needle
from bizra_lab.components._planner_node0 import node0_cases
from bizra_lab.components._planner_offline import OfflinePlanner
from bizra_lab.components._planner_transcripts import Recorded, Replayed, read_transcripts
from bizra_lab.components._planner_wheels import LEADERBOARD, NEEDLE, wheel_path
from bizra_lab.errors import CannotMeasure, LabError, SettingsError, nearest, one_line
from bizra_lab.model import Tally, Workload
from bizra_lab.settings import digest, plain
from bizra_lab.units import printable

NODE0 = "node0"
BFCL = "bfcl"


@dataclass(frozen=True, slots=True)
class Settings:
    """Which planner, and on which cases; the other settings matter to the planner or suite they are named after."""

    planner: Literal["offline", "endpoint", "transcripts", "function", "needle"] = "offline"
    suite: str = NODE0  # node0, bfcl, or the path of a JSONL file of cases
    split: Literal["tuning", "held_out"] = "held_out"  # of node0
    categories: tuple[str, ...] = ()  # of the suite; all of them when none is named
    endpoint: EndpointSettings = field(default_factory=EndpointSettings)  # transcripts are found by them too
    transcripts: str | None = None  # the file an endpoint's answers are appended to, or are replayed from
    function: str | None = None  # module:function
    wheels: str | None = None  # the folder of fetched wheels, where it is not the user's cache

    def __post_init__(self) -> None:
        if self.planner in ("endpoint", "transcripts") and not self.endpoint.model:
            raise ValueError(f"endpoint.model is missing; planner {self.planner} needs the model's name")
        if self.planner == "transcripts" and not self.transcripts:
            raise ValueError("transcripts is missing; planner transcripts needs a file")
        if self.planner == "function" and not self.function:
            raise ValueError("function is missing; planner function needs module:function")

    @property
    def name(self) -> str:
        """What is measured, in words: the planner and the suite."""
        asked = {"endpoint": self.endpoint.model, "transcripts": self.endpoint.model, "function": self.function}
        suite = Path(self.suite).name + (f" {self.split.replace('_', '-')}" if self.suite == NODE0 else "")
        planner = f"{self.planner} {asked[self.planner]}" if self.planner in asked else self.planner
        return printable(f"planner.{planner} on {suite}")


# --- what is asked, and who answers


def cases_of(settings: Settings) -> tuple[Case, ...]:
    """The cases of the settings' suite. Raises LabError when they are not to be had, or no category is so called."""
    match settings.suite:
        case "node0":
            cases = node0_cases(settings.split)
        case "bfcl":
            cases = leaderboard_cases(wheel_path(LEADERBOARD, _wheels(settings)), CATEGORIES)
        case path:
            cases = read_cases(Path(path))
    known = dict.fromkeys(each.category for each in cases)
    for category in settings.categories:
        if category not in known:
            raise SettingsError(
                f"categories: {settings.suite} has none called {category!r}{nearest(category, known)}; "
                f"there are: {', '.join(known)}"
            )
    return tuple(each for each in cases if not settings.categories or each.category in settings.categories)


def planner_of(settings: Settings, cases: Sequence[Case], clock: Clock) -> Planner:
    """The settings' planner. Raises LabError when it cannot be had; for transcripts, also when a case has none."""
    match settings.planner:
        case "offline":
            return OfflinePlanner()
        case "endpoint":
            endpoint = Endpoint(settings.endpoint, os.environ, clock)
            if settings.transcripts is None:
                return endpoint
            return Recorded(endpoint, partial(_request_digest, settings.endpoint), Path(settings.transcripts))
        case "transcripts":
            assert settings.transcripts is not None
            kept = read_transcripts(Path(settings.transcripts))
            return Replayed(kept, partial(_request_digest, settings.endpoint), cases, settings.transcripts)
        case "function":
            assert settings.function is not None
            return planner_of_function(settings.function)
        case "needle":
            return Needle(wheel_path(NEEDLE, _wheels(settings)))


def _wheels(settings: Settings) -> Path | None:
    return None if settings.wheels is None else Path(settings.wheels)


def _request_digest(settings: EndpointSettings, case: Case) -> str:
    return digest(request_body(case, settings))


# --- how well


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One case with the planner's answer, None where it raised what `error` says, and what is said of it."""

    case: Case
    answer: Answer | None
    judgement: Judgement
    error: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every case that a planner was given, once, in the order of the suite."""

    name: str
    evaluated: tuple[Evaluated, ...]

    def tallies(self) -> dict[str, Tally]:
        """How many of the cases were right, or wrong in which way; see `tallies`."""
        return tallies(self.evaluated)


def evaluate(cases: Sequence[Case], planner: Planner, name: str, concurrency: int = 1) -> Evaluation:
    """
    Every case planned once and judged; `concurrency` of them at a time.

    What a planner raises is a wrong answer, with its error; only what the lab itself refuses (a LabError) stops it.
    """
    with ThreadPoolExecutor(concurrency) as pool:
        return Evaluation(name, tuple(pool.map(partial(_evaluated, planner), cases)))


def _evaluated(planner: Planner, case: Case) -> Evaluated:
    try:
        answer = planner(case)
    except LabError:
        raise
    except Exception as error:  # whatever somebody's planner raises
        return Evaluated(case, None, judge_answer(case, None), f"{type(error).__name__}: {one_line(error)}")
    return Evaluated(case, answer, judge_answer(case, answer))


def tallies(evaluated: Iterable[Evaluated]) -> dict[str, Tally]:
    """
    Counts over distinct cases, by name.

    `json_valid` of the answers that call something; of all cases `tool_call_success`, `right_tool`, `failure_<kind>`
    for each kind, and `tool_call_success.<category>` of each category's.
    """
    judged = [(each.case.category, each.judgement) for each in evaluated]
    called = [each.json_valid for _, each in judged if each.json_valid is not None]
    failures = Counter(each.failure for _, each in judged)
    found = {
        "json_valid": Tally(sum(called), len(called)),
        "tool_call_success": Tally(failures[None], len(judged)),
        "right_tool": Tally(sum(each.right_tool for _, each in judged), len(judged)),
    }
    found |= {f"failure_{kind}": Tally(failures[kind], len(judged)) for kind in Failure}
    for category in dict.fromkeys(category for category, _ in judged):
        own = [each.failure is None for name, each in judged if name == category]
        found[f"tool_call_success.{category}"] = Tally(sum(own), len(own))
    return found


def planner_eval(evaluation: Evaluation) -> dict[str, Any]:
    """
    The evaluation as plain JSON data, case by case: what can be checked later without the planner.

    Tokens and cost are sums over the answers that state them, None where none does.
    """
    answers = [each.answer for each in evaluation.evaluated if each.answer is not None]
    return {
        "name": evaluation.name,
        "cases": len(evaluation.evaluated),
        "cases_digest": digest([each.case for each in evaluation.evaluated]),
        "input_tokens": _sum(each.input_tokens for each in answers),
        "output_tokens": _sum(each.output_tokens for each in answers),
        "cost_usd": _sum(each.cost_usd for each in answers),
        "tallies": plain(evaluation.tallies()),
        "by_case": [
            {
                "id": each.case.id,
                "category": each.case.category,
                **plain(each.judgement),
                "answer": plain(each.answer),
                "error": each.error,
            }
            for each in evaluation.evaluated
        ],
    }


def _sum(stated: Iterable[float | None]) -> float | None:
    known = [each for each in stated if each is not None]
    return sum(known) if known else None


# --- the workload


def prepare_simulated(settings: Settings, rng: np.random.Generator, clock: Clock) -> Workload:
    """The same in simulated time, for planners that repeat. Raises CannotMeasure for an endpoint, which does not."""
    if settings.planner == "endpoint":
        raise CannotMeasure("planner: an endpoint is not here to be simulated; expected its transcripts")
    return prepare(settings, rng, clock)


@component(settings=Settings, simulated=prepare_simulated)
def prepare(settings: Settings, rng: np.random.Generator, clock: Clock) -> Workload:
    """
    One operation is planning one case; the cases come in an order drawn by the seed, again and again.

    What the planner raises is the operation's outcome. A case counts once in the tallies, by its first answer; judging
    comes after the window. Raises LabError when cases or planner are not to be had.
    """
    cases = cases_of(settings)
    planner = planner_of(settings, cases, clock)
    order = rng.permutation(len(cases)).tolist()
    turns = iter(range(sys.maxsize))
    begun = new_tally()
    answers: dict[int, Answer | None] = {}

    def operate() -> int:
        next(begun)
        number = order[next(turns) % len(order)]
        try:
            answer = planner(cases[number])
        except Exception:
            answers.setdefault(number, None)
            raise
        if answers.setdefault(number, answer) is None:
            answers[number] = answer  # an earlier try had failed
        return len(answer.calls)

    def tally() -> Mapping[str, Tally]:
        seen = sorted(answers.items())
        return tallies(Evaluated(cases[number], answer, judge_answer(cases[number], answer)) for number, answer in seen)

    return Workload(settings.name, operate, count=lambda: counted(begun), tallies=tally)
