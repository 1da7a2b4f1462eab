"""
Operations that left no record are not a random sample.

Claim: the records are all there was.
Reason: what gets lost is what was slow: values out of a histogram's range, requests past a time-out, the operation
    that was running when the window closed. The records cannot show it; a counter that is not the records can, and so
    can a gate that counts who leaves. What several workers had under way at an edge of the window has no record by
    design, and long operations are cut more easily than short ones: where that was the longest of all, or much of the
    window, the records are of the shorter ones. Where the counter was made to agree, the others still stand around the
    hole: a closed load's worker begins its next operation when the last one ends, an even plan has no empty place, and
    what waits begins when what it waits for ends.
Threshold: as many records as operations attempted, and as went in and out of the gate, but for the ones in flight at
    either edge of the window: at most one a worker. Doubted when an operation that was cut had
    taken longer than every recorded one, or when cut ones fill more than 2 % of the workers' time. Where no gate
    counted, doubted when 1 in 1,000 operations has behind it the room of another, one of the longer nine tenths, while
    workers usually go on within a tenth of an operation; and when as many places of an even plan lie empty.
Source: G. Tene, How NOT to Measure Latency (2013), on recorders that drop what does not fit; W. Feller, An Introduction
    to Probability Theory and Its Applications, volume 2 (1971), section I.4, on why an edge meets the long ones.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._chains import links, some_links
from bizra_lab.audit._plans import plan_of
from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Cut, Finding, Samples, Weight
from bizra_lab.units import say

HOLES_MIN = 0.001  # of the operations; a host that takes the processor between two of them does so less often
ROOM = 0.1  # quantile of what operations take; a gap of less may be the harness's own
AT_ONCE = 0.1  # of the median operation; workers that usually rest for longer keep another rule than to go on at once
LINKS_MAX = 65_536  # from which the usual gap is told
CUT_SHARE_MAX = 0.02  # of the workers' time; a mean without the longer half of so much is low by up to as much


@rule("samples", "operations", "workers")
def check(claim: Claim) -> Iterator[Finding]:
    samples, attempted, workers = claim.samples, claim.declared.operations, claim.declared.workers
    assert samples is not None and attempted is not None and workers is not None
    yield from _differ(len(samples), attempted, workers, "operations attempted")
    instrument = samples.instrument
    if instrument is None or instrument.in_flight is None:
        yield from _holes(samples)
    if instrument is None:
        return
    cut, gate = instrument.cut, instrument.in_flight
    if gate is not None:
        left = gate.completed - (cut.ended_inside if cut else 0)
        yield from _differ(len(samples), left, workers, "operations that went in and out of the gate")
    if cut is not None and len(samples):
        yield from _cut_short(samples, cut, workers * instrument.window_ns)


def _differ(recorded: int, counted: int, allowed: int, what: str) -> Iterator[Finding]:
    difference = recorded - counted
    if abs(difference) <= allowed:
        return
    yield Finding(
        Weight.VOID,
        f"{recorded:,} records of {counted:,} {what}: {abs(difference):,} "
        + ("records too many" if difference > 0 else f"({-difference / counted:.2%}) left no record"),
    )


def _holes(samples: Samples) -> Iterator[Finding]:
    """Room for operations that have no record, between those that have one."""
    if samples.measurement.load.kind == "open" and len(samples) > 1:
        plan = plan_of(samples)
        empty = int(plan.empty_places()[0].sum()) if plan.interval_ns else 0
        if empty >= max(1, HOLES_MIN * len(samples)):
            yield Finding(
                Weight.VOID,
                f"operations fell due every {say(plan.interval_ns, 'ns')}, and {empty:,} places of that plan "
                f"({say(empty / (empty + len(samples)), 'share')}) have no record",
            )
            return
    some = some_links(samples, LINKS_MAX)
    if not len(some):
        return
    usual_ns = float(np.median(some.gap_ns))
    # Half the operations or more are longer than their neighbours' gaps, or else the workers rest.
    if usual_ns > AT_ONCE * float(np.median(some.service_ns)):
        return
    room_ns = usual_ns + max(float(np.quantile(samples.service_ns, ROOM, overwrite_input=True)), 1.0)
    holes, empty_ns = 0, 0.0
    for each in links(samples):
        wide = (each.gap_ns >= room_ns) & ((each.waited_ns >= room_ns) | (samples.measurement.load.kind == "closed"))
        holes += int(wide.sum())
        empty_ns += float(each.gap_ns[wide].sum())
    if holes >= HOLES_MIN * len(samples):
        why = "though the next one waited" if samples.measurement.load.kind == "open" else "and then went on"
        yield Finding(
            Weight.DOUBT,
            f"workers usually begin their next operation within {say(usual_ns, 'ns')}, but {holes:,} times "
            f"({say(holes / len(samples), 'share')}) they did nothing for {say(room_ns, 'ns')} or more, "
            f"{say(empty_ns, 'ns')} in all, {why}: as where operations left no record",
        )


def _cut_short(samples: Samples, cut: Cut, workers_ns: int) -> Iterator[Finding]:
    slowest_ns = max(int((samples.finished_ns[rows] - samples.scheduled_ns[rows]).max()) for rows in samples.blocks())
    if cut.longest_ns > slowest_ns:
        yield Finding(
            Weight.DOUBT,
            f"an operation that an edge of the window cut took {say(cut.longest_ns, 'ns')} as far as it was seen, "
            f"longer than every recorded one ({say(slowest_ns, 'ns')})",
            ("latency_ns.max", "service_ns.max"),
        )
    if cut.inside_ns > CUT_SHARE_MAX * workers_ns:
        yield Finding(
            Weight.DOUBT,
            f"{cut.operations:,} operations that the window's edges cut fill {cut.inside_ns / workers_ns:.1%} of the "
            f"workers' time and left no record; expected at most {CUT_SHARE_MAX:.0%}: a longer window cuts less of it",
            ("latency_ns.*", "service_ns.*"),
        )
