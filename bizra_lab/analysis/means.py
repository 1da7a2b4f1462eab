"""
Means and rates, with intervals from batches.

Latencies that follow each other resemble each other, so the spread of single values says too little about their mean.
The mean is therefore taken over consecutive batches long enough to forget each other, and the interval is Student's
over the batches.

Source: A. M. Law, Simulation Modeling and Analysis (2015), section 9.5.3 (batch means; 20 to 30 batches).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy import stats

from bizra_lab.columns import blocks
from bizra_lab.model import Estimate, Floats, Ints, Result, Unavailable

BATCHES = 30  # more make them too short to be independent, fewer make Student's t wide
BATCH_OPERATIONS_MIN = 10  # a batch of fewer is a single value under another name


def mean(values: Ints, confidence: float, unit: str) -> Result:
    """The mean of values in order of completion, with its batch-means interval; Unavailable for too few."""
    n = len(values)
    if n < BATCHES * BATCH_OPERATIONS_MIN:
        return Unavailable(f"{n} operations do not bound a mean; it needs {BATCHES * BATCH_OPERATIONS_MIN}")
    totals = batch_totals(values)
    return around(sum(totals) / n, [np.array(totals, dtype=np.float64) / batch_sizes(n)], confidence, unit, n)


def batch_totals(values: Ints) -> tuple[int, ...]:
    """The sum of each of `BATCHES` consecutive batches, exactly."""
    ends = np.cumsum(batch_sizes(len(values)))
    return tuple(_total(values[first:last]) for first, last in pairwise([0, *ends]))


def batch_sizes(n: int) -> Ints:
    """How many of `n` values each of `BATCHES` consecutive batches has: as even as whole numbers can be."""
    ends = np.linspace(0, n, BATCHES + 1).astype(np.int64)
    return ends[1:] - ends[:-1]


def rate(counts: Ints, slice_s: float, confidence: float) -> Result:
    """Operations per second from the counts of equal slices of the window, `slice_s` seconds each."""
    n = int(counts.sum())
    if n < BATCHES * BATCH_OPERATIONS_MIN or slice_s <= 0:
        return Unavailable(f"{n} operations do not bound a rate; it needs {BATCHES * BATCH_OPERATIONS_MIN}")
    return around(n / (len(counts) * slice_s), [counts / slice_s], confidence, "per_s", n)


def level(slices: Floats, confidence: float, unit: str, n: int) -> Result:
    """The mean of a quantity observed over equal slices of the window, with Student's interval over the slices."""
    if len(slices) < BATCHES:
        return Unavailable(f"{len(slices)} slices do not bound a level; it needs {BATCHES}")
    return around(float(slices.mean()), [slices], confidence, unit, n)


def around(value: float, parts: Sequence[Floats], confidence: float, unit: str, n: int) -> Estimate:
    """
    A sum of means with Student's interval: each part holds the batches of one mean, and parts are independent runs.

    Variances of means add up; the degrees of freedom of their sum are Welch and Satterthwaite's.

    Source: B. L. Welch (1947), Biometrika 34, 28-35.
    """
    variances = [float(batches.var(ddof=1)) / len(batches) for batches in parts]
    variance = sum(variances)
    if not variance:
        return Estimate(value, value, value, unit, n)
    degrees = 1 / sum(
        (each / variance) ** 2 / (len(batches) - 1) for each, batches in zip(variances, parts, strict=True)
    )
    half = float(stats.t.ppf((1 + confidence) / 2, degrees)) * math.sqrt(variance)
    return Estimate(value, value - half, value + half, unit, n)


def _total(values: Ints) -> int:
    return sum(int(values[rows].sum(dtype=np.int64)) for rows in blocks(values))
