"""
A rate, a duration and a count are one fact told three times.

Claim: so many operations were completed in so many seconds, which is the rate.
Reason: rate × duration is the count. Where it is not, they are of different runs, or the rate is over a part of the
    time: the inverse of a mean latency, say, which leaves out all that lies between operations. A count that is the
    exact product of a whole rate and a whole number of seconds was multiplied, hardly counted: counting hits it once in
    as many times as there are seconds. Operations themselves say how long they lasted and how often they fell due, and
    a unit taken for another shows in what is declared beside them.
Threshold: whole intervals, and 2 % more, since tools take rate and count over windows that differ by a moment. Refuted
    when even the least that rate and duration round from comes to more than was counted and can be in flight at the
    edges; doubted when the most comes to less than the operations that did not fail. An exact product is only noted.
    Of operations, doubted when their stamps span 0.5 % more or less than the duration, and more than what the window's
    edges cut: the longest operation and ten mean ones, shared by the workers. And when an open load's due times come in
    another rate than declared: by 0.5 %, and by 3.5 standard deviations of what their own scatter makes of the count.
Source: the definition of a rate; P. J. Denning, J. P. Buzen (1978), ACM Computing Surveys 10(3), 225-261, on
    operational quantities as counts over a window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._plans import plan_of
from bizra_lab.audit._published import Bounds, printed
from bizra_lab.audit._rule import given, rule
from bizra_lab.columns import blocks, difference, span
from bizra_lab.model import Claim, Declared, Finding, NotChecked, Samples, Weight
from bizra_lab.units import SECOND_NS, say

WINDOWS_DIFFER = 0.02  # relative; autocannon's rate is over whole seconds, its count over 5.04 of 5
MULTIPLIED_S_MIN = 10  # s; a product of fewer whole seconds is hit by counting too, once in so many runs
STAMPS_DIFFER = 0.005  # relative; two clocks of one machine, and a timer that wakes late, differ by far less
EDGE_OPERATIONS = 10  # mean operations of one of the workers; that none of them begins or ends for so long is no chance
CHANCE = 3.5  # standard deviations of a count; arrivals at random differ by so much once in 2,000 runs


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    rate, counted, lasted_s = given(claim, "throughput_per_s"), claim.declared.operations, claim.declared.duration_s
    if rate is None or counted is None or lasted_s is None:
        what = "throughput_per_s" if rate is None else "operations" if counted is None else "duration_s"
        yield NotChecked(f"{what} was not given; it takes rate, duration and count", undisclosed=False)
        return
    if claim.samples is not None and len(claim.samples) > 1:
        told_apart = [*_window(claim.samples, lasted_s), *_planned_rate(claim.samples, claim.declared)]
        yield from told_apart
        if told_apart:
            return
    failed = given(claim, "share.failed")
    edge = claim.declared.workers or 0
    done = Bounds(counted * (1 - (failed.high if failed else 0.0)) - edge, counted + edge)
    seconds = printed(lasted_s)
    told = Bounds(rate.low * seconds.low, rate.high * seconds.high)
    product = (
        f"{rate.value:,.8g} /s × {say(lasted_s * SECOND_NS, 'ns')} = {rate.value * lasted_s:,.6g} operations "
        f"({told.low:,.6g} to {told.high:,.6g}), but {counted:,} were counted"
    )
    touches = ("throughput_per_s", "littles_law.*")
    if told.low > done.high * (1 + WINDOWS_DIFFER):
        yield Finding(
            Weight.REFUTES,
            f"{product}, which over that time is {counted / lasted_s:,.6g} /s",
            touches,
        )
    elif told.high < done.low * (1 - WINDOWS_DIFFER):
        yield Finding(Weight.DOUBT, product, touches)
    elif _multiplied(rate.value, lasted_s, counted):
        yield Finding(
            Weight.NOTE,
            f"{counted:,} operations are {rate.value:,.0f} /s × {lasted_s:g} s to the last digit: "
            "multiplied, it seems, and not counted",
            ("throughput_per_s",),
        )


def _multiplied(rate_per_s: float, lasted_s: float, counted: int) -> bool:
    whole = rate_per_s.is_integer() and lasted_s.is_integer() and lasted_s >= MULTIPLIED_S_MIN
    return whole and int(rate_per_s) * int(lasted_s) == counted


def _window(samples: Samples, lasted_s: float) -> Iterator[Finding]:
    """Whether stamps and duration speak of the same time; the end of an open load may be that of its plan."""
    lasted_ns = lasted_s * SECOND_NS
    due_ns = span(samples.scheduled_ns)
    shortest_ns = longest_ns = span(samples.finished_ns)[1] - due_ns[0]
    edge_ns = _edge_ns(samples)
    if samples.measurement.load.kind == "open":
        shortest_ns = due_ns[1] - due_ns[0]
        edge_ns = EDGE_OPERATIONS * shortest_ns / (len(samples) - 1)
    slack_ns = STAMPS_DIFFER * lasted_ns + edge_ns
    if shortest_ns > lasted_ns + slack_ns or longest_ns < lasted_ns - slack_ns:
        yield Finding(
            Weight.DOUBT,
            f"the stamps of {len(samples):,} operations span {say(float(longest_ns), 'ns')}, and "
            f"{say(lasted_ns, 'ns')} are declared, {lasted_ns / max(longest_ns, 1):.4g} times as much; the window's "
            f"edges may cut {say(slack_ns, 'ns')}",
        )


def _edge_ns(samples: Samples) -> float:
    """How long before the end of a window, or after its begin, its workers may all be at operations that are cut."""
    took_ns = difference(samples.finished_ns, samples.started_ns)
    _, longest_ns = span(took_ns)
    mean_ns = sum(float(took_ns[rows].sum(dtype=np.float64)) for rows in blocks(took_ns)) / len(samples)
    return (longest_ns + EDGE_OPERATIONS * mean_ns) / samples.measurement.load.workers


def _planned_rate(samples: Samples, declared: Declared) -> Iterator[Finding]:
    if declared.kind != "open" or declared.rate_per_s is None:
        return
    plan = plan_of(samples)
    seconds = plan.span_ns / SECOND_NS
    if seconds <= 0:
        return
    if plan.interval_ns:
        planned_per_s, chance = SECOND_NS / plan.interval_ns, 0.0
    else:
        gaps = len(plan.gaps_ns)
        planned_per_s, chance = gaps / seconds, CHANCE * plan.scatter / math.sqrt(gaps)
    if abs(planned_per_s / declared.rate_per_s - 1) > max(STAMPS_DIFFER, chance):
        yield Finding(
            Weight.DOUBT,
            f"operations fell due at {say(planned_per_s, 'per_s')}, and {say(declared.rate_per_s, 'per_s')} are "
            f"declared, {declared.rate_per_s / planned_per_s:.4g} times as much",
            ("throughput_per_s", "latency_ns.*"),
        )
