"""
A rate, a duration and a count are one fact told three times.

Claim: so many operations were completed in so many seconds, which is the rate.
Reason: rate × duration is the count. Where it is not, they are of different runs, or the rate is over a part of the
    time: the inverse of a mean latency, say, which leaves out all that lies between operations. A count that is the
    exact product of a whole rate and a whole number of seconds was multiplied, hardly counted: counting hits it once in
    as many times as there are seconds.
Threshold: whole intervals, and 2 % more, since tools take rate and count over windows that differ by a moment. Refuted
    when even the least that rate and duration round from comes to more than was counted and can be in flight at the
    edges; doubted when the most comes to less than the operations that did not fail. An exact product is only noted.
Source: the definition of a rate; P. J. Denning, J. P. Buzen (1978), ACM Computing Surveys 10(3), 225-261, on
    operational quantities as counts over a window.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._published import Bounds, printed
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Finding, NotChecked, Weight
from bizra_lab.units import SECOND_NS, say

WINDOWS_DIFFER = 0.02  # relative; autocannon's rate is over whole seconds, its count over 5.04 of 5
MULTIPLIED_S_MIN = 10  # s; a product of fewer whole seconds is hit by counting too, once in so many runs


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    rate, counted, lasted_s = given(claim, "throughput_per_s"), claim.declared.operations, claim.declared.duration_s
    if rate is None or counted is None or lasted_s is None:
        what = "throughput_per_s" if rate is None else "operations" if counted is None else "duration_s"
        yield NotChecked(f"{what} was not given; it takes rate, duration and count", undisclosed=False)
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
