"""
Units, and numbers as people read them.

Inside the lab a time is an integer or float of nanoseconds, a rate is per second, a share lies in 0..1; the unit is
the last word of the name. Other units exist only at the border: in a gate's `limit`, in a printed table.
"""

from __future__ import annotations

import math

SECOND_NS = 1_000_000_000

# How many of the lab's own unit one of the named unit is; grouped by the lab's unit.
_SCALES: dict[str, dict[str, float]] = {
    "ns": {"ns": 1.0, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9},
    "per_s": {"per_s": 1.0, "/s": 1.0, "req/s": 1.0, "ops/s": 1.0},
    "share": {"share": 1.0, "%": 1e-2},
    "operations": {"operations": 1.0},
}

SIGNIFICANT_DIGITS = 4  # more than a noisy machine can repeat, fewer than hide a change worth seeing


def units_of(own: str) -> tuple[str, ...]:
    """Every unit in which a result kept in the lab's own unit `own` may be stated."""
    return tuple(_SCALES.get(own, {own: 1.0}))


def to_own(value: float, unit: str, own: str) -> float:
    """
    `value` in `unit`, converted to the lab's own unit (`ns`, `per_s`, `share`, `operations`).

    Raises ValueError when the two do not measure the same thing.
    """
    scales = _SCALES.get(own, {own: 1.0})
    if unit not in scales:
        raise ValueError(f"{unit!r} does not measure what {own!r} does; expected one of {', '.join(scales)}")
    return value * scales[unit]


def rounded(value: float, digits: int = SIGNIFICANT_DIGITS) -> float:
    """`value` to so many significant digits: what tables and charts show, so that they repeat across machines."""
    if value == 0 or not math.isfinite(value):
        return value
    return float(f"{value:.{digits - 1}e}")


def say(value: float, unit: str) -> str:
    """A number with its unit for a person: `say(1234.5, "ns")` is "1.234 µs"; four significant digits, never fewer."""
    match unit:
        case "ns":
            return _say_ns(value)
        case "per_s":
            return f"{_plain(value)} /s"
        case "share":
            return f"{_plain(value * 100)} %"
        case "" | "ratio":
            return _plain(value)
        case _:
            return f"{_plain(value)} {unit}"


def say_interval(low: float, high: float, unit: str) -> str:
    """Both ends for a person, the unit once where it is the same: "1.200 to 1.260 µs", "980.0 ns to 1.020 µs"."""
    first, last = say(low, unit), say(high, unit)
    number, _, name = first.partition(" ")
    return f"{number if last.endswith(f' {name}') else first} to {last}"


def _say_ns(value: float) -> str:
    shown = rounded(value)
    for name, scale in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if abs(shown) >= scale:
            return f"{_plain(shown / scale)} {name}"
    return f"{_plain(shown)} ns"


def _plain(value: float) -> str:
    shown = rounded(value)
    if shown == 0:
        return "0"
    if not math.isfinite(shown):
        return str(shown)
    if abs(shown) < 1e-4:
        return f"{shown:.{SIGNIFICANT_DIGITS - 1}e}"
    decimals = max(0, SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(abs(shown))))
    return f"{shown:,.{decimals}f}"


def printable(text: str) -> str:
    """Other people's words on one line: none of them may break a line, command a terminal, or be no UTF-8."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in " ".join(text.split()))
