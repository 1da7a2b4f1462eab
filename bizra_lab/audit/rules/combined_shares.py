"""
What one layer misses, the next is asked.

Claim: layers that are asked in turn answer so much together, leave so little behind, or take so long on average.
Reason: of what reaches a layer it answers a share h, and 1 − h goes on. Behind all layers arrives the product of the
    misses, Π(1 − h), and they answer the rest; the mean time is that of each layer, weighed by what it answers. A share
    that does not follow from its layers was not measured with them.
Threshold: refuted when no shares that round to the layers' give the share that is said to be answered
    (`share.hit_effective`) or missed (`share.missed`), or divide the load by so much (`load_divided_by`); noted when
    they divide it by more. A mean is refuted below what the answers alone take, where a layer's time holds that of all
    before it; it has no upper end, since what no layer answers may take as long as it will.
Source: J. L. Hennessy, D. A. Patterson, Computer Architecture: A Quantitative Approach (2017), section 2.1, the average
    memory access time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bizra_lab.audit._published import UNCLAIMED, Bounds, apart, say_bounds, say_figure
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Estimate, Finding, Layer, NotChecked, Weight
from bizra_lab.units import say, say_interval

ANSWERED, MISSED, DIVIDED, MEAN = "share.hit_effective", "share.missed", "load_divided_by", "latency_ns.mean"


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    layers = claim.stated.layers
    if not layers:
        yield UNCLAIMED
        return
    missed = _missed(layers)
    for name, computed in ((ANSWERED, Bounds(1 - missed.high, 1 - missed.low)), (MISSED, missed)):
        stated = given(claim, name)
        if stated is not None and apart(stated, computed):
            yield Finding(
                Weight.REFUTES,
                f"{say_figure(name, stated)} is claimed, but {_listed(layers)} "
                f"make it {say_interval(computed.low, computed.high, 'share')}",
                (name,),
            )
    divided = given(claim, DIVIDED)
    if divided is not None and missed.low > 0:
        yield from _divided(divided, Bounds(1 / missed.high, 1 / missed.low), layers)
    mean = given(claim, MEAN)
    if mean is not None and all(layer.latency for layer in layers):
        yield from _mean(mean, layers)


def _missed(layers: Sequence[Layer]) -> Bounds:
    """The share that no layer answers."""
    low = high = 1.0
    for layer in layers:
        low, high = low * max(0.0, 1 - layer.answers.high), high * (1 - layer.answers.low)
    return Bounds(low, high)


def _divided(stated: Estimate, computed: Bounds, layers: Sequence[Layer]) -> Iterator[Finding]:
    if apart(stated, computed):
        more = stated.value > computed.high
        yield Finding(
            Weight.REFUTES if more else Weight.NOTE,
            f"{_listed(layers)} divide the load behind them by {computed.low:.4g} to {computed.high:.4g}, and "
            f"{say(stated.value, '')} is claimed",
            (DIVIDED,),
        )


def _mean(stated: Estimate, layers: Sequence[Layer]) -> Iterator[Finding]:
    computed = Bounds(_least(layers), math.inf)
    if apart(stated, computed):
        yield Finding(
            Weight.REFUTES,
            f"a mean of {say(stated.value, 'ns')} is claimed, but {_listed(layers)} make it {say_bounds(computed)}",
            (MEAN,),
        )


def _least(layers: Sequence[Layer]) -> float:
    """The least mean in ns: a layer's time holds that of all before it, and what none answers takes none."""
    reaching, mean_ns = 1.0, 0.0
    for layer in layers:
        assert layer.latency is not None
        mean_ns += reaching * layer.answers.low * layer.latency.low
        reaching *= max(0.0, 1 - layer.answers.high)
    return mean_ns


def _listed(layers: Sequence[Layer]) -> str:
    return ", ".join(
        f"{layer.name} of {say(layer.answers.value, 'share')}"
        + (f" in {say(layer.latency.value, 'ns')}" if layer.latency else "")
        for layer in layers
    )
