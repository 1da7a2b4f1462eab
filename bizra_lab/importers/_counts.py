"""Quantiles and mean of times that are known as counts in buckets: the interval is the bucket's, not of sampling."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from bizra_lab.model import Estimate, Result, Unavailable

# As many as `n` operations tell anything about; which of them have enough behind them is the audit's to say.
PERCENTS = ("50", "90", "95", "99", "99.9", "99.99")


class Bucket(NamedTuple):
    """`operations` of them that took from `low_ns` to `high_ns`, said to be `value_ns`."""

    low_ns: float
    value_ns: float
    high_ns: float
    operations: int


def times_of(buckets: Iterable[Bucket], stem: str = "latency_ns") -> dict[str, Result]:
    """The results a column of counted times amounts to; quantiles are the smallest value that so many do not exceed."""
    rising = sorted(buckets, key=lambda each: each.value_ns)
    n = sum(each.operations for each in rising)
    if not n:
        return {f"{stem}.mean": Unavailable("no operations")}
    means = (sum(Fraction(each[at]) * each.operations for each in rising) / n for at in range(3))
    low, mean, high = (float(each) for each in means)
    return {
        f"{stem}.min": _within(rising[0], n),
        f"{stem}.mean": Estimate(mean, min(low, mean), max(high, mean), "ns", n),
        **{f"{stem}.p{percent}": _within(_at(rising, percent, n), n) for percent in PERCENTS},
        f"{stem}.max": _within(rising[-1], n),
    }


def _at(rising: list[Bucket], percent: str, n: int) -> Bucket:
    wanted = Fraction(percent) / 100 * n
    reached = 0
    for each in rising:
        reached += each.operations
        if reached >= wanted:
            return each
    return rising[-1]


def _within(bucket: Bucket, n: int) -> Estimate:
    return Estimate(bucket.value_ns, bucket.low_ns, bucket.high_ns, "ns", n)
