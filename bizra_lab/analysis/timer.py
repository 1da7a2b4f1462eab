"""
The clock behind recorded latencies, told from the latencies alone: in which step they come, and how many are 0.

A result file from elsewhere names no clock, but its latencies are differences of the clock's readings, so each is a
multiple of its step, give or take what was lost when readings were cut to whole ns. Where latencies are hardly longer
than the step, their quantiles are the clock's and not the program's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from bizra_lab.analysis.shares import share
from bizra_lab.analysis.tails import latencies
from bizra_lab.model import Floats, Ints, Result, Unavailable

# Of what cutting readings to whole ns leaves of |mean exp(2πi·x/q)|, for latencies x and step q: a tenth for noise.
COHERENCE_MIN = 0.9
PERIOD_MIN = 4.0  # in units of the greatest common divisor: below, cutting leaves too little to tell a step by
KEPT_MIN = 0.9  # of latencies, within one unit of a multiple: what two cuts to whole ns leave
CHANCE_MAX = 1e-3  # that latencies fall into step without one; only of a handful of values could they

_WINDOW = 1 << 16  # units around the median that are looked at: a step of 42 is told to a thousandth of a per cent
_PADDING = 8  # times the window: places at which its spectrum is read, in units of the width of a peak


@dataclass(frozen=True, slots=True)
class ClockStep:
    """A step in ns, and how well latencies keep to it: 1 when each is a whole multiple."""

    step_ns: float
    coherence: float


@dataclass(frozen=True, slots=True)
class RecordedClock:
    """What latencies tell of their clock: its step, the share of them that is 0, and how many differ."""

    step: ClockStep | Unavailable
    share_zero: Result
    distinct: int


def recorded_clock(latency_ns: Ints, confidence: float) -> RecordedClock:
    """The clock that so many whole ns were read from. Raises ValueError for latencies below 0, or not whole."""
    values, counts = _counted(latency_ns)
    n = len(latency_ns)
    zeros = int(counts[0]) if n and values[0] == 0 else 0
    return RecordedClock(_step(values, counts), share(zeros, n, confidence), len(values))


def recorded_step(latency_ns: Ints) -> ClockStep | Unavailable:
    """
    The step in which whole ns of latency come, found as their greatest common divisor or a fractional multiple of it.

    The divisor is exact, but one odd value makes it 1, and a step of 41.667 ns cut to whole ns has none. So the
    latencies' spectrum is searched for the longest period q to which they keep: |mean exp(2πi·x/q)| is 1 when all are
    multiples, and of the order of 1/√n where nothing repeats. A period counts only when so many different values would
    hardly keep to it by chance. Unavailable where all latencies are equal: any step would do.
    Raises ValueError for latencies below 0, or not whole.

    Source: Lord Rayleigh (1919), Philosophical Magazine 37, 321-347; K. V. Mardia, P. E. Jupp, Directional Statistics
    (2000), section 6.3.
    """
    return _step(*_counted(latency_ns))


def _counted(latency_ns: Ints) -> tuple[Ints, Ints]:
    """The different latencies, rising, and how often each was seen."""
    if latencies(latency_ns).dtype.kind == "f":
        raise ValueError(
            f"expected whole ns, got {latency_ns.dtype}; a step is told from what was recorded, not rounded"
        )
    values, counts = np.unique(latency_ns, return_counts=True)
    return values.astype(np.int64), counts


def _step(values: Ints, counts: Ints) -> ClockStep | Unavailable:
    if not len(values):
        return Unavailable("no operations")
    if len(values) == 1:
        return Unavailable(f"all {int(counts[0])} latencies are {values[0]} ns: any step would give that")
    unit = int(np.gcd.reduce(values))
    places, shares = _near_the_middle(values // unit, counts)
    frequency = _frequency(places, shares) if len(places) > 1 else None
    if frequency is None:
        return ClockStep(float(unit), 1.0)
    return ClockStep(unit / frequency, _coherence(frequency, places, shares))


def _near_the_middle(values: Ints, counts: Ints) -> tuple[Ints, Floats]:
    """The values in a window around the median, counted from the first of them, and their shares."""
    median = int(values[np.searchsorted(np.cumsum(counts), counts.sum() / 2)])
    first = max(median - _WINDOW // 2, 0)
    near = (values >= first) & (values < first + _WINDOW)
    places: Ints = values[near] - values[near][0]
    return places, counts[near] / counts[near].sum()


def _frequency(places: Ints, shares: Floats) -> float | None:
    """One over the longest period that the places keep to: the first peak of their spectrum that is high enough."""
    # A value that is seen most of the time keeps to every period, so none weighs more than the middle one.
    weights = np.minimum(shares, np.median(shares))
    weights /= weights.sum()
    size = _PADDING * (1 << int(places[-1]).bit_length())
    strength = np.abs(np.fft.rfft(np.bincount(places, weights=weights), size))
    strength = strength[: int(size / PERIOD_MIN) + 2]
    frequencies = np.arange(len(strength)) / size
    peak = (strength[1:-1] >= strength[:-2]) & (strength[1:-1] > strength[2:])
    high = strength[1:-1] >= COHERENCE_MIN * np.sinc(frequencies[1:-1]) ** 2
    for place in np.flatnonzero(peak & high) + 1:
        if _by_chance(frequencies[place], places) <= CHANCE_MAX:
            frequency = _top(frequencies[place], 1 / size, places, shares)
            if _kept(frequency, places, weights) >= KEPT_MIN:
                return frequency
    return None


def _by_chance(frequency: float, places: Ints) -> float:
    """
    How likely so many different values lie within one unit of multiples of some period as long, if they do at random.

    Each does with twice the frequency, but for one that sets where multiples begin and one that sets the period; about
    span × frequency periods are tried.
    """
    return float((2 * frequency) ** (len(places) - 2) * max(1.0, frequency * float(places[-1])))


def _kept(frequency: float, places: Ints, weights: Floats) -> float:
    """The share of weights that lies within one unit of multiples of the period, from where these lie best."""
    turns = frequency * places
    begin = np.angle(np.exp(2j * np.pi * turns) @ weights) / (2 * np.pi)
    off = np.abs((turns - begin + 0.5) % 1 - 0.5)
    return float(weights[off <= frequency].sum())


def _top(near: float, width: float, places: Ints, shares: Floats) -> float:
    """The frequency with the largest coherence, at most `width` from one near it."""
    found = optimize.minimize_scalar(
        lambda frequency: -_coherence(frequency, places, shares),
        bounds=(near - width, near + width),
        method="bounded",
        options={"xatol": width * 1e-6},
    )
    return float(found.x)


def _coherence(frequency: float, places: Ints, shares: Floats) -> float:
    return float(abs(np.exp(2j * np.pi * frequency * places) @ shares))
