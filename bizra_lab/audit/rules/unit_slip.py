"""
What is left over behind an operation does not grow with it.

Claim: durations and stamps are in one unit.
Reason: a worker that has ended an operation begins the next, and what lies between the two is the harness's: the same
    after a long operation as after a short one. Durations that were divided by a factor leave a gap behind each that
    is the rest of it, and those that were multiplied an overlap: a thousand for a unit slip, 1.024 for binary
    thousands. Sums and means do not show it; the proportion does.
Threshold: doubted when the gaps behind the longer quarter of the operations exceed those behind the shorter quarter by
    at least 0.5 % of what the two differ by, as medians and by 6 of their standard errors; of an open load, gaps to
    operations that waited. It takes 20 of each. Of fewer, but 8 in all, when gaps are one share of the operations to
    within a twentieth of it while the operations differ by a tenth.
Source: the definition of a closed system and of a queue that does not rest while operations wait; L. Kleinrock,
    Queueing Systems, volume 1 (1975), section 3.1, on work that is conserved.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._chains import some_links
from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Finding, Floats, Ints, Weight
from bizra_lab.units import say

SLIP_MIN = 0.005  # of the duration; a harness that works longer after a longer operation does so by less
SURE = 6.0  # standard errors; what half a dozen spells of a busy host move the medians by
QUARTER_MIN = 20  # operations; of fewer the spread of a median is not known
LINKS_MIN = 8  # of which as many quotients agree by no chance
SHARES_AGREE = 0.05  # relative, between the quartiles of the quotients
TIMES_DIFFER = 0.1  # relative, between the quartiles of the operations; equal ones have equal quotients anyway
LINKS_MAX = 65_536  # looked at, from all over the run: a factor is in every one of them
MEDIAN_ERROR = 1.2533  # √(π/2): the standard error of a median over that of a mean, where values scatter normally
QUARTILES = 1.349  # standard deviations between the quartiles of a normal distribution


@rule("samples", "kind")
def check(claim: Claim) -> Iterator[Finding]:
    assert claim.samples is not None
    some = some_links(claim.samples, LINKS_MAX)
    for times_ns, what in ((some.service_ns, "it took"), (some.latency_ns, "its response took")):
        slip = _slope(times_ns, some.gap_ns)
        if slip is not None:
            yield Finding(
                Weight.DOUBT,
                f"what lies between an operation and the same worker's next grows by {say(slip, 'share')} of the time "
                f"that {what}: durations are {'shorter' if slip > 0 else 'longer'} than their stamps' distances by a "
                f"factor of {max(1 + slip, 1 / (1 + slip)) if slip > -1 else math.inf:.6g}",
                ("latency_ns.*", "service_ns.*", "littles_law.*"),
            )
            return


def _slope(times_ns: Ints, gaps_ns: Ints) -> float | None:
    """By how much of a duration the gap behind it is longer; None where it is not surely so."""
    if len(times_ns) < 4 * QUARTER_MIN:
        return _one_share(times_ns, gaps_ns)
    low, high = np.quantile(times_ns, (0.25, 0.75))
    short, long = times_ns <= low, times_ns >= high
    apart_ns = float(np.median(times_ns[long])) - float(np.median(times_ns[short]))
    if apart_ns <= 0:
        return None
    grown_ns = float(np.median(gaps_ns[long])) - float(np.median(gaps_ns[short]))
    slope = grown_ns / apart_ns
    # Where the gap is a part of the duration, what is left beside that part is the harness's.
    left_ns = gaps_ns - slope * times_ns
    error_ns = math.hypot(_error_ns(left_ns[short]), _error_ns(left_ns[long]))
    return slope if abs(slope) >= SLIP_MIN and abs(grown_ns) > SURE * error_ns else None


def _one_share(times_ns: Ints, gaps_ns: Ints) -> float | None:
    """The share of each duration that the gap behind it is, where it is one for all."""
    if len(times_ns) < LINKS_MIN or int(times_ns.min()) <= 0:
        return None
    shares = gaps_ns / times_ns
    low, share, high = np.quantile(shares, (0.25, 0.5, 0.75))
    least_ns, typical_ns, most_ns = np.quantile(times_ns, (0.25, 0.5, 0.75))
    agree = high - low <= SHARES_AGREE * abs(share)
    return (
        float(share) if agree and abs(share) >= SLIP_MIN and most_ns - least_ns >= TIMES_DIFFER * typical_ns else None
    )


def _error_ns(left_ns: Floats) -> float:
    """The standard error of a median, from the quartiles, and no less than a stamp is rounded by."""
    low, high = np.quantile(left_ns, (0.25, 0.75))
    return max(MEDIAN_ERROR * float(high - low) / QUARTILES, 1.0) / math.sqrt(len(left_ns))
