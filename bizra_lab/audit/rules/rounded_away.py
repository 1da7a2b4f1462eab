"""
A mean of what was cut off is a mean of what was left.

Claim: the quantiles are 0, and the mean is not.
Reason: where quantiles are printed in whole steps of the clock and nearly all are 0, what the mean is made of lies in
    the few operations beyond the last of them. If it was taken of the same rounded values, those few took many times
    as long as it; if it was not, the quantiles were rounded and the mean was not, and they cannot be read together.
Threshold: doubted when the largest printed quantile below the maximum is 0 and a mean above 0 is printed in finer
    steps.
Source: D. J. Lilja, Measuring Computer Performance (2000), section 6.2, on quantization.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._published import UNCLAIMED, knots
from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Finding, NotChecked, Weight
from bizra_lab.units import say

COARSER_MIN = 2.0  # steps of the mean in one of the quantiles; closer ones may be the same rounding


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    mean, quantiles = given(claim, "latency_ns.mean"), [knot for knot in knots(claim, "latency_ns") if 0 < knot.p < 1]
    if mean is None or not quantiles:
        yield UNCLAIMED
        return
    last = quantiles[-1]
    finer = last.figure.high - last.figure.low > COARSER_MIN * (mean.high - mean.low)
    if last.figure.value == 0 and mean.low > 0 and finer:
        beyond = float(1 - last.p)
        yield Finding(
            Weight.DOUBT,
            f"{last.name} is 0 and the mean {say(mean.value, 'ns')}: of the same values, the {say(beyond, 'share')} "
            f"beyond would take {say(mean.value / beyond, 'ns')} each, {1 / beyond:,.4g} times the mean; otherwise the "
            "quantiles were cut to whole steps and the mean was not; it takes quantiles as fine as the mean",
            ("latency_ns.*",),
        )
