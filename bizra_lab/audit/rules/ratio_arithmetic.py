"""
A percentage is of something.

Claim: so many times, or so many per cent, better than the baseline.
Reason: both figures are there, so the ratio can be computed again. What goes wrong is always the same: per cent of a
    share are taken for percentage points, times for per cent more, the old for the new. A time cannot fall by more than
    100 % of itself: a reduction of 6,000 % is a rise, with its ends exchanged.
Threshold: whole intervals. Refuted when no figure and no baseline that round to what is printed give the ratio or the
    change. Where it is not said which result is meant, any of the baseline's unit may be, and a share may be better
    for having risen or for having fallen.
Source: arithmetic; J. M. Bland, D. G. Altman (1994), BMJ 308, 896, for how percentages of change go wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._published import Bounds
from bizra_lab.audit._rule import estimates, given, rule
from bizra_lab.model import Claim, Estimate, Finding, NotChecked, Weight
from bizra_lab.units import say

NOT_COMPARED = ("baseline", "ratio_claimed", "change_claimed")
FALLS_WHEN_BETTER = "ns"  # the unit in which less is better, so that an improvement is a reduction
FLOAT_LOSS = 1e-9  # relative; a quotient computed twice


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    ratio, change, baseline = (given(claim, name) for name in ("ratio_claimed", "change_claimed", "baseline"))
    if ratio is None and change is None:
        return
    if change is not None and _of_a_time(claim, baseline) and change.low > 1:
        yield Finding(Weight.REFUTES, _more_than_all(claim, change, baseline), ("change_claimed",))
        return
    if baseline is None:
        yield NotChecked("the baseline that a ratio or a change is of is undisclosed", undisclosed=True)
        return
    results = dict(_compared(claim, baseline))
    if not results:
        yield NotChecked("the result that is compared with the baseline was not given", undisclosed=True)
        return
    if ratio is not None and not any(_is_ratio(ratio, result, baseline) for result in results.values()):
        yield Finding(Weight.REFUTES, _other_ratio(ratio, results, baseline), ("ratio_claimed",))
    if change is not None and not any(_is_change(change, result, baseline) for result in results.values()):
        yield Finding(Weight.REFUTES, _other_change(change, results, baseline), ("change_claimed",))


def _of_a_time(claim: Claim, baseline: Estimate | None) -> bool:
    named = given(claim, claim.declared.ratio_of) if claim.declared.ratio_of else None
    return FALLS_WHEN_BETTER in {each.unit for each in (named, baseline) if each is not None}


def _compared(claim: Claim, baseline: Estimate) -> Iterator[tuple[str, Estimate]]:
    """The results, by name, that the baseline may be one of."""
    named = claim.declared.ratio_of
    for name, result in estimates(claim, ""):
        if result.unit == baseline.unit and name not in NOT_COMPARED and named in (None, name):
            yield name, result


def _is_ratio(ratio: Estimate, result: Estimate, baseline: Estimate) -> bool:
    """Whether the ratio is result over baseline, or, for times, how many times as fast."""
    quotients = [_quotient(result, baseline)]
    if result.unit == FALLS_WHEN_BETTER:
        quotients.append(_quotient(baseline, result))
    return any(_meet(ratio, quotient) for quotient in quotients)


def _quotient(above: Estimate, below: Estimate) -> Bounds:
    return Bounds(
        above.low / below.high if below.high > 0 else float("inf"),
        above.high / below.low if below.low > 0 else float("inf"),
    )


def _change(result: Estimate, baseline: Estimate) -> Bounds:
    """By which share of the baseline the result is better."""
    quotient = _quotient(result, baseline)
    if result.unit == FALLS_WHEN_BETTER:
        return Bounds(1 - quotient.high, 1 - quotient.low)
    return Bounds(quotient.low - 1, quotient.high - 1)


def _is_change(change: Estimate, result: Estimate, baseline: Estimate) -> bool:
    """Whether the result is better than the baseline by that share of it."""
    better = _change(result, baseline)
    # Of failures and misses less is better, of hits and successes more: which one a share is, only its reader knows.
    worse = Bounds(-better.high, -better.low)
    return _meet(change, better) or (result.unit == "share" and _meet(change, worse))


def _meet(stated: Estimate, computed: Bounds) -> bool:
    slack = FLOAT_LOSS * (1 + abs(stated.value))
    return stated.low - slack <= computed.high and computed.low <= stated.high + slack


def _more_than_all(claim: Claim, change: Estimate, baseline: Estimate | None) -> str:
    said = f"a time cannot fall by {say(change.value, 'share')} of itself, only by 100 %"
    risen = [
        name
        for name, result in (_compared(claim, baseline) if baseline is not None else ())
        if baseline is not None and _meet(change, _risen(_quotient(result, baseline)))
    ]
    return f"{said}; {risen[0]} rose by as much" if risen else said


def _risen(quotient: Bounds) -> Bounds:
    return Bounds(quotient.low - 1, quotient.high - 1)


def _other_ratio(ratio: Estimate, results: dict[str, Estimate], baseline: Estimate) -> str:
    computed = ", ".join(f"{name} {_times(result, baseline)}" for name, result in results.items())
    return f"{ratio.value:.6g} times {say(baseline.value, baseline.unit)} is claimed, but {computed}"


def _times(result: Estimate, baseline: Estimate) -> str:
    return f"of {say(result.value, result.unit)} is {_over(result, baseline):.4g} times as much"


def _over(result: Estimate, baseline: Estimate) -> float:
    return result.value / baseline.value if baseline.value else float("inf")


def _other_change(change: Estimate, results: dict[str, Estimate], baseline: Estimate) -> str:
    computed = ", ".join(
        f"{name} went from {say(baseline.value, baseline.unit)} to {say(result.value, result.unit)}, "
        f"by {_over(result, baseline) - 1:+.4g} of it"
        for name, result in results.items()
    )
    said = f"a change for the better by {say(change.value, 'share')} is claimed"
    return f"{said}, but {computed}{_slip(change, results, baseline)}"


def _slip(change: Estimate, results: dict[str, Estimate], baseline: Estimate) -> str:
    """What the change is, where it is one of the usual slips."""
    for result in results.values():
        if result.unit == "share" and _meet(change, Bounds(result.low - baseline.high, result.high - baseline.low)):
            return "; the change is in percentage points"
        if _meet(change, _quotient(result, baseline)):
            return "; it is so many per cent of the baseline, not more than it"
        if result.unit == FALLS_WHEN_BETTER and _meet(change, _risen(_quotient(result, baseline))):
            return "; it is a rise"
    return ""
