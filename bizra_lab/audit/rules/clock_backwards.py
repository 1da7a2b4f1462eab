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
from bizra_lab.model import Claim, Finding, Samples, Weight
from bizra_lab.units import say


@rule("samples")
def check(claim: Claim) -> Iterator[Finding]:
    assert claim.samples is not None
    backwards, furthest_ns = _backwards(claim.samples)
    if backwards:
        yield Finding(
            Weight.VOID,
            f"{backwards:,} of {len(claim.samples):,} operations ended before they began, "
            f"by up to {say(float(furthest_ns), 'ns')}",
            ("latency_ns.*", "service_ns.*", "throughput_per_s", "littles_law.*"),
        )


def _backwards(samples: Samples) -> tuple[int, int]:
    """How many operations ended before they began, and by how much at most, in ns."""
    count = furthest_ns = 0
    for rows in samples.blocks():
        begun_ns = np.maximum(samples.started_ns[rows], samples.scheduled_ns[rows])
        short_ns = begun_ns - samples.finished_ns[rows]
        count += int((short_ns > 0).sum())
        furthest_ns = max(furthest_ns, int(short_ns.max()))
    return count, furthest_ns
