"""
A hundred slow operations in two stalls are two events.

Claim: so many operations lie beyond the quantile, so it is known that well.
Reason: slow operations share their cause, a queue or a stall, and come together. What bounds a quantile is the number
    of independent operations that would tell as much about it (`n_eff.*`); where dependence leaves too few, the next
    run of the same length has another quantile.
Threshold: at least 20 independent operations beyond the quantile, n_eff·(1 − p) ≥ 20, as `few_in_tail` asks of all, for
    each quantile that is given, and for those up to p99 also where it is not, since it is dependence that took it away:
    operations are then worth less than half their number. Where they wait for each other, their service is asked; that
    responses resemble each other is the queue's nature, and it is only up to p90 that a run must hold enough of them.
    Otherwise it is noted, no more, where operations are worth less than half: their intervals are wide enough for it.
Source: P. Heidelberger, P. A. W. Lewis (1984), Operations Research 32(1), 185-209.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from fractions import Fraction

from bizra_lab.audit._rule import estimates, given, rule
from bizra_lab.audit.rules.few_in_tail import TAIL_OPERATIONS_MIN
from bizra_lab.model import Claim, Estimate, Finding, Weight

WORTH_NOTED = 0.5  # of their number; intervals as if independent would be 1.4 times too narrow
ALWAYS_ASKED_UP_TO = Fraction("0.99")  # of the quantiles; a run of few operations need not tell rarer ones
QUEUE_ASKED_UP_TO = Fraction("0.9")  # likewise of responses; a server half busy makes ten at p99 worth one

_INDEPENDENT = re.compile(r"^n_eff\.(?P<quantile>(?P<stem>\w+)\.p(?P<percent>\d+(?:\.\d+)?))$")


@rule("samples")
def check(claim: Claim) -> Iterator[Finding]:
    noted: dict[str, Estimate] = {}
    waits = any(True for _ in estimates(claim, "n_eff.service_ns."))
    for name, n_eff in estimates(claim, "n_eff."):
        match = _INDEPENDENT.match(name)
        if match is None or n_eff.value >= WORTH_NOTED * n_eff.n:
            continue
        p = Fraction(match["percent"]) / 100
        beyond = min(p, 1 - p)
        asked_up_to = QUEUE_ASKED_UP_TO if waits and match["stem"] == "latency_ns" else ALWAYS_ASKED_UP_TO
        asked = p <= asked_up_to or given(claim, match["quantile"]) is not None
        if asked and 0 < beyond and n_eff.value * beyond < TAIL_OPERATIONS_MIN:
            yield Finding(Weight.VOID, _too_few(match["quantile"], n_eff, beyond), (match["quantile"],))
        else:
            noted[match["quantile"]] = n_eff
    if noted:
        least = min(noted, key=lambda quantile: noted[quantile].value)
        yield Finding(
            Weight.NOTE,
            f"operations resemble their neighbours: at {least} {noted[least].n:,} are worth "
            f"{noted[least].value:,.0f} independent ones, and intervals are as wide as those make them",
            tuple(noted),
        )


def _too_few(quantile: str, n_eff: Estimate, beyond: Fraction) -> str:
    needed = math.ceil(TAIL_OPERATIONS_MIN / float(beyond) * n_eff.n / n_eff.value)
    return (
        f"{quantile} rests on {n_eff.n:,} operations that are worth {n_eff.value:,.0f} independent ones, "
        f"{n_eff.value * float(beyond):.3g} of them beyond it; "
        f"it takes {TAIL_OPERATIONS_MIN}, so about {needed:,} operations"
    )
