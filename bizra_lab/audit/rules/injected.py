"""
What was put in is not what came out.

Claim: the system showed this share, this rate, this latency.
Reason: a simulated failure rate, a hot set that holds so much of the traffic, a planned rate: a benchmark sets them,
    and its result then repeats them. The figure tells of the benchmark, and would be the same for a system that does
    nothing.
Threshold: void when a value that the maker declares as set lies in the interval of the result of the same name. A
    result that differs from its input was measured, and is left alone.
Source: the distinction of factors and responses; R. Jain, The Art of Computer Systems Performance Analysis (1991),
    section 16.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Finding, NotChecked, Weight
from bizra_lab.units import say

ROUNDING = 1e-9  # relative; a decimal number read twice


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    if claim.declared.inputs is None:
        yield NotChecked("what was set and not measured is undisclosed", undisclosed=False)
        return
    for name, value in claim.declared.inputs.items():
        result = given(claim, name)
        if result is None:
            continue
        slack = ROUNDING * abs(value)
        if result.low - slack <= value <= result.high + slack:
            yield Finding(
                Weight.VOID,
                f"{name} of {say(result.value, result.unit)} is what the benchmark was set to, "
                f"{say(value, result.unit)}: an input, reported as an outcome",
                (name,),
            )
