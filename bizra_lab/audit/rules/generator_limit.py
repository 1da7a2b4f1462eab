"""
A load generator cannot send more than it can send.

Claim: so many operations per second, sent by a generator that can do so many.
Reason: a rate beyond what its maker gives for one generator takes several, on machines of their own, and a report that
    names none of them did not have them, or does not say what was measured.
Threshold: doubted when even the lower end of the rate exceeds the upper end of what the generator can do. Not refuted:
    what a maker gives is an order of magnitude, on a machine of his.
Source: Grafana k6 documentation, Running large tests, on what one instance can generate.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._published import UNCLAIMED
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Finding, NotChecked, Weight
from bizra_lab.units import say


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    rate, most = given(claim, "throughput_per_s"), given(claim, "generator_limit_per_s")
    if rate is None or most is None:
        yield UNCLAIMED
    elif rate.low > most.high:
        yield Finding(
            Weight.DOUBT,
            f"{say(rate.value, 'per_s')} are {rate.value / most.value:.4g} times the {say(most.value, 'per_s')} that "
            "the generator is said to reach; it takes several of it, and nothing is said of them",
            ("throughput_per_s",),
        )
