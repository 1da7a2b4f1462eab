"""
A processor does nothing in less than a cycle.

Claim: an operation takes so many cycles, or so long on a clock of so many hertz.
Reason: cycles are the time an operation takes, times the frequency; a worker at a rate has the frequency over that rate
    for each. A figure of cycles that is neither is of another run or another clock, and below one cycle nothing was
    executed at all.
Threshold: refuted when nothing that rounds to the stated cycles is the mean times the frequency, nor workers over rate
    times it, or is more than the latter where no mean is given; noted when it is less, since what the rate leaves need
    not all be used. Refuted when less than no cycle is stated. A mean below one cycle is doubted: a processor does
    several things in one, and nothing in any.
Source: J. L. Hennessy, D. A. Patterson, Computer Architecture: A Quantitative Approach (2017), section 1.9, the
    processor performance equation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bizra_lab.audit._published import UNCLAIMED, Bounds, apart, say_value
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Estimate, Finding, NotChecked, Weight
from bizra_lab.units import SECOND_NS

GIGAHERTZ = 1e9  # Hz; in which frequencies are said

# How cycles are come by, in words.
MEAN, LEFT = "the mean takes", "the rate leaves"


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    stated, clock = given(claim, "cycles_per_op"), given(claim, "clock_hz")
    if stated is None and clock is None:
        yield UNCLAIMED
        return
    if stated is not None and stated.high <= 0:
        yield Finding(Weight.REFUTES, "an operation is said to take less than 0 cycles", ("cycles_per_op",))
        return
    if clock is None:
        yield NotChecked("clock_hz was not given", undisclosed=True)
        return
    computed = dict(_computed(claim, clock))
    if not computed:
        yield NotChecked("neither a rate nor a mean latency was given", undisclosed=True)
        return
    if stated is not None and all(apart(stated, each) for each in computed.values()):
        less = MEAN not in computed and stated.high < computed[LEFT].low
        yield Finding(Weight.NOTE if less else Weight.REFUTES, _other(stated, computed, clock), ("cycles_per_op",))
    if MEAN in computed and computed[MEAN].high < 1:
        yield Finding(
            Weight.DOUBT,
            f"the mean is at most {computed[MEAN].high:.3g} of a cycle at {clock.value / GIGAHERTZ:g} GHz: several "
            "operations were done at once, or none",
            ("latency_ns.*",),
        )


def _computed(claim: Claim, clock: Estimate) -> Iterator[tuple[str, Bounds]]:
    """Cycles for an operation, by how they are come by."""
    mean, rate, workers = given(claim, "latency_ns.mean"), given(claim, "throughput_per_s"), claim.declared.workers
    if mean is not None:
        yield MEAN, Bounds(mean.low * clock.low / SECOND_NS, mean.high * clock.high / SECOND_NS)
    if rate is not None and rate.low > 0 and workers is not None:
        yield LEFT, Bounds(workers * clock.low / rate.high, workers * clock.high / rate.low)


def _other(stated: Estimate, computed: Mapping[str, Bounds], clock: Estimate) -> str:
    words = " and ".join(f"{how} {(each.low + each.high) / 2:.4g}" for how, each in computed.items())
    return f"{say_value(stated)} an operation are stated; at {clock.value / GIGAHERTZ:g} GHz {words}"
