"""
A short run shows the machine's mood, not the component's habit.

Claim: the figures describe how the component runs.
Reason: garbage collection, caches, timers and neighbours work in periods of seconds to a minute; a window that holds
    no whole period of them, or begins before the code is warm, measures a moment.
    What a component counted of all there is depends on no window, so it is not touched.
Threshold: at least 120 s measured, after at least 30 s of warm-up: what the source of this suite asked of itself
    (NODE0 audit, 2025-10-19), and did not keep: the figure it called validated came from 19 ms.
Source: T. Kalibera, R. Jones, Rigorous Benchmarking in Reasonable Time (2013), on warm-up and independence.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Finding, Weight
from bizra_lab.units import SECOND_NS, say

MEASURED_S_MIN = 120.0  # s; holds several of the slowest periods a host is known for
WARMUP_S_MIN = 30.0  # s; what compilers, caches and connection pools are given to settle

# A clock read just inside the deadline must not fail a run that was asked for exactly the minimum.
TOLERANCE = 0.001  # share of the duration


@rule("duration_s", "warmup_s")
def check(claim: Claim) -> Iterator[Finding]:
    measured_s, warmup_s = claim.declared.duration_s, claim.declared.warmup_s
    assert measured_s is not None and warmup_s is not None
    touches = _touches(claim)
    if measured_s < MEASURED_S_MIN * (1 - TOLERANCE):
        said = f"{say(measured_s * SECOND_NS, 'ns')} were measured; it takes {MEASURED_S_MIN:g} s"
        yield Finding(Weight.DOUBT, said, touches)
    if warmup_s < WARMUP_S_MIN * (1 - TOLERANCE):
        yield Finding(
            Weight.DOUBT, f"{say(warmup_s * SECOND_NS, 'ns')} of warm-up; it takes {WARMUP_S_MIN:g} s", touches
        )


def _touches(claim: Claim) -> tuple[str, ...]:
    """Everything, but for what a component counted of all there is."""
    instrument = claim.samples.instrument if claim.samples else None
    counted = {f"share.{name}" for name, tally in instrument.tallies.items() if tally.complete} if instrument else set()
    return tuple(name for name in claim.results if name not in counted) if counted else ("*",)
