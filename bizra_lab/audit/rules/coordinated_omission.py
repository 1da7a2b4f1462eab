"""
A load that stops with the system does not see it stop.

Claim: a caller waits no longer than this quantile, but for so small a share.
Reason: a closed load sends nothing while it waits, so of a stall it records one slow operation a worker, and not the
    many that would have come meanwhile. Somebody waited the maximum M. Of callers who come evenly over the window T, a
    share φ·(M − x)/T waits longer than x, where φ is the part of the traffic that the stall held up; so the p-quantile
    is at least M − (1 − p)·T/φ. A load paced by a plan, but timed from when an operation was really sent, hides the
    same: it shows as even gaps between starts, and starts that are missing behind long operations.
Threshold: doubted when the whole interval of a quantile lies below the floor with φ = 1/N, which one of N equal workers
    is sure to be; noted when it does with φ = 1, a stop of everything, since then the quantile holds only if the stall
    was partial. In process and in simulation both are notes: nobody calls there by a plan of his own. Of a paced load,
    doubted when the starts missing behind long operations are at least 1 % of all.
Source: G. Tene, How NOT to Measure Latency (2013), who named it; the floor follows from the uniform arrival of callers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._published import Knot, knots
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Estimate, Finding, Ints, NotChecked, Samples, Weight
from bizra_lab.units import SECOND_NS, say

OMITTED_MIN = 0.01  # of the operations; as many again would move p99 to where they are

CALLED_FROM_OUTSIDE = ("http", None)  # scopes; who does not say which may be called by anybody

EVEN_SHARE_MIN = 0.5  # of the gaps between starts, in the middle twentieth of them: more than chance puts there
EVEN_WITHIN = 0.05  # relative, of the median gap; sleeping and waking costs less of any plan that is kept
REST_MIN = 0.2  # of the median gap, in which a worker rests; less and the operation itself is what is even


@rule("kind")
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    samples = claim.samples
    if claim.declared.kind == "open" and samples is not None:
        return  # its latencies begin when operations fall due
    if samples is not None and len(samples):
        yield from _paced(samples)
    longest, lasted_s = given(claim, "latency_ns.max"), claim.declared.duration_s
    if longest is None or lasted_s is None:
        what = "latency_ns.max" if longest is None else "duration_s"
        yield NotChecked(f"{what} was not given", undisclosed=lasted_s is None)
        return
    yield from _below_floor(claim, longest, lasted_s * SECOND_NS)


def _below_floor(claim: Claim, longest: Estimate, window_ns: float) -> Iterator[Finding]:
    """The quantiles below the floor that one worker's stall is sure to set, or else below that of a full stop."""
    workers = claim.declared.workers
    sure = _below(claim, longest.low, window_ns, workers) if workers else []
    perhaps = _below(claim, longest.low, window_ns, 1)
    if sure:
        worst, floor_ns = sure[0]
        yield Finding(
            Weight.DOUBT if claim.declared.scope in CALLED_FROM_OUTSIDE else Weight.NOTE,
            f"{_stall(longest, window_ns)}; {_who(workers)}, and callers who come evenly see a {worst.name} of at "
            f"least {say(floor_ns, 'ns')}, not {say(worst.figure.value, 'ns')}: the load waited with the system",
            tuple(knot.name for knot, _ in sure),
        )
    elif perhaps:
        worst, floor_ns = perhaps[0]
        yield Finding(
            Weight.NOTE,
            f"{_stall(longest, window_ns)}; if it stopped everything, callers who come evenly see a {worst.name} of at "
            f"least {say(floor_ns, 'ns')}; {say(worst.figure.value, 'ns')} holds only if the stall held up at most "
            f"{say(_held_up_at_most(worst, longest, window_ns), 'share')} of the traffic",
            tuple(knot.name for knot, _ in perhaps),
        )


def _below(claim: Claim, longest_ns: float, window_ns: float, workers: int) -> list[tuple[Knot, float]]:
    """The quantiles that lie below the floor of one in so many workers' stall, with it in ns, the furthest first."""
    floors = [
        (knot, longest_ns - float(1 - knot.p) * window_ns * workers)
        for knot in knots(claim, "latency_ns")
        if 0 < knot.p < 1
    ]
    below = [(knot, floor_ns) for knot, floor_ns in floors if knot.figure.high < floor_ns]
    return sorted(below, key=lambda pair: pair[0].figure.high - pair[1])


def _who(workers: int | None) -> str:
    return (
        "it held up the only worker there was" if workers == 1 else f"even if it held up only one of {workers} workers"
    )


def _stall(longest: Estimate, window_ns: float) -> str:
    return f"an operation took {say(longest.value, 'ns')} of the {say(window_ns, 'ns')} measured"


def _held_up_at_most(knot: Knot, longest: Estimate, window_ns: float) -> float:
    """The part of the traffic that the longest stall can have held up if the quantile is right."""
    return min(1.0, float(1 - knot.p) * window_ns / (longest.low - knot.figure.high))


def _paced(samples: Samples) -> Iterator[Finding]:
    blocks = samples.blocks()
    gaps_ns, times_ns = _starts_apart(samples, next(blocks))
    if not len(gaps_ns):
        return
    interval_ns = float(np.median(gaps_ns))
    even = float((np.abs(gaps_ns - interval_ns) <= EVEN_WITHIN * interval_ns).mean())
    rests = float(np.median(gaps_ns - times_ns))
    if interval_ns <= 0 or even < EVEN_SHARE_MIN or rests < REST_MIN * interval_ns:
        return
    # A plan is seen in any part of it, so the others are only counted.
    omitted = _omitted(times_ns, interval_ns)
    omitted += sum(_omitted(samples.finished_ns[rows] - samples.started_ns[rows], interval_ns) for rows in blocks)
    if omitted >= OMITTED_MIN * len(samples):
        yield Finding(
            Weight.DOUBT,
            f"each worker starts an operation every {say(interval_ns, 'ns')}, but {omitted:,} starts "
            f"({say(omitted / len(samples), 'share')} of all) are missing behind operations that took longer: those "
            "would have waited, and latencies are from when an operation was sent",
            ("latency_ns.*",),
        )


def _omitted(times_ns: Ints, interval_ns: float) -> int:
    """Starts that an even plan would have had while these operations ran."""
    return int(np.maximum(np.floor(times_ns / interval_ns) - 1, 0).sum())


def _starts_apart(samples: Samples, rows: slice) -> tuple[Ints, Ints]:
    """From each of these operations to the same worker's next: between their starts, and the first one's time; ns."""
    started_ns, worker = samples.started_ns[rows], samples.worker[rows]
    order = np.lexsort((started_ns, worker))
    worker, started_ns = worker[order], started_ns[order]
    times_ns = samples.finished_ns[rows][order] - started_ns
    same = worker[1:] == worker[:-1]
    return np.diff(started_ns)[same], times_ns[:-1][same]
