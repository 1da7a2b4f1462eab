"""
The ratio of two workloads that were measured in turns, from the ratios within pairs of blocks.

A host that is slow for a while is slow for both blocks of a pair, and leaves their ratio alone. Ratios of neighbouring
pairs may still resemble each other, so the interval is Student's over batches of them: on the logarithm, in which a
ratio and its inverse are equally far from 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from bizra_lab.analysis.means import BATCHES
from bizra_lab.model import Estimate, Floats, Ints, Pair, Result, Results, Samples, Unavailable

_OF: dict[str, Callable[[Ints], object]] = {"mean": np.mean, "p50": np.median}


def ratios(pair: Pair, confidence: float = 0.95) -> Results:
    """
    `ratio.latency_ns.mean` and `ratio.latency_ns.p50`: a's over b's, below 1 where a is the faster one.

    The value is the geometric mean over pairs of blocks; an interval that holds 1 tells no difference.
    """
    found: dict[str, Result] = {}
    for name, of in _OF.items():
        a, b = _by_block(pair.a, pair.a_blocks, of), _by_block(pair.b, pair.b_blocks, of)
        found[f"ratio.latency_ns.{name}"] = _ratio(a, b, confidence)
    return found


def _by_block(samples: Samples, blocks: Sequence[int], of: Callable[[Ints], object]) -> Floats:
    ends = np.cumsum(blocks)
    return np.array([of(each) for each in np.split(samples.latency_ns, ends[:-1])], dtype=np.float64)


def _ratio(a: Floats, b: Floats, confidence: float) -> Result:
    pairs = len(a)
    if pairs < BATCHES:
        return Unavailable(f"{pairs} pairs of blocks do not bound a ratio; it needs {BATCHES}")
    if not (a > 0).all() or not (b > 0).all():
        return Unavailable("in some blocks the clock did not advance, so there is no ratio")
    logarithms = np.log(a / b)
    batches = np.array([each.mean() for each in np.array_split(logarithms, BATCHES)])
    middle = float(batches.mean())
    half = float(stats.t.ppf((1 + confidence) / 2, BATCHES - 1) * batches.std(ddof=1) / math.sqrt(BATCHES))
    return Estimate(math.exp(middle), math.exp(middle - half), math.exp(middle + half), "ratio", pairs)
