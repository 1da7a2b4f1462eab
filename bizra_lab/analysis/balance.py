"""
Little's Law as a check: L = λ·W with each of the three from an instrument that shares nothing with the others.

    littles_law.balance          L over λ·W: L integrated by a gate on a clock of its own, λ its completions, W from the
                                 records; what the window's edges cut is put where it belongs
    littles_law.sampled_balance  the same with L as a sampler saw it at random moments
    records.counted              records over completions at the gate, of operations wholly inside the window

From the same stamps the law is an identity, which doctored records obey as well as honest ones. Here 1 must lie inside
the interval, or one of the three is not what it is said to be. The count is checked beside it, since records lost at
random leave the balance as it is. The sampler stands beside the gate, not in its place: on a busy host it comes late
just when much is in flight, or little.

Over one window the law has no sampling error, however far latencies scatter: the gate and the records saw the same
operations. The interval holds what else can part them, and is no wider for heavy tails:

    edges     an operation a worker may lie on different sides of an edge for the gate and for the records
    clock     a stamp is rounded to the clock's step
    gap       an operation is not in the gate while its stamp has been read and the gate's clock not yet
    switches  a thread may lose its CPU or the GIL in that gap
    drift     the gate's clock is not corrected against true time, that of the stamps is

Source: J. D. C. Little (1961), Operations Research 9(3), 383-387; S.-H. Kim, W. Whitt (2013), Operations Research
61(4), 1030-1045, on finite windows and their edges.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from bizra_lab.model import Cut, Estimate, InFlight, Instrument, Load, Result, SampledInFlight, Samples, Unavailable
from bizra_lab.units import say

CLOCK_DRIFT = 5e-4  # share of time: the most by which Linux speeds up or slows down the corrected clock, 500 ppm

# How many readings of the clock the code between a stamp and the gate takes as long as, on both sides together: none in
# a chain, in which nothing lies between; two in C; in Python, which appends to lists and may take a lock, about ten.
READINGS_CHAINED, READINGS_C, READINGS_PYTHON = 0, 2, 10

SWITCH_NS = 5_000_000  # how long a thread waits once it lost the GIL, and about as long as a CPU

SWITCH_DEVIATIONS = 3  # standard deviations; switches fall into gaps by chance, as often before as after an operation

LAG_SHARE_MAX = 0.1  # of W: a sampler that comes later than this sees when operations end, not how many there are

LOOKS_MIN = 100  # of the sampler; from fewer its own spread is not known


BALANCES = ("littles_law.balance", "littles_law.sampled_balance")


def balance(samples: Samples, confidence: float) -> dict[str, Result]:
    """The three results of the list above, in "ratio"; `confidence` is that of the sampler's interval."""
    instrument = samples.instrument
    gate = instrument.in_flight if instrument else None
    if instrument is None or gate is None:
        return dict.fromkeys((*BALANCES, "records.counted"), Unavailable("no gate counted what was in flight"))
    if not len(samples) or not gate.completed:
        return dict.fromkeys((*BALANCES, "records.counted"), Unavailable("no operations"))
    return {
        **_balances(samples, instrument, gate, confidence),
        "records.counted": _counted(samples, instrument, gate),
    }


def _balances(samples: Samples, instrument: Instrument, gate: InFlight, confidence: float) -> dict[str, Result]:
    wait_ns = _mean_latency_ns(samples)
    reason = _no_check(samples, instrument, gate, wait_ns)
    if reason:
        return dict.fromkeys(BALANCES, Unavailable(reason))
    either = _apart(samples, instrument, gate, wait_ns)
    expected = _waited_ns(gate, instrument.cut, wait_ns) / gate.window_ns

    def around(in_flight: float, chance: float) -> Estimate:
        ratio = in_flight / expected
        low = ratio * (1 - either) - chance / expected
        high = ratio * (1 + either) + chance / expected
        return Estimate(ratio, low, high, "ratio", len(samples))

    return {
        "littles_law.balance": around(gate.integral_ns / gate.window_ns, 0.0),
        "littles_law.sampled_balance": _looked_at(instrument.sampled, wait_ns, confidence, around),
    }


