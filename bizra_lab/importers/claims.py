"""
A claims file (YAML, ours): published figures and what their source says about them, written down by hand.

    source: where the figures were published
    claims:
      - name: circuit_breaker
        says: "<the claim in its source's words>"
        scope: inproc                  # or http, simulated
        kind: closed                   # or open, then with rate_per_s
        throughput_per_s: 523793       # or "13e6 /s"
        latency: {p50: "0.12 ms", p95: "0.6 ms", p99: "1.1 ms", mean: "187.5 us", min: "85 us", max: "4 ms"}
        workers: 50
        operations: 10000
        duration: "19 ms"              # and warmup, clock_step
        error_share: "0.3 %"           # or 0.003
        bytes_per_op: 142              # and link_bytes_per_s
        ratio_claimed: 1.35            # against baseline, "388000 /s" or "0.12 ms"

Every key but `name` may be left out: what is not written is undisclosed. A number stands for everything that rounds to
its digits ("0.12 ms" is 0.115 to 0.125 ms, 523793 is up to a half more or less); quotes keep the digits as written, a
float keeps no final zeros. An unknown key is refused, with the nearest one there is. What is neither a rate nor a
latency becomes a result under its own name, with its interval: `bytes_per_op`, `link_bytes_per_s`, `ratio_claimed`,
`baseline`; `error_share` becomes `share.failed`.

Source: params/claims/*.yaml of this suite.
"""

from __future__ import annotations

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
from bizra_lab.units import to_own

VALUES_MAX = 100_000  # keys and list items of a file; thousands of claims have fewer

Number = int | float | str
T = TypeVar("T", int, float)

_MEASURE = re.compile(r"(?P<number>\S+?)\s*(?P<unit>[^\d\s.]\S*)?")
_LATENCY = re.compile(r"p\d+(?:\.\d+)?|min|mean|max")
_LATENCY_KEYS = ("p50", "p90", "p95", "p99", "p99.9", "p99.99", "min", "max", "mean")


@dataclass(frozen=True, slots=True)
class _Claim:
    """One claim as it is written; the keys of the file are these fields."""

    name: str
    says: str = ""
    scope: Scope | None = None
    kind: LoadKind | None = None
    throughput_per_s: Number | None = None
    latency: dict[str, str] = field(default_factory=dict)
    workers: int | None = None
    rate_per_s: float | None = None
    operations: int | None = None
    duration: str | None = None
    warmup: str | None = None
    clock_step: str | None = None
    error_share: Number | None = None
    bytes_per_op: Number | None = None
    link_bytes_per_s: Number | None = None
    ratio_claimed: Number | None = None
    baseline: Number | None = None


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
    return tuple(_claim(each, f"{path}.claims[{position}]") for position, each in enumerate(written.claims))


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
    declared = Declared(
        scope=written.scope,
        kind=written.kind,
        workers=_above_0(written.workers, f"{where}.workers"),
        rate_per_s=_above_0(written.rate_per_s, f"{where}.rate_per_s"),
        warmup_s=_seconds(written.warmup, f"{where}.warmup"),
        duration_s=_seconds(written.duration, f"{where}.duration"),
        operations=_above_0(written.operations, f"{where}.operations"),
        clock_step_ns=_of(written.clock_step, "ns", 0, f"{where}.clock_step").value if written.clock_step else None,
    )
    return Claim(name_of(written.name), _results(written, where), declared)


def _results(written: _Claim, where: str) -> dict[str, Result]:
    n = written.operations or 0
    found: dict[str, Result] = {}
    for key, name, unit in (
        ("throughput_per_s", "throughput_per_s", "per_s"),
        ("error_share", "share.failed", "share"),
        ("bytes_per_op", "bytes_per_op", "bytes"),
        ("link_bytes_per_s", "link_bytes_per_s", "bytes_per_s"),
        ("ratio_claimed", "ratio_claimed", "ratio"),
    ):
        value = getattr(written, key)
        if value is not None:
            found[name] = _of(value, unit, n, f"{where}.{key}")
    if written.baseline is not None:
        found["baseline"] = _baseline(written.baseline, f"{where}.baseline")
    return found | _latencies(written.latency, n, f"{where}.latency")


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
    """A rate where it has no unit or one of a rate, otherwise a time."""
    _, unit = _split(value, where)
    return _of(value, "per_s" if unit is None or "/" in unit else "ns", 0, where)


def _seconds(value: str | None, where: str) -> float | None:
    return None if value is None else _of(value, "ns", 0, where).value / 1e9


def _above_0(value: T | None, where: str) -> T | None:
    if value is not None and value <= 0:
        raise SettingsError(f"{where}: expected above 0, got {value}")
    return value
