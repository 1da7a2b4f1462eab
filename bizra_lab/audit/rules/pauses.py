"""
Something stops everything at regular times.

Claim: the quantiles describe operations.
Reason: a collector, a flush, a timer of the host stops the system every so often. A quantile beyond the share of
    stopped operations shows the pause, one below does not, and which is which depends on how many operations a load
    makes between two pauses, not on the system. A window of few pauses has another figure when it begins later.
Threshold: stalls are operations beyond 3 to 100 times the median, those that overlap being one; of an open load also
    their responses; and where several are under way, times beyond 3 to 100 times the mean in which none ends. At
    least 8 of them, of whose distances 4 of 5 are within a tenth of their median, or of twice it where one in between
    was missed, as one in 10,000 of random ones are; or 20 and more, that crowd at one phase of some period, and of its
    parts, as chance makes them once in 10,000 times. Period and share of time are noted; doubted when the window holds
    fewer than 10 periods, or when the pauses take 1 % of the time: callers who come evenly then meet one at p99,
    whatever share of the records it is.
Source: D. R. Cox, P. A. W. Lewis, The Statistical Analysis of Series of Events (1966), chapters 2 and 5, on intervals
    between events and their spectrum; R. Buccheri et al. (1983), Astronomy and Astrophysics 128, 245-251, on adding up
    harmonics.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bizra_lab.audit._rule import rule
from bizra_lab.columns import difference, in_order, ordered, span
from bizra_lab.model import Claim, Finding, Floats, Ints, Samples, Weight
from bizra_lab.units import say

BEYOND = (3, 5, 7, 10, 14, 20, 28, 40, 60, 100)  # times the median; among slow operations a stall shows beyond one
SILENT_BEYOND = (3, 5, 10, 30, 100)  # times the mean; of ends at random one in 20 is as far from the next as three
STALLS_MIN = 8  # seven distances; of fewer, chance keeps four in five in step too often, at one of many sizes
IN_STEP_SHARE_MIN = 0.8  # of the distances; a stall now and then is missed, or falls beside
IN_STEP_WITHIN = 0.1  # relative to the period; what a timer and an operation under way shift a stall by
PERIODS_MIN = 10  # in the window; of fewer, one more or less moves the share of stopped operations by a tenth
STOPPED_MAX = 0.01  # of the time; as much and p99 of those who come evenly is the pause

STALL_SHARE_MAX = 0.08  # of the operations; more are a kind of operation, which keeps step with itself
PERIOD_LENGTHS_MIN = 2.0  # of the stalls; what takes most of a period is an operation behind another

OWN_STEP_WITHIN = 0.25  # relative to the period; a slow operation and a fast one or two behind it
OWN_STEP_SHARE_MIN = 0.05  # of the operations; fewer do not give a load their rhythm

CROWD_MIN = 20  # stalls; of fewer no phase is crowded beyond chance
CROWD_MAX = 200  # stalls looked at together: more are not needed, and take long
CROWDED_BY_CHANCE_MAX = 1e-4  # at the best of all periods tried
HARMONICS = 3  # of a period; what comes in step with it does so with them, since pauses are short
COHERENT_MIN = 0.2  # mean length of the stalls as pointers on a dial that turns once a period; 1 when all agree
PERIODS_LEAST = 10  # among the stalls; of fewer a crowd is smaller than chance among 20
PERIODS_A_STALL_MAX = 1.5  # a period of far fewer stalls than there should be is none
DIALS_A_TURN = 8  # tried, over all the stalls; between fewer a crowd would fall through
PEAK_TURNS, AROUND_TURNS = 2, 20  # from the best period: how far a crowd reaches, and what is around it
GRID_A_DIAL = 16  # places on the fastest dial
NEARLY_BEST = 0.7  # of the best; the longest of such periods is it, the others are its parts


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
    window_ns = span(samples.finished_ns)[1] - span(samples.started_ns)[0]
    for stalls, beyond in _candidates(samples):
        if len(stalls.ended_ns) > STALL_SHARE_MAX * len(samples):
            continue
        period_ns = _steady_distance_ns(stalls)
        if period_ns is not None:
            yield _finding(stalls, period_ns, window_ns, window_ns, beyond)
            return
        first = _Stalls(stalls.ended_ns[:CROWD_MAX], stalls.length_ns[:CROWD_MAX])
        period_ns = _crowded_period_ns(first)
        if period_ns is not None and not _keeps_own_step(samples, period_ns):
            lasted_ns = int(first.ended_ns[-1] - first.ended_ns[0])
            yield _finding(_in_step(first, period_ns), period_ns, lasted_ns, window_ns, beyond)
            return


def _candidates(samples: Samples) -> Iterator[tuple[_Stalls, str]]:
    """Stalls by one measure after the other, with what they are beyond."""
    load = samples.measurement.load
    for since_ns in (samples.started_ns, samples.scheduled_ns)[: 1 + (load.kind == "open")]:
        # The column is this rule's own, so that no copy has to be put in order.
        median_ns = float(np.median(difference(samples.finished_ns, since_ns), overwrite_input=True))
        begun_ns, ended_ns = _longer(samples, since_ns, min(BEYOND) * median_ns)
        for times in BEYOND:
            slow = ended_ns - begun_ns > times * median_ns
            stalls = _together(begun_ns[slow], ended_ns[slow])
            yield stalls, f"{times} times the median of {say(median_ns, 'ns')}"
    if load.workers > 1 or load.kind == "open":
        first_ns, last_ns = span(samples.finished_ns)
        mean_ns = (last_ns - first_ns) / len(samples)
        silences = _silences(samples, min(SILENT_BEYOND) * mean_ns)
        for times in SILENT_BEYOND:
            longer = silences.length_ns > times * mean_ns
            stalls = _Stalls(silences.ended_ns[longer], silences.length_ns[longer])
            yield stalls, f"{times} times the mean of {say(mean_ns, 'ns')} from one end to the next"


def _finding(stalls: _Stalls, period_ns: float, lasted_ns: int, window_ns: int, beyond: str) -> Finding:
    """Of stalls that came over so long, in a window that holds more of them."""
    periods = window_ns / period_ns
    # By the median: one that is a thousand times longer comes at some phase too, and is none of them.
    typical_ns = float(np.median(stalls.length_ns))
    stopped = typical_ns * min(len(stalls.ended_ns) / lasted_ns, 1 / period_ns)
    return Finding(
        Weight.DOUBT if periods < PERIODS_MIN or stopped >= STOPPED_MAX else Weight.NOTE,
        f"every {say(period_ns, 'ns')} something stops operations for "
        f"{say(typical_ns, 'ns')}: {len(stalls.ended_ns):,} stalls, "
        f"{say(stopped, 'share')} of the time, beyond {beyond}; "
        f"the window holds {periods:.3g} periods, and it takes {PERIODS_MIN}",
        ("latency_ns.*", "service_ns.*"),
    )


def _longer(samples: Samples, since_ns: Ints, beyond_ns: float) -> tuple[Ints, Ints]:
    """When operations began, by that stamp, that took longer since then, and when they ended; by when they began."""
    begun, ended = [], []
    for rows in samples.blocks():
        longer = samples.finished_ns[rows] - since_ns[rows] > beyond_ns
        begun.append(since_ns[rows][longer])
        ended.append(samples.finished_ns[rows][longer])
    begun_ns, ended_ns = np.concatenate(begun), np.concatenate(ended)
    begun_ns, ended_ns = ordered(begun_ns, begun_ns, ended_ns)
    return begun_ns, ended_ns


def _together(begun_ns: Ints, ended_ns: Ints) -> _Stalls:
    """Operations by when they began, those that overlap as one."""
    reached_ns = np.maximum.accumulate(ended_ns)
    first = np.ones(len(begun_ns), dtype=np.bool_)
    first[1:] = begun_ns[1:] > reached_ns[:-1]
    ends = np.append(np.flatnonzero(first)[1:], len(begun_ns)) - 1 if len(begun_ns) else np.zeros(0, dtype=np.int64)
    return _Stalls(reached_ns[ends], reached_ns[ends] - begun_ns[first])


def _silences(samples: Samples, beyond_ns: float) -> _Stalls:
    """Times in which no operation ended."""
    ended, length = [], []
    last_ns: Ints = np.zeros(0, dtype=np.int64)
    for rows in in_order(samples.finished_ns):
        finished_ns = np.concatenate([last_ns, samples.finished_ns[rows]])
        gaps_ns = np.diff(finished_ns)
        silent = gaps_ns > beyond_ns
        ended.append(finished_ns[1:][silent])
        length.append(gaps_ns[silent])
        last_ns = finished_ns[-1:]
    return _Stalls(np.concatenate(ended), np.concatenate(length))


def _steady_distance_ns(stalls: _Stalls) -> float | None:
    """The distance in which stalls come, in ns; None where they keep no step."""
    if len(stalls.ended_ns) < STALLS_MIN:
        return None
    apart_ns = np.diff(stalls.ended_ns).astype(np.float64)
    period_ns = float(np.median(apart_ns))
    off = np.minimum(np.abs(apart_ns - period_ns), np.abs(apart_ns - 2 * period_ns))
    in_step = int((off <= IN_STEP_WITHIN * period_ns).sum())
    return period_ns if in_step >= math.ceil(IN_STEP_SHARE_MIN * len(apart_ns)) else None


def _crowded_period_ns(stalls: _Stalls) -> float | None:
    """The period at one phase of which stalls crowd, though others come at any time; None where they crowd nowhere."""
    ended_ns, n = stalls.ended_ns, len(stalls.ended_ns)
    if n < CROWD_MIN:
        return None
    lasted_ns = float(ended_ns[-1] - ended_ns[0])
    least, most = DIALS_A_TURN * PERIODS_LEAST, int(DIALS_A_TURN * PERIODS_A_STALL_MAX * n)
    lengths = _pointers((ended_ns - ended_ns[0]) / lasted_ns / DIALS_A_TURN, HARMONICS * most)
    dials = np.arange(least, most + 1)
    # Of stalls at random each squared length over n is exponential with mean 1.
    power: Floats = np.square(lengths[np.outer(np.arange(1, HARMONICS + 1), dials)]).sum(axis=0) / n
    best = int(dials[np.argmax(power >= NEARLY_BEST * power.max())])
    away = np.abs(dials - best)
    around = power[(away > DIALS_A_TURN * PEAK_TURNS) & (away < DIALS_A_TURN * AROUND_TURNS)]
    # Where stalls come in clusters, all periods as long are crowded.
    clustered = max(1.0, float(around.mean()) / HARMONICS) if len(around) else 1.0
    chance = len(dials) * float(stats.gamma.sf(power.max() / clustered, HARMONICS))
    if chance > CROWDED_BY_CHANCE_MAX or lengths[best] < COHERENT_MIN * n:
        return None
    period_ns = lasted_ns * DIALS_A_TURN / best
    return period_ns if period_ns >= PERIOD_LENGTHS_MIN * float(np.median(stalls.length_ns)) else None


def _keeps_own_step(samples: Samples, period_ns: float) -> bool:
    """Whether operations themselves take about a period: workers that begin them together end them together."""
    reach_ns = OWN_STEP_WITHIN * period_ns
    as_long = sum(
        int(np.count_nonzero(np.abs(samples.finished_ns[rows] - samples.started_ns[rows] - period_ns) <= reach_ns))
        for rows in samples.blocks()
    )
    return as_long >= OWN_STEP_SHARE_MIN * len(samples)


def _pointers(turns: Floats, dials: int) -> Floats:
    """How long the sum of all pointers is on each dial, from none on, of which each turns that much more."""
    # Put on a grid fine enough that on the last dial a pointer is off by a thirtieth of a turn at most.
    marks = GRID_A_DIAL * (dials + 1)
    counts = np.bincount(np.rint(turns * marks).astype(np.int64), minlength=marks).astype(np.float64)
    result: Floats = np.abs(np.fft.rfft(counts)[: dials + 1])
    return result


def _in_step(stalls: _Stalls, period_ns: float) -> _Stalls:
    """The stalls that come at the phase of the period at which most do."""
    angles = 2 * np.pi * (stalls.ended_ns - stalls.ended_ns[0]) / period_ns
    middle = np.angle(np.exp(1j * angles).sum())
    beside = np.abs(np.angle(np.exp(1j * (angles - middle))))
    kept = beside <= 2 * np.pi * IN_STEP_WITHIN
    return _Stalls(stalls.ended_ns[kept], stalls.length_ns[kept])
