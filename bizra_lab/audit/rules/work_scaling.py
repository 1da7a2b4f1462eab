"""
Twice the work takes longer, or it is not the work that is timed.

Claim: this is what an operation takes.
Reason: a compiler that removes the work, an answer out of a memo, a loop whose turns were forgotten: what is left to
    time is the call and the clock, and that is the same for ten turns and for a hundred thousand. Where the same
    operation is timed at two amounts of work, the part of the time that grows with it is the work, and the rest is not.
    Overhead makes it a part, honestly; it does not make it nothing.
Threshold: of two amounts, time per operation must grow by so much that at least a tenth of the longer time is work: for
    twice the work, by a factor of more than 1.053. Void when it does not, wherever in their intervals both times lie;
    doubted when the intervals leave it open. Of printed figures in the same series, whose work is given; of a
    measurement of our own, by the ratio of twice the work to once, measured in turns.
Source: A. Shipilëv, JMHSample_08_DeadCode and JMHSample_11_Loops (OpenJDK JMH), on work that is optimised away; the
    share is that of the slope in a straight line through the two times.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._published import UNCLAIMED, Bounds, and_more
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Estimate, Finding, NotChecked, Unavailable, Weight
from bizra_lab.units import say, say_interval

WORK_SHARE_MIN = 0.1  # of the time at the larger amount; less is call, loop and clock, and no time of the work

RATIO = "work_scaling.ratio"  # of the time for twice the work to that for once
TOUCHES = ("latency_ns.*", "service_ns.*", "throughput_per_s")

# Which times of two measurements are compared: the first that both give.
_TIMES = ("latency_ns.mean", "latency_ns.p50", "latency_ns.min")


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    ratio, series = claim.results.get(RATIO), claim.declared.series
    if ratio is None and series is None:
        yield UNCLAIMED
    if isinstance(ratio, Unavailable):
        yield NotChecked(f"{RATIO} is unavailable: {ratio.reason}", undisclosed=False)
    elif ratio is not None:
        yield from _doubled(ratio)
    if series is not None:
        yield from _in_series(claim, series)


def _doubled(ratio: Estimate) -> Iterator[Finding]:
    share = _share_of_work(ratio, Bounds(1.0, 1.0), times_the_work=2.0)
    weight = _weight(share)
    if weight:
        interval = say_interval(ratio.low, ratio.high, ratio.unit)
        yield Finding(
            weight,
            f"twice the work takes {say(ratio.value, ratio.unit)} times as long ({interval}): {_say_share(share)}",
            TOUCHES,
        )


def _in_series(claim: Claim, series: str) -> Iterator[Finding | NotChecked]:
    work, others = claim.declared.work, [each for each in claim.beside if each.declared.series == series]
    if work is None:
        yield NotChecked(f"work undisclosed, in the series {series!r}", undisclosed=True)
        return
    compared = [pair for other in others if (pair := _times(claim, other)) is not None]
    if not compared:
        yield NotChecked(f"no other amount of work has the same time in the series {series!r}", undisclosed=False)
    for weight in (Weight.VOID, Weight.DOUBT):
        wrong = [(other, name, share) for other, name, share in compared if _weight(share) is weight]
        if wrong:
            (other, name, share), *more = wrong
            here, there = given(claim, name), given(other, name)
            assert here is not None
            assert there is not None
            yield Finding(
                weight,
                f"{name} is {say(here.value, 'ns')} for {work:,.12g} units of work, and {say(there.value, 'ns')} for "
                f"{other.declared.work:,.12g} in {other.name}{and_more(more)}: {_say_share(share)}",
                TOUCHES,
            )


def _times(claim: Claim, other: Claim) -> tuple[Claim, str, Bounds] | None:
    """The other claim, the time that both give, and the share of the longer one that is work; None where none is."""
    here, there = claim.declared.work, other.declared.work
    name = next((name for name in _TIMES if given(claim, name) and given(other, name)), None)
    if here is None or there is None or here == there or name is None:
        return None
    (less, short), (more, long) = sorted(
        ((here, given(claim, name)), (there, given(other, name))), key=lambda each: each[0]
    )
    assert short is not None
    assert long is not None
    return other, name, _share_of_work(long, short, more / less)


def _share_of_work(long: Estimate, short: Estimate | Bounds, times_the_work: float) -> Bounds:
    """Of the time for so many times the work, the share that grows with it: 0 where it takes no longer."""
    whole = 1 - 1 / times_the_work
    return Bounds(_grown(long.low, short.high) / whole, _grown(long.high, short.low) / whole)


def _grown(long: float, short: float) -> float:
    """The share of the longer time that the shorter one does not take; 0 where it is not longer."""
    return max(1 - short / long, 0.0) if long > 0 else 0.0


def _weight(share: Bounds) -> Weight | None:
    if share.high < WORK_SHARE_MIN:
        return Weight.VOID
    return Weight.DOUBT if share.low < WORK_SHARE_MIN else None


def _say_share(share: Bounds) -> str:
    return (
        f"at most {say(share.high, 'share')} of the longer time can be the work"
        if share.high < WORK_SHARE_MIN
        else f"as little as {say(share.low, 'share')} of the longer time may be the work"
    )
