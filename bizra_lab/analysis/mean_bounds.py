"""
What published percentiles allow the mean and the standard deviation to be, and nothing narrower.

Between two published percentiles the distribution may be anything that rises. Putting everything as low, or as high,
as they permit gives the ends, W_lo = Σ(p_{i+1} − p_i)·q_i and W_hi = Σ(p_{i+1} − p_i)·q_{i+1}, where q_0 is the minimum
(0 where none is published) and the last q the maximum (without one nothing bounds the mean from above). They are sharp:
some distribution with these very percentiles comes as close to them as one likes. So a printed mean outside of them, or
a throughput that needs one, contradicts the percentiles, whatever the distribution was.

A printed number is an interval, since its digits were rounded; every bound here holds for all values in it.

Source: Little's Law asks for a mean where tools publish percentiles; the bounds follow from E[X] = ∫Q(p)dp for a rising
quantile function Q. Those of the deviation: a convex function's largest value lies at the ends of the ranges, its
smallest where all values are as near to each other as their ranges permit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import numpy as np

from bizra_lab.model import Floats

Definition = Literal["nearest", "any"]

_FLOAT_LOSS = 1e-12  # relative; what sums of a few dozen floats lose


class Contradiction(ValueError):
    """Published figures that no set of operations can have together."""


@dataclass(frozen=True, slots=True)
class Span:
    """All that a figure may be: `low` to `high`, both in the figure's own unit; `high` may be infinite."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high or math.isinf(self.low):
            raise ValueError(f"a span goes from a finite low to a high above it, got {self.low} to {self.high}")


@dataclass(frozen=True, slots=True)
class Published:
    """
    What is disclosed of non-negative times: quantiles by probability, and where given the extremes and the number n.

    With n the figures are of n single values, and so are the bounds; without it they hold for any large number.
    `definition` says which of the n values a quantile is: the ⌈n·p⌉-th (`nearest`), or by a rule unknown (`any`), which
    leaves it between the ⌊n·p⌋-th and the ⌈n·p⌉+1-th, where all nine definitions in use lie.

    Raises ValueError for a figure that is no time or a probability outside 0..1, Contradiction where quantiles fall.

    Source: R. J. Hyndman, Y. Fan (1996), The American Statistician 50(4), 361-365, on the nine definitions.
    """

    quantiles: Mapping[Fraction, Span]
    least: Span | None = None
    most: Span | None = None
    n: int | None = None
    definition: Definition = "any"

    def __post_init__(self) -> None:
        if not self.quantiles and self.least is None and self.most is None:
            raise ValueError("no percentile, no minimum and no maximum: nothing to bound a mean with")
        if self.n is not None and self.n < 1:
            raise ValueError(f"{self.n} operations have no percentiles")
        for p in self.quantiles:
            if not 0 < p < 1:
                raise ValueError(f"a quantile lies between 0 and 1, got {p}")
        for span in (self.least, *self.quantiles.values(), self.most):
            if span is not None and (span.low < 0 or math.isinf(span.high)):
                raise ValueError(f"a time is finite and not negative, got {span.low} to {span.high}")
        cells = _cells(self)
        if np.any(cells.high < cells.low):
            raise Contradiction(f"percentiles must not fall as they rise to the maximum: {_listed(self)}")


