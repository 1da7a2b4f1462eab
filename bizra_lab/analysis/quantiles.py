"""
Exact quantiles with intervals that assume no distribution.

A quantile here is an order statistic: the r-th smallest of n values with r = ⌈n·p⌉, so it is a value that was seen.
The rank is computed in rational numbers, since ⌈n·p⌉ in floats is off by one in places (n = 100, p = 0.07 gives 8).

Values in time order get the interval of as many independent ones as they are worth (`dependence`): a pair of ranks that
would enclose the quantile among n_eff, stretched to n. Where the order is not known, values are taken as independent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import stats

from bizra_lab.analysis.dependence import Dependence, Inflation, at_quantiles
from bizra_lab.analysis.selection import Ranked
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


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile with its interval, and how many independent operations tell as much about it as those seen."""

    value: Result
    n_eff: Result


def quantiles_in_order(
    in_order: Ints, probabilities: Sequence[Fraction], confidence: float, unit: str
) -> dict[Fraction, Quantile]:
    """
    Each quantile of values in time order, in `unit`, or Unavailable with the number of operations that it needs.

    That number grows with the dependence, for what must lie beyond the quantile are independent operations.
    """
    n = len(in_order)
    alone = {p: Dependence(n, p, Inflation()) for p in probabilities}
    known = [p for p in probabilities if n >= samples_needed(p)]
    if not known:
        return {p: Quantile(few := _too_few(each), few) for p, each in alone.items()}
    ranked = Ranked.of(in_order)
    middles = ranked.at([rank(n, p) for p in known])
    dependence = at_quantiles(in_order, {p: middles[rank(n, p)] for p in known})
    return {
        p: Quantile(value, dependence[p].estimate(confidence) if p in dependence else value)
        for p, value in _bounded(ranked, {**alone, **dependence}, confidence, unit).items()
    }


def quantiles(values: Ints, probabilities: Sequence[Fraction], confidence: float, unit: str) -> dict[Fraction, Result]:
    """
    Each quantile of independent `values` as an Estimate in `unit`, or Unavailable with the number of operations needed.
    """
    alone = {p: Dependence(len(values), p, Inflation()) for p in probabilities}
    if not len(values):
        return {p: _too_few(each) for p, each in alone.items()}
    return _bounded(Ranked.of(values), alone, confidence, unit)


def _bounded(
    ranked: Ranked, dependence: Mapping[Fraction, Dependence], confidence: float, unit: str
) -> dict[Fraction, Result]:
    """The quantiles with the intervals that their dependence leaves them."""
    n = len(ranked.values)
    ranks = {p: ends for p, each in dependence.items() if (ends := _ranks(each, confidence)) is not None}
    order = ranked.at([each for p, ends in ranks.items() for each in (*ends, rank(n, p))])
    found: dict[Fraction, Result] = {}
    for p, each in dependence.items():
        if p in ranks:
            low, high = ranks[p]
            found[p] = Estimate(float(order[rank(n, p)]), float(order[low]), float(order[high]), unit, n)
        else:
            found[p] = _too_few(each)
    return found


def _ranks(found: Dependence, confidence: float) -> tuple[int, int] | None:
    """The ranks among n that enclose the quantile; None where the n are worth too few for it."""
    if found.n < found.inflation.tau * samples_needed(found.p):
        return None
    worth = found.n_for_interval(confidence)
    between = rank_interval(worth, found.p, confidence)
    if between is None:
        return None
    low, high = between
    return max(1, low * found.n // worth), math.ceil(Fraction(high * found.n, worth))


def _too_few(found: Dependence) -> Unavailable:
    tau, needed = found.inflation.tau, samples_needed(found.p)
    if tau == 1.0:
        return Unavailable(f"{found.n} operations do not bound the {float(found.p):.10g} quantile; it needs {needed}")
    return Unavailable(
        f"{found.n} operations resemble their neighbours and are worth {found.n_eff:.0f} independent ones, which do "
        f"not bound the {float(found.p):.10g} quantile; it needs about {math.ceil(tau * needed)}"
    )


def order_statistics(values: Ints, ranks: Sequence[int]) -> dict[int, int]:
    """The value at each rank, 1 the smallest, which are read and stay where they are."""
    return Ranked.of(values).at(ranks) if ranks else {}
