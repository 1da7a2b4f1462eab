"""
A race over two distances has no winner.

Claim: this is so many times better than that.
Reason: what differs between two measurements explains their difference: all cores against one, in process against over
    the wire, a warm minute against a cold second. Only what is equal in both can be left out of the explanation.
Threshold: the same scope, kind of load, workers, cores, hardware and offered rate on both sides; durations and warm-ups
    within a factor of 2, inside which runs of a habit resemble each other. Where a comparison is stated and the other
    side's conditions are not, nothing can be compared.
Source: P. J. Fleming, J. J. Wallace (1986), Communications of the ACM 29(3), 218-221, and D. H. Bailey (1991), Twelve
    Ways to Fool the Masses When Giving Performance Results on Parallel Computers.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Declared, Finding, NotChecked, Weight

DURATION_RATIO_MAX = 2.0  # of the longer to the shorter; closer ones have seen the same

COMPARISONS = ("ratio_claimed", "change_claimed", "baseline")

_EQUAL = ("scope", "kind", "workers", "cores", "hardware", "rate_per_s")
_ALIKE = ("duration_s", "warmup_s")


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    ours, theirs = claim.declared, claim.declared.baseline
    if theirs is None:
        if any(given(claim, name) for name in COMPARISONS):
            yield NotChecked("the conditions of the baseline are undisclosed", undisclosed=True)
        return
    unequal = [*_unequal(ours, theirs)]
    if unequal:
        yield Finding(
            Weight.DOUBT, f"claim and baseline differ in more than what is compared: {'; '.join(unequal)}", COMPARISONS
        )
    for name in ("scope", "workers"):
        if not unequal and getattr(ours, name) is not None and getattr(theirs, name) is None:
            yield NotChecked(f"{name} of the baseline undisclosed", undisclosed=True)


def _unequal(ours: Declared, theirs: Declared) -> Iterator[str]:
    for name in (*_EQUAL, *_ALIKE):
        here, there = getattr(ours, name), getattr(theirs, name)
        if here is None or there is None:
            continue
        if _differ(here, there) if name in _ALIKE else here != there:
            yield f"{name} {_word(here)} against {_word(there)}"


def _differ(here: float, there: float) -> bool:
    return max(here, there) > DURATION_RATIO_MAX * min(here, there)


def _word(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
