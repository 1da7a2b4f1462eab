"""
Which values are counted together: HdrHistogram's buckets, bucket for bucket.

Every value from 0 to 2^63 − 1 has its bucket, and whatever its size the bucket is narrow beside it: no wider than 2^-10
of the values in it for three digits.

Source: G. Tene, HdrHistogram.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bizra_lab.model import Floats, Ints

LARGEST = 2**63 - 1  # the largest value that has a bucket

DIGITS = 3  # a bucket's middle is within 0.05 % of what is in it, a tenth of what a quiet machine repeats
DIGITS_MAX = 5

_FRACTION_BITS = 52  # of a double
_EXPONENT_BIAS = 1023
_VALUE_BITS = 63
_TOO_FINE = (1 << _VALUE_BITS - _FRACTION_BITS - 1) - 1  # the bits of a whole number that a double may have no room for


@dataclass(frozen=True, slots=True)
class Buckets:
    """
    Which values are counted together: HdrHistogram's buckets for so many significant digits.

    Up to 2^(half_bits + 1) units each has its own; from there on every doubling of the value has 2^half_bits buckets,
    so none is wider than 2^-half_bits of its values. A unit is 2^unit_bits: no finer steps are told apart.
    """

    digits: int = DIGITS
    unit_bits: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.digits <= DIGITS_MAX:
            raise ValueError(f"digits must be 0 to {DIGITS_MAX}, got {self.digits}")
        if not 0 <= self.unit_bits <= _VALUE_BITS - 2 - self.half_bits:
            raise ValueError(f"unit_bits must be 0 to {_VALUE_BITS - 2 - self.half_bits}, got {self.unit_bits}")

    @property
    def half_bits(self) -> int:
        """Buckets a doubling, as a power of two: the least that keep two values apart that differ in the last digit."""
        return int(2 * 10**self.digits - 1).bit_length() - 1

    @property
    def slots(self) -> int:
        """How many buckets there are."""
        return (_VALUE_BITS + 1 - self.half_bits - self.unit_bits) << self.half_bits

    @property
    def error(self) -> float:
        """How far a bucket's middle may be from a value in it, as a share of the value, or half a unit where more."""
        return float(2.0 ** -(self.half_bits + 1))

    def of(self, values: Ints) -> Ints:
        """The bucket of each value from 0 to `LARGEST`."""
        if not len(values):
            return np.zeros(0, np.int64)
        units = values >> self.unit_bits
        return self.into(np.empty(len(values)), units, int(units.min()), int(units.max()))

    def into(self, room: Floats, units: Ints, least: int, most: int) -> Ints:
        """
        The bucket of each of `units`, which lie within `least` to `most`, written over `room`.

        The bits of a double are a bucket's number: the exponent tells the doubling, the head of the fraction the bucket
        within it. Or-ed into the fraction of a double, a number is added to it; taking that double away again leaves
        the number as a multiple of a tiny one, chosen so that the exponent's first doubling is the first that buckets
        halve. That is half the time of a conversion, and holds below 2^52.
        """
        found: Ints = room.view(np.int64)
        if most >> _FRACTION_BITS == 0:
            above = (_FRACTION_BITS + 1 - self.half_bits) << _FRACTION_BITS
            np.bitwise_or(units, above, out=found)
            np.subtract(room, np.int64(above).view(np.float64), out=room)
            np.right_shift(found, _FRACTION_BITS - self.half_bits, out=found)
        else:
            # A double of 2^53 or more would round up what it cannot hold, into the next bucket perhaps.
            np.copyto(room, np.where(units >> _FRACTION_BITS + 1, units & ~_TOO_FINE, units))
            np.right_shift(found, _FRACTION_BITS - self.half_bits, out=found)
            np.subtract(found, (_EXPONENT_BIAS - 1 + self.half_bits) << self.half_bits, out=found)
        linear = 1 << self.half_bits
        if least < linear:
            # Each has its own bucket; their doubles are subnormal, which a program may have told its processor to drop.
            np.maximum(found, np.minimum(units, linear), out=found)
        return found

    def bounds(self, buckets: Ints) -> tuple[Ints, Ints]:
        """The smallest and the largest value of each bucket."""
        doublings = np.maximum((buckets >> self.half_bits) - 1, 0)
        width_bits = doublings + self.unit_bits
        low = (buckets - (doublings << self.half_bits)) << width_bits
        return low, low | ((1 << width_bits) - 1)
