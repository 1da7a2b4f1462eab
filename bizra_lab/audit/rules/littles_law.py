"""
N workers cannot have more than N operations in flight, and what is in flight is λ·W.

Claim: a closed load of N workers completed λ operations per second with a mean latency of W.
Reason: L = λ·W is the mean number in flight, whatever the distributions. A closed load's worker has at most one, or
    rests for Z after it, so λ·(W + Z) > N means that the rate, the latency or the number of workers is not what it is
    said to be; and a worker that has ended one begins the next, so λ·(W + Z) far below N means time that no latency
    accounts for. Only the mean counts: λ times the median proves nothing, in either direction. Where no mean is given,
    percentiles bound it. Where a gate at the boundary integrated L and counted λ without the records, any load, open
    ones too, must balance: records that were trimmed, rounded or rescaled do not, nor does a stated mean that is none.
Threshold: the lower end of λ·(W + Z) above N by more than the window's edges (N operations of n may straddle them) and
    the clock's step relative to the mean; doubted when its upper end is under 80 % of N, below what a generator that
    works between operations leaves; L/(λ·W) with the mean of the records, and with the mean as stated, further from
    1 than the interval of littles_law.balance, which holds the edges, the clocks and the way from a stamp to the gate.
Source: J. D. C. Little (1961), Operations Research 9(3), 383-387; S.-H. Kim, W. Whitt (2013), Operations Research
    61(4), 1030-1045, on the edges.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from bizra_lab.audit._published import Bounds, forced_mean, say_bounds
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Cut, Estimate, Finding, InFlight, NotChecked, Weight
from bizra_lab.units import SECOND_NS, say

TOUCHES = ("throughput_per_s", "latency_ns.*", "service_ns.*", "littles_law.*")


IN_FLIGHT_MIN = 0.8  # of the workers; a loop in Python around 5 µs of work still keeps 0.9 of them at it


@rule("kind", "workers", "result:throughput_per_s")
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    rate, wait = claim.results["throughput_per_s"], given(claim, "latency_ns.mean") or forced_mean(claim)
    assert isinstance(rate, Estimate)
    if wait is None:
        yield NotChecked("neither a mean latency nor percentiles that bound it were given", undisclosed=True)
        return
    if claim.declared.kind == "closed":
        yield from _more_than_workers(claim, rate, wait)
    instrument = claim.samples.instrument if claim.samples else None
    balance = given(claim, "littles_law.balance")
    if instrument and instrument.in_flight and balance and isinstance(wait, Estimate):
        yield from _out_of_balance(instrument.in_flight, instrument.cut or Cut(0, 0, 0, 0), balance, wait)
    elif claim.declared.kind == "closed":
        # Where a gate saw what was in flight, it is known that the workers rested, and no latency hides it.
        yield from _less_than_workers(claim, rate, wait)


def _more_than_workers(claim: Claim, rate: Estimate, wait: Estimate | Bounds) -> Iterator[Finding]:
    workers, busy = claim.declared.workers, _busy(claim, rate, wait)
    assert workers is not None
    if busy.low > workers * (1 + _loss(claim, rate, wait)):
        yield Finding(
            Weight.REFUTES,
            f"{_product(claim, rate, wait, busy)}, but {workers} worker{'s' if workers > 1 else ''} can have at most "
            f"{workers}",
            TOUCHES,
        )


def _less_than_workers(claim: Claim, rate: Estimate, wait: Estimate | Bounds) -> Iterator[Finding]:
    workers, busy = claim.declared.workers, _busy(claim, rate, wait)
    assert workers is not None
    if rate.value and busy.high < IN_FLIGHT_MIN * workers * (1 - _loss(claim, rate, wait)):
        each_ns = workers / rate.value * SECOND_NS
        yield Finding(
            Weight.DOUBT,
            f"{_product(claim, rate, wait, busy)}, but {workers} worker{'s' if workers > 1 else ''} of a closed load "
            f"should have {workers}: {say(1 - busy.high / workers, 'share')} or more of the {say(each_ns, 'ns')} from "
            f"one operation of a worker to its next is in no latency",
            TOUCHES,
        )


def _busy(claim: Claim, rate: Estimate, wait: Estimate | Bounds) -> Bounds:
    """λ·(W + Z): workers that have an operation in flight, or rest after one, on average."""
    low, high = in_flight(rate, wait, printed=claim.samples is None)
    rest_s = claim.declared.think_s or 0.0
    return Bounds(low + rate.low * rest_s, high + rate.high * rest_s)


def _loss(claim: Claim, rate: Estimate, wait: Estimate | Bounds) -> float:
    """The share of λ·W that the edges of the window and the rounding of the clock may be."""
    workers = claim.declared.workers
    assert workers is not None
    middle_ns = wait.value if isinstance(wait, Estimate) else wait.low
    rounding = (claim.declared.clock_step_ns or 0.0) / middle_ns if middle_ns > 0 else 0.0
    return (workers / rate.n if rate.n else 0.0) + rounding


def _product(claim: Claim, rate: Estimate, wait: Estimate | Bounds, busy: Bounds) -> str:
    rest_s = claim.declared.think_s
    rests = f" and {say(rest_s * SECOND_NS, 'ns')} of rest" if rest_s else ""
    if isinstance(wait, Bounds):
        level = f"{busy.low:.4g} or more" if math.isinf(busy.high) else f"{busy.low:.4g} to {busy.high:.4g}"
        return (
            f"percentiles keep the mean at {say_bounds(wait)}, and λ·W = {rate.value:,.6g} /s × that{rests} is {level} "
            "in flight"
        )
    return (
        f"λ·W = {rate.value:,.6g} /s × {wait.value / SECOND_NS:.6g} s{rests} = "
        f"{rate.value * (wait.value / SECOND_NS + (rest_s or 0.0)):.4g} in flight ({busy.low:.4g} to {busy.high:.4g})"
    )


def in_flight(rate: Estimate, wait: Estimate | Bounds, *, printed: bool) -> tuple[float, float]:
    """
    λ·W as (low, high) operations, from the rate per second and the mean in ns, or what it is bound by.

    Where both come from the same operations their errors cancel (a slow spell lowers one and raises the other), so the
    wider of the two relative intervals is taken around the product, not their sum. Where both are `printed` each was
    rounded by itself, and nothing cancels.
    """
    if printed or isinstance(wait, Bounds):
        return rate.low * wait.low / SECOND_NS, rate.high * wait.high / SECOND_NS
    product = rate.value * wait.value / 1e9
    below = max(_relative(rate.value, rate.low), _relative(wait.value, wait.low))
    above = max(_relative(rate.value, rate.high), _relative(wait.value, wait.high))
    return product * (1 - below), product * (1 + above)


def _relative(value: float, end: float) -> float:
    return abs(end - value) / abs(value) if value else 0.0


def _out_of_balance(gate: InFlight, cut: Cut, balance: Estimate, stated: Estimate) -> Iterator[Finding]:
    """The first of the two means, that of the records and the one stated, with which 1 lies outside the interval."""
    whole = gate.completed - cut.ended_inside
    recorded_ns = (gate.integral_ns / balance.value - cut.inside_ns) / max(whole, 1)
    for whose, wait_ns in (("of the records", recorded_ns), ("stated", stated.value)):
        ratio = gate.integral_ns / (whole * wait_ns + cut.inside_ns) if whole * wait_ns + cut.inside_ns else math.inf
        scale = ratio / balance.value
        if balance.low * scale <= 1 <= balance.high * scale:
            continue
        level = gate.integral_ns / gate.window_ns
        per_s = whole / gate.window_ns * SECOND_NS
        edges = f" + {cut.inside_ns / gate.window_ns:.4g} that the edges cut" if cut.inside_ns else ""
        yield Finding(
            Weight.REFUTES,
            f"L = {level:.6g} in flight by the gate, but λ·W = {per_s:,.6g} /s × {say(wait_ns, 'ns')} "
            f"(the mean {whose}) = {per_s * wait_ns / SECOND_NS:.6g}{edges}; L/(λ·W) = {ratio:.4g} "
            f"({balance.low * scale:.4g} to {balance.high * scale:.4g}) leaves out 1",
            TOUCHES,
        )
        return
