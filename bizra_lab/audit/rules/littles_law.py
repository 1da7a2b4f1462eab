"""
N workers cannot have more than N operations in flight, and what is in flight is λ·W.

Claim: a closed load of N workers completed λ operations per second with a mean latency of W.
Reason: L = λ·W is the mean number in flight, whatever the distributions. A closed load's worker has at most one, so
    λ·W > N means that the rate, the latency or the number of workers is not what it is said to be. Only the mean
    counts: λ times the median proves nothing, in either direction. Where a gate at the boundary integrated L and
    counted λ without the records, any load, open ones too, must balance: records that were trimmed, rounded or
    rescaled do not, nor does a stated mean that is none.
Threshold: the lower end of λ·W above N by more than the window's edges (N operations of n may straddle them) and the
    clock's step relative to the mean; L/(λ·W) with the mean of the records, and with the mean as stated, further from
    1 than the interval of littles_law.balance, which holds the edges, the clocks and the way from a stamp to the gate.
Source: J. D. C. Little (1961), Operations Research 9(3), 383-387; S.-H. Kim, W. Whitt (2013), Operations Research
    61(4), 1030-1045, on the edges.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Cut, Estimate, Finding, InFlight, Weight
from bizra_lab.units import SECOND_NS, say

TOUCHES = ("throughput_per_s", "latency_ns.*", "service_ns.*", "littles_law.*")


@rule("kind", "workers", "result:throughput_per_s", "result:latency_ns.mean")
def check(claim: Claim) -> Iterator[Finding]:
    rate, wait = claim.results["throughput_per_s"], claim.results["latency_ns.mean"]
    assert isinstance(rate, Estimate) and isinstance(wait, Estimate)
    if claim.declared.kind == "closed":
        yield from _more_than_workers(claim, rate, wait)
    instrument = claim.samples.instrument if claim.samples else None
    balance = claim.results.get("littles_law.balance")
    if instrument is not None and instrument.in_flight is not None and isinstance(balance, Estimate):
        yield from _out_of_balance(instrument.in_flight, instrument.cut or Cut(0, 0, 0, 0), balance, wait)


def _more_than_workers(claim: Claim, rate: Estimate, wait: Estimate) -> Iterator[Finding]:
    workers = claim.declared.workers
    assert workers is not None
    low, high = in_flight(rate, wait)
    edges = workers / rate.n if rate.n else 0.0
    rounding = (claim.declared.clock_step_ns or 0.0) / wait.value if wait.value > 0 else 0.0
    if low > workers * (1 + edges + rounding):
        yield Finding(
            Weight.REFUTES,
            f"λ·W = {rate.value:,.6g} /s × {wait.value / 1e9:.6g} s = {rate.value * wait.value / 1e9:.4g} in flight "
            f"({low:.4g} to {high:.4g}), but {workers} worker{'s' if workers > 1 else ''} can have at most {workers}",
            TOUCHES,
        )


def in_flight(rate: Estimate, wait: Estimate) -> tuple[float, float]:
    """
    λ·W as (low, high) operations, from the rate per second and the mean in ns.

    Where both come from the same operations their errors cancel (a slow spell lowers one and raises the other), so the
    wider of the two relative intervals is taken around the product, not their sum.
    """
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
