"""
N workers cannot have more than N operations in flight.

Claim: a closed load of N workers completed λ operations per second with a mean latency of W.
Reason: L = λ·W is the mean number in flight, whatever the distributions. A closed load's worker has at most one, so
    λ·W > N means that the rate, the latency or the number of workers is not what it is said to be. Only the mean
    counts: λ times the median proves nothing, in either direction.
Threshold: the lower end of λ·W above N by more than the window's edges (N operations of n may straddle them) and the
    clock's step relative to the mean.
Source: J. D. C. Little (1961), Operations Research 9(3), 383-387.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Estimate, Finding, Weight


@rule("kind", "workers", "result:throughput_per_s", "result:latency_ns.mean")
def check(claim: Claim) -> Iterator[Finding]:
    if claim.declared.kind != "closed":
        return
    workers = claim.declared.workers
    rate, wait = claim.results["throughput_per_s"], claim.results["latency_ns.mean"]
    assert isinstance(rate, Estimate) and isinstance(wait, Estimate) and workers is not None
    low, high = in_flight(rate, wait)
    edges = workers / rate.n if rate.n else 0.0
    rounding = (claim.declared.clock_step_ns or 0.0) / wait.value if wait.value > 0 else 0.0
    if low > workers * (1 + edges + rounding):
        yield Finding(
            Weight.REFUTES,
            f"λ·W = {rate.value:,.6g} /s × {wait.value / 1e9:.6g} s = {rate.value * wait.value / 1e9:.4g} in flight "
            f"({low:.4g} to {high:.4g}), but {workers} worker{'s' if workers > 1 else ''} can have at most {workers}",
            ("throughput_per_s", "latency_ns.*", "littles_law.*"),
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
