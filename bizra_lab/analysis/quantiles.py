"""
Exact quantiles with intervals that assume no distribution.

A quantile here is an order statistic: the r-th smallest of n values with r = ⌈n·p⌉, so it is a value that was seen.
The rank is computed in rational numbers, since ⌈n·p⌉ in floats is off by one in places (n = 100, p = 0.07 gives 8).

The interval holds for independent values only. Dependence makes it too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from scipy import stats

from bizra_lab.model import Estimate, Ints, Result, Unavailable

TAIL_SAMPLES_MIN = 20  # operations beyond the quantile; with fewer, one outlier moves it by its own size

# How far from the median of the binomial the lower rank is looked for. Beyond it lies a millionth of the error allowed.
_SEARCH_SHARE = 1e-6


def probability(p: float | str) -> Fraction:
    """
    `p` as the decimal number it was written as: 0.999 is 999/1000, not the nearest binary fraction.

    Raises ValueError unless 0 < p < 1.
    """
    exact = Fraction(str(p))
    if not 0 < exact < 1:
        raise ValueError(f"a quantile lies between 0 and 1, got {p}")
    return exact


def quantile_name(p: Fraction) -> str:
    """How a quantile is called in the name of a result: 999/1000 is "p99.9"."""
    return f"p{float(p * 100):.10g}"


def rank(n: int, p: Fraction) -> int:
    """The rank of the p-quantile among n values, 1 the smallest: ⌈n·p⌉, exactly."""
    return max(1, math.ceil(n * p))


def samples_needed(p: Fraction) -> int:
    """The smallest n that leaves `TAIL_SAMPLES_MIN` operations on either side of the quantile."""
    return math.ceil(TAIL_SAMPLES_MIN / min(p, 1 - p))


def rank_interval(n: int, p: Fraction, confidence: float) -> tuple[int, int] | None:
    """
    The shortest pair of ranks (low, high) whose order statistics enclose the p-quantile with `confidence`.

    The quantile lies between the l-th and the u-th of n independent values with probability P(l ≤ B ≤ u − 1),
    B binomial in n and p. Among the pairs that reach `confidence` the shortest is taken, and of those the likeliest.
    None when no pair of the n values reaches it.

    Source: H. A. David, H. N. Nagaraja, Order Statistics (2003), section 7.1.
    """
    binomial = stats.binom(n, float(p))
    spare = 1 - confidence
    first = max(1, int(binomial.ppf(spare * _SEARCH_SHARE)))
    last = max(first, int(binomial.ppf(spare)) + 1)
    lows = np.arange(first, last + 1)
    below = binomial.cdf(lows - 1)
    highs = binomial.ppf(np.minimum(below + confidence, 1.0)).astype(np.int64) + 1
    possible = highs <= n
    if not possible.any():
        return None
    lows, highs, below = lows[possible], highs[possible], below[possible]
    widths = highs - lows
    shortest = np.flatnonzero(widths == widths.min())
    coverage = binomial.cdf(highs[shortest] - 1) - below[shortest]
    best = shortest[int(np.argmax(coverage))]
    return int(lows[best]), int(highs[best])


def quantiles(values: Ints, probabilities: Sequence[Fraction], confidence: float, unit: str) -> dict[Fraction, Result]:
    """
    Each quantile of `values` as an Estimate in `unit`, or Unavailable with the number of operations it needs.

    One partial sort finds all ranks together. It leaves `values` in another order, since a copy of a hundred million
    latencies is memory that a measurement may need.
    """
    n = len(values)
    wanted: dict[Fraction, tuple[int, int, int]] = {}
    found: dict[Fraction, Result] = {}
    for p in probabilities:
        between = rank_interval(n, p, confidence) if n >= samples_needed(p) else None
        if between is None:
            found[p] = Unavailable(
                f"{n} operations do not bound the {float(p):.10g} quantile; it needs {samples_needed(p)}"
            )
        else:
            wanted[p] = (between[0], rank(n, p), between[1])
    order = order_statistics(values, [each for ranks in wanted.values() for each in ranks])
    for p, (low, middle, high) in wanted.items():
        found[p] = Estimate(float(order[middle]), float(order[low]), float(order[high]), unit, n)
    return {p: found[p] for p in probabilities}


def order_statistics(values: Ints, ranks: Sequence[int]) -> dict[int, int]:
    """The value at each rank (1 the smallest), by one partial sort that leaves `values` in another order."""
    if not ranks:
        return {}
    places = np.unique(np.asarray(ranks, dtype=np.int64)) - 1
    values.partition(places)
    return {int(place) + 1: int(values[place]) for place in places}
