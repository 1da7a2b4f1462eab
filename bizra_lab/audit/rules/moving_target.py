"""
A limit that is set after the figure is kept by any figure.

Claim: the target for this was met.
Reason: a target means something where it was fixed before the run. One result of one thing with a limit of its own in
    each document has been given the limit that fits, or it was never agreed what is enough.
Threshold: doubted when two claims of one source that are about the same thing, and name no difference in scope or
    version, set different limits on the same side for a result of the same name.
Source: D. H. Bailey (1991), Twelve Ways to Fool the Masses When Giving Performance Results on Parallel Computers, on
    choosing what one is compared with.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._published import FLOAT_LOSS, UNCLAIMED, same_thing, say_limit, say_where
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Finding, NotChecked, Weight


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    if not claim.stated.sides:
        yield UNCLAIMED
    for name, limit in _limits(claim).items():
        result = given(claim, name)
        if result is None:
            continue
        others = {
            other.name: say_limit(theirs, result.unit)
            for other in same_thing(claim)
            if _comparable(claim, other, name) and _differ(limit, theirs := _limits(other)[name])
        }
        if others:
            yield Finding(
                Weight.DOUBT,
                f"the limit of {name} of {claim.stated.about} is {say_limit(limit, result.unit)} here and "
                f"{say_where(others)}; it takes one, fixed before the run",
                (name,),
            )


def _limits(claim: Claim) -> dict[str, float]:
    """The limits of the claim of which it names the side."""
    return {name: limit for name, limit in (claim.declared.limits or {}).items() if name in claim.stated.sides}


def _comparable(claim: Claim, other: Claim, name: str) -> bool:
    scopes, versions = (claim.declared.scope, other.declared.scope), (claim.stated.version, other.stated.version)
    told_apart = any(None not in pair and pair[0] != pair[1] for pair in (scopes, versions))
    return not told_apart and claim.stated.sides[name] == other.stated.sides.get(name)


def _differ(here: float, there: float) -> bool:
    return abs(here - there) > FLOAT_LOSS * max(abs(here), abs(there))
