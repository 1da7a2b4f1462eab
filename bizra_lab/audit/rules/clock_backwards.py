"""
Time that runs backwards was not measured with a clock made for measuring.

Claim: the times are differences of a monotonic clock.
Reason: a wall clock is set back by time synchronisation, leap seconds and people. A negative latency is the visible
    part; as many positive ones are wrong by as much. A step back between two operations leaves no negative latency, but
    what comes later was then stamped earlier.
Threshold: no operation may end before it started, nor start before it was scheduled, nor end before that. Where rows
    are in the order in which a worker did them, but for fewer than 1 in 100, none may have started before the one above
    it; nor may one stamp of all workers fall once or twice from row to row, where it rises otherwise and no other
    stamp rises throughout. Rows in no order say nothing of it.
Source: POSIX.1-2017, clock_gettime: CLOCK_MONOTONIC cannot be set, CLOCK_REALTIME can.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Finding, Ints, Samples, Weight
from bizra_lab.units import say

OUT_OF_ORDER_MAX = 0.01  # of the rows; with more they were not written in the order of the operations

FALLS_MAX = 2  # rows; operations that overtake each other put more of them out of order
TURNS_MIN = 2  # rows to a worker's turn, on average, from which on they are written worker by worker

TOUCHES = ("latency_ns.*", "service_ns.*", "throughput_per_s", "littles_law.*")


@rule("samples")
def check(claim: Claim) -> Iterator[Finding]:
    samples = claim.samples
    assert samples is not None
    for later, earlier, what in (
        (samples.finished_ns, samples.started_ns, "ended before they began"),
        (samples.finished_ns, samples.scheduled_ns, "ended before they fell due"),
        (samples.started_ns, samples.scheduled_ns, "began before they fell due"),
    ):
        backwards, furthest_ns = _backwards(samples, later, earlier)
        if backwards:
            yield _finding(samples, backwards, furthest_ns, what)
            return
    set_back, furthest_ns = _set_back(samples)
    if 0 < set_back < OUT_OF_ORDER_MAX * len(samples):
        yield _finding(samples, set_back, furthest_ns, "began before the one that the same worker did before")
        return
    falls, furthest_ns = _falls(samples)
    if 0 < falls <= FALLS_MAX:
        yield _finding(samples, falls, furthest_ns, "are stamped before the row above them, in order otherwise")


def _finding(samples: Samples, count: int, furthest_ns: int, what: str) -> Finding:
    return Finding(
        Weight.VOID,
        f"{count:,} of {len(samples):,} operations {what}, by up to {say(float(furthest_ns), 'ns')}",
        TOUCHES,
    )


def _backwards(samples: Samples, later: Ints, earlier: Ints) -> tuple[int, int]:
    """In how many rows the later stamp lies before the earlier, and by how much at most, in ns."""
    count = furthest_ns = 0
    for rows in samples.blocks():
        short_ns = earlier[rows] - later[rows]
        count += int((short_ns > 0).sum())
        furthest_ns = max(furthest_ns, int(short_ns.max(initial=0)))
    return count, furthest_ns


def _set_back(samples: Samples) -> tuple[int, int]:
    """How many rows started before the same worker's row above, and by how much at most, in ns."""
    count = furthest_ns = 0
    for rows in samples.blocks():
        order = np.argsort(samples.worker[rows], kind="stable")
        worker, started_ns = samples.worker[rows][order], samples.started_ns[rows][order]
        back_ns = (started_ns[:-1] - started_ns[1:])[worker[1:] == worker[:-1]]
        count += int((back_ns > 0).sum())
        furthest_ns = max(furthest_ns, int(back_ns.max(initial=0)))
    return count, furthest_ns


def _falls(samples: Samples) -> tuple[int, int]:
    """In how many rows the stamp falls that rises in most, and by how much at most, in ns; 0 of rows by worker."""
    turns = 1 + sum(int(np.count_nonzero(np.diff(samples.worker[rows]))) for rows in samples.blocks())
    if samples.measurement.load.workers > 1 and turns * TURNS_MIN < len(samples):
        return 0, 0
    found: list[tuple[int, int]] = []
    for stamps in (samples.scheduled_ns, samples.started_ns, samples.finished_ns):
        falls = furthest_ns = 0
        for rows in samples.blocks():
            fallen_ns = -np.diff(stamps[max(rows.start - 1, 0) : rows.stop])
            falls += int((fallen_ns > 0).sum())
            furthest_ns = max(furthest_ns, int(fallen_ns.max(initial=0)))
        found.append((falls, furthest_ns))
    return min(found)
