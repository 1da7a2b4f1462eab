"""
What a stall hides from a load that waits for it, and the least it must have cost.

A closed load sends nothing while it waits. Of a stall it records one slow operation a worker, not the many that would
have fallen due meanwhile, so its quantiles say how fast the system is when nobody is stopped. Two remedies, neither as
good as sending by a plan: put back what was omitted, where the rate that was meant is known; and a floor under any
quantile, where nothing but a longest time and a duration was published.

Source: G. Tene, "How NOT to Measure Latency" (2013), who named it.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from bizra_lab.model import Ints


def corrected(times_ns: Ints, expected_interval_ns: int) -> Ints:
    """
    The times in ns, and behind them those of the operations that were not sent because one before them took so long.

    A worker that meant to send every `expected_interval_ns` = i, and was held up for v, omitted operations that would
    have taken v − i, v − 2i, … down to i. What was seen is kept; the result has `omitted` more elements, which is many
    where the interval is short against a stall. It assumes that the stall held up all that would have come.
    Raises ValueError when the interval is below 1 ns.

    Source: the correction of HdrHistogram (`recordValueWithExpectedInterval`), as its documentation defines it.
    """
    missing = _omitted_behind(times_ns, expected_interval_ns)
    slow_ns, missing = times_ns[missing > 0], missing[missing > 0]
    before = np.cumsum(missing) - missing
    nth = np.arange(1, int(missing.sum()) + 1) - np.repeat(before, missing)
    return np.concatenate([times_ns, np.repeat(slow_ns, missing) - nth * expected_interval_ns])


def omitted(times_ns: Ints, expected_interval_ns: int) -> int:
    """
    How many operations were not sent that a worker sending every `expected_interval_ns` would have sent.

    Raises ValueError when the interval is below 1 ns.
    """
    return int(_omitted_behind(times_ns, expected_interval_ns).sum())


def _omitted_behind(times_ns: Ints, expected_interval_ns: int) -> Ints:
    if expected_interval_ns < 1:
        raise ValueError(f"operations are expected at least 1 ns apart, got {expected_interval_ns}")
    return np.maximum(times_ns // expected_interval_ns - 1, 0)


def floor_ns(p: Fraction, longest_ns: float, window_ns: float, share_stalled: float = 1.0) -> float:
    """
    The least that the p-quantile of response times can be in ns, given the longest of them and the window's length.

    Somebody waited M = `longest_ns`. If operations kept falling due at an even rate over the window T, those due up to
    M − x after the stall began waited longer than x: a share φ·(M − x)/T of all, where φ = `share_stalled` is the part
    of the traffic that the stall held up. So Q(p) ≥ M − (1 − p)·T/φ. A published quantile below it was measured by
    a load that stopped with the system, or the stall held up less than φ.

    φ is 1 for a stop of the whole system, and 1/N where nothing is known but that one of N equal workers waited. It is
    never below 0, where it says nothing; it says little where M is short against (1 − p)·T.
    Raises ValueError when the longest time or the window is not positive, or φ not in (0, 1].
    """
    if not (longest_ns > 0 and window_ns > 0):
        raise ValueError(f"expected a longest time and a window above 0 ns, got {longest_ns:g} and {window_ns:g}")
    if not 0 < share_stalled <= 1:
        raise ValueError(f"the share that was stalled lies above 0 and up to 1, got {share_stalled:g}")
    return max(0.0, longest_ns - float(1 - p) * window_ns / share_stalled)


def share_stalled_at_most(p: Fraction, quantile_ns: float, longest_ns: float, window_ns: float) -> float:
    """
    The largest part of the traffic that the longest stall can have held up if the p-quantile is right, in (0, 1].

    `floor_ns` solved for φ: what must be believed of the stall to believe the quantile. 1 where nothing is excluded.
    """
    if longest_ns <= quantile_ns:
        return 1.0
    return min(1.0, float(1 - p) * window_ns / (longest_ns - quantile_ns))
