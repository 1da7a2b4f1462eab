"""
A load generator that did not keep its plan has offered another load than the one it reports.

Claim: operations fell due at the planned rate, and one whose worker was free was started then.
Reason: an open load is worth something because its plan does not wait for the system. A generator that sleeps too long,
    shares its processor or has too few workers starts late; the wait it causes is counted as the component's, and
    what never started would have waited longest. A backlog behind busy workers is the component's, and no fault of a
    start, until the rate itself is no longer offered.
Threshold: at least 99.5 % of the planned rate; one in a hundred of the operations whose worker was free late by less
    than a tenth of the median response, which keeps the generator's part of that response smaller than what
    operations differ by. None may be left unstarted, but for one a worker, which may have been under way at the end.
Source: G. Tene, How NOT to Measure Latency (2013), on coordinated omission; B. Schroeder, A. Wierman,
    M. Harchol-Balter, Open Versus Closed: A Cautionary Tale (NSDI 2006), on what makes a load open.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._rule import rule
from bizra_lab.columns import span
from bizra_lab.model import Claim, Estimate, Finding, Ints, Samples, Weight
from bizra_lab.units import say

ACHIEVED_MIN = 0.995  # share of the planned rate; less is another load than the one reported
LAG_SHARE_MAX = 0.1  # of the median response; more and the generator is part of what it measures


@rule("samples", "kind")
def check(claim: Claim) -> Iterator[Finding]:
    samples = claim.samples
    assert samples is not None
    if claim.declared.kind != "open":
        return
    yield from _never_started(samples)
    if len(samples):
        yield from _plan_not_kept(claim, samples)
        yield from _late_though_free(claim, samples)


def _never_started(samples: Samples) -> Iterator[Finding]:
    planned = samples.measurement.operations_attempted
    missing = planned - len(samples)
    if missing > samples.measurement.load.workers:
        yield Finding(
            Weight.VOID,
            f"{missing:,} of {planned:,} operations planned ({say(missing / planned, 'share')}) were never started; "
            "they would have waited longest",
        )


def _plan_not_kept(claim: Claim, samples: Samples) -> Iterator[Finding]:
    planned_ns = _span_ns(samples.scheduled_ns)
    achieved = _given(claim, "generator.achieved")
    if achieved is None:
        achieved = planned_ns / max(planned_ns, _span_ns(samples.started_ns), 1)
    if 0 < achieved < ACHIEVED_MIN:
        yield Finding(
            Weight.DOUBT,
            f"a plan of {say(planned_ns, 'ns')} was started over {say(planned_ns / achieved, 'ns')}, at "
            f"{say(achieved, 'share')} of its rate; it takes {say(ACHIEVED_MIN, 'share')}",
            ("throughput_per_s", "latency_ns.*"),
        )


def _late_though_free(claim: Claim, samples: Samples) -> Iterator[Finding]:
    lag_ns, median_ns = _given(claim, "generator.lag_ns.p99"), _given(claim, "latency_ns.p50")
    if lag_ns is None:
        lag_ns = _p99(_own_lag_ns(samples))
    if median_ns is None:
        median_ns = float(np.median(samples.latency_ns))
    if lag_ns > 0 and lag_ns >= LAG_SHARE_MAX * median_ns:
        yield Finding(
            Weight.DOUBT,
            f"of the operations whose worker was free, one in a hundred started {say(lag_ns, 'ns')} late or later, "
            f"against a median response of {say(median_ns, 'ns')}; it takes less than {say(LAG_SHARE_MAX, 'share')} "
            f"of it, {say(LAG_SHARE_MAX * median_ns, 'ns')}",
            ("latency_ns.*",),
        )


def _given(claim: Claim, name: str) -> float | None:
    """What the claim says of this result; None where it says nothing, or that it cannot tell."""
    result = claim.results.get(name)
    return result.value if isinstance(result, Estimate) else None


def _own_lag_ns(samples: Samples) -> Ints:
    """How late each operation started whose worker had ended its last one when it fell due, in ns; never empty."""
    order = np.lexsort((samples.finished_ns, samples.started_ns, samples.worker))
    worker, scheduled_ns, finished_ns = (
        column[order] for column in (samples.worker, samples.scheduled_ns, samples.finished_ns)
    )
    free = (worker[1:] != worker[:-1]) | (finished_ns[:-1] <= scheduled_ns[1:])
    lag_ns: Ints = (samples.started_ns - samples.scheduled_ns)[order][np.concatenate(([True], free))]
    return lag_ns


def _p99(values: Ints) -> float:
    place = math.ceil(len(values) * 99 / 100) - 1
    return float(np.partition(values, place)[place])


def _span_ns(stamps: Ints) -> int:
    first, last = span(stamps)
    return last - first
