"""
A moment times a thousand is not an hour.

Claim: so many operations in a day, an hour, a minute.
Reason: what stops a system for a second, fills a disk or heats a processor does not happen in a short run. A total for
    a time that nobody watched says what the moment would give if it never ended; and where the total is not even the
    rate times that time, one of the two is of something else.
Threshold: doubted when the total is stated for more than 10 times as long as was measured, one decade past the data;
    refuted when no rate and no total that round to what is printed agree.
Source: S. Coles, An Introduction to Statistical Modeling of Extreme Values (2001), section 4.2, on what lies beyond the
    data.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Finding, NotChecked, Weight
from bizra_lab.units import SECOND_NS, say

EXTRAPOLATION_MAX = 10  # times the measured time; one decade past the data, as for tails

TOTAL = "operations_extrapolated"


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    rate, total = given(claim, "throughput_per_s"), given(claim, TOTAL)
    to_s, measured_s = claim.declared.extrapolated_to_s, _measured_s(claim)
    if to_s is None:
        return
    if rate and total and (rate.low * to_s > total.high or rate.high * to_s < total.low):
        yield Finding(
            Weight.REFUTES,
            f"{total.value:,.6g} operations are stated for {say(to_s * SECOND_NS, 'ns')}, "
            f"but {rate.value:,.8g} /s come to {rate.value * to_s:,.6g}",
            (TOTAL, "throughput_per_s"),
        )
    if measured_s is None:
        yield NotChecked("duration_s undisclosed", undisclosed=True)
    elif to_s > EXTRAPOLATION_MAX * measured_s:
        yield Finding(
            Weight.DOUBT,
            f"a total for {say(to_s * SECOND_NS, 'ns')} is stated from {say(measured_s * SECOND_NS, 'ns')}, "
            f"{to_s / measured_s:,.4g} times as long as was measured; expected at most {EXTRAPOLATION_MAX}",
            (TOTAL,),
        )


def _measured_s(claim: Claim) -> float | None:
    """How long was measured, in s; by count and rate where no duration is declared, None where neither tells."""
    declared, rate = claim.declared, given(claim, "throughput_per_s")
    if declared.duration_s is not None or declared.operations is None or rate is None or rate.value <= 0:
        return declared.duration_s
    return declared.operations / rate.value
