"""
A logarithmic axis whose marks read as people say them: "10 µs", "1 % (p99)".

Bounds and marks are chosen here and written into the spec, so that every program that draws it draws the same axis.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import altair as alt

DECADES_MIN = 2  # a shorter axis is marked at 1, 2 and 5 as well, or it would have one mark or none

TIME_TITLE: Final = "latency (ns to s as marked, log scale)"

# Expressions of vega, which words the marks; `datum.value` is in the lab's own unit.
TIME_LABEL: Final = (
    "datum.value < 1e3 ? format(datum.value, '~r') + ' ns'"
    " : datum.value < 1e6 ? format(datum.value / 1e3, '~r') + ' µs'"
    " : datum.value < 1e9 ? format(datum.value / 1e6, '~r') + ' ms'"
    " : format(datum.value / 1e9, ',') + ' s'"
)
SHARE_LABEL: Final = (
    "format(datum.value * 100, '~r') + ' %'"
    " + (datum.value < 1 ? ' (p' + format(100 - datum.value * 100, '.12~r') + ')' : '')"
)


@dataclass(frozen=True, slots=True)
class LogAxis:
    """The bounds of an axis, 0 < low < high, and the values marked on it."""

    low: float
    high: float
    marks: tuple[float, ...]

    def held(self, value: float) -> float:
        """`value`, or the nearest bound when it lies outside: a logarithm has no place for 0."""
        return min(max(value, self.low), self.high)

    def place(self, value: float) -> float:
        """Where on the axis a value lies: 0 at the low end, 1 at the high end."""
        return math.log(self.held(value) / self.low) / math.log(self.high / self.low)

    def at(self, place: float) -> float:
        """The value at a place between 0 and 1."""
        return self.low * math.pow(self.high / self.low, place)

    @property
    def scale(self) -> alt.Scale:
        """The scale as altair has it."""
        return alt.Scale(type="log", domain=[self.low, self.high], nice=False)

    def axis(self, label: str) -> alt.Axis:
        """The axis as altair has it, its marks worded by the expression `label`."""
        return alt.Axis(values=list(self.marks), labelExpr=label, labelOverlap=False)


def log_axis(values: Iterable[float]) -> LogAxis:
    """
    The shortest axis from one of 1, 2, 5 × 10ⁿ to another that holds every positive, finite value.

    Values of 0 and gaps have no place on it and are left out; without any value the axis runs from 1 to 10.
    """
    drawable = [value for value in values if value > 0 and math.isfinite(value)]
    steps = _steps_around(min(drawable, default=1.0), max(drawable, default=10.0))
    low, high = steps[0], steps[-1]
    decades = tuple(step for step in steps if _is_decade(step))
    long = math.log10(high / low) >= DECADES_MIN
    return LogAxis(low, high, decades if long else tuple(steps))


def _steps_around(low: float, high: float) -> list[float]:
    """Every 1, 2, 5 × 10ⁿ from the last at or below `low` to the first above it and at or above `high`."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1
    steps = [float(f"{digit}e{power}") for power in range(first, last + 1) for digit in (1, 2, 5)]
    start = max(position for position, step in enumerate(steps) if step <= low)
    end = next(position for position, step in enumerate(steps) if step >= high and position > start)
    return steps[start : end + 1]


def _is_decade(step: float) -> bool:
    return f"{step:e}".startswith("1.0")
