"""
Whether the largest of many values stand apart from the others, further than any tail of theirs reaches.

Of a tail that falls off by a power the logarithm of the k-th largest over the next is exponential with mean ξ/k, and ξ
is known from the values below; lighter tails reach less far. So a heavy tail is not taken for something that happened.

Source: A. Rényi (1953), Acta Mathematica Hungarica 4, 191-231, on spacings of order statistics.
"""

from __future__ import annotations

import math

import numpy as np

from bizra_lab.model import Ints

EVENTS_MAX = 10  # that stand apart; of more, they are a kind of value
TAIL = 50  # spacings below, from which the tail is told; its shape is then known to a seventh
APART = 8.0  # natural logarithms; chance parts a pair as far once in 1,500 times, the shape being known so well

LARGEST = EVENTS_MAX + TAIL + 1  # values that are looked at


def standing_apart(largest: Ints, least: float) -> int:
    """
    How many of the `LARGEST` values, falling, stand apart from the others, none of them below `least`; 0 for none.

    Fewer values than that show no tail to stand apart from.
    """
    if len(largest) < LARGEST or largest[-1] <= 0:
        return 0
    logs = np.log(largest.astype(np.float64))
    # Each has the mean ξ, whichever it is.
    spacings = np.arange(1, LARGEST) * (logs[:-1] - logs[1:])
    for count in range(1, EVENTS_MAX + 1):
        if largest[count - 1] < least:
            return 0
        shape = float(spacings[count : count + TAIL].mean())
        if spacings[count - 1] > APART * max(shape, math.ulp(1.0)):
            return count
    return 0
