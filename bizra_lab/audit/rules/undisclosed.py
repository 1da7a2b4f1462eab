"""
A figure without its conditions cannot be repeated, so it cannot be checked.

Claim: the figures tell a reader something.
Reason: the same code shows ten times as much with ten times the concurrency, in process and not over a wire, in its
    first second and not warm, on another machine. Who does not know them can neither repeat a measurement nor compare
    it.
Threshold: concurrency, whether the load is closed or open, scope, duration and warm-up are declared; of a printed
    summary also the machine, which the record of a measurement names. One doubt lists all that is missing.
Source: R. Jain, The Art of Computer Systems Performance Analysis (1991), section 2.2; T. Hoefler, R. Belli (2015),
    Scientific Benchmarking of Parallel Computing Systems, rule 9, on documenting all varying factors.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Finding, Weight
from bizra_lab.units import SECOND_NS, say


@rule()
def check(claim: Claim) -> Iterator[Finding]:
    missing = [words for words, value in _needed(claim) if value is None]
    if missing:
        yield Finding(
            Weight.DOUBT,
            f"nothing is said of {', '.join(missing)}; without it nobody can repeat the measurement{_implied(claim)}",
        )


def _needed(claim: Claim) -> Iterator[tuple[str, object]]:
    """What a reader needs to know, in words, and what the claim says of it."""
    declared = claim.declared
    yield "the concurrency", declared.workers
    yield "the kind of load", declared.kind
    yield "the scope", declared.scope
    yield "the duration", declared.duration_s
    yield "the warm-up", declared.warmup_s
    if claim.samples is None:
        yield "the machine", declared.hardware


def _implied(claim: Claim) -> str:
    """How long the run must have been by its count and rate, where the claim does not say."""
    rate, counted = given(claim, "throughput_per_s"), claim.declared.operations
    if claim.declared.duration_s is not None or counted is None or rate is None or rate.value <= 0:
        return ""
    lasted_ns = counted / rate.value * SECOND_NS
    return f"; {counted:,} operations at {rate.value:,.6g} /s take {say(lasted_ns, 'ns')}"
