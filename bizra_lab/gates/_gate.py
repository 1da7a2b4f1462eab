"""
A gate: one limit on one result, decided on the whole interval.

Pass or fail needs the whole interval on one side of the limit and an audit that has no doubt about the result;
everything else is open. Trust is asked first: a figure nobody may believe is neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, overload

from bizra_lab.errors import SettingsError, UnknownName, one_line
from bizra_lab.model import Answer, Audit, Claim, Estimate, Scope, Unavailable, Verdict
from bizra_lab.registry import Registry
from bizra_lab.settings import build, digest, read_yaml
from bizra_lab.units import say, say_interval, to_own

Decide = Callable[[float, float, tuple[float, ...]], Answer]

TIMER_STEP = "timer.step_ns"  # the result that says how finely times were read

_LIMIT_WORDS = {"at_most": "at most", "at_least": "at least", "within": "within", "equals": "exactly"}


@dataclass(frozen=True, slots=True)
class Kind:
    """How an interval is compared with a limit of so many numbers."""

    decide: Decide
    limits: int


KINDS: Registry[Kind] = Registry("gate kind", "bizra_lab.gates.kinds")


@overload
def gate(decide: Decide) -> Decide: ...
@overload
def gate(*, limits: int) -> Callable[[Decide], Decide]: ...
def gate(decide: Decide | None = None, *, limits: int = 1) -> Decide | Callable[[Decide], Decide]:
    """Register the decorated comparison under its file's name; `limits` is how many numbers its limit has."""

    def register(decide: Decide) -> Decide:
        KINDS.add(decide.__module__, Kind(decide, limits))
        return decide

    return register if decide is None else register(decide)


@dataclass(frozen=True, slots=True)
class Floor:
    """
    The smallest distance from the limit that counts: differences below it appear between runs of the same code.

    `abs` in the gate's unit, `rel` as a share of the limit; the larger of the two holds.
    """

    abs: float = 0.0
    rel: float = 0.0

    def __post_init__(self) -> None:
        if self.abs < 0 or self.rel < 0:
            raise ValueError(f"floor must not be below 0, got abs {self.abs}, rel {self.rel}")


@dataclass(frozen=True, slots=True)
class Requires:
    """What must hold before a gate may answer: rules that looked, seconds measured, operations measured."""

    audit: tuple[str, ...] = ()
    min_duration_s: float = 0.0
    min_samples: int = 0


@dataclass(frozen=True, slots=True)
class Gate:
    """
    One entry of `gates.yaml`.

    `of` is a study's stem and a result's name; `limit` is in `unit`, which must measure what the result does. `judge`
    picks the end of the interval that must keep the limit for a pass: both ("interval"), one, or the value alone; a
    fail always takes the whole interval.
    """

    id: str
    of: str
    kind: str
    limit: float | tuple[float, ...]
    unit: str
    scope: Scope = "inproc"
    judge: Literal["interval", "value", "low", "high"] = "interval"
    floor: Floor = field(default_factory=Floor)
    requires: Requires = field(default_factory=Requires)
    weight: float = 1.0
    key: bool = False
    on_missing: Literal["fail", "open"] = "fail"

    def __post_init__(self) -> None:
        if "." not in self.of:
            raise ValueError(f"{self.id}.of: expected <study>.<result>, got {self.of!r}")
        kind = KINDS.get(self.kind)
        if len(self.limits) != kind.limits:
            raise ValueError(f"{self.id}.limit: {self.kind} takes {kind.limits} number(s), got {len(self.limits)}")
        if list(self.limits) != sorted(self.limits):
            raise ValueError(f"{self.id}.limit: expected the lower end first, got {list(self.limits)}")
        if self.weight <= 0:
            raise ValueError(f"{self.id}.weight: expected above 0, got {self.weight}")

    @property
    def study(self) -> str:
        """The stem of the study whose result this gate is about."""
        return self.of.partition(".")[0]

    @property
    def result(self) -> str:
        """The name of the result this gate is about."""
        return self.of.partition(".")[2]

    @property
    def limits(self) -> tuple[float, ...]:
        """The limit's numbers, in the gate's unit."""
        return self.limit if isinstance(self.limit, tuple) else (self.limit,)


@dataclass(frozen=True, slots=True)
class Scoring:
    """What an answer is worth, and the grade for a share of the whole weight, best first."""

    passed: float = 1.0
    open: float = 0.0
    failed: float = 0.0
    grades: dict[str, float] = field(default_factory=lambda: {"A+": 1.0, "A": 0.9, "B": 0.8, "C": 0.7})


@dataclass(frozen=True, slots=True)
class Gates:
    """All gates of a file, and the digest that shows that limits were fixed before the run."""

    gates: tuple[Gate, ...]
    scoring: Scoring = field(default_factory=Scoring)

    def __post_init__(self) -> None:
        ids = [each.id for each in self.gates]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(f"gates: {', '.join(twice)} is there twice")

    @property
    def digest(self) -> str:
        """SHA-256 of the gates and their scoring."""
        return digest(self)

    def of_study(self, stem: str) -> tuple[Gate, ...]:
        """The gates about results of the study called `stem`."""
        return tuple(each for each in self.gates if each.study == stem)


