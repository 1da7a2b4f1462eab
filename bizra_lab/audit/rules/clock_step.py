"""
A latency of a few steps of the clock is mostly the clock.

Claim: the quantiles say how long operations took.
Reason: a reading is rounded to the clock's step, so a latency of k steps is known to 1 in k. Truncated values (whole
    microseconds, whole milliseconds) have a larger step than the clock that was read. Nothing takes no time: a figure
    of 0 says only that the step is larger than the operation, and a figure printed with one digit that it is about as
    large.
Threshold: the median must be at least 10 steps, which bounds the rounding at a tenth of it. The step is the declared
    one, or what all latencies or all service times are multiples of when that is larger: values were rounded after they
    were read. That is doubted where the step is ten times the declared one and 1 % of the median, since truncation
    takes half a step off a mean, and noted where it does no harm. No quantile and no mean may be 0, nor 1 % of the
    operations; doubted when a printed median is under 2 of the steps it was printed in.
Source: D. J. Lilja, Measuring Computer Performance (2000), section 6.2 (timer resolution and quantization error).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._rule import estimates, given, rule
from bizra_lab.model import Claim, Estimate, Finding, Ints, NotChecked, Samples, Weight
from bizra_lab.units import say

STEPS_MIN = 10  # steps of the clock in the median; fewer and rounding alone moves it by a tenth

PRINTED_STEPS_MIN = 2  # steps of the last digit printed; of one the median may be half as much again, or half

ZERO_SHARE_MIN = 0.01  # of the operations; as many move no median, but every share and every p1

ROUNDED_MIN = 10  # times the declared step; a step of less may be the clock's own, declared carelessly
HARMLESS_STEPS_MIN = 100  # of the rounding in the median; a mean is then off by half a hundredth at most

OPERATIONS_MIN = 200  # a handful of values share a divisor by chance
REPEATED_MIN = 5  # operations to a tick of no whole ns, typically; times that are read finely repeat by chance
STAMP_NS = 2  # by which stamps rounded to whole ns part what was equal

ROWS = 65_536  # looked at together: honest ones show within the first chunk that they share no divisor

TOUCHES = ("latency_ns.*", "service_ns.*")


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    figures = [pair for pair in estimates(claim, "latency_ns.") if pair[0] != "latency_ns.min"]
    zero = [name for name, figure in figures if figure.value == 0]
    if zero:
        yield Finding(
            Weight.VOID,
            f"{zero[-1]} is 0{f', and {len(zero) - 1} more' if len(zero) > 1 else ''}, but nothing takes no time: "
            "it is less than the clock's step, or than the last digit that was kept",
            TOUCHES,
        )
        return
    median = _median(claim)
    if median is None:
        yield NotChecked("latency_ns.p50 was not given", undisclosed=bool(figures))
        return
    step_ns = claim.declared.clock_step_ns
    if step_ns is None:
        yield NotChecked("clock_step_ns undisclosed", undisclosed=True)
    few = tuple(_few_steps(claim, median, step_ns)) if step_ns is not None else ()
    yield from few
    if claim.samples is not None:
        yield from _took_no_time(claim.samples)
    elif not few:
        yield from _printed_coarsely(median)


def _few_steps(claim: Claim, median: Estimate, declared_ns: float) -> Iterator[Finding]:
    rounded_ns = _rounded_to_ns(claim.samples, declared_ns) if claim.samples is not None else 0.0
    step_ns = max(declared_ns, rounded_ns)
    if median.value < STEPS_MIN * step_ns:
        how = "the clock's step" if step_ns == declared_ns else "what every latency is a multiple of"
        yield Finding(
            Weight.VOID,
            f"the median latency, {say(median.value, 'ns')}, is {median.value / step_ns:.3g} × {say(step_ns, 'ns')}, "
            f"{how}; it takes at least {STEPS_MIN} for a latency to be more than rounding",
            TOUCHES,
        )
    elif rounded_ns >= ROUNDED_MIN * declared_ns:
        harmless = median.value >= HARMLESS_STEPS_MIN * rounded_ns
        yield Finding(
            Weight.NOTE if harmless else Weight.DOUBT,
            f"every latency is a multiple of {say(rounded_ns, 'ns')}, and the clock's step is "
            f"{say(declared_ns, 'ns')}: they were rounded after they were read"
            + ("" if harmless else f", by up to {say(rounded_ns / median.value, 'share')} of the median"),
            TOUCHES,
        )


def _median(claim: Claim) -> Estimate | None:
    """The median that is given; of operations themselves that of what they took, of which a queue makes more."""
    median = given(claim, "latency_ns.p50")
    if claim.samples is None or not len(claim.samples):
        return median
    # Of those that depend too much on each other no median is told, but this is not about the next run.
    seen_ns = float(np.median(claim.samples.service_ns, overwrite_input=True))
    return median if median and median.value <= seen_ns else Estimate(seen_ns, seen_ns, seen_ns, "ns", 1)


def _printed_coarsely(median: Estimate) -> Iterator[Finding]:
    step_ns = median.high - median.low
    if median.value < PRINTED_STEPS_MIN * step_ns:
        yield Finding(
            Weight.DOUBT,
            f"the median latency is printed as {say(median.value, 'ns')} in steps of {say(step_ns, 'ns')}, and may be "
            f"anything from {say(median.low, 'ns')} to {say(median.high, 'ns')}",
            ("latency_ns.p50",),
        )


def _took_no_time(samples: Samples) -> Iterator[Finding]:
    zeros = sum(int((samples.finished_ns[rows] == samples.scheduled_ns[rows]).sum()) for rows in samples.blocks())
    if zeros and zeros >= ZERO_SHARE_MIN * len(samples):
        yield Finding(
            Weight.DOUBT,
            f"{zeros:,} of {len(samples):,} operations ({say(zeros / len(samples), 'share')}) took 0 ns by the clock",
            TOUCHES,
        )


def _rounded_to_ns(samples: Samples, declared_ns: float) -> float:
    """What all latencies, or all service times, are multiples of, in ns, where it is more than declared; else 0."""
    if len(samples) < OPERATIONS_MIN or samples.measurement.scope == "simulated":  # no clock was read
        return 0.0
    return max(
        _divisor_ns(samples, samples.scheduled_ns, declared_ns), _divisor_ns(samples, samples.started_ns, declared_ns)
    )


def _divisor_ns(samples: Samples, since_ns: Ints, declared_ns: float) -> float:
    """The common divisor of all times since a stamp in ns; of ticks that are no whole ns, their size."""
    divisor = 0
    for rows in samples.blocks(ROWS):
        times_ns = samples.finished_ns[rows] - since_ns[rows]
        divisor = math.gcd(divisor, int(np.gcd.reduce(times_ns)))
        if divisor <= declared_ns:
            return _tick_ns(times_ns) if rows.start == 0 else 0.0
    return float(divisor)


def _tick_ns(times_ns: Ints) -> float:
    """How far values lie apart that come again and again, each within what rounding parts; 0 where they do not."""
    values, repeated = np.unique(times_ns, return_counts=True)
    apart_ns = np.diff(values)
    first = np.flatnonzero(np.append(True, apart_ns > STAMP_NS))
    widest_ns = int((values[np.append(first[1:], len(values)) - 1] - values[first]).max())
    if len(first) < 2 or widest_ns > STAMP_NS or np.median(np.add.reduceat(repeated, first)) < REPEATED_MIN:
        return 0.0
    return float(np.median(np.diff(values[first])))
