"""
Time that was not timed was spent all the same.

Claim: so many operations, done in so much time, are so many per second.
Reason: a harness that adds up what its operations took, and divides their number by it, leaves out all that lies
    between: its own clock, its arrays, the pauses. The rate is then that of the timed part, and nobody was
    served at it.
Threshold: doubted when the rate makes its operations fill less than 90 % of the time they are said to have taken:
    loops and clocks around operations of microseconds take the rest, and where operations take less, it is what the
    figure is about.
Source: G. Heiser, Systems Benchmarking Crimes (2010), on benchmarking a part and reporting it as the whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._published import UNCLAIMED, printed
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Finding, NotChecked, Weight
from bizra_lab.units import SECOND_NS, say

TIMED_MIN = 0.9  # of the time; a loop around operations of microseconds leaves as much to them


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    rate, counted, lasted_s = given(claim, "throughput_per_s"), claim.declared.operations, claim.declared.duration_s
    if rate is None or rate.low <= 0 or counted is None or lasted_s is None:
        yield UNCLAIMED
        return
    edge = claim.declared.workers or 0
    if (counted + edge) / rate.low >= TIMED_MIN * printed(lasted_s).low:
        return
    timed_s = counted / rate.value
    yield Finding(
        Weight.DOUBT,
        f"{counted:,} operations at {rate.value:,.8g} /s take {say(timed_s * SECOND_NS, 'ns')} of the "
        f"{say(lasted_s * SECOND_NS, 'ns')} that they took; the other {say((lasted_s - timed_s) * SECOND_NS, 'ns')}, "
        f"{say(1 - timed_s / lasted_s, 'share')}, are in no figure; it takes a rate by the clock, "
        f"which is {counted / lasted_s:,.8g} /s",
        ("throughput_per_s",),
    )
