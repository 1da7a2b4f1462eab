"""
A limit far behind the figure lets everything pass in between.

Claim: the limit watches over this result.
Reason: a result that may become several times worse before its limit is reached is not watched over: a change that
    doubles a latency passes. Next to two figures for one result, a limit is tight or loose by which of them is meant.
Threshold: noted when a time may rise, or a rate may fall, to at least twice as bad before it meets its limit. Only a
    note: what users need and what a regression is are two limits, and which one this is the claim does not say.
Source: spinnaker/kayenta, `effectSize.allowedIncrease`: what a canary may cost more than its baseline is a ratio.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._published import UNCLAIMED, say_figure, say_limit
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Finding, NotChecked, Side, Weight

TIMES_WORSE_MIN = 2.0  # a change by less is seen by other means, and some room must be left for noise

_WATCHED: dict[str, Side] = {"ns": "at_most", "per_s": "at_least"}  # units of which less, and more, is better


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    limits = claim.declared.limits or {}
    if not claim.stated.sides:
        yield UNCLAIMED
    for name, side in claim.stated.sides.items():
        result = given(claim, name)
        if result is None or _WATCHED.get(result.unit) != side or result.low <= 0 or limits[name] <= 0:
            continue
        nearest = result.high if side == "at_most" else result.low
        if _times_worse(nearest, limits[name], side) >= TIMES_WORSE_MIN:
            yield Finding(
                Weight.NOTE,
                f"{say_figure(name, result)} may become {_times_worse(result.value, limits[name], side):.4g} times as "
                f"bad before it meets its limit of {say_limit(limits[name], result.unit)}",
                (name,),
            )


def _times_worse(value: float, limit: float, side: Side) -> float:
    """How many times as bad as `value` the limit is; below 1 where the value does not keep it."""
    return limit / value if side == "at_most" else value / limit
