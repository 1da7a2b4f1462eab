"""
Operations that left no record are not a random sample.

Claim: the records are all there was.
Reason: what gets lost is what was slow: values out of a histogram's range, requests past a time-out, the operation
    that was running when the window closed. The records cannot show it; a counter that is not the records can.
Threshold: as many records as operations attempted, but for the ones in flight at either edge of the window: at most
    one a worker.
Source: G. Tene, How NOT to Measure Latency (2013), on recorders that drop what does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Finding, Weight


@rule("samples", "operations", "workers")
def check(claim: Claim) -> Iterator[Finding]:
    assert claim.samples is not None and claim.declared.workers is not None
    recorded, attempted = len(claim.samples), claim.declared.operations
    assert attempted is not None
    if abs(recorded - attempted) <= claim.declared.workers:
        return
    difference = recorded - attempted
    yield Finding(
        Weight.VOID,
        f"{recorded:,} records of {attempted:,} operations attempted: {abs(difference):,} "
        + ("records too many" if difference > 0 else f"({-difference / attempted:.2%}) left no record"),
    )
