"""
A figure beyond its limit does not keep it.

Claim: this result keeps that limit.
Reason: both are printed, so they can be compared again. A table of marks is written by hand or by a script that looked
    elsewhere; a figure that grew while its mark stayed is found only by asking.
Threshold: refuted when no value that rounds to the result lies on the side of the limit that the claim names. Where
    the limit lies within what the digits leave open, it may be kept.
Source: arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._published import FLOAT_LOSS, UNCLAIMED, say_figure, say_limit
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Estimate, Finding, NotChecked, Side, Weight

_WORDS: dict[Side, str] = {"at_most": "at most", "at_least": "at least"}


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    limits = claim.declared.limits or {}
    if not claim.stated.sides:
        yield UNCLAIMED
    for name, side in claim.stated.sides.items():
        result = given(claim, name)
        if result is not None and not _kept(result, limits[name], side):
            yield Finding(
                Weight.REFUTES,
                f"{say_figure(name, result)} is said to be {_WORDS[side]} {say_limit(limits[name], result.unit)}"
                f"{_times(result, limits[name])}",
                (name,),
            )


def _kept(result: Estimate, limit: float, side: Side) -> bool:
    slack = FLOAT_LOSS * abs(limit)
    return result.low <= limit + slack if side == "at_most" else result.high >= limit - slack


def _times(result: Estimate, limit: float) -> str:
    return f", and is {result.value / limit:.4g} times that" if limit else ""
