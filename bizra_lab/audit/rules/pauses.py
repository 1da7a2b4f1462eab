"""
Something stops everything at regular times.

Claim: the quantiles describe operations.
Reason: a collector, a flush, a timer of the host stops the system every so often. A quantile beyond the share of
    stopped operations shows the pause, one below does not, and which is which depends on how many operations a load
    makes between two pauses, not on the system. A window of few pauses has another figure when it begins later.
Threshold: at least 6 stalls, operations beyond 10, 30 or 100 times the median that overlap being one, of whose
    distances 4 of 5 are within a tenth of their median, or of twice it where one in between was missed: one in a
    thousand of random ones is. Period and share of time are noted; doubted when the window holds fewer than 10 periods.
Source: D. R. Cox, P. A. W. Lewis, The Statistical Analysis of Series of Events (1966), chapter 2, on intervals between
    events.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Finding, Ints, Samples, Weight
from bizra_lab.units import say

BEYOND = (10, 30, 100)  # times the median service time; a stall among slow operations shows beyond one of them
STALLS_MIN = 6  # five distances; of fewer, four in step are no rarity
IN_STEP_SHARE_MIN = 0.8  # of the distances; a stall now and then is missed, or falls beside
IN_STEP_WITHIN = 0.1  # relative to the period; what a timer and an operation under way shift a stall by
PERIODS_MIN = 10  # in the window; of fewer, one more or less moves the share of stopped operations by a tenth


@dataclass(frozen=True, slots=True)
class _Stalls:
    """Stalls in order, in ns: when each ended and how long it was."""

    ended_ns: Ints
    length_ns: Ints


@rule("samples")
def check(claim: Claim) -> Iterator[Finding]:
    samples = claim.samples
    assert samples is not None
    if not len(samples):
        return
    window_ns = int(samples.finished_ns.max() - samples.started_ns.min())
    median_ns = float(np.median(samples.service_ns))
    for times in BEYOND:
        stalls = _stalls(samples, times * median_ns)
        period_ns = _period_ns(stalls)
        if period_ns is None:
            continue
        periods = window_ns / period_ns
        stopped = int(stalls.length_ns.sum()) / window_ns
        yield Finding(
            Weight.DOUBT if periods < PERIODS_MIN else Weight.NOTE,
            f"every {say(period_ns, 'ns')} something stops operations for "
            f"{say(float(np.median(stalls.length_ns)), 'ns')}: {len(stalls.ended_ns):,} stalls, "
            f"{say(stopped, 'share')} of the time, beyond {times} times the median of {say(median_ns, 'ns')}; "
            f"the window holds {periods:.3g} periods, and it takes {PERIODS_MIN}",
            ("latency_ns.*", "service_ns.*"),
        )
        return


def _stalls(samples: Samples, beyond_ns: float) -> _Stalls:
    """Operations that took longer, those that overlap as one."""
    slow = np.concatenate(
        [rows.start + np.flatnonzero(_service_ns(samples, rows) > beyond_ns) for rows in samples.blocks()]
    )
    order = slow[np.argsort(samples.started_ns[slow], kind="stable")]
    started_ns, reached_ns = samples.started_ns[order], np.maximum.accumulate(samples.finished_ns[order])
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = started_ns[1:] > reached_ns[:-1]
    ends = np.append(np.flatnonzero(first)[1:], len(order)) - 1 if len(order) else np.zeros(0, dtype=np.int64)
    return _Stalls(reached_ns[ends], reached_ns[ends] - started_ns[first])


def _service_ns(samples: Samples, rows: slice) -> Ints:
    return samples.finished_ns[rows] - samples.started_ns[rows]


def _period_ns(stalls: _Stalls) -> float | None:
    """The distance in which stalls come, in ns; None where they keep no step."""
    if len(stalls.ended_ns) < STALLS_MIN:
        return None
    apart_ns = np.diff(stalls.ended_ns).astype(np.float64)
    period_ns = float(np.median(apart_ns))
    off = np.minimum(np.abs(apart_ns - period_ns), np.abs(apart_ns - 2 * period_ns))
    in_step = int((off <= IN_STEP_WITHIN * period_ns).sum())
    return period_ns if in_step >= math.ceil(IN_STEP_SHARE_MIN * len(apart_ns)) else None
