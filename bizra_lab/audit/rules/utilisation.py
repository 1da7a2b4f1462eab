"""
Nobody computes for longer than there are processors.

Claim: so many operations per second, each of which takes so much processor time.
Reason: rate × processor time of an operation is how many processors are at work on average. More than there are cannot
    be: the rate is of another machine, the cost is of another operation, or work was not done.
Threshold: refuted when even the lower end of rate × cost, or what the kernel counted for the workers over the window,
    exceeds the processors declared by 1 %, more than two clocks disagree by.
Source: the utilisation law, U = X·D; P. J. Denning, J. P. Buzen (1978), ACM Computing Surveys 10(3), 225-261.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Finding, NotChecked, Weight
from bizra_lab.units import SECOND_NS, say

CLOCKS_DISAGREE = 0.01  # share; the kernel counts processor time in ticks on some systems

TOUCHES = ("throughput_per_s", "cpu_ns.mean")


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    cores, rate, cost = claim.declared.cores, given(claim, "throughput_per_s"), given(claim, "cpu_ns.mean")
    counted = _counted(claim)
    if cores is None or (counted is None and (rate is None or cost is None)):
        what = "cores" if cores is None else "the processor time of an operation"
        yield NotChecked(f"{what} undisclosed", undisclosed=False)
        return
    if rate is not None and cost is not None and rate.low * cost.low / SECOND_NS > cores * (1 + CLOCKS_DISAGREE):
        yield Finding(
            Weight.REFUTES,
            f"{rate.value:,.6g} /s × {say(cost.value, 'ns')} of processor time keep "
            f"{rate.value * cost.value / SECOND_NS:.4g} processors at work, and there {_are(cores)}",
            TOUCHES,
        )
    if counted is not None and counted > cores * (1 + CLOCKS_DISAGREE):
        yield Finding(
            Weight.REFUTES,
            f"the kernel counted {counted:.4g} processors at work for the workers, and there {_are(cores)}",
            TOUCHES,
        )


def _counted(claim: Claim) -> float | None:
    """Processors at work over the window, by the kernel's account of the workers; None where it was not asked."""
    instrument = claim.samples.instrument if claim.samples else None
    if instrument is None or not instrument.uses or instrument.window_ns <= 0:
        return None
    return sum(use.cpu_ns / max(use.wall_ns, 1) for use in instrument.uses)


def _are(cores: int) -> str:
    return f"{'is' if cores == 1 else 'are'} {cores}"
