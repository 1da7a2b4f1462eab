"""
What is asked of a system faster than it answers grows without end.

Claim: the response times are those of an open load at this rate.
Reason: where less is completed than falls due, the difference waits, and waits longer the longer it is measured.
    Response times are then a function of the duration of the run, and none of them is the system's.
Threshold: void when, at the moment the last operation falls due, more than 1 % of all wait, more than ten for each
    worker, and by a third more than half-way there: a queue that is only busy has forgotten its length long before. Of
    a printed summary, doubted when less than 99 % of the offered rate was completed, failures counted as completed, and
    less than chance makes of arrivals at random, 3 of their standard deviations.
Source: the condition for a queue to have a steady state, ρ < 1; L. Kleinrock, Queueing Systems, volume 1 (1975),
    section 2.5.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._rule import given, rule
from bizra_lab.columns import span
from bizra_lab.model import Claim, Estimate, Finding, NotChecked, Samples, Weight
from bizra_lab.units import say

COMPLETED_MIN = 0.99  # share of the offered rate; what is left out at the edges of a good run is less
CHANCE = 3.0  # standard deviations of the count; arrivals at random come short by so much in one run of 700
WAITING_MAX = 0.01  # of all operations, at the end of the plan; the same share that is missing from the rate
WAITING_PER_WORKER_MAX = 10  # operations; a busy queue has so many by chance
GROWTH_MIN = 4 / 3  # of the queue from half-way to the end; a steady overload doubles it

TOUCHES = ("latency_ns.*", "throughput_per_s", "littles_law.*")


@rule("kind")
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    rate, offered_per_s = given(claim, "throughput_per_s"), claim.declared.rate_per_s
    if claim.declared.kind != "open":
        return
    if claim.samples is not None:
        if len(claim.samples):
            yield from _growing(claim.samples)
    elif offered_per_s is None or rate is None:
        yield NotChecked(f"{'rate_per_s' if rate else 'throughput_per_s'} undisclosed", undisclosed=True)
    else:
        yield from _not_completed(claim, rate, offered_per_s)


def _not_completed(claim: Claim, rate: Estimate, offered_per_s: float) -> Iterator[Finding]:
    failed = given(claim, "share.failed")
    # Some tools count only what succeeded.
    most_per_s = rate.high / (1 - failed.high) if failed and failed.high < 1 else rate.high
    chance = CHANCE / math.sqrt(rate.n) if rate.n else 0.0
    if most_per_s * (1 + chance) < COMPLETED_MIN * offered_per_s:
        yield Finding(
            Weight.DOUBT,
            f"{say(offered_per_s, 'per_s')} were offered and {say(rate.value, 'per_s')} completed, "
            f"{say(rate.value / offered_per_s, 'share')} of it; the rest waits, longer the longer the run is",
            TOUCHES,
        )


def _growing(samples: Samples) -> Iterator[Finding]:
    first_ns, last_ns = span(samples.scheduled_ns)
    before, after = _waiting(samples, (first_ns + last_ns) // 2), _waiting(samples, last_ns)
    few = max(WAITING_MAX * len(samples), WAITING_PER_WORKER_MAX * samples.measurement.load.workers)
    if after > few and after > GROWTH_MIN * before:
        yield Finding(
            Weight.VOID,
            f"when the last operation fell due, {after:,} of {len(samples):,} waited or were under way, and {before:,} "
            "half-way there: more falls due than is completed, so response times grow as long as the run does",
            TOUCHES,
        )


def _waiting(samples: Samples, at_ns: int) -> int:
    """Operations that had fallen due by a moment and not finished."""
    due = sum(int(np.count_nonzero(samples.scheduled_ns[rows] <= at_ns)) for rows in samples.blocks())
    return due - sum(int(np.count_nonzero(samples.finished_ns[rows] <= at_ns)) for rows in samples.blocks())
