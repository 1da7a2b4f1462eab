"""
What differs without a reason was not measured under the conditions it names.

Claim: the same thing, under the same conditions as far as they are told, has this figure here and that one there.
Reason: figures of one thing differ because something else does: load, machine, version, boundary. Where two are far
    apart and nothing that is told differs, what matters most was not told, and neither can be repeated.
Threshold: doubted when two claims of one source are about the same thing, name no difference in scope, kind of load,
    workers, rate, cores, machine or version, and give a throughput, a mean, a median or a figure of any other kind more
    than twice apart, between the ends that their digits leave open. Repeated runs of a habit are closer, but for their
    tails. What the source has taken back is compared with nothing, and results of one run are another rule's.
Source: T. Hoefler, R. Belli (2015), Scientific Benchmarking of Parallel Computing Systems, rule 9.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bizra_lab.audit._published import UNCLAIMED, same_thing, say_value, say_where
from bizra_lab.audit._rule import estimates, given, rule
from bizra_lab.model import Claim, Estimate, Finding, NotChecked, Weight

TIMES_APART_MAX = 2.0  # runs that differ by less are told apart by noise, a warm cache, another day

EXPLAINING = ("scope", "kind", "workers", "rate_per_s", "cores", "hardware")

# Results that are of something else, or differ by nature: ratios, limits of others, totals, and tails from run to run.
_NOT_COMPARED = re.compile(
    r"baseline|ratio_claimed|change_claimed|generator_limit_per_s|operations_extrapolated|share\..*"
    r"|(?:latency|service)_ns\.(?!mean$|p50$).*"
)


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    others = [other for other in same_thing(claim) if not claim.stated.withdrawn and not other.stated.withdrawn]
    if not others:
        yield UNCLAIMED
        return
    comparable = [other for other in others if not _same_run(claim, other) and not any(_explained(claim, other))]
    for name, here in estimates(claim, ""):
        far = {
            other.name: say_value(there)
            for other in comparable
            if not _NOT_COMPARED.fullmatch(name) and (there := given(other, name)) and _far(here, there)
        }
        if far:
            yield Finding(
                Weight.DOUBT,
                f"{name} of {claim.stated.about} is {say_value(here)} here and {say_where(far)}, and nothing that is "
                "told explains it; it takes the conditions of each",
                (name,),
            )


def _same_run(claim: Claim, other: Claim) -> bool:
    return claim.stated.run is not None and claim.stated.run == other.stated.run


def _explained(claim: Claim, other: Claim) -> Iterator[str]:
    """The conditions in which the two are told to differ."""
    for name in EXPLAINING:
        here, there = getattr(claim.declared, name), getattr(other.declared, name)
        if here is not None and there is not None and here != there:
            yield name
    if claim.stated.version and other.stated.version and claim.stated.version != other.stated.version:
        yield "version"


def _far(here: Estimate, there: Estimate) -> bool:
    """Whether no value of one is within a factor of any of the other."""
    small, large = sorted((here, there), key=lambda each: each.value)
    return here.unit == there.unit and large.low > TIMES_APART_MAX * small.high
