"""
Means and rates, with intervals from batches.

Latencies that follow each other resemble each other, so the spread of single values says too little about their mean.
The mean is therefore taken over consecutive batches long enough to forget each other, and the interval is Student's
over the batches.

Source: A. M. Law, Simulation Modeling and Analysis (2015), section 9.5.3 (batch means; 20 to 30 batches).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from bizra_lab.model import Estimate, Floats, Ints, Result, Unavailable

BATCHES = 30  # more make them too short to be independent, fewer make Student's t wide
BATCH_OPERATIONS_MIN = 10  # a batch of fewer is a single value under another name


def mean(values: Ints, confidence: float, unit: str) -> Result:
    """The mean of values in order of completion, with its batch-means interval; Unavailable for too few."""
    n = len(values)
    if n < BATCHES * BATCH_OPERATIONS_MIN:
        return Unavailable(f"{n} operations do not bound a mean; it needs {BATCHES * BATCH_OPERATIONS_MIN}")
    edges = np.linspace(0, n, BATCHES + 1).astype(np.int64)
    batches = np.add.reduceat(values, edges[:-1]) / np.diff(edges)
    return _around(float(values.mean(dtype=np.float64)), batches, confidence, unit, n)


def rate(counts: Ints, slice_s: float, confidence: float) -> Result:
    """Operations per second from the counts of equal slices of the window, `slice_s` seconds each."""
    n = int(counts.sum())
    if n < BATCHES * BATCH_OPERATIONS_MIN or slice_s <= 0:
        return Unavailable(f"{n} operations do not bound a rate; it needs {BATCHES * BATCH_OPERATIONS_MIN}")
    return _around(n / (len(counts) * slice_s), counts / slice_s, confidence, "per_s", n)


def level(slices: Floats, confidence: float, unit: str, n: int) -> Result:
    """The mean of a quantity observed over equal slices of the window, with Student's interval over the slices."""
    if len(slices) < BATCHES:
        return Unavailable(f"{len(slices)} slices do not bound a level; it needs {BATCHES}")
    return _around(float(slices.mean()), slices, confidence, unit, n)


def _around(value: float, batches: Floats, confidence: float, unit: str, n: int) -> Estimate:
    half = float(stats.t.ppf((1 + confidence) / 2, len(batches) - 1) * batches.std(ddof=1) / math.sqrt(len(batches)))
    return Estimate(value, value - half, value + half, unit, n)
