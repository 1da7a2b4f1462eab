"""
Of 20 operations, no share is 98.5 %.

Claim: this share of so many operations succeeded.
Reason: a share of n is a whole number over n. Where none rounds to what is printed, it is of another number, or was not
    counted. And a share of few is known badly: of 200, 98.5 % may as well be 95.7 % by chance, which does not tell on
    which side of 98 % the system is.
Threshold: refuted when no whole number of n lies in the interval of the printed digits; doubted when the 95 % interval
    of a share holds the limit that the share is said to keep.
Source: N. J. L. Brown, J. A. J. Heathers (2017), Social Psychological and Personality Science 8(4), 363-369 (GRIM);
    E. B. Wilson (1927), JASA 22(158), 209-212, for the interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from bizra_lab.audit._published import Bounds
from bizra_lab.audit._rule import estimates, rule
from bizra_lab.model import Claim, Estimate, Finding, NotChecked, Weight
from bizra_lab.units import say, say_interval

Z = 1.959963984540054  # standard deviations; the normal distribution's 95 %, as the lab's other intervals

FLOAT_LOSS = 1e-9  # operations per operation; what a count divided by n and multiplied again loses


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    for name, share in estimates(claim, "share."):
        n = share.n or claim.declared.operations or 0
        if n == 0:
            yield NotChecked(f"{name} is of a number of operations that is undisclosed", undisclosed=True)
        elif not _countable(share, n):
            yield Finding(Weight.REFUTES, _impossible(name, share, n), (name,))
        else:
            yield from _against_limit(claim, name, share, n)


def _against_limit(claim: Claim, name: str, share: Estimate, n: int) -> Iterator[Finding]:
    limit = (claim.declared.limits or {}).get(name)
    if limit is None:
        return
    around = _wilson(share.value, n)
    if around.low < limit < around.high:
        yield Finding(
            Weight.DOUBT,
            f"{name} of {say(share.value, 'share')} of {n:,} operations is "
            f"{say_interval(around.low, around.high, 'share')} with 95 % confidence, which holds the limit of "
            f"{say(limit, 'share')}; about {_operations_needed(share.value, limit):,} operations would tell",
            (name,),
        )


def _countable(share: Estimate, n: int) -> bool:
    """Whether some whole number over n lies in the interval of the share."""
    loss = FLOAT_LOSS * n
    return math.floor(share.high * n + loss) >= math.ceil(share.low * n - loss)


def _impossible(name: str, share: Estimate, n: int) -> str:
    below = math.floor(share.value * n)
    return (
        f"{name} of {say(share.value, 'share')} is impossible with {n:,} operations: "
        f"{below:,} of them are {say(below / n, 'share')}, {below + 1:,} are {say((below + 1) / n, 'share')}"
    )


def _wilson(share: float, n: int) -> Bounds:
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return Bounds(middle - half, middle + half)


def _operations_needed(share: float, limit: float) -> int:
    """Of how many operations the interval of the share would end at the limit; of an equal one none would do."""
    if share == limit:
        return 0
    return math.ceil(Z**2 * limit * (1 - limit) / (share - limit) ** 2)
