"""
Numbers as tools print them, with the interval that their digits leave open.

"0.12 ms" stands for everything that rounds to it, 0.115 to 0.125 ms; a tool that cuts digits off instead means 0.12 to
0.13 ms. A float written in full stands for itself.
"""

from __future__ import annotations

import re
from decimal import Decimal

from bizra_lab.errors import Unreadable
from bizra_lab.model import Estimate, Result, Unavailable

# Three digits of exponent are more than a double holds; more would only be a way to ask for a huge number.
_NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?", re.ASCII)
_MEASURE = re.compile(r"(?P<number>\S*?\d)\s*(?P<unit>[a-zµ]+)")

NUMBER_LENGTH_MAX = 60  # digits; a double prints with 17
EXPONENT_MAX = 30  # powers of ten; nothing that is measured is so far from 1, and its products fit a double

NS_PER = {"ns": 1.0, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9}


def decimal_of(text: str, where: str) -> Decimal:
    """
    The number a text is, 0 or more, its digits kept.

    Raises Unreadable for anything else: a sign, a comma, NaN, an infinity.
    """
    if len(text) > NUMBER_LENGTH_MAX or not _NUMBER.fullmatch(text):
        hint = " with a decimal point, not a comma" if re.fullmatch(r"[\d.]*,[\d.,]*", text) else ""
        raise Unreadable(f"{where}: expected a number of 0 or more{hint}, got {text[:NUMBER_LENGTH_MAX]!r}")
    return finite(Decimal(text), where)


def finite(number: Decimal, where: str) -> Decimal:
    """The number itself when it is 0 or more and something may measure so much; raises Unreadable otherwise."""
    shown = str(number)[:NUMBER_LENGTH_MAX]
    if not number.is_finite() or number < 0:
        raise Unreadable(f"{where}: expected a number of 0 or more, got {shown}")
    if number and abs(number.adjusted()) > EXPONENT_MAX:
        raise Unreadable(
            f"{where}: expected 0, or a number between 1e-{EXPONENT_MAX} and 1e{EXPONENT_MAX}, got {shown}"
        )
    return number


def time_of(text: str, where: str) -> tuple[Decimal, float]:
    """A time such as "161.00us", as its number and the ns in its unit."""
    match = _MEASURE.fullmatch(text.strip())
    if match is None or match["unit"] not in NS_PER:
        raise Unreadable(f"{where}: expected a time in {', '.join(NS_PER)}, got {text[:NUMBER_LENGTH_MAX]!r}")
    return decimal_of(match["number"], where), NS_PER[match["unit"]]


def exact(value: float, unit: str, n: int) -> Estimate:
    """A value that stands for itself."""
    return Estimate(value, value, value, unit, n)


def rounded(number: Decimal, scale: float, unit: str, n: int, step: Decimal | None = None) -> Estimate:
    """
    `number` × `scale`, within half a step either way, and not below 0.

    The step is one in the last digit as printed; a tool that leaves out final zeros needs its own told.
    """
    half = (_last_digit(number) if step is None else step) / 2
    value, low, high = float(number), float(max(number - half, Decimal(0))), float(number + half)
    return Estimate(value * scale, low * scale, high * scale, unit, n)


def cut(number: Decimal, scale: float, unit: str, n: int) -> Estimate:
    """`number` × `scale`, or up to one more in its last digit: digits below were cut off."""
    value, high = float(number), float(number + _last_digit(number))
    return Estimate(value * scale, value * scale, high * scale, unit, n)


def _last_digit(number: Decimal) -> Decimal:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "infinities were refused before"
    return Decimal(1).scaleb(exponent)


def share(hits: int, n: int) -> Result:
    """`hits` of `n` operations as a share: a count, so without spread."""
    if n == 0:
        return Unavailable("no operations")
    return exact(min(hits / n, 1.0), "share", n)


def failures_timed(timed: int, untimed: int) -> bool | None:
    """
    Whether latencies are of the failed operations too, when so many of those were timed and so many were not.

    None where there are both, so that neither holds, and where nothing failed.
    """
    return bool(timed) if bool(timed) != bool(untimed) else None


def quantile_name(percent: str, where: str) -> str:
    """What the quantile at so many percent is called: "99.900" is p99.9, "100" is max, "0" is min."""
    number = decimal_of(percent, where)
    if number > 100:
        raise Unreadable(f"{where}: expected a percentage up to 100, got {percent!r}")
    return {Decimal(0): "min", Decimal(100): "max"}.get(number, f"p{number.normalize():f}")


def of_batches(calls: int) -> Unavailable:
    """The reason why extremes and quantiles of batch means are not given as those of calls."""
    return Unavailable(f"timed in batches of {calls:,} calls; a quantile of their means is none of the calls")