def rounding(text: str) -> Span:
    """
    What a printed decimal number may have been before it was rounded: "0.12" is 0.115 to 0.125, "12" 11.5 to 12.5.

    Trailing zeros count as printed. Never below 0, since what is printed here are times.
    Raises ValueError for text that is not a finite, non-negative decimal number.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"expected a decimal number, got {text!r}") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or number < 0:
        raise ValueError(f"expected a finite number that is not negative, got {text!r}")
    half = Decimal(5).scaleb(exponent - 1)
    return Span(float(max(Decimal(0), number - half)), float(number + half))


def mean_bounds(published: Published) -> Span:
    """
    The least and the greatest mean that figures permit, in their unit; `high` is infinite where no maximum is known.

    By Little's Law, throughput times this is what the mean number in flight may be.
    """
    cells = _cells(published)
    return Span(_least_mean(cells), float(np.dot(cells.share, cells.high)))


def deviation_bounds(published: Published, mean: Span | None = None) -> Span:
    """
    The least and the greatest standard deviation (÷ n) that figures permit, in their unit, given also a printed `mean`.

    `high` is infinite where no maximum is known. It is sharp for many operations; of few, one may make it less.
    Raises Contradiction when no value in `mean` is one that the percentiles permit.
    """
    cells, possible = _cells(published), mean_bounds(published)
    given = possible if mean is None else mean
    if given.high < possible.low * (1 - _FLOAT_LOSS) or given.low > possible.high * (1 + _FLOAT_LOSS):
        raise Contradiction(
            f"a mean of {given.low:.6g} to {given.high:.6g} lies outside {possible.low:.6g} to {possible.high:.6g}, "
            "which is all that the percentiles permit"
        )
    means = Span(*(min(max(end, possible.low), possible.high) for end in (given.low, given.high)))
    most = math.inf if math.isinf(possible.high) else math.sqrt(_most_variance(cells, means))
    return Span(min(math.sqrt(_least_variance(cells, means)), most), most)


@dataclass(frozen=True, slots=True)
class _Cells:
    """Equal arrays: `share` of the operations, which sum to 1, each of which lies between `low` and `high`; rising."""

    share: Floats
    low: Floats
    high: Floats


def _cells(published: Published) -> _Cells:
    """Every operation with the range left to it, those with the same range together, the lowest first."""
    knots = _knots(published)
    edges = sorted({Fraction(0), Fraction(1), *(at for _, *places in knots for at in places)})
    low, high = np.zeros(len(edges) - 1), np.full(len(edges) - 1, math.inf)
    for span, at_most_up_to, at_least_from in knots:
        below, above = slice(edges.index(at_most_up_to)), slice(edges.index(at_least_from), None)
        high[below] = np.minimum(high[below], span.high)
        low[above] = np.maximum(low[above], span.low)
    return _Cells(np.array([float(last - first) for first, last in pairwise(edges)]), low, high)


def _knots(published: Published) -> list[tuple[Span, Fraction, Fraction]]:
    """Each figure with the share of operations up to which all are at most it, and from which on all are at least."""
    one = Fraction(0) if published.n is None else Fraction(1, published.n)
    found = [(span, *_places(p, published.n, published.definition)) for p, span in published.quantiles.items()]
    if published.least is not None:
        found.append((published.least, one, Fraction(0)))
    if published.most is not None:
        found.append((published.most, Fraction(1), 1 - one))
    return found


def _places(p: Fraction, n: int | None, definition: Definition) -> tuple[Fraction, Fraction]:
    if n is None:
        return p, p
    rank = math.ceil(n * p)
    if definition == "nearest":
        return Fraction(rank, n), Fraction(rank - 1, n)
    return Fraction(math.floor(n * p), n), Fraction(min(rank, n - 1), n)


def _least_mean(cells: _Cells) -> float:
    return float(np.dot(cells.share, cells.low))


def _most_variance(cells: _Cells, means: Span) -> float:
    """
    The greatest variance with a mean in `means`.

    Each cell's operations lie at its ends. Starting with all at the low ends, a cell moved to its high end adds to the
    second moment low + high for each unit it adds to the mean, so the top cells move first. In between, second moment
    less mean² is a parabola in the mean, whose top, or the nearest end, is its greatest.
    """
    # Counted from the least mean, since squares of large times that differ little lose the difference.
    origin = _least_mean(cells)
    low, high = cells.low - origin, cells.high - origin
    gain = (low + high)[::-1]
    mean = np.concatenate([[0.0], np.cumsum((cells.share * (high - low))[::-1])])
    second = float(cells.share @ low**2) + np.concatenate([[0.0], np.cumsum(np.diff(mean) * gain)])
    lowest, highest = np.clip((means.low - origin, means.high - origin), 0.0, mean[-1])
    permitted = (mean[1:] >= lowest) & (mean[:-1] <= highest)
    first, last = np.maximum(mean[:-1], lowest), np.minimum(mean[1:], highest)
    at = np.clip(gain / 2, first, np.maximum(first, last))
    variance = second[:-1] + gain * (at - mean[:-1]) - at**2
    return max(0.0, float(variance[permitted].max()))


def _least_variance(cells: _Cells, means: Span) -> float:
    """
    The least variance with a mean in `means`.

    Every operation lies as near to one point as its range lets it; the point that is its own mean is best, else the
    nearest whose mean is permitted. As the point moves, the mean moves along straight lines between the cells' ends.
    """
    # Without a maximum, what is above the last percentile still cannot lift the mean beyond what is permitted.
    ends = np.concatenate([cells.low, cells.high[np.isfinite(cells.high)]])
    room = (means.high - _least_mean(cells)) / cells.share[-1] if math.isfinite(means.high) else 0.0
    high = np.minimum(cells.high, ends.max() + room)
    points = np.unique(np.concatenate([cells.low, high]))
    mean = np.clip(points[:, None], cells.low, high) @ cells.share
    # Both rise with the point; floats may lose that in the last digit.
    mean, ahead = np.maximum.accumulate(mean), np.maximum.accumulate(points - mean)
    itself = np.interp(0.0, ahead, points)
    nearest = np.clip(itself, np.interp(means.low, mean, points), np.interp(means.high, mean, points))
    values = np.clip(nearest, cells.low, high)
    return float(cells.share @ (values - cells.share @ values) ** 2)


def _listed(published: Published) -> str:
    inner = {f"p{float(p * 100):.10g}": published.quantiles[p] for p in sorted(published.quantiles)}
    figures = {"min": published.least, **inner, "max": published.most}
    words = [f"{name} {span.low:.6g} to {span.high:.6g}" for name, span in figures.items() if span is not None]
    return ", ".join(words) + ("" if published.n is None else f" of {published.n} operations")
