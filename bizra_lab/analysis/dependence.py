"""
How much operations in time order tell about a quantile: as much as `n_eff` independent ones.

Slow operations come together, since they wait behind the same stall: ten thousand beyond p99 may be a hundred events.
The share that exceeds the quantile then varies by a factor τ more than it would among independent operations, and n of
them are worth n/τ. τ is measured on the indicator "beyond the quantile", not on the times: the tail depends on itself
more than the middle does in a queue, less in an autoregression.

Source: P. Heidelberger, P. A. W. Lewis (1984), Operations Research 32(1), 185-209, on quantiles in dependent sequences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import stats

from bizra_lab.columns import ROWS, blocks
from bizra_lab.model import Estimate, Floats, Ints

BATCHES_MAX = 4096  # enough to measure τ to a few per cent, few enough to correlate directly
BATCHES_MIN = 16  # fewer say too little about how much batches vary

# Independent operations are called dependent this often at each of at most nine batch sizes.
FALSE_ALARM = 5e-4

# Where they are dependent, a batch size at which counts vary more than their autocovariances say is believed instead,
# unless chance would bring that about more often than this.
OVERRULED = 0.05

# Times 1/(rarer operations) is what two that share a batch by chance add to its variance, relative; two such are luck.
COINCIDENCES = 4

# Operations beyond the quantile, in independent ones, for a degree of freedom of τ. Were events of geometric size, it
# would be half a one: the relative variance of τ is then (1 − 1/τ²) over them. In queues a few events are far larger,
# which makes it three to five times that; the rest is because quantiles are told only where τ came out small.
BEYOND_A_DEGREE = 4


@dataclass(frozen=True, slots=True)
class Inflation:
    """
    τ ≥ 1, how many times as much the share beyond a quantile varies as among independent operations.

    `span` is the part of the series over which autocovariances were added up to find it, both ways: one over it is the
    degrees of freedom of such a sum for a normal series.
    """

    tau: float = 1.0
    span: float = 0.0


@dataclass(frozen=True, slots=True)
class Dependence:
    """What `n` operations tell about their p-quantile; `inflation` is τ."""

    n: int
    p: Fraction
    inflation: Inflation

    @property
    def n_eff(self) -> float:
        """How many independent operations would tell as much."""
        return self.n / self.inflation.tau

    @property
    def degrees(self) -> float:
        """The degrees of freedom that τ is known with, infinite where it is 1: it is a variance, and of few events."""
        if self.inflation.tau == 1.0:
            return math.inf
        beyond = self.n_eff * float(min(self.p, 1 - self.p))
        return 1 / (BEYOND_A_DEGREE * (1 - self.inflation.tau**-2) / beyond + self.inflation.span)

    def n_for_interval(self, confidence: float) -> int:
        """
        How many independent operations would give as wide an interval: fewer than `n_eff`, since τ is not known.

        The interval is Student's where that for a known τ is normal; the width grows by the ratio of their quantiles.
        """
        upper = (1 + confidence) / 2
        return math.floor(self.n_eff * float(stats.norm.ppf(upper) / stats.t.ppf(upper, self.degrees)) ** 2)

    def estimate(self, confidence: float) -> Estimate:
        """`n_eff` with its interval, in operations: τ as a variance with `degrees` of freedom, never above n."""
        if self.inflation.tau == 1.0:
            return Estimate(self.n, self.n, self.n, "operations", self.n)
        low, high = stats.chi2.ppf([(1 - confidence) / 2, (1 + confidence) / 2], self.degrees) / self.degrees
        n_eff = self.n_eff
        # With a degree or less even the upper quantile may lie below the mean.
        return Estimate(n_eff, n_eff * float(low), min(n_eff * max(float(high), 1.0), self.n), "operations", self.n)


def at_quantiles(in_order: Ints, quantiles: Mapping[Fraction, int]) -> dict[Fraction, Dependence]:
    """
    The dependence at each quantile, given its probability and value, of values in time order.

    One pass over the values; beside them only 4,096 counts a quantile are held.
    """
    beyond, batch = beyond_by_batch(in_order, list(quantiles.values()))
    return {
        p: Dependence(len(in_order), p, inflation(counts, batch)) for p, counts in zip(quantiles, beyond, strict=True)
    }


def beyond_by_batch(in_order: Ints, limits: Sequence[int]) -> tuple[Ints, int]:
    """
    How many values exceed each limit in each batch, one row a limit, and how many values a batch has.

    Batches follow each other, are of one size, and are at most `BATCHES_MAX`; the rest behind the last is left out.
    """
    batch = max(1, math.ceil(len(in_order) / BATCHES_MAX))
    whole = in_order[: len(in_order) // batch * batch]
    counts = np.empty((len(limits), len(whole) // batch), dtype=np.int64)
    for rows in blocks(whole, rows=max(1, ROWS // batch) * batch):
        batches = whole[rows].reshape(-1, batch)
        for count, limit in zip(counts, limits, strict=True):
            count[rows.start // batch : rows.stop // batch] = np.count_nonzero(batches > limit, axis=1)
    return counts, batch


def inflation(beyond: Ints, batch: int) -> Inflation:
    """
    How much the share beyond varies, from the counts of consecutive batches of so many operations.

    Exactly 1 where the counts vary no more than independence allows, by batch and by every doubling of the batch down
    to 16 of them. From where they vary more, τ is the sum of their autocovariances; and where larger batches vary more
    than even that explains, the sum of theirs, which sees what changes little and lasts long.
    """
    n, hits = len(beyond) * batch, int(beyond.sum())
    rarer = min(hits, n - hits)
    found = Inflation()
    while rarer and len(beyond) >= BATCHES_MIN:
        alone = batch * hits * (n - hits) / n**2
        if found.tau > 1:
            explained = found.tau * _by_chance(len(beyond), OVERRULED)
        else:
            explained = _by_chance(len(beyond), FALSE_ALARM) + COINCIDENCES / rarer
        if float(beyond.var(ddof=1)) > alone * explained:
            variance, span = long_run_variance(beyond - beyond.mean())
            found = max(found, Inflation(variance / alone, span), key=lambda each: each.tau)
        beyond, batch = beyond[: len(beyond) // 2 * 2].reshape(-1, 2).sum(axis=1), 2 * batch
    return found


def _by_chance(batches: int, chance: float) -> float:
    """The relative variance that the counts of so many independent batches exceed with this chance."""
    return float(stats.chi2.isf(chance, batches - 1)) / (batches - 1)


def long_run_variance(deviations: Floats) -> tuple[float, float]:
    """
    The sum of all autocovariances of a series given as deviations from its mean, and the part of it the sum spans.

    Autocovariances are added in pairs of lags, as long as a pair is positive, each at most as large as the one before.
    What is left out is noise, for pairs of a reversible chain are positive and fall. Deviations are from the mean seen,
    not the true one, which makes each autocovariance too small by an n-th of the result: that is put back.

    Source: C. J. Geyer (1992), Statistical Science 7(4), 473-483 (initial monotone sequence); U. Wolff (2004), Computer
    Physics Communications 156(2), 143-153, on the bias and the variance of such a sum.
    """
    n = len(deviations)
    pair, total, lags = math.inf, -float(deviations @ deviations), 0
    for lag in range(0, n - 1, 2):
        even = float(deviations[: n - lag] @ deviations[lag:])
        odd = float(deviations[: n - lag - 1] @ deviations[lag + 1 :])
        if even + odd <= 0:
            break
        pair = min(pair, even + odd)
        total += 2 * pair
        lags = lag + 1
    span = (2 * lags + 1) / n
    return total / n * (1 + span), span


def bootstrap_interval(
    in_order: Ints, p: Fraction, confidence: float, block: int, resamples: int, rng: np.random.Generator
) -> tuple[int, int]:
    """
    The (low, high) between which the p-quantile lies in `confidence` of resamples made of `block` neighbours each.

    Blocks may overlap and are drawn with replacement; with a block of 1 it is the ordinary bootstrap, for independent
    values. For comparison, at moderate n: it needs `resamples` passes, and a long block leaves too few to draw from.
    Raises ValueError when the block is not within 1..n.

    Source: H. R. Künsch (1989), Annals of Statistics 17(3), 1217-1241 (moving blocks).
    """
    n = len(in_order)
    if not 1 <= block <= n:
        raise ValueError(f"a block holds 1 to {n} values, got {block}")
    place = max(0, math.ceil(n * p) - 1)
    found = np.empty(resamples, dtype=np.int64)
    for each in range(resamples):
        first = rng.integers(0, n - block + 1, math.ceil(n / block))
        drawn = in_order[(first[:, None] + np.arange(block)).ravel()[:n]]
        found[each] = np.partition(drawn, place)[place]
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2], method="inverted_cdf")
    return int(low), int(high)
