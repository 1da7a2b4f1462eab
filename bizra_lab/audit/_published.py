"""
What published percentiles and extremes leave open: the shares of operations that are at least, or at most, so long.

Of n operations, those above the p-quantile's place are at least as long as it, those below it at most. Between two
published figures anything may be. So every bound here holds for whatever the distribution was, and for each value that
rounds to the digits printed.

Source: E[X] = ∫Q(p)dp for a quantile function Q that rises; R. J. Hyndman, Y. Fan (1996), The American Statistician
50(4), 361-365, on the ranks between which a quantile lies by whatever definition.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from bizra_lab.audit._rule import estimates
from bizra_lab.model import Claim, Estimate, NotChecked
from bizra_lab.units import say, say_interval

# Relative; percentiles out of histograms and sketches, as many tools print them, are off by as much.
SKETCH_LOSS = 0.01

# Relative; the same decimal number, reached by two ways.
FLOAT_LOSS = 1e-9

# Units in which results are worded as everywhere in the lab; those of others are left as they were written.
OWN_UNITS = ("ns", "per_s", "share")

# The answer of a rule about something that only some claims say.
UNCLAIMED = NotChecked("nothing of the kind is claimed", undisclosed=False)

_NAMED = re.compile(r"^(?P<stem>\w+)\.(?:p(?P<percent>\d+(?:\.\d+)?)|(?P<end>min|max))$")


@dataclass(frozen=True, slots=True)
class Knot:
    """A published figure in ns, and the share of operations that it is the quantile of: 0 and 1 for the extremes."""

    name: str
    p: Fraction
    figure: Estimate


@dataclass(frozen=True, slots=True)
class Bounds:
    """All that a figure may be; `high` may be infinite."""

    low: float
    high: float


def apart(here: Estimate | Bounds, there: Estimate | Bounds) -> bool:
    """Whether no value of one interval is in the other, but for what arithmetic on floats loses."""
    slack = FLOAT_LOSS * max(abs(here.low), abs(there.low))
    return here.low > there.high + slack or here.high + slack < there.low


def say_value(figure: Estimate) -> str:
    """What is printed, for a person: "1.100 ms", "less than 300 cycles", "1,055 KB"; no digits that were not there."""
    below = "less than " if figure.low == 0 and figure.value == figure.high > 0 else ""
    number = say(figure.value, figure.unit) if figure.unit in OWN_UNITS else f"{figure.value:,.12g} {figure.unit}"
    return f"{below}{number}"


def say_limit(limit: float, unit: str) -> str:
    """A limit of a result in this unit, for a person."""
    return say_value(Estimate(limit, limit, limit, unit, 0))


def say_figure(name: str, figure: Estimate) -> str:
    """A result by its name for a person: "latency_ns.p99 of 1.100 ms"."""
    return f"{name} of {say_value(figure)}"


def say_where(values: Mapping[str, str]) -> str:
    """Which claims print what, those that print the same together: "0 ns in b, 12.00 µs in c and 2 more"."""
    by_value: dict[str, list[str]] = {}
    for name, value in values.items():
        by_value.setdefault(value, []).append(name)
    return ", ".join(f"{value} in {first}{and_more(more)}" for value, (first, *more) in by_value.items())


def and_more(things: Sequence[object]) -> str:
    """The words " and 3 more" for things that are counted and not named; nothing where there are none."""
    return f" and {len(things):,} more" if things else ""


def same_thing(claim: Claim) -> Iterator[Claim]:
    """The claims beside this one that speak of the same thing."""
    about = claim.stated.about
    return (other for other in claim.beside if about is not None and other.stated.about == about)


def knots(claim: Claim, stem: str) -> tuple[Knot, ...]:
    """The minimum, percentiles and maximum that a claim gives of `stem` (such as latency_ns), by rising share."""
    found = []
    for name, figure in estimates(claim, f"{stem}."):
        match = _NAMED.match(name)
        if match is None or match["stem"] != stem:
            continue
        p = Fraction(match["percent"]) / 100 if match["percent"] else Fraction(match["end"] == "max")
        if p <= 1:
            found.append(Knot(name, p, figure))
    return tuple(sorted(found, key=lambda knot: (knot.p, knot.name)))


def mean_bounds(published: Sequence[Knot], n: int) -> Bounds:
    """
    The least and the greatest mean of `n` operations (0 where unknown, then many) that figures permit.

    Without a maximum nothing bounds it from above.
    """
    low = sum(share * value for share, value in _at_least(published, n))
    high = sum(share * value for share, value in _at_most(published, n))
    return Bounds(low * (1 - SKETCH_LOSS), high * (1 + SKETCH_LOSS))


def deviation_bounds(published: Sequence[Knot], n: int, mean: Bounds) -> Bounds:
    """
    What figures leave open for the standard deviation of `n` operations, given what their mean may be.

    Each operation is at least as far from the mean as the figures keep it; and with all between the extremes a and b
    the variance is at most (b − m)(m − a). Neither end is the sharpest there is.

    Source of the latter: R. Bhatia, C. Davis (2000), American Mathematical Monthly 107(4), 353-357.
    """
    above = sum(share * max(0.0, value - mean.high) ** 2 for share, value in _at_least(published, n))
    below = sum(share * max(0.0, mean.low - value) ** 2 for share, value in _at_most(published, n))
    least = min((knot.figure.low for knot in published if knot.p == 0), default=0.0)
    most = max((knot.figure.high for knot in published if knot.p == 1), default=math.inf)
    if math.isinf(most):
        return Bounds(math.sqrt(above + below) * (1 - SKETCH_LOSS), math.inf)
    middle = min(max((least + most) / 2, mean.low), mean.high)
    widest = max(0.0, (most - middle) * (middle - least))
    of_a_sample = n / (n - 1) if n > 1 else 1.0
    return Bounds(math.sqrt(above + below) * (1 - SKETCH_LOSS), math.sqrt(widest * of_a_sample) * (1 + SKETCH_LOSS))


def forced_mean(claim: Claim) -> Bounds | None:
    """What percentiles and extremes of latency leave open for a mean that is not given, in ns; None without any."""
    figures = knots(claim, "latency_ns")
    return mean_bounds(figures, min(knot.figure.n for knot in figures)) if figures else None


def _at_least(published: Sequence[Knot], n: int) -> list[tuple[float, float]]:
    """All operations, as (share, ns that each of them at least took)."""
    from_share = [(0.0, 0.0), *((_place_above(knot.p, n), knot.figure.low) for knot in published)]
    steps: list[tuple[float, float]] = []
    reached = 0.0
    for (begin, value), (end, _) in pairwise([*sorted(from_share), (1.0, 0.0)]):
        reached = max(reached, value)
        steps.append((end - begin, reached))
    return steps


def _at_most(published: Sequence[Knot], n: int) -> list[tuple[float, float]]:
    """All operations, as (share, ns that each of them at most took)."""
    up_to_share = sorted(((_place_below(knot.p, n), knot.figure.high) for knot in published), reverse=True)
    steps: list[tuple[float, float]] = []
    reached = math.inf
    for (end, value), (begin, _) in pairwise([(1.0, math.inf), *up_to_share, (0.0, 0.0)]):
        reached = min(reached, value)
        if end > begin:
            steps.append((end - begin, reached))
    return steps


def _place_above(p: Fraction, n: int) -> float:
    """From which share of the operations on, rising, each is at least the quantile."""
    if p == 1:
        return 1 - 1 / n if n else 1.0
    return math.ceil(p * n) / n if n else float(p)


def _place_below(p: Fraction, n: int) -> float:
    """Up to which share of the operations, rising, each is at most the quantile."""
    if p == 1:
        return 1.0
    return math.floor(p * n) / n if n else float(p)


def say_bounds(bounds: Bounds) -> str:
    """Both ends of a time in ns for a person, or the lower one where there is no other."""
    if math.isinf(bounds.high):
        return f"{say(bounds.low, 'ns')} or more"
    return say_interval(bounds.low, bounds.high, "ns")


def printed(value: float) -> Bounds:
    """What a number may have been before it was written with so many digits: 0.019 is 0.0185 to 0.0195, 120 ± 0.5."""
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    assert isinstance(exponent, int), "declared numbers are finite"
    half = 0.5 * 10.0 ** min(exponent, 0)
    return Bounds(max(value - half, 0.0), value + half)