def load_gates(path: Path) -> Gates:
    """The gates of a YAML file. Raises SettingsError or Unreadable with one line that says where."""
    try:
        return build(Gates, read_yaml(path), str(path))
    except UnknownName as error:
        raise SettingsError(f"{path}: {one_line(error)}") from None


def judge(gates: Iterable[Gate], claim: Claim, audit: Audit) -> tuple[Verdict, ...]:
    """Each gate's verdict about the claim's results. Raises SettingsError for a limit in a unit of something else."""
    return tuple(_judge(each, claim, audit) for each in gates)


def _judge(gate: Gate, claim: Claim, audit: Audit) -> Verdict:
    result = claim.results.get(gate.result)
    if result is None:
        answer = Answer.FAIL if gate.on_missing == "fail" else Answer.OPEN
        return _verdict(gate, answer, why=f"no result is called {gate.result}")
    if isinstance(result, Unavailable):
        return _verdict(gate, Answer.OPEN, why=result.reason)
    answer = _compare(gate, result)
    found = f"{say(result.value, result.unit)} ({say_interval(result.low, result.high, result.unit)})"
    why = _cannot_answer(gate, result, claim, audit)
    return _verdict(gate, answer if why is None else Answer.OPEN, found, why or "", result.unit)


def _verdict(gate: Gate, answer: Answer, found: str = "", why: str = "", unit: str | None = None) -> Verdict:
    limit = _say_limit(gate, unit or gate.unit)
    sentence = "; ".join(part for part in (f"{found} against {limit}" if found else "", why) if part)
    return Verdict(gate.id, gate.of, answer, sentence, gate.weight, gate.key, limit, found, why)


def _say_limit(gate: Gate, unit: str) -> str:
    limits = " to ".join(say(to_own(each, gate.unit, unit), unit) for each in gate.limits)
    return f"{_LIMIT_WORDS.get(gate.kind, gate.kind)} {limits}"


def _compare(gate: Gate, result: Estimate) -> Answer:
    try:
        limits = tuple(to_own(each, gate.unit, result.unit) for each in gate.limits)
        floor = max(to_own(gate.floor.abs, gate.unit, result.unit), gate.floor.rel * max(map(abs, limits)))
    except ValueError as error:
        raise SettingsError(f"gate {gate.id}: {gate.result}: {one_line(error)}") from None
    decide = KINDS.get(gate.kind).decide
    low, high = result.low - floor, result.high + floor
    ends = {"interval": (low, high), "value": (result.value,) * 2, "low": (low, low), "high": (high, high)}[gate.judge]
    answer = decide(*ends, limits)
    if answer is Answer.FAIL:
        answer = decide(low, high, limits)
        # The judged end misses the limit, but the interval still reaches it.
        answer = Answer.OPEN if answer is Answer.PASS else answer
    return answer


def _cannot_answer(gate: Gate, result: Estimate, claim: Claim, audit: Audit) -> str | None:
    """Why the comparison, whatever it says, may not be taken for an answer; None when it may."""
    declared = claim.declared
    if declared.scope != gate.scope:
        return f"the gate is about scope {gate.scope}, this was measured {declared.scope or 'nobody says where'}"
    doubts = audit.doubts_about(gate.result)
    if doubts:
        return "in doubt: " + ", ".join(sorted({rule for rule, _ in doubts}))
    blind = [rule for rule in gate.requires.audit if rule not in audit.findings]
    if blind:
        return f"not checked: {', '.join(blind)}"
    if gate.requires.min_duration_s and (declared.duration_s or 0.0) < gate.requires.min_duration_s:
        return f"{declared.duration_s or 0:.3g} s were measured; the gate asks for {gate.requires.min_duration_s:g} s"
    if result.n < gate.requires.min_samples:
        return f"{result.n:,} operations; the gate asks for {gate.requires.min_samples:,}"
    return _implausible(result, claim) if result.unit == "ns" else None


def _implausible(result: Estimate, claim: Claim) -> str | None:
    # "At most 1.5 ms" would pass on a clock that prints 0: a time must be longer than the clock can tell from nothing.
    step = claim.results.get(TIMER_STEP)
    if not isinstance(step, Estimate):
        return "the step of the clock is not known, so no latency is known to be above it"
    if result.low <= step.value:
        return f"it is not above the clock's step of {say(step.value, 'ns')}"
    return None


def score(verdicts: Iterable[Verdict], scoring: Scoring) -> tuple[float, str]:
    """
    The share of the whole weight that passed, in 0..1, and its grade ("-" below the lowest, or when a key gate failed).
    """
    worth = {Answer.PASS: scoring.passed, Answer.OPEN: scoring.open, Answer.FAIL: scoring.failed}
    judged = list(verdicts)
    whole = sum(each.weight for each in judged)
    reached = sum(each.weight * worth[each.answer] for each in judged) / whole if whole else 0.0
    vetoed = any(each.key and each.answer is Answer.FAIL for each in judged)
    grade = next((name for name, least in scoring.grades.items() if reached >= least), "-")
    return reached, "-" if vetoed else grade
