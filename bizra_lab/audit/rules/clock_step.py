"""
A latency of a few steps of the clock is mostly the clock.

Claim: the quantiles say how long operations took.
Reason: a reading is rounded to the clock's step, so a latency of k steps is known to 1 in k. Truncated values (whole
    microseconds, whole milliseconds) have a larger step than the clock that was read, and a median of zero says only
    that the step is larger than the operation.
Threshold: the median must be at least 10 steps, which bounds the rounding at a tenth of it. The step is the declared
    one, or the greatest common divisor of all latencies when that is larger: values were rounded after they were read.
Source: D. J. Lilja, Measuring Computer Performance (2000), section 6.2 (timer resolution and quantization error).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Estimate, Finding, Samples, Weight
from bizra_lab.units import say

STEPS_MIN = 10  # steps of the clock in the median; fewer and rounding alone moves it by a tenth

# Distinct latencies below which a common divisor proves nothing: a handful of values share one by chance.
DISTINCT_MIN = 10

ROWS = 65_536  # looked at together: honest ones show within the first chunk that they share no divisor


@rule("clock_step_ns", "result:latency_ns.p50")
def check(claim: Claim) -> Iterator[Finding]:
    median = claim.results["latency_ns.p50"]
    assert isinstance(median, Estimate) and claim.declared.clock_step_ns is not None
    declared_ns = claim.declared.clock_step_ns
    step_ns = declared_ns if claim.samples is None else max(declared_ns, _rounded_to_ns(claim.samples, declared_ns))
    if median.value >= STEPS_MIN * step_ns:
        return
    how = "the clock's step" if step_ns == declared_ns else "what every latency is a multiple of"
    yield Finding(
        Weight.VOID,
        f"the median latency, {say(median.value, 'ns')}, is {median.value / step_ns:.3g} × {say(step_ns, 'ns')}, "
        f"{how}; it takes at least {STEPS_MIN} for a latency to be more than rounding",
        ("latency_ns.*", "service_ns.*"),
    )


def _rounded_to_ns(samples: Samples, declared_ns: float) -> float:
    """What all latencies are multiples of, in ns, where it is larger than the declared step; 0 otherwise."""
    divisor = 0
    for rows in samples.blocks(ROWS):
        latencies_ns = samples.finished_ns[rows] - samples.scheduled_ns[rows]
        if rows.start == 0 and len(np.unique(latencies_ns)) < DISTINCT_MIN:
            return 0.0
        divisor = math.gcd(divisor, int(np.gcd.reduce(latencies_ns)))
        if divisor <= declared_ns:
            return 0.0
    return float(divisor)
