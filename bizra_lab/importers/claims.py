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
        limits: {share.failed: "1 %"}     # what results are said to keep

Every key but `name` may be left out: what is not written is undisclosed. A number stands for everything that rounds to
its digits ("0.12 ms" is 0.115 to 0.125 ms, 523793 is up to a half more or less); quotes keep the digits as written, a
float keeps no final zeros. An unknown key is refused, with the nearest one there is. What is neither a rate nor a
latency becomes a result under its own name, with its interval; `error_share` becomes `share.failed`, `shares` become
`share.*`, `cpu_per_op` becomes `cpu_ns.mean`, `timer_floor` becomes `timer.floor_ns`. What `inputs`, `limits` and
`ratio_of` name must be a result of the claim.

Source: params/claims/*.yaml of this suite.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from bizra_lab.errors import SettingsError, Unreadable, nearest, one_line
from bizra_lab.importers._files import name_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import decimal_of, finite, rounded
from bizra_lab.model import Claim, Declared, Estimate, LoadKind, Result, Scope
from bizra_lab.settings import build, read_yaml
from bizra_lab.units import to_own, units_of

VALUES_MAX = 100_000  # keys and list items of a file; thousands of claims have fewer

Number = int | float | str
Floats = dict[str, float]
T = TypeVar("T", int, float)

_MEASURE = re.compile(r"(?P<number>\S+?(?:[eE][-+]?\d+)?)\s*(?P<unit>[^\d\s.]\S*)?")
_LATENCY = re.compile(r"p\d+(?:\.\d+)?|min|mean|max|sd")
_LATENCY_KEYS = ("p50", "p90", "p95", "p99", "p99.9", "p99.99", "min", "max", "mean", "sd")
_SHARE = re.compile(r"[a-z][a-z0-9_]*")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim(_Conditions):
    """One claim as it is written; the keys of the file are these fields, and those of its conditions."""

    name: str
    says: str = ""
    throughput_per_s: Number | None = None
    latency: dict[str, str] = field(default_factory=dict)
    timer_floor: str | None = None
    cpu_per_op: str | None = None
    error_share: Number | None = None
    shares: dict[str, Number] = field(default_factory=dict)
    bytes_per_op: Number | None = None
    link_bytes_per_s: Number | None = None
    ratio_claimed: Number | None = None
    change_claimed: Number | None = None
    ratio_of: str | None = None
    baseline: Number | None = None
    baseline_conditions: _Conditions | None = None
    operations_extrapolated: Number | None = None
    extrapolated_to: str | None = None
    inputs: dict[str, Number] | None = None
    limits: dict[str, Number] | None = None


@dataclass(frozen=True, slots=True)
class _File:
    source: str
    claims: tuple[_Claim, ...]


def can_read(head: bytes) -> bool:
    lines = head.splitlines()
    return any(line.startswith(b"source:") for line in lines) and any(line.startswith(b"claims:") for line in lines)


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    written = _written(path)
    return tuple(_claim(each, f"{path}.claims[{position}]") for position, each in enumerate(written.claims))


def words(path: Path) -> dict[str, str]:
    """What the source of each claim says, in its own words, by the claim's name. Raises as reading the claims does."""
    return {name_of(each.name): each.says for each in _written(path).claims}


def _written(path: Path) -> _File:
    raw = read_yaml(path)
    _refuse_many(raw, path)
    written = build(_File, raw, str(path))
    _refuse_twice(written, path)
    return written


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
    declared = dataclasses.replace(
        _declared(written, where),
        inputs=_of_results(written.inputs, results, f"{where}.inputs"),
        limits=_of_results(written.limits, results, f"{where}.limits"),
        extrapolated_to_s=_seconds(written.extrapolated_to, f"{where}.extrapolated_to"),
        ratio_of=_name_among(written.ratio_of, results, f"{where}.ratio_of") if written.ratio_of else None,
        baseline=_declared(theirs, f"{where}.baseline_conditions") if theirs else None,
    )
    return Claim(name_of(written.name), results, declared)


def _declared(written: _Conditions, where: str) -> Declared:
    return Declared(
        scope=written.scope,
        kind=written.kind,
        workers=_above_0(written.workers, f"{where}.workers"),
        rate_per_s=_above_0(written.rate_per_s, f"{where}.rate_per_s"),
        warmup_s=_seconds(written.warmup, f"{where}.warmup"),
        duration_s=_seconds(written.duration, f"{where}.duration"),
        operations=_above_0(written.operations, f"{where}.operations"),
        clock_step_ns=_of(written.clock_step, "ns", 0, f"{where}.clock_step").value if written.clock_step else None,
        hardware=written.hardware,
        cores=_above_0(written.cores, f"{where}.cores"),
        think_s=_seconds(written.think, f"{where}.think"),
        failures_in_latency=written.failures_in_latency,
    )


def _results(written: _Claim, where: str) -> dict[str, Result]:
    n = written.operations or 0
    found: dict[str, Result] = {}
    for key, name, unit in (
        ("throughput_per_s", "throughput_per_s", "per_s"),
        ("error_share", "share.failed", "share"),
        ("bytes_per_op", "bytes_per_op", "bytes"),
        ("link_bytes_per_s", "link_bytes_per_s", "bytes_per_s"),
        ("ratio_claimed", "ratio_claimed", "ratio"),
        ("change_claimed", "change_claimed", "share"),
        ("cpu_per_op", "cpu_ns.mean", "ns"),
        ("timer_floor", "timer.floor_ns", "ns"),
        ("operations_extrapolated", "operations_extrapolated", "operations"),
    ):
        value = getattr(written, key)
        if value is not None:
            found[name] = _of(value, unit, n, f"{where}.{key}")
    if written.baseline is not None:
        found["baseline"] = _baseline(written.baseline, f"{where}.baseline")
    return found | _shares(written.shares, n, f"{where}.shares") | _latencies(written.latency, n, f"{where}.latency")


def _shares(shares: Mapping[str, Number], n: int, where: str) -> dict[str, Result]:
    for key in shares:
        if not _SHARE.fullmatch(key) or key == "failed":
            expected = "error_share" if key == "failed" else "a word such as hit_l1"
            raise SettingsError(f"{where}.{key}: expected {expected}")
    return {f"share.{key}": _of(value, "share", n, f"{where}.{key}") for key, value in shares.items()}


def _of_results(values: Mapping[str, Number] | None, results: Mapping[str, Result], where: str) -> Floats | None:
    """What is set or kept, each in the unit of the claim's result of that name."""
    if values is None:
        return None
    found: Floats = {}
    for name, value in values.items():
        result = results[_name_among(name, results, f"{where}.{name}")]
        assert isinstance(result, Estimate), "what is written down is a number"
        found[name] = _of(value, result.unit, 0, f"{where}.{name}").value
    return found


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
    return {f"latency_ns.{key}": _of(value, "ns", n, f"{where}.{key}") for key, value in latency.items()}


def _of(value: Number, own: str, n: int, where: str) -> Estimate:
    """What is written, in the lab's own unit `own`; a time must name its unit, others are in their own without one."""
    number, unit = _split(value, where)
    if unit is None and own == "ns":
        raise SettingsError(f"{where}: expected a time with its unit, such as '0.12 ms', got {value!r}")
    try:
        scale = to_own(1.0, unit or own, own)
    except ValueError as error:
        raise SettingsError(f"{where}: {one_line(error)}") from None
    return rounded(number, scale, own, n)


def _split(value: Number, where: str) -> tuple[Decimal, str | None]:
    if isinstance(value, float):
        # YAML keeps no final zeros: 13e6 and 13000000.0 are one, and stand for what the fewest digits stand for.
        return finite(Decimal(repr(value)).normalize(), where), None
    match = _MEASURE.fullmatch(str(value).strip())
    if match is None:
        raise SettingsError(f"{where}: expected a number with its unit, got {value!r}")
    return decimal_of(match["number"], where), match["unit"]


def _baseline(value: Number, where: str) -> Estimate:
    """A rate where it has no unit or one of a rate, a share where it has one, otherwise a time."""
    _, unit = _split(value, where)
    if unit is None or "/" in unit:
        return _of(value, "per_s", 0, where)
    return _of(value, "share" if unit in units_of("share") else "ns", 0, where)


def _seconds(value: str | None, where: str) -> float | None:
    return None if value is None else _of(value, "ns", 0, where).value / 1e9


def _above_0(value: T | None, where: str) -> T | None:
    if value is not None and value <= 0:
        raise SettingsError(f"{where}: expected above 0, got {value}")
    return value
