"""
Failing is often faster than working, and counts as speed if nobody asks.

Claim: so many operations per second, at such latencies.
Reason: an open breaker, a refused connection, a rejected input answers at once. Mixed into the figures, every failure
    raises the throughput and lowers the quantiles of what was meant to be measured. Left out of the latencies, it hides
    what was slowest: the request that timed out.
Threshold: doubted when at least 1 % of the operations failed and their median is under half of the successes' median:
    less cannot move a median or a throughput by more than the noise of a good run. Of a printed summary, doubted when
    at least 1 % failed and are left out of the latencies; where they are in, or it is not said, only the latencies of
    failures, told apart, could show that they were not fast.
Source: B. Beyer et al., Site Reliability Engineering (2016), chapter 6, on telling the latency of failures apart.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Finding, NotChecked, Samples, Weight
from bizra_lab.units import say

FAILED_SHARE_MIN = 0.01  # of the operations; fewer move no figure visibly
FASTER_THAN = 0.5  # of the successes' median latency; closer is the same work


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    if claim.samples is not None:
        yield from _fast_failures(claim.samples)
    else:
        yield from _printed_failures(claim)


def _printed_failures(claim: Claim) -> Iterator[Finding | NotChecked]:
    failed = given(claim, "share.failed")
    if failed is None:
        yield NotChecked("share.failed was not given", undisclosed=False)
        return
    if failed.high < FAILED_SHARE_MIN:
        return
    share = f"{say(failed.value, 'share')} of the operations failed"
    if failed.low >= FAILED_SHARE_MIN and claim.declared.failures_in_latency is False:
        yield Finding(
            Weight.DOUBT, f"{share}, and the latencies leave them out, what timed out with them", ("latency_ns.*",)
        )
    else:
        yield NotChecked(f"{share}, and how long those took is not told apart", undisclosed=True)


def _fast_failures(samples: Samples) -> Iterator[Finding]:
    failed = ~samples.succeeded
    failures = int(failed.sum())
    if failures == 0 or failures < FAILED_SHARE_MIN * len(samples):
        return
    touches = ("throughput_per_s", "latency_ns.*", "service_ns.*")
    if failures == len(samples):
        yield Finding(Weight.VOID, f"all {failures:,} operations failed; only the speed of failing is known", touches)
        return
    latency_ns = samples.latency_ns
    of_failures_ns, of_successes_ns = float(np.median(latency_ns[failed])), float(np.median(latency_ns[~failed]))
    if of_failures_ns < FASTER_THAN * of_successes_ns:
        yield Finding(
            Weight.DOUBT,
            f"{failures / len(samples):.2%} of the operations failed, with a median of {say(of_failures_ns, 'ns')} "
            f"against {say(of_successes_ns, 'ns')} for the others; the figures mix both",
            touches,
        )
