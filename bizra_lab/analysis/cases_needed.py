"""How many cases it takes before a share that is observed says that the true one keeps a limit."""

from __future__ import annotations

import math

from scipy import stats

from bizra_lab.analysis.shares import share_interval
from bizra_lab.model import Estimate, Result, Unavailable

STEP = 10  # cases; a suite is drawn up in round numbers


def cases_needed(share: float, limit: float, confidence: float = 0.95) -> Result:
    """
    The least number of cases, in tens, with which `share` right puts Wilson's lower bound at `limit` or above.

    As many cases are right as come nearest to the share, which is what a printed "98.5 %" of them can mean. Unavailable
    when the share does not exceed the limit: then no number is enough.

    The lower bound reaches the limit when n (p − limit)² ≥ z² limit (1 − limit); rounding makes p up to 0.5/n greater.
    Raises ValueError for a limit that is not in 0..1, or is one of its ends.
    """
    if not 0 < limit < 1:
        raise ValueError(f"limit must lie between 0 and 1, got {limit}")
    beyond = share - limit
    if beyond <= 0:
        return Unavailable("the share does not exceed the limit; no number of cases is enough")
    reach = float(stats.norm.ppf((1 + confidence) / 2)) ** 2 * limit * (1 - limit)
    # No smaller number can do, so that few have to be looked at.
    root = (math.sqrt(reach) + math.sqrt(max(reach - 2 * beyond, 0.0))) / (2 * beyond)
    cases = max(1, math.floor(root**2 / STEP)) * STEP
    while share_interval(round(share * cases), cases, confidence)[0] < limit:
        cases += STEP
    return Estimate(cases, cases, cases, "cases", cases)
