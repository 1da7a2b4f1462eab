"""
What was taken back supports nothing.

Claim: this promise rests on that measurement.
Reason: a source that finds a figure wrong must find all that was built on it. Where a figure stands withdrawn in one
    place and holds up a promise in another, the promise has no measurement under it.
Threshold: doubted when a claim that is not withdrawn prints, about the same thing, a rate or a time that its source has
    withdrawn, to the digit, or rounded to no coarser than a tenth. What is withdrawn is void itself.
Source: Committee on Publication Ethics, Retraction Guidelines (2019): a retraction is to reach whatever cites the work.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._published import UNCLAIMED, apart, same_thing, say_figure
from bizra_lab.audit._rule import estimates, given, rule
from bizra_lab.model import Claim, Estimate, Finding, NotChecked, Weight

COARSE_MAX = 0.1  # of a figure; "13M" for 12,998,070 leaves open less, and what leaves open more is anybody's

_MEASURED = ("latency_ns.", "throughput_per_s")


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    if claim.stated.withdrawn:
        yield Finding(Weight.VOID, "its source has withdrawn it")
        return
    taken_back = [other for other in same_thing(claim) if other.stated.withdrawn]
    if not taken_back:
        yield UNCLAIMED
    for stem in _MEASURED:
        for name, here in estimates(claim, stem):
            sources = [other.name for other in taken_back if (there := given(other, name)) and _same(here, there)]
            if sources:
                yield Finding(
                    Weight.DOUBT,
                    f"{say_figure(name, here)} is that of {', '.join(sources)}, withdrawn by its source; "
                    "it takes a measurement that stands",
                    (name,),
                )


def _same(here: Estimate, there: Estimate) -> bool:
    """Whether both may print one figure, and neither is so coarse that it may be any."""
    if here.value == there.value or here.unit != there.unit:
        return here.unit == there.unit
    coarse = max((each.high - each.low) / each.value if each.value else 1.0 for each in (here, there))
    return coarse <= COARSE_MAX and not apart(here, there)
