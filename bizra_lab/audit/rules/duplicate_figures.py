"""
One run has one set of latencies.

Claim: these latencies were seen at this throughput.
Reason: a rate of six digits is a fingerprint: another run has other digits. Two sets of latencies beside the same
    fingerprint are of two runs, so at least one of them was seen at another rate, or was not seen.
Threshold: doubted when two claims of one source and one scope print the same throughput in at least 4 significant
    digits that are not zeros at its end, of which two runs share all once in thousands of times, and no value agrees
    with both of a latency of the same name. A rate written in full, not rounded, is a tool's own count over time, and
    one run has it at each boundary that the tool times.
Source: the arithmetic of chance: two runs whose rates differ by a part in a hundred share six digits once in 5,000
    times.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bizra_lab.audit._rule import estimates, given, rule
from bizra_lab.model import Claim, Estimate, Finding, Weight
from bizra_lab.units import say

DIGITS_MIN = 4  # significant ones; two rates of three share them by chance


@rule()
def check(claim: Claim) -> Iterator[Finding]:
    rate = given(claim, "throughput_per_s")
    if rate is None or rate.low == rate.high or _significant_digits(rate.value) < DIGITS_MIN:
        return
    others = [other for other in claim.beside if _same_run(claim, rate, other)]
    apart = [(other.name, differing) for other in others if (differing := tuple(_apart(claim, other)))]
    if not apart:
        return
    (first, differing), *more = apart
    words = ", ".join(f"{name} {say(here.value, 'ns')} and {say(there.value, 'ns')}" for name, here, there in differing)
    likewise = f"; likewise {', '.join(name for name, _ in more)}" if more else ""
    yield Finding(
        Weight.DOUBT,
        f"{first} prints the same {rate.value:,.12g} /s beside other latencies ({words}), and one run cannot have had "
        f"both{likewise}",
        ("throughput_per_s", *sorted({name for _, each in apart for name, *_ in each})),
    )


def _same_run(claim: Claim, rate: Estimate, other: Claim) -> bool:
    """Whether the other claim prints the same throughput, of the same boundary."""
    theirs = given(other, "throughput_per_s")
    return theirs is not None and theirs.value == rate.value and other.declared.scope == claim.declared.scope


def _apart(claim: Claim, other: Claim) -> Iterator[tuple[str, Estimate, Estimate]]:
    """The latencies of both claims, by name, that no value agrees with."""
    for name, here in estimates(claim, "latency_ns."):
        there = given(other, name)
        if there is not None and (here.low > there.high or here.high < there.low):
            yield name, here, there


def _significant_digits(value: float) -> int:
    return len(Decimal(repr(value)).normalize().as_tuple().digits)
