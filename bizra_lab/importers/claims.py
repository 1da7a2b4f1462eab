"""
A claims file (YAML, ours): published figures and what their source says about them, written down by hand.

    source: where the figures were published
    claims:
      - name: circuit_breaker
        says: "<the claim in its source's words>"
        scope: inproc                  # or http, simulated
        kind: closed                   # or open, then with rate_per_s
        throughput_per_s: 523793       # or "13e6 /s"
        latency: {p50: "0.12 ms", p95: "0.6 ms", p99: "1.1 ms", mean: "187.5 us", min: "85 us", max: "4 ms"}  # and sd
        workers: 50                    # with think: "20 s" where each rests after an operation
        operations: 10000
        duration: "19 ms"              # and warmup, clock_step
        timer_floor: "58 ns"           # what an empty operation is recorded as
        hardware: "i7-12700K"          # and cores, cpu_per_op: "1.5 us"
        error_share: "0.3 %"           # or 0.003; and failures_in_latency: true
        shares: {hit_l1: "92.8 %"}     # any other share of the operations
        bytes_per_op: 142              # and link_bytes_per_s
        ratio_claimed: 1.35            # or change_claimed: "35 %", the change for the better; and ratio_of: the result
        baseline: "388000 /s"          # or "0.12 ms", or "85 %"
        baseline_conditions: {workers: 1, scope: inproc}   # what was measured there, as of the claim itself
        operations_extrapolated: 28.4e9
        extrapolated_to: "3600 s"
        inputs: {share.failed: "0.3 %"}   # results that were set and not measured
        limits: {share.failed: "<= 1 %"}  # what results are said to keep, and on which side of it; also >=, or neither
        in_flight: 62.9                # L, as it is stated
        cycles_per_op: "< 300"         # and clock_rate: "4 GHz"
        generator_limit_per_s: 300000  # what the load generator can do at most
        load_divided_by: 13            # how many times less reaches what lies behind `layers`
        figures: {memory: "1055 KB"}   # any other figure, in any unit
        about: circuit breaker         # claims with the same speak of one thing, with the same `run` of one measurement
        run: artifacts/cb.json         # and version: v2.1.0
        withdrawn: true                # by the source itself
        dated: "2025-10-19T00:11+04:00"
        rests_on: {synthesis: "2025-10-19T00:32:43"}   # when what is used or quoted was made
        parts: {recovery: {detection: "5 min", shift: "30 s"}}   # of a result
        layers: {l1: {answers: "92.8 %", latency: "0 ms"}, l2: {answers: "87 %"}}   # asked in turn
        sets: {evidence: [p99, rps], performance: [p99]}   # what was counted
        scaling: {at: "400000 /s", least: 2, load: "500000 /s", replicas: 2}
        series: loop                   # claims with the same differ in nothing but work: 1000, units in an operation

Every key but `name` may be left out: what is not written is undisclosed. A number stands for everything that rounds to
its digits ("0.12 ms" is 0.115 to 0.125 ms, 523793 is up to a half more or less), "< 0.2 %" for all from 0 up to it, and
"25000 to 35000 /s" for all between; quotes keep the digits as written, a float keeps no final zeros. An unknown key is
refused, with the nearest one there is. What is neither a rate nor a latency becomes a result under its own name, with
its interval; `error_share` becomes `share.failed`, `shares` become `share.*`, `cpu_per_op` becomes `cpu_ns.mean`,
`timer_floor` becomes `timer.floor_ns`, `in_flight` becomes `littles_law.in_flight`, `clock_rate` becomes `clock_hz`.
What `inputs`, `limits`, `parts` and `ratio_of` name must be a result of the claim.

Source: params/claims/*.yaml of this suite.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bizra_lab.errors import SettingsError, Unreadable, nearest
from bizra_lab.importers._files import name_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._written import Number, above_0, baseline, figure, figure_in_its_unit, moment, seconds
from bizra_lab.model import Claim, Declared, Estimate, Layer, LoadKind, Result, Scaling, Scope, Side, Stated
from bizra_lab.settings import build, read_yaml

VALUES_MAX = 100_000  # keys and list items of a file; thousands of claims have fewer

Floats = dict[str, float]

_LATENCY = re.compile(r"p\d+(?:\.\d+)?|min|mean|max|sd")
_LATENCY_KEYS = ("p50", "p90", "p95", "p99", "p99.9", "p99.99", "min", "max", "mean", "sd")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_SIDE = re.compile(r"(?P<sign><=|>=)\s*(?P<figure>.+)")
_SIDES: dict[str, Side] = {"<=": "at_most", ">=": "at_least"}

# Keys of one figure each, the result that it becomes, and its unit.
_PLAIN = (
    ("throughput_per_s", "throughput_per_s", "per_s"),
    ("error_share", "share.failed", "share"),
    ("bytes_per_op", "bytes_per_op", "bytes"),
    ("link_bytes_per_s", "link_bytes_per_s", "bytes_per_s"),
    ("generator_limit_per_s", "generator_limit_per_s", "per_s"),
    ("ratio_claimed", "ratio_claimed", "ratio"),
    ("change_claimed", "change_claimed", "share"),
    ("load_divided_by", "load_divided_by", "ratio"),
    ("in_flight", "littles_law.in_flight", "operations"),
    ("cpu_per_op", "cpu_ns.mean", "ns"),
    ("cycles_per_op", "cycles_per_op", "cycles"),
    ("timer_floor", "timer.floor_ns", "ns"),
    ("operations_extrapolated", "operations_extrapolated", "operations"),
)
_OF_RATES = {"Hz": 1.0, "MHz": 1e6, "GHz": 1e9}


@dataclass(frozen=True, slots=True)
class _Conditions:
    """Under which something was measured."""

    scope: Scope | None = None
    kind: LoadKind | None = None
    workers: int | None = None
    think: str | None = None
    rate_per_s: float | None = None
    operations: int | None = None
    duration: str | None = None
    warmup: str | None = None
    clock_step: str | None = None
    hardware: str | None = None
    cores: int | None = None
    failures_in_latency: bool | None = None
    work: float | None = None
    series: str | None = None


@dataclass(frozen=True, slots=True)
class _Layer:
    answers: Number
    latency: str | None = None


@dataclass(frozen=True, slots=True)
class _Scaling:
    at: Number
    least: int
    load: Number | None = None
    replicas: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim(_Conditions):
    """One claim as it is written; the keys of the file are these fields, and those of its conditions."""

    name: str
    says: str = ""
    throughput_per_s: Number | None = None
    latency: dict[str, str] = field(default_factory=dict)
    timer_floor: str | None = None
    cpu_per_op: str | None = None
    cycles_per_op: Number | None = None
    clock_rate: str | None = None
    error_share: Number | None = None
    shares: dict[str, Number] = field(default_factory=dict)
    bytes_per_op: Number | None = None
    link_bytes_per_s: Number | None = None
    generator_limit_per_s: Number | None = None
    in_flight: Number | None = None
    figures: dict[str, str] = field(default_factory=dict)
    ratio_claimed: Number | None = None
    change_claimed: Number | None = None
    load_divided_by: Number | None = None
    ratio_of: str | None = None
    baseline: Number | None = None
    baseline_conditions: _Conditions | None = None
    operations_extrapolated: Number | None = None
    extrapolated_to: str | None = None
    inputs: dict[str, Number] | None = None
    limits: dict[str, Number] | None = None
    about: str | None = None
    run: str | None = None
    version: str | None = None
    withdrawn: bool = False
    dated: str | None = None
    rests_on: dict[str, str] = field(default_factory=dict)
    parts: dict[str, dict[str, Number]] = field(default_factory=dict)
    layers: dict[str, _Layer] = field(default_factory=dict)
    sets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scaling: _Scaling | None = None


@dataclass(frozen=True, slots=True)
class _File:
    source: str
    claims: tuple[_Claim, ...]


def can_read(head: bytes) -> bool:
    lines = head.splitlines()
    return any(line.startswith(b"source:") for line in lines) and any(line.startswith(b"claims:") for line in lines)


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    raw = read_yaml(path)
    _refuse_many(raw, path)
    written = build(_File, raw, str(path))
    _refuse_twice(written, path)
    return tuple(_claim(each, f"{path}.claims[{position}]") for position, each in enumerate(written.claims))


def _refuse_twice(written: _File, path: Path) -> None:
    """Raise SettingsError for a name that two claims have: findings are told apart by it."""
    seen: set[str] = set()
    for position, each in enumerate(written.claims):
        if each.name in seen:
            raise SettingsError(f"{path}.claims[{position}].name: {each.name!r} is the name of two claims")
        seen.add(each.name)


def _refuse_many(raw: Any, path: Path) -> None:
    """Raise Unreadable for more values than anybody wrote: aliases of aliases multiply them, also in what is said."""
    waiting, seen = [raw], 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > VALUES_MAX:
            raise Unreadable(f"{path}: more than {VALUES_MAX:,} values, aliases followed; expected claims")
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _claim(written: _Claim, where: str) -> Claim:
    results = _results(written, where)
    theirs = written.baseline_conditions
    limits, sides = _limits(written.limits, results, f"{where}.limits")
    declared = dataclasses.replace(
        _declared(written, where),
        inputs=_of_results(written.inputs, results, f"{where}.inputs"),
        limits=limits,
        extrapolated_to_s=seconds(written.extrapolated_to, f"{where}.extrapolated_to"),
        ratio_of=_name_among(written.ratio_of, results, f"{where}.ratio_of") if written.ratio_of else None,
        baseline=_declared(theirs, f"{where}.baseline_conditions") if theirs else None,
    )
    return Claim(
        name_of(written.name), results, declared, says=written.says, stated=_stated(written, results, sides, where)
    )


def _declared(written: _Conditions, where: str) -> Declared:
    return Declared(
        scope=written.scope,
        kind=written.kind,
        workers=above_0(written.workers, f"{where}.workers"),
        rate_per_s=above_0(written.rate_per_s, f"{where}.rate_per_s"),
        warmup_s=seconds(written.warmup, f"{where}.warmup"),
        duration_s=seconds(written.duration, f"{where}.duration"),
        operations=above_0(written.operations, f"{where}.operations"),
        clock_step_ns=figure(written.clock_step, "ns", 0, f"{where}.clock_step").value if written.clock_step else None,
        hardware=written.hardware,
        cores=above_0(written.cores, f"{where}.cores"),
        think_s=seconds(written.think, f"{where}.think"),
        failures_in_latency=written.failures_in_latency,
        work=above_0(written.work, f"{where}.work"),
        series=written.series,
    )


def _stated(written: _Claim, results: Mapping[str, Result], sides: Mapping[str, Side], where: str) -> Stated:
    return Stated(
        about=written.about,
        run=written.run,
        version=written.version,
        withdrawn=written.withdrawn,
        dated=moment(written.dated, f"{where}.dated") if written.dated else None,
        rests_on={name: moment(date, f"{where}.rests_on.{name}") for name, date in written.rests_on.items()},
        sides=sides,
        parts={
            name: {
                part: figure(value, _unit_of(name, results, f"{where}.parts.{name}"), 0, f"{where}.parts.{name}.{part}")
                for part, value in parts.items()
            }
            for name, parts in written.parts.items()
        },
        layers=tuple(_layer(name, each, f"{where}.layers.{name}") for name, each in written.layers.items()),
        sets=written.sets,
        scaling=_scaling(written.scaling, f"{where}.scaling") if written.scaling else None,
    )


def _layer(name: str, written: _Layer, where: str) -> Layer:
    latency = figure(written.latency, "ns", 0, f"{where}.latency") if written.latency else None
    return Layer(name, figure(written.answers, "share", 0, f"{where}.answers"), latency)


def _scaling(written: _Scaling, where: str) -> Scaling:
    return Scaling(
        figure(written.at, "per_s", 0, f"{where}.at"),
        written.least,
        figure(written.load, "per_s", 0, f"{where}.load") if written.load is not None else None,
        written.replicas,
    )


def _results(written: _Claim, where: str) -> dict[str, Result]:
    n = written.operations or 0
    found: dict[str, Result] = {}
    for key, name, unit in _PLAIN:
        value = getattr(written, key)
        if value is not None:
            found[name] = figure(value, unit, n, f"{where}.{key}")
    if written.baseline is not None:
        found["baseline"] = baseline(written.baseline, f"{where}.baseline")
    if written.clock_rate is not None:
        found["clock_hz"] = _clock(written.clock_rate, f"{where}.clock_rate")
    return (
        found
        | _shares(written.shares, n, f"{where}.shares")
        | _latencies(written.latency, n, f"{where}.latency")
        | _figures(written.figures, found, f"{where}.figures")
    )


def _clock(value: str, where: str) -> Estimate:
    found = figure_in_its_unit(value, 0, where)
    if found.unit not in _OF_RATES:
        raise SettingsError(f"{where}: expected one of {', '.join(_OF_RATES)}, got {value!r}")
    scale = _OF_RATES[found.unit]
    return Estimate(found.value * scale, found.low * scale, found.high * scale, "Hz", 0)


def _shares(shares: Mapping[str, Number], n: int, where: str) -> dict[str, Result]:
    for key in shares:
        if not _WORD.fullmatch(key) or key == "failed":
            expected = "error_share" if key == "failed" else "a word such as hit_l1"
            raise SettingsError(f"{where}.{key}: expected {expected}")
    return {f"share.{key}": figure(value, "share", n, f"{where}.{key}") for key, value in shares.items()}


def _figures(figures: Mapping[str, str], taken: Mapping[str, Result], where: str) -> dict[str, Result]:
    for key in figures:
        if not _WORD.fullmatch(key) or key in taken:
            raise SettingsError(f"{where}.{key}: expected a word such as memory that is no other result's name")
    return {key: figure_in_its_unit(value, 0, f"{where}.{key}") for key, value in figures.items()}


def _limits(
    values: Mapping[str, Number] | None, results: Mapping[str, Result], where: str
) -> tuple[Floats | None, dict[str, Side]]:
    """What results are said to keep, and on which side of it they are to lie, where that is written."""
    if values is None:
        return None, {}
    signed = {
        name: match for name, value in values.items() if isinstance(value, str) and (match := _SIDE.fullmatch(value))
    }
    plain = {name: signed[name]["figure"] if name in signed else value for name, value in values.items()}
    return _of_results(plain, results, where), {name: _SIDES[match["sign"]] for name, match in signed.items()}


def _of_results(values: Mapping[str, Number] | None, results: Mapping[str, Result], where: str) -> Floats | None:
    """What is set or kept, each in the unit of the claim's result of that name."""
    if values is None:
        return None
    return {
        name: figure(value, _unit_of(name, results, f"{where}.{name}"), 0, f"{where}.{name}").value
        for name, value in values.items()
    }


def _unit_of(name: str, results: Mapping[str, Result], where: str) -> str:
    result = results[_name_among(name, results, where)]
    assert isinstance(result, Estimate), "what is written down is a number"
    return result.unit


def _name_among(name: str, results: Mapping[str, Result], where: str) -> str:
    if name not in results:
        hint = nearest(name, results) or f"; there are: {', '.join(results) or 'none'}"
        raise SettingsError(f"{where}: {name!r} is no result of this claim{hint}")
    return name


def _latencies(latency: Mapping[str, str], n: int, where: str) -> dict[str, Result]:
    for key in latency:
        if not _LATENCY.fullmatch(key):
            hint = nearest(key, _LATENCY_KEYS) or f"; expected one of {', '.join(_LATENCY_KEYS)}"
            raise SettingsError(f"{where}.{key}: unknown latency{hint}")
    return {f"latency_ns.{key}": figure(value, "ns", n, f"{where}.{key}") for key, value in latency.items()}
