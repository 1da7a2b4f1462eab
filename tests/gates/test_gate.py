"""Judging: trust first, then the whole interval against the limit."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from bizra_lab.errors import SettingsError
from bizra_lab.gates import Gate, Gates, Scoring, judge, load_gates, score
from bizra_lab.gates._gate import Floor, Requires
from bizra_lab.model import (
    Answer,
    Audit,
    Claim,
    Declared,
    Estimate,
    Finding,
    NotChecked,
    Result,
    Unavailable,
    Verdict,
    Weight,
)

TRUSTED = Audit({"clock_step": (), "too_short": ()})
DECLARED = Declared("inproc", "closed", 1, None, 30.0, 120.0, 10_000, 10.0)


def claim(**results: Result) -> Claim:
    step = Estimate(10.0, 10.0, 10.0, "ns", 1)
    return Claim("circuit_breaker", {"timer.step_ns": step, **results}, DECLARED)


def latency(low: float, value: float, high: float) -> Claim:
    return claim(**{"latency_ns.p99": Estimate(value, low, high, "ns", 50_000)})


GATE = Gate("cb.p99", "circuit_breaker.latency_ns.p99", "at_most", 1.5, "ms")


def answer(gate: Gate, about: Claim, audit: Audit = TRUSTED) -> Answer:
    (verdict,) = judge([gate], about, audit)
    return verdict.answer


@pytest.mark.parametrize(
    ("expected", "low", "value", "high"),
    [
        (Answer.PASS, 1.0e6, 1.1e6, 1.2e6),
        (Answer.PASS, 1.0e6, 1.1e6, 1.5e6),
        (Answer.OPEN, 1.4e6, 1.49e6, 1.51e6),
        (Answer.OPEN, 1.49e6, 1.6e6, 1.7e6),
        (Answer.FAIL, 1.51e6, 1.6e6, 1.7e6),
    ],
)
def test_the_whole_interval_must_lie_on_one_side(expected: Answer, low: float, value: float, high: float) -> None:
    assert expected is answer(GATE, latency(low, value, high))


@pytest.mark.parametrize(
    ("expected", "judged"),
    [(Answer.OPEN, "interval"), (Answer.PASS, "value"), (Answer.PASS, "low"), (Answer.OPEN, "high")],
)
def test_a_gate_may_judge_one_end_of_the_interval(expected: Answer, judged: Any) -> None:
    assert expected is answer(dataclasses.replace(GATE, judge=judged), latency(1.4e6, 1.45e6, 1.55e6))


@pytest.mark.parametrize("judged", ["interval", "value", "high"])
def test_no_gate_fails_on_less_than_the_whole_interval(judged: Any) -> None:
    assert Answer.OPEN is answer(dataclasses.replace(GATE, judge=judged), latency(1.4e6, 1.52e6, 1.55e6))


def test_differences_below_the_floor_do_not_count() -> None:
    near = latency(1.46e6, 1.46e6, 1.46e6)
    assert Answer.PASS is answer(GATE, near)
    assert Answer.OPEN is answer(dataclasses.replace(GATE, floor=Floor(rel=0.03)), near)
    assert Answer.OPEN is answer(dataclasses.replace(GATE, floor=Floor(abs=0.05)), near)


@pytest.mark.parametrize("weight", [Weight.DOUBT, Weight.VOID, Weight.REFUTES])
def test_what_is_in_doubt_is_neither_good_nor_bad(weight: Weight) -> None:
    audit = Audit({"clock_step": (Finding(weight, "…", ("latency_ns.*",)),)})
    (verdict,) = judge([GATE], latency(1e6, 1.1e6, 1.2e6), audit)
    assert Answer.OPEN is verdict.answer
    assert verdict.sentence.endswith("in doubt: clock_step")
    assert Answer.OPEN is answer(GATE, latency(1.6e6, 1.7e6, 1.8e6), audit)


def test_a_note_or_a_doubt_about_something_else_changes_nothing() -> None:
    audit = Audit({"a": (Finding(Weight.NOTE, "…"),), "b": (Finding(Weight.VOID, "…", ("share.*",)),)})
    assert Answer.PASS is answer(GATE, latency(1e6, 1.1e6, 1.2e6), audit)


def test_a_clock_that_prints_zero_passes_no_latency_gate() -> None:
    """The figure that started this suite: p99 0 ms, limit 1.5 ms."""
    (verdict,) = judge([GATE], latency(0.0, 0.0, 0.0), TRUSTED)
    assert Answer.OPEN is verdict.answer
    assert "not above the clock's step" in verdict.sentence
    unknown = Claim("x", {"latency_ns.p99": Estimate(5.0, 5.0, 5.0, "ns", 9)}, DECLARED)
    assert Answer.OPEN is answer(GATE, unknown)


def test_a_result_nobody_made_fails_and_one_that_cannot_be_told_stays_open() -> None:
    assert Answer.FAIL is answer(GATE, claim())
    assert Answer.OPEN is answer(dataclasses.replace(GATE, on_missing="open"), claim())
    (verdict,) = judge([GATE], claim(**{"latency_ns.p99": Unavailable("needs 2,000")}), TRUSTED)
    assert (Answer.OPEN, "needs 2,000") == (verdict.answer, verdict.sentence)


def test_simulated_time_is_never_evidence() -> None:
    about = latency(1e6, 1.1e6, 1.2e6)
    simulated = dataclasses.replace(about, declared=dataclasses.replace(DECLARED, scope="simulated"))
    assert Answer.OPEN is answer(GATE, simulated)


@pytest.mark.parametrize(
    "requires", [Requires(audit=("littles_law",)), Requires(min_duration_s=121), Requires(min_samples=50_001)]
)
def test_what_a_gate_requires_must_be_there(requires: Requires) -> None:
    audit = Audit({"clock_step": ()}, {"littles_law": NotChecked("workers undisclosed", True)})
    good = latency(1e6, 1.1e6, 1.2e6)
    assert Answer.PASS is answer(GATE, good, audit)
    assert Answer.OPEN is answer(dataclasses.replace(GATE, requires=requires), good, audit)


def test_a_limit_in_a_unit_of_something_else_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"gate cb\.p99: latency_ns\.p99: 'req/s' does not measure"):
        answer(dataclasses.replace(GATE, unit="req/s"), latency(1, 2, 3))


def test_the_score_is_the_share_of_the_weight_that_passed_and_a_key_gate_vetoes_the_grade() -> None:
    verdicts = [Verdict("a", "x.y", Answer.PASS, "", 3.0), Verdict("b", "x.y", Answer.OPEN, "", 1.0)]
    assert (0.75, "C") == score(verdicts, Scoring())
    assert (1.0, "A+") == score(verdicts[:1], Scoring())
    assert (0.75, "-") == score([verdicts[0], Verdict("b", "x.y", Answer.FAIL, "", 1.0, key=True)], Scoring())
    assert (0.0, "-") == score([], Scoring())


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("gates: [{id: a, of: x.y, kind: at_mst, limit: 1, unit: ms}]", "did you mean 'at_most'"),
        ("gates: [{id: a, of: xy, kind: at_most, limit: 1, unit: ms}]", "expected <study>.<result>"),
        ("gates: [{id: a, of: x.y, kind: within, limit: 1, unit: ms}]", "within takes 2 number(s), got 1"),
        ("gates: [{id: a, of: x.y, kind: within, limit: [2, 1], unit: ms}]", "expected the lower end first"),
        ("gates: [{id: a, of: x.y, kind: at_most, limit: 1}]", "unit: missing"),
        ("gates: [{id: a, of: x.y, kind: at_most, limit: 1, unit: ms, wieght: 2}]", "did you mean 'weight'"),
        ("gates: [{id: a, of: x.y, kind: at_most, limit: 1, unit: ms, weight: 0}]", "expected above 0"),
        ("gates:\n- &a {id: a, of: x.y, kind: at_most, limit: 1, unit: ms}\n- *a", "is there twice"),
    ],
)
def test_a_gates_file_is_refused_with_one_line(line: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "gates.yaml"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_gates(path)
    assert text in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_digest_changes_with_any_limit() -> None:
    assert Gates((GATE,)).digest != Gates((dataclasses.replace(GATE, limit=1.6),)).digest
    assert Gates((GATE,)).digest == Gates((dataclasses.replace(GATE),)).digest
