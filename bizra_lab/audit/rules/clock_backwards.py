"""
Time that runs backwards was not measured with a clock made for measuring.

Claim: the times are differences of a monotonic clock.
Reason: a wall clock is set back by time synchronisation, leap seconds and people. A negative latency is the visible
    part; as many positive ones are wrong by as much.
Threshold: no operation may end before it started, nor before it was scheduled.
Source: POSIX.1-2017, clock_gettime: CLOCK_MONOTONIC cannot be set, CLOCK_REALTIME can.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Finding, Weight
from bizra_lab.units import say


@rule("samples")
def check(claim: Claim) -> Iterator[Finding]:
    assert claim.samples is not None
    if not len(claim.samples):
        return
    shortest_ns = np.minimum(claim.samples.service_ns, claim.samples.latency_ns)
    backwards = int((shortest_ns < 0).sum())
    if backwards:
        yield Finding(
            Weight.VOID,
            f"{backwards:,} of {len(shortest_ns):,} operations ended before they began, "
            f"by up to {say(-float(shortest_ns.min()), 'ns')}",
            ("latency_ns.*", "service_ns.*", "throughput_per_s", "littles_law.*"),
        )
