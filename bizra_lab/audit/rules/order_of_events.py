"""
Nothing quotes what does not exist yet.

Claim: this report, of this date, rests on that, of that date.
Reason: what is used, quoted or answered was there before. A date that says otherwise was not written by a clock, or the
    document is not of the run that it quotes.
Threshold: refuted when all that the date of the document may be lies before all that the date of what it rests on may
    be, both with their zone. Doubted where one of them has no zone, since they may be of two.
Source: L. Lamport (1978), Communications of the ACM 21(7), 558-565: what happened before can have
    caused, and only that.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._published import UNCLAIMED
from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Finding, NotChecked, Weight
from bizra_lab.units import SECOND_NS, say


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    dated = claim.stated.dated
    if dated is None or not claim.stated.rests_on:
        yield UNCLAIMED
        return
    for name, other in claim.stated.rests_on.items():
        zoned = dated.ahead_s is not None and other.ahead_s is not None
        zones_apart_s = (dated.ahead_s or 0.0) - (other.ahead_s or 0.0) if zoned else 0.0
        later_s = other.earliest_s - dated.latest_s + zones_apart_s
        if later_s < 0:
            continue
        words = f"dated {dated.written}, it rests on {name} of {other.written}, {say(later_s * SECOND_NS, 'ns')} later"
        if zoned:
            yield Finding(Weight.REFUTES, words)
        else:
            yield Finding(Weight.DOUBT, f"{words} by the clock; it takes the zone of both to tell")