def _no_check(samples: Samples, instrument: Instrument, gate: InFlight, wait_ns: float) -> str:
    """Why what the gate saw cannot be weighed against the records; empty when it can."""
    load = samples.measurement.load
    given_up = samples.measurement.operations_attempted - gate.completed
    if wait_ns <= 0:
        return "the mean latency is 0, which is below the clock's step"
    if load.kind == "open" and given_up > 0:
        return f"{given_up:,} planned operations never ended: L counts them, and no latency does"
    if instrument.recorder == "python" and load.workers_as == "threads" and load.workers > 1:
        # Measured: 0.6 ms of work in four threads, L/(λ·W) between 1.2 and 2.8 though every record was right.
        return "recorded in Python, threads hand over the GIL between a stamp and the gate"
    return ""


def _looked_at(
    sampled: SampledInFlight | None, wait_ns: float, confidence: float, around: Callable[[float, float], Estimate]
) -> Result:
    if sampled is None:
        return Unavailable("no sampler looked at what was in flight")
    if sampled.looks < LOOKS_MIN:
        return Unavailable(f"{sampled.looks} looks do not bound what was in flight; it needs {LOOKS_MIN}")
    if sampled.lag_ns > LAG_SHARE_MAX * wait_ns:
        return Unavailable(
            f"the sampler came {say(sampled.lag_ns, 'ns')} late on average, and operations take {say(wait_ns, 'ns')}; "
            f"it needs at most {LAG_SHARE_MAX:.0%} of that"
        )
    return around(sampled.mean, _chance(sampled, confidence))


def _chance(sampled: SampledInFlight, confidence: float) -> float:
    """
    By how many operations in flight the looks' mean may miss this window's L, at that confidence.

    Moments that are exponential gaps apart are, given how many, independent and uniform over the window: looks scatter
    around its L by their own deviation, however much neighbouring ones resemble each other.
    """
    return float(stats.norm.ppf((1 + confidence) / 2)) * sampled.deviation / math.sqrt(sampled.looks)


def _counted(samples: Samples, instrument: Instrument, gate: InFlight) -> Estimate:
    """
    Records over what left the gate, less those of them that had begun before the window and have no record by design.

    A stamp and the gate's count may lie on different sides of an edge: one operation a worker either way.
    """
    n, workers = len(samples), samples.measurement.load.workers
    expected = max(gate.completed - (instrument.cut.ended_inside if instrument.cut else 0), 1)
    return Estimate(n / expected, max(0, n - workers) / expected, (n + workers) / expected, "ratio", n)


def _mean_latency_ns(samples: Samples) -> float:
    total_ns = sum(
        int((samples.finished_ns[rows] - samples.scheduled_ns[rows]).sum(dtype=np.int64)) for rows in samples.blocks()
    )
    return total_ns / len(samples)


def _waited_ns(gate: InFlight, cut: Cut | None, wait_ns: float) -> float:
    """
    What the gate should have integrated: each completion's wait, but for operations that the edges cut.

    Those are in flight for their time inside the window, whether they end in it or not, and their waits are not in the
    mean of the records. They are often the long ones: whatever lasts long is likely to cross an edge.
    """
    return gate.completed * wait_ns if cut is None else (gate.completed - cut.ended_inside) * wait_ns + cut.inside_ns


def _apart(samples: Samples, instrument: Instrument, gate: InFlight, wait_ns: float) -> float:
    """By what share the ratio may differ from 1 to either side though nothing is wrong: the list above."""
    edges = samples.measurement.load.workers / len(samples)
    clock = samples.measurement.clock_step_ns / wait_ns
    gap = _readings_between(samples.measurement.load, instrument) * instrument.clock_cost_ns / wait_ns
    switches = SWITCH_DEVIATIONS * math.sqrt(min(gap, 1.0) * SWITCH_NS / gate.window_ns)
    return edges + clock + gap + switches + CLOCK_DRIFT


def _readings_between(load: Load, instrument: Instrument) -> int:
    if load.kind == "closed" and load.workers == 1 and load.workers_as == "threads":
        return READINGS_CHAINED
    return READINGS_C if instrument.recorder == "c" and load.workers_as != "tasks" else READINGS_PYTHON
