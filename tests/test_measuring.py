"""What is measured, and what cannot be: each bad function ends in an outcome or one line, and nothing hangs."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bizra_lab.analysis.pairs import ratios
from bizra_lab.errors import CannotMeasure, LabError, SettingsError
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.quiet import FOLDER_VARIABLE
from bizra_lab.measuring import Named, Options, measure, measure_named, measure_pair, replicate
from bizra_lab.model import Estimate, Load
from bizra_lab.study import load

HOME = Path(__file__).parents[1]
SHORT: Options = {"warmup_s": 0.02, "duration_s": 0.1, "patience_s": 1.0}

FUNCTIONS = """
import itertools, os, sys, time, asyncio

numbers = itertools.count()

def raises(): raise ValueError("no")
def nothing(): pass
def hangs(): time.sleep(1e6 if next(numbers) > 2 else 0)
def spins():
    while True: pass
def forks():
    if next(numbers) % 30 == 29: os.fork()
    time.sleep(0.001)
def prints(): print("x" * 1_000_000)
def exits(): os._exit(3)
def leaves(): sys.exit(0)
def crashes(): os.abort()
async def naps(): await asyncio.sleep(0.001)
def made(): return [7]
def used(value): return value[0]
def emptied(value): value.clear()
def powers(): return [(2, 3), (3, 2)]
"""


@pytest.fixture(autouse=True)
def _functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "their_functions.py").write_text(FUNCTIONS, encoding="utf-8")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))


def test_a_function_is_measured_as_it_is_asked_for() -> None:
    async def nap() -> None:
        await asyncio.sleep(0.001)

    samples = measure(
        nap, workers=3, rate_per_s=200.0, arrivals="poisson", seed=4, warmup_s=0.02, duration_s=0.1, patience_s=1.0
    )
    assert Load("open", 3, 200.0, "poisson", "tasks") == samples.measurement.load
    assert samples.measurement.name.endswith("nap")
    assert 0.02 == samples.measurement.warmup_s
    assert len(samples) == samples.measurement.operations_attempted > 5


def test_a_study_says_itself_how_it_is_measured() -> None:
    study = load("circuit_breaker", "smoke", {"profile.duration_s": 0.05}, HOME)
    with pytest.raises(SettingsError, match=r"^circuit_breaker: a study says itself how it is measured, got workers$"):
        measure(study, workers=2)


def test_a_study_can_be_measured_by_processes_which_each_make_its_component() -> None:
    overrides = {"profile.duration_s": 0.1, "load.workers": 2, "load.workers_as": "processes"}
    samples = measure(load("circuit_breaker", "smoke", overrides, HOME))
    assert {0, 1} == set(samples.worker.tolist())
    assert len(samples) == samples.measurement.operations_attempted


def test_two_functions_are_compared_in_turns() -> None:
    def slow() -> None:
        MonotonicClock.sleep(0.002)

    def quick() -> None:
        MonotonicClock.sleep(0.001)

    pair = measure_pair(slow, quick, warmup_s=0.0, duration_s=0.8)
    ratio = ratios(pair)["ratio.latency_ns.p50"]
    assert isinstance(ratio, Estimate)
    assert 1.2 < ratio.value < 3
    with pytest.raises(CannotMeasure, match=r"^a pair is measured by one worker in a closed load"):
        measure_pair(slow, quick, workers=2)
    with pytest.raises(SettingsError, match=r"^name: each of a pair has its own, got 'x'$"):
        measure_pair(slow, quick, name="x")


def test_a_study_is_replicated_in_fresh_processes() -> None:
    study = load("circuit_breaker", "smoke", {"profile.duration_s": 0.05, "profile.warmup_s": 0.0}, HOME)
    seen = replicate(study, 2)
    assert ["circuit_breaker"] * 2 == [each.measurement.name for each in seen]
    assert all(len(each) == each.measurement.operations_attempted for each in seen)


def test_on_a_virtual_clock_there_is_nothing_to_replicate() -> None:
    with pytest.raises(
        CannotMeasure, match=r"^circuit_breaker: profile replay has a virtual clock; expected a real one$"
    ):
        replicate(load("circuit_breaker", "replay", home=HOME), 2)


@pytest.mark.parametrize(
    ("function", "outcomes"),
    [
        ("raises", {"ValueError"}),
        ("nothing", {"ok"}),
        ("prints", {"ok"}),
        ("forks", {"ok"}),
        ("naps", {"ok"}),
    ],
)
def test_whatever_a_function_does_becomes_an_outcome(function: str, outcomes: set[str]) -> None:
    samples = measure_named(Named(f"their_functions:{function}"), SHORT)
    assert f"their_functions:{function}" == samples.measurement.name
    assert len(samples) == samples.measurement.operations_attempted > 0
    assert outcomes == {samples.outcomes[code] for code in set(samples.outcome.tolist())}
    assert samples.instrument is not None
    assert (function == "forks") == bool(samples.instrument.forks)


@pytest.mark.parametrize(
    ("function", "options"),
    [("hangs", {}), ("hangs", {"workers": 2}), ("hangs", {"rate_per_s": 100.0}), ("spins", {})],
    ids=["one worker", "two workers", "an open load", "in Python code"],
)
def test_a_function_that_never_returns_ends_in_one_line(function: str, options: Options) -> None:
    message = rf"^their_functions:{function}: an operation has not returned 1 s after the end of the window; expected"
    with pytest.raises(CannotMeasure, match=message):
        measure_named(Named(f"their_functions:{function}"), {**SHORT, **options})


@pytest.mark.parametrize(
    ("function", "how"),
    [("exits", "ended with exit code 3"), ("leaves", "ended with exit code 0"), ("crashes", "was ended by SIGABRT")],
)
def test_a_function_that_ends_its_process_ends_in_one_line(function: str, how: str) -> None:
    with pytest.raises(CannotMeasure, match=rf"^their_functions:{function}: its process {how} before it answered$"):
        measure_named(Named(f"their_functions:{function}"), SHORT)


def test_what_belongs_to_a_function_is_named_too() -> None:
    named = Named("their_functions:used", setup="their_functions:made", teardown="their_functions:emptied")
    assert len(measure_named(named, SHORT)) > 0
    powers = Named("builtins:pow", arguments="their_functions:powers")
    assert {"ok"} == set(measure_named(powers, {**SHORT, "workers": 2, "workers_as": "processes"}).outcomes)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (Named("their_functions:nop"), "their_functions:nop: their_functions has no nop"),
        (
            Named("their_functions:nothing", setup="no_such_thing:x"),
            "no_such_thing:x: no_such_thing cannot be imported",
        ),
        (Named("their_functions:naps", arguments="builtins:list"), "their_functions:naps: its arguments are none"),
    ],
)
def test_what_cannot_be_found_is_told_by_its_name(named: Named, message: str) -> None:
    with pytest.raises(LabError) as raised:
        measure_named(named, SHORT)
    assert str(raised.value).startswith(message)


def test_the_caller_goes_on_when_a_function_takes_its_process_down() -> None:
    before: tuple[int, Callable[..., object]] = os.getpid(), sys.exit
    with pytest.raises(CannotMeasure):
        measure_named(Named("their_functions:leaves"), SHORT)
    assert before == (os.getpid(), sys.exit)
