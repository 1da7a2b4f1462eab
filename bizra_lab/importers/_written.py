"""
Figures as people write them down, with the interval that they leave open.

    "0.12 ms"           whatever rounds to it, 0.115 to 0.125 ms
    "25000 to 35000 /s" a range, its middle as the value
    "< 0.2 %"           anything from 0 up to it, itself as the value
    13e6                a float, which keeps no final zeros: whatever rounds to two digits
"""

from __future__ import annotations

import dataclasses
import re
from decimal import Decimal
from typing import TypeVar

import numpy as np

from bizra_lab.errors import SettingsError, one_line
from bizra_lab.importers._printed import decimal_of, finite, rounded
from bizra_lab.model import Estimate, Moment
from bizra_lab.units import SECOND_NS, to_own, units_of

Number = int | float | str
T = TypeVar("T", int, float)

FIGURE_LENGTH_MAX = 200  # letters; a range of two numbers of 60 digits each, with their units

_MEASURE = re.compile(r"(?P<number>\S+?(?:[eE][-+]?\d+)?)\s*(?P<unit>[^\d\s.]\S*)?")
_RANGE = re.compile(r"(?P<low>\S+) to (?P<high>\S.*)")

# To the day, the minute or the second, and its zone where one is named.
_DATE = re.compile(
    r"(?P<local>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?)?)"
    r"(?P<zone>Z|(?P<sign>[+-])(?P<hours>\d\d):(?P<minutes>\d\d))?"
)

_MINUTE_NS = 60.0 * SECOND_NS  # in which plans are written, and latencies are not

_KNOWN = ("ns", "per_s", "share")  # the lab's own units that a figure of any kind may be converted to


def figure(value: Number, own: str, n: int, where: str) -> Estimate:
    """
    What is written, in the lab's own unit `own`; a time must name its unit, others are in their own without one.

    Raises SettingsError or Unreadable with one line that begins with `where`.
    """
    _refuse_long(value, where)
    text = value.strip() if isinstance(value, str) else ""
    if text.startswith("<"):
        below = figure(text.removeprefix("<").strip(), own, n, where)
        return dataclasses.replace(below, low=0.0, high=below.value)
    if ends := _RANGE.fullmatch(text):
        return _range(ends["low"], ends["high"], own, n, where)
    number, unit = _split(value, where)
    if unit is None and own == "ns":
        raise SettingsError(f"{where}: expected a time with its unit, such as '0.12 ms', got {value!r}")
    return rounded(number, _scale(unit or own, own, where), own, n)


def figure_in_its_unit(value: str, n: int, where: str) -> Estimate:
    """What is written, in the lab's own unit where it has one for it, otherwise in the unit that is written."""
    _refuse_long(value, where)
    _, unit = _split(value.strip().removeprefix("<").split(" to ")[-1].strip(), where)
    if unit is None:
        raise SettingsError(f"{where}: expected a number with its unit, such as '1055 KB', got {value!r}")
    known = [own for own in _KNOWN if unit in units_of(own)]
    return figure(value, "ns" if unit == "min" else known[0] if known else unit, n, where)


def baseline(value: Number, where: str) -> Estimate:
    """A rate where it has no unit or one of a rate, a share where it has one, otherwise a time."""
    _refuse_long(value, where)
    _, unit = _split(value, where)
    if unit is None or "/" in unit:
        return figure(value, "per_s", 0, where)
    return figure(value, "share" if unit in units_of("share") else "ns", 0, where)


def seconds(value: str | None, where: str) -> float | None:
    """A time in s; None where there is none."""
    return None if value is None else figure(value, "ns", 0, where).value / SECOND_NS


def moment(written: str, where: str) -> Moment:
    """
    A date in ISO 8601, to the day, the minute or the second: any moment within that.

    Raises SettingsError for anything else.
    """
    match = _DATE.fullmatch(written)
    try:
        begins = np.datetime64(match["local"]) if match else None
    except ValueError:
        begins = None
    if match is None or begins is None:
        raise SettingsError(f"{where}: expected a date such as '2025-10-19T00:11+04:00', got {written!r}")
    earliest_s, latest_s = (float(each.astype("datetime64[s]").astype(int)) for each in (begins, begins + 1))
    return Moment(written, earliest_s, latest_s, _ahead_s(match) if match["zone"] else None)


def _ahead_s(date: re.Match[str]) -> float:
    """By how much a zone's clocks are ahead of UTC."""
    if date["sign"] is None:
        return 0.0
    ahead_s = int(date["hours"]) * 3600.0 + int(date["minutes"]) * 60.0
    return ahead_s if date["sign"] == "+" else -ahead_s


def above_0(value: T | None, where: str) -> T | None:
    """The value itself. Raises SettingsError where it is 0 or less, and Unreadable where it is too large for any."""
    if value is not None and value <= 0:
        raise SettingsError(f"{where}: expected above 0, got {value}")
    if value is not None:
        finite(Decimal(value), where)
    return value


def _refuse_long(value: Number, where: str) -> None:
    """Raise SettingsError for more than anybody writes as a figure: taking it apart would take its time."""
    if isinstance(value, str) and len(value) > FIGURE_LENGTH_MAX:
        raise SettingsError(f"{where}: expected a number with its unit, got {len(value):,} letters")


def _range(low: str, high: str, own: str, n: int, where: str) -> Estimate:
    last = figure(high, own, n, where)
    _, unit = _split(high, where)
    first = figure(f"{low} {unit}" if unit else low, own, n, where)
    if first.value > last.value:
        raise SettingsError(f"{where}: expected a range that rises, got {low!r} to {high!r}")
    return Estimate((first.value + last.value) / 2, first.value, last.value, own, n)


def _scale(unit: str, own: str, where: str) -> float:
    if own == "ns" and unit == "min":
        return _MINUTE_NS
    try:
        return to_own(1.0, unit, own)
    except ValueError as error:
        raise SettingsError(f"{where}: {one_line(error)}") from None


def _split(value: Number, where: str) -> tuple[Decimal, str | None]:
    if isinstance(value, float):
        # YAML keeps no final zeros: 13e6 and 13000000.0 are one, and stand for what the fewest digits stand for.
        return finite(Decimal(repr(value)).normalize(), where), None
    match = _MEASURE.fullmatch(str(value).strip())
    if match is None:
        raise SettingsError(f"{where}: expected a number with its unit, got {value!r}")
    return decimal_of(match["number"], where), match["unit"]
