"""
What the component did not cause is not a fact about the component.

Claim: the response times of an open load are those of the component under that load.
Reason: they also hold what an operation waited because a generator slept, or a host did not let it run, though a worker
    was free. The plan and the service times, replayed, give what is left without that: queueing behind the component's
    own operations. The difference would let a gate fail the component for the host's sleep, or pass it on another
    day. What an operation lost while it ran is in its service time, and this rule cannot see it.
Threshold: doubted when a mean or a quantile replays to less than 90 % of what was measured, and the difference is more
    than ten steps of the clock, less being rounding. Only what differs is doubted. The maximum is one operation, and
    one hiccup of the host makes it: it is doubted beside others, never alone.
Source: D. V. Lindley (1952), Proc. Cambridge Philosophical Society 48(2), 277-289, and J. Kiefer, J. Wolfowitz (1955),
    Trans. American Mathematical Society 78(1), 1-18: the waiting times of a queue from its arrivals and services.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._rule import estimates, rule
from bizra_lab.model import Claim, Estimate, Finding, Unavailable, Weight
from bizra_lab.units import say

REPLAYED_SHARE_MIN = 0.9  # of what was measured; less and the host is more of it than a good run's noise
STEPS_MIN = 10  # steps of the clock in the difference; fewer may be rounding

REPLAY = "replay."  # before the name of a result: what it would have been without the host
MAXIMUM = "latency_ns.max"


@rule("samples", "kind")
def check(claim: Claim) -> Iterator[Finding]:
    if claim.declared.kind != "open":
        return
    pairs = dict(_pairs(claim))
    if not pairs:
        yield Finding(Weight.NOTE, f"not compared with a replay of the plan: {_why_not(claim)}", ("latency_ns.*",))
        return
    assert claim.samples is not None
    step_ns = claim.samples.measurement.clock_step_ns
    longer = {name: pair for name, pair in pairs.items() if _differ(*pair, step_ns)}
    worth_a_doubt = [name for name in longer if name != MAXIMUM]
    if not worth_a_doubt:
        return
    worst = min(worth_a_doubt, key=lambda name: longer[name][1] / longer[name][0])
    measured_ns, replayed_ns = longer[worst]
    yield Finding(
        Weight.DOUBT,
        f"{worst} is {say(measured_ns, 'ns')}, but {say(replayed_ns, 'ns')} when the plan is replayed with the "
        f"operations' own times: {say(measured_ns - replayed_ns, 'ns')} "
        f"({say(1 - replayed_ns / measured_ns, 'share')}) came of the host or the generator, not of the component"
        f"{_likewise(name for name in longer if name != worst)}",
        tuple(longer),
    )


def _pairs(claim: Claim) -> Iterator[tuple[str, tuple[float, float]]]:
    """Each latency of the claim that was replayed too, by name, as (measured, replayed) in ns."""
    for name, replayed in estimates(claim, f"{REPLAY}latency_ns."):
        measured = claim.results.get(name.removeprefix(REPLAY))
        if isinstance(measured, Estimate):
            yield name.removeprefix(REPLAY), (measured.value, replayed.value)


def _differ(measured_ns: float, replayed_ns: float, step_ns: float) -> bool:
    return replayed_ns < REPLAYED_SHARE_MIN * measured_ns and measured_ns - replayed_ns > STEPS_MIN * step_ns


def _likewise(names: Iterator[str]) -> str:
    others = ", ".join(names)
    return f"; likewise {others}" if others else ""


def _why_not(claim: Claim) -> str:
    for name, result in claim.results.items():
        if name.startswith(REPLAY) and isinstance(result, Unavailable):
            return f"{name} is unavailable: {result.reason}"
    return "it was not given"
