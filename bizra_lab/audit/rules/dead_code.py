"""
What takes as long as nothing may have done nothing.

Claim: the latencies are those of an operation.
Reason: a compiler that sees no use for a result removes the work, a memo answers in its place, an exception ends it at
    once; what is left to time is the clock itself. An empty operation, recorded by the same recorder in the same
    process (`timer.floor_ns`), shows what that looks like. An operation is not shown to be one by being slower in a
    test that finds no difference: it must be shown that there is none worth the name.
Threshold: void when the whole interval of the median lies below the floor and a tenth of it, or one step of the clock
    where that is more: operation and nothing are then equivalent. Where no floor was given, operations with stamps of
    their own are doubted when their median may be under 1 µs, which the slowest clocks in use take to read; a printed
    figure, which may be a batch's, cannot be told from nothing up to 10 µs.
Source: D. J. Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15(6), 657-680, on showing that two
    are equivalent; BenchmarkDotNet's analyser of zero measurements, for asking it of an empty method.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Estimate, Finding, NotChecked, Weight
from bizra_lab.units import say

MARGIN = 0.1  # of the floor; within it the recorder's own cost differs from one run to the next
NEEDS_NO_FLOOR_NS = 10_000.0  # ns; the slowest clocks in use take about 1 µs to read, a tenth of this
SLOWEST_CLOCK_NS = 1_000.0  # ns, to read once: a hypervisor's, or a chip's beside the processor

TOUCHES = ("latency_ns.*", "service_ns.*", "throughput_per_s", "littles_law.*")


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    typical, floor = _typical(claim), given(claim, "timer.floor_ns")
    if typical is None:
        yield NotChecked("neither a median nor a mean latency was given", undisclosed=False)
        return
    if floor is None:
        yield from _without_floor(claim, typical)
        return
    margin_ns = max(MARGIN * floor.high, claim.declared.clock_step_ns or 0.0)
    if typical.high < floor.high + margin_ns:
        yield Finding(
            Weight.VOID,
            f"a typical operation takes {say(typical.value, 'ns')}, at most {say(typical.high, 'ns')}, and an empty "
            f"one is recorded as {say(floor.value, 'ns')}: the two are the same within {say(margin_ns, 'ns')}",
            TOUCHES,
        )


def _typical(claim: Claim) -> Estimate | None:
    """What an operation usually takes: of an open load without its wait."""
    names = ("service_ns.p50", "latency_ns.p50", "latency_ns.mean")
    return next((figure for name in names if (figure := given(claim, name)) is not None), None)


def _without_floor(claim: Claim, typical: Estimate) -> Iterator[Finding | NotChecked]:
    if claim.samples is None and typical.low <= NEEDS_NO_FLOOR_NS:
        yield NotChecked(
            f"timer.floor_ns was not given, and {say(typical.value, 'ns')} may be the clock's own cost",
            undisclosed=True,
        )
    elif claim.samples is not None and typical.low <= SLOWEST_CLOCK_NS:
        yield Finding(
            Weight.DOUBT,
            f"a typical operation takes {say(typical.value, 'ns')}, as reading a clock may: how long an empty one is "
            f"recorded as was not given, and it takes more than {say(SLOWEST_CLOCK_NS, 'ns')} to need no such floor",
            TOUCHES,
        )
