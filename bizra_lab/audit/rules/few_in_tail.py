"""
A quantile with a handful of operations beyond it is an anecdote.

Claim: one operation in so many is slower than this.
Reason: the p99.9 of 1,000 operations is their second largest value; one stall more or less moves it by its own size.
Threshold: at least 20 operations beyond the quantile, n·(1 − p) ≥ 20, so that its rank interval at 95 % spans roughly
    half to one and a half of them. A measurement of fewer than 2,000 operations, of which not even a p99 can be told,
    is doubted whatever it tells.
Source: H. A. David, H. N. Nagaraja, Order Statistics (2003), section 7.1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from fractions import Fraction

from bizra_lab.audit._rule import estimates, rule
from bizra_lab.model import Claim, Finding, NotChecked, Weight

TAIL_OPERATIONS_MIN = 20  # beyond the quantile; fewer and one outlier moves it by its own size
OPERATIONS_MIN = 2_000  # of which 20 lie beyond p99: the least of a tail that anybody asks for

TAIL = ("latency_ns.p99*", "latency_ns.max", "service_ns.p99*", "service_ns.max")

_QUANTILE = re.compile(r"^(?:latency|service)_ns\.p(?P<percent>\d+(?:\.\d+)?)$")


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    if claim.samples is not None and len(claim.samples) < OPERATIONS_MIN:
        yield Finding(
            Weight.DOUBT,
            f"{len(claim.samples):,} operations were recorded, which say nothing of a tail; it takes "
            f"{OPERATIONS_MIN:,} for {TAIL_OPERATIONS_MIN} of them to lie beyond p99",
            TAIL,
        )
    for name, result in estimates(claim, ""):
        match = _QUANTILE.match(name)
        if match is None:
            continue
        beyond, n = 1 - Fraction(match["percent"]) / 100, result.n or claim.declared.operations or 0
        if n == 0:
            yield NotChecked(f"{name} is of a number of operations that is undisclosed", undisclosed=True)
        elif 0 < beyond and n * beyond < TAIL_OPERATIONS_MIN:
            yield Finding(
                Weight.VOID,
                f"{name} has {float(n * beyond):.3g} of {n:,} operations beyond it; "
                f"it takes {TAIL_OPERATIONS_MIN}, so {math.ceil(TAIL_OPERATIONS_MIN / beyond):,} operations",
                (name,),
            )
