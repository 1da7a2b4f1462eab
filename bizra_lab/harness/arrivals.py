"""
When the operations of an open load fall due: a plan made before the first of them, and never put off.

A loop that waits for its own late operations before it plans the next offers less load exactly when the system is slow,
and leaves out what its callers would have waited (coordinated omission).
"""

from __future__ import annotations

import numpy as np

from bizra_lab.model import Ints, Load
from bizra_lab.units import SECOND_NS


def plan_ns(load: Load, duration_s: float, rng: np.random.Generator) -> Ints:
    """
    When each operation falls due, in ns from the beginning, rising: `load.rate_per_s` of them a second on average.

    Constant arrivals are evenly spaced, the first at 0; Poisson arrivals have independent exponential gaps.
    """
    assert load.rate_per_s is not None, "a closed load has no plan"
    if load.arrivals == "constant":
        operations = max(1, round(load.rate_per_s * duration_s))
        return np.round(np.arange(operations) * (SECOND_NS / load.rate_per_s)).astype(np.int64)
    return _poisson_ns(load.rate_per_s, duration_s, rng)


def _poisson_ns(rate_per_s: float, duration_s: float, rng: np.random.Generator) -> Ints:
    # Given their number, the points of a Poisson process lie independently and uniformly.
    operations = int(rng.poisson(rate_per_s * duration_s))
    due_ns: Ints = np.sort(rng.random(operations) * duration_s * SECOND_NS).astype(np.int64)
    return due_ns
