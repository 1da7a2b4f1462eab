"""
A whole is the sum of its parts.

Claim: the whole is so much, and these are its parts.
Reason: a total is often written down once and its parts later, or it is the target and the parts are what happens. The
    parts are there, so they can be added again.
Threshold: refuted when even the least that the parts round from comes to more than the whole; doubted when the most
    comes to less, and more than 5 % of the whole is in no part: what lies between steps is seldom listed.
Source: arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bizra_lab.audit._published import FLOAT_LOSS, UNCLAIMED, and_more, say_limit, say_value
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Estimate, Finding, NotChecked, Weight

UNLISTED_MAX = 0.05  # of the whole; a measurement of three steps one after the other leaves less between them

NAMED_MAX = 6  # parts; more of them are no sentence


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    if not claim.stated.parts:
        yield UNCLAIMED
    for name, parts in claim.stated.parts.items():
        whole = given(claim, name)
        if whole is None or not parts:
            continue
        low, value, high = (sum(getattr(each, end) for each in parts.values()) for end in ("low", "value", "high"))
        words = f"{name} is said to be {say_value(whole)}, but its {len(parts)} parts come to "
        words += f"{say_limit(value, whole.unit)}: {_listed(parts)}"
        if low > whole.high * (1 + FLOAT_LOSS):
            yield Finding(Weight.REFUTES, words, (name,))
        elif high < whole.low * (1 - UNLISTED_MAX):
            yield Finding(
                Weight.DOUBT, f"{words}; {say_limit(whole.value - value, whole.unit)} are in none of them", (name,)
            )


def _listed(parts: Mapping[str, Estimate]) -> str:
    """The largest parts, largest first."""
    largest = sorted(parts.items(), key=lambda part: -part[1].value)[:NAMED_MAX]
    words = ", ".join(f"{name} {say_value(each)}" for name, each in largest)
    return f"{words}{and_more(range(len(parts) - len(largest)))}"
