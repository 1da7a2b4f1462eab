"""
A load that stops with the system does not see it stop.

Claim: a caller waits no longer than this quantile, but for so small a share.
Reason: a closed load sends nothing while it waits, so of a stall it records one slow operation a worker, and not the
    many that would have come meanwhile. Somebody waited the maximum M. Of callers who come evenly over the window T, a
    share φ·(M − x)/T waits longer than x, where φ is the part of the traffic that the stall held up; so the p-quantile
    is at least M − (1 − p)·T/φ. A load paced by a plan, but timed from when an operation was really sent, hides the
    same: it shows as even gaps between starts, and starts that are missing behind long operations.
Threshold: doubted when the whole interval of a printed quantile lies below the floor with φ = 1/N, which one of N equal
    workers is sure to be; noted when it does with φ = 1, a stop of everything, since then the quantile holds only if
    the stall was partial. In process and in simulation both are notes: nobody calls there by a plan of his own.
    Operations show whether everything stopped: doubted, wherever it was, when none ended for 0.25 % of the window and
    0.1 s, and such times stand apart from all others, or for 5 %; the floor is then doubted only of operations that
    stand apart.
    Of a paced load, doubted when the starts missing behind long operations are at least 1 % of all. Of an open load,
    doubted when its plan waited for the system: due times of an even plan that lie beside its places, 1 in 100; times
    without any that stand apart; or none while all workers are busy, where 50 would be by chance.
Source: G. Tene, How NOT to Measure Latency (2013), who named it; the floor follows from the uniform arrival of callers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._outlying import LARGEST, standing_apart
from bizra_lab.audit._plans import plan_of
from bizra_lab.audit._published import Knot, knots
from bizra_lab.audit._rule import given, rule
from bizra_lab.columns import ROWS_CACHED, blocks, in_order, ordered, places, span
from bizra_lab.model import Claim, Estimate, Finding, Ints, NotChecked, Samples, Weight
from bizra_lab.units import SECOND_NS, say

OMITTED_MIN = 0.01  # of the operations; as many again would move p99 to where they are

CALLED_FROM_OUTSIDE = ("http", None)  # scopes; who does not say which may be called by anybody

EVEN_SHARE_MIN = 0.5  # of the gaps between starts, in the middle twentieth of them: more than chance puts there
EVEN_WITHIN = 0.05  # relative, of the median gap; sleeping and waking costs less of any plan that is kept
REST_MIN = 0.2  # of the median gap, in which a worker rests; less and the operation itself is what is even


STOP_SHARE_MIN = 0.0025  # of the window; callers' p99.9 is then a stop that the records do not show
STOP_NS_MIN = 100_000_000  # ns; less is what a busy host does to anybody
STOP_SHARE_SURE = 0.05  # of the window; even were it one slow operation, callers' p99 is what they wait for it
HELD_UP_BEYOND = 0.97  # quantile; of several workers all are at such operations at once only when something holds them
PUT_OFF_MIN = 0.01  # of the due times; as many again would move p99
BUSY_DUE_MIN = 50  # operations expected to fall due while all workers are busy; that none does is no chance
BUSY_DUE_SHARE_MAX = 0.02  # of those expected; arrivals that know nothing of the workers come as often as ever


@rule("kind")
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    samples = claim.samples
    if claim.declared.kind == "open" and samples is not None:
        # Its latencies begin when operations fall due, if they were due by a plan.
        if len(samples) > 1:
            yield from _waiting_plan(samples)
        return
    if samples is not None and len(samples):
        seen = [*_paced(samples), *_stopped(samples)]
        if seen:
            yield from seen
            return
    longest, lasted_s = given(claim, "latency_ns.max"), claim.declared.duration_s
    if longest is None or lasted_s is None:
        what = "latency_ns.max" if longest is None else "duration_s"
        yield NotChecked(f"{what} was not given", undisclosed=lasted_s is None)
        return
    yield from _below_floor(claim, longest, lasted_s * SECOND_NS)


def _stopped(samples: Samples) -> Iterator[Finding]:
    """A time in which none of the workers of a closed load ended anything."""
    first_ns, last_ns = span(samples.finished_ns)
    window_ns = last_ns - first_ns
    silent_ns, ended_ns = _longest_silences(samples)
    stops = standing_apart(silent_ns, max(STOP_SHARE_MIN * window_ns, STOP_NS_MIN))
    if not stops and len(silent_ns) and silent_ns[0] >= max(STOP_SHARE_SURE * window_ns, STOP_NS_MIN):
        stops = 1
    if stops and _were_held_up(samples, int(ended_ns[0] - silent_ns[0] // 2)):
        lost_ns = float(silent_ns[:stops].sum())
        yield Finding(
            Weight.DOUBT,
            f"no operation ended for {say(float(silent_ns[0]), 'ns')}"
            + (f", and {stops - 1} times more for as long" if stops > 1 else "")
            + f", {say(lost_ns / window_ns, 'share')} of the {say(float(window_ns), 'ns')} measured, where the next "
            f"longest such time is {say(float(silent_ns[stops]) if len(silent_ns) > stops else 0.0, 'ns')}: everything "
            "stood still, and the load with it, so that callers who come evenly would have waited and these did not",
            ("latency_ns.*",),
        )


def _were_held_up(samples: Samples, at_ns: int) -> bool:
    """
    Whether what was under way at a moment took longer than nearly all else.

    Workers that begin together end together for a while, and nothing ends in between: of operations as long as ever.
    """
    service_ns = samples.service_ns
    under_way = np.concatenate(
        [
            rows.start + np.flatnonzero((samples.started_ns[rows] <= at_ns) & (samples.finished_ns[rows] >= at_ns))
            for rows in samples.blocks()
        ]
    )
    held_up_ns = float(np.median(service_ns[under_way])) if len(under_way) else 0.0
    return held_up_ns > float(np.quantile(service_ns, HELD_UP_BEYOND, overwrite_input=True))


def _longest_silences(samples: Samples) -> tuple[Ints, Ints]:
    """The longest times from one operation's end to the next one's, of all workers, falling, and when each ended."""
    length_ns: Ints = np.zeros(0, dtype=np.int64)
    ended_ns: Ints = np.zeros(0, dtype=np.int64)
    last_ns: Ints = np.zeros(0, dtype=np.int64)
    for rows in in_order(samples.finished_ns):
        finished_ns = np.concatenate([last_ns, samples.finished_ns[rows]])
        length_ns = np.concatenate([length_ns, np.diff(finished_ns)])
        ended_ns = np.concatenate([ended_ns, finished_ns[1:]])
        longest = np.argsort(-length_ns, kind="stable")[:LARGEST]
        length_ns, ended_ns, last_ns = length_ns[longest], ended_ns[longest], finished_ns[-1:]
    return length_ns, ended_ns


def _longest(times_ns: Ints) -> Ints:
    """The longest of a long column, as many as `_largest` keeps."""
    longest_ns: Ints = np.zeros(0, dtype=np.int64)
    for rows in blocks(times_ns):
        longest_ns = _largest(np.concatenate([longest_ns, times_ns[rows]]))
    return longest_ns


def _largest(values: Ints) -> Ints:
    """As many of the largest as it takes to see whether some stand apart, falling."""
    kept = np.partition(values, len(values) - LARGEST)[-LARGEST:] if len(values) > LARGEST else values
    return np.sort(kept)[::-1]


def _waiting_plan(samples: Samples) -> Iterator[Finding]:
    """Due times that know of the system: put off while it was busy, or left out while it stood still."""
    plan = plan_of(samples)
    apart_ns = _longest(plan.gaps_ns)
    stops = standing_apart(apart_ns, STOP_SHARE_MIN * plan.span_ns)
    put_off = plan.put_off() if plan.interval_ns else 0
    if put_off >= PUT_OFF_MIN * len(samples):
        what = (
            f"{put_off:,} due times ({say(put_off / len(samples), 'share')}) lie beside the places of a plan of one "
            f"every {say(plan.interval_ns, 'ns')}"
        )
    elif stops:
        what = (
            f"nothing fell due for {say(float(apart_ns[0]), 'ns')}"
            + (f", nor {stops - 1} times more" if stops > 1 else "")
            + f", where otherwise the longest such time is {say(float(apart_ns[stops]), 'ns')}"
        )
    elif not plan.interval_ns and (busy := _none_while_busy(samples)) is not None:
        what = f"{busy[0]:,} operations fell due while all workers were busy, where {busy[1]:,.0f} would by chance"
    else:
        return
    yield Finding(
        Weight.DOUBT,
        f"{what}: the plan waited for the system, and latencies are from when an operation was sent",
        ("latency_ns.*",),
    )


def _none_while_busy(samples: Samples) -> tuple[int, float] | None:
    """Operations that fell due while all workers were at work, and as many as should have; None where enough did."""
    (due_ns,) = ordered(samples.scheduled_ns, samples.scheduled_ns)
    (started_ns,) = ordered(samples.started_ns, samples.started_ns)
    (finished_ns,) = ordered(samples.finished_ns, samples.finished_ns)
    came = busy_ns = 0
    for rows in blocks(due_ns, started_ns, finished_ns, rows=ROWS_CACHED):
        begun_ns = started_ns[rows]
        # Where one ends and another begins at a moment, a worker is free for that moment.
        ended = places(finished_ns, begun_ns, "right")
        full = np.arange(rows.start + 1, rows.stop + 1) - ended >= samples.measurement.load.workers
        begun_ns, over_ns = begun_ns[full], finished_ns[ended[full]]
        busy_ns += int((over_ns - begun_ns).sum())
        inside = places(due_ns, over_ns, "left") - places(due_ns, begun_ns, "right")
        came += int(np.maximum(inside, 0).sum())
    lasted_ns = int(finished_ns[-1] - started_ns[0])
    expected = busy_ns / max(lasted_ns, 1) * len(samples)
    return (came, expected) if expected >= BUSY_DUE_MIN and came < BUSY_DUE_SHARE_MAX * expected else None


def _below_floor(claim: Claim, longest: Estimate, window_ns: float) -> Iterator[Finding]:
    """The quantiles below the floor that one worker's stall is sure to set, or else below that of a full stop."""
    workers = claim.declared.workers
    sure = _below(claim, longest.low, window_ns, workers) if workers else []
    perhaps = _below(claim, longest.low, window_ns, 1)
    if sure:
        worst, floor_ns = sure[0]
        yield Finding(
            Weight.DOUBT if claim.declared.scope in CALLED_FROM_OUTSIDE and _is_stall(claim) else Weight.NOTE,
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


def _is_stall(claim: Claim) -> bool:
    """Whether the longest operations stand apart from the others, as those of a heavy tail do not, if known."""
    if claim.samples is None:
        return True
    longest_ns: Ints = np.zeros(0, dtype=np.int64)
    for rows in claim.samples.blocks():
        took_ns = claim.samples.finished_ns[rows] - claim.samples.scheduled_ns[rows]
        longest_ns = _largest(np.concatenate([longest_ns, took_ns]))
    return standing_apart(longest_ns, 0.0) > 0


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
