"""Shares of operations, with an interval that behaves near 0 and 1."""

from __future__ import annotations

import math

from scipy import stats

from bizra_lab.model import Estimate, Result, Tally, Unavailable


def share_interval(hits: int, n: int, confidence: float) -> tuple[float, float]:
    """
    Wilson interval for a share of `n` operations, as (low, high) in [0, 1].

    Chosen over the normal interval because shares near 0 and 1 are the interesting ones.
    Raises ValueError when hits is not within 0..n, or n is 0.

    Source: E. B. Wilson (1927), JASA 22(158), 209-212.
    """
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"{hits} of {n} operations is not a share")
    z2 = float(stats.norm.ppf((1 + confidence) / 2)) ** 2
    share = hits / n
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    # At the ends the formula is exact in numbers but not in floats.
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == n else min(1.0, middle + half)
    return low, high


def share(hits: int, n: int, confidence: float) -> Result:
    """A share of `n` operations as an Estimate, unit "share"; Unavailable when there were none."""
    if n == 0:
        return Unavailable("no operations")
    low, high = share_interval(hits, n, confidence)
    return Estimate(hits / n, low, high, "share", n)


def tallied(tally: Tally, confidence: float) -> Result:
    """A component's own count as a share; without spread where what was counted is all that there is."""
    if not tally.complete or tally.of == 0:
        return share(tally.count, tally.of, confidence)
    exact = tally.count / tally.of
    return Estimate(exact, exact, exact, "share", tally.of)
