"""
A threshold that is never reached scales nothing.

Claim: more replicas are made when each has so much load, and it was shown.
Reason: a replica that is allowed to do no more than its gate asks for saturates there: if the threshold lies above, the
    load on it never gets so far and no replica is added. And a demonstration that ends with as many replicas as there
    are without any load shows nothing, since it would have ended so if nothing had happened.
Threshold: doubted when the threshold exceeds the least rate that any claim about the same thing lets a replica have;
    void when the load over the threshold, rounded up, is no more than the replicas there are anyway.
Source: Kubernetes documentation, Horizontal Pod Autoscaling: desired replicas are the load over the target, rounded up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from bizra_lab.audit._published import UNCLAIMED, same_thing
from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Estimate, Finding, NotChecked, Scaling, Weight
from bizra_lab.units import say

RATE = "throughput_per_s"


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    scaling = claim.stated.scaling
    if scaling is None:
        yield UNCLAIMED
        return
    allowed = {
        other.name: limit
        for other in (claim, *same_thing(claim))
        if other.stated.sides.get(RATE) == "at_least"
        and (limit := (other.declared.limits or {})[RATE]) < scaling.at.low
    }
    if allowed:
        name, least = min(allowed.items(), key=lambda pair: pair[1])
        yield Finding(
            Weight.DOUBT,
            f"another replica is made at {say(scaling.at.value, 'per_s')} each, but {name} lets one pass that does "
            f"{say(least, 'per_s')}: at its most it stays below the threshold, and none is added",
        )
    if scaling.load is not None:
        yield from _demonstration(scaling, scaling.load)


def _demonstration(scaling: Scaling, load: Estimate) -> Iterator[Finding]:
    wanted = math.ceil(load.value / scaling.at.value)
    if wanted <= scaling.least:
        yield Finding(
            Weight.VOID,
            f"{say(load.value, 'per_s')} over {say(scaling.at.value, 'per_s')} each take {wanted} "
            f"replica{'s' if wanted > 1 else ''}, and there are {scaling.least} without any load; it takes more than "
            f"{say(scaling.least * scaling.at.value, 'per_s')} to show that any is added",
        )
    elif scaling.replicas is not None and scaling.replicas != wanted:
        yield Finding(
            Weight.DOUBT,
            f"{say(load.value, 'per_s')} over {say(scaling.at.value, 'per_s')} each take {wanted} replicas, "
            f"and {scaling.replicas} are said",
        )
