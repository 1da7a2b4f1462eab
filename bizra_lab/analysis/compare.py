"""
A against B, with the process as the unit.

Values of one process share its memory layout, its hash seed and its moment on the machine, and so resemble each other.
Taken for independent they make a difference where there is none: what repeats is the process, so its mean (or its
quantile) is one observation, and n is the number of processes. Their numbers need not be equal.

Four answers about the same two sides: the ratio of the means (Fieller's interval, as Kalibera and Jones use it), the
shift by which the processes of one side are slower (Hodges and Lehmann), where in the distribution they differ (the
shift function), and whether the ratio is within a margin stated before (two one-sided tests).

Sides that were measured by another policy or on another host are not compared unless told: what differs between them
may be the measurement.

Source: T. Kalibera, R. Jones (2013), ISMM, 63-74, and University of Kent technical report 4-12; E. C. Fieller (1954),
J. Royal Statistical Society B 16(2), 175-185; J. L. Hodges, E. L. Lehmann (1963), Annals of Mathematical Statistics
34(2), 598-611; K. Doksum (1974), Annals of Statistics 2(2), 267-277; D. J. Schuirmann (1987), J. Pharmacokinetics and
Biopharmaceutics 15(6), 657-680.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from bizra_lab.analysis.quantiles import quantile_name
from bizra_lab.errors import LabError
from bizra_lab.model import Estimate, Floats, Result, Unavailable

PROCESSES_MIN = 3  # on each side; from two, Student's t at one degree of freedom says nothing that one could use
TAIL_VALUES_MIN = 5  # of each process beyond a quantile; with fewer, its quantile is its extreme under another name

DECILES = tuple(Fraction(k, 10) for k in range(1, 10))

Difference = Literal["policy", "host"]
Answer = Literal["equivalent", "different", "open"]


class Incomparable(LabError):
    """Two sides that were not measured the same way."""


@dataclass(frozen=True, slots=True)
class Side:
    """
    What one side measured: the values of each process, and by which policy on which host ("" where not disclosed).

    Raises ValueError for values that are not finite numbers, or a process without any.
    """

    name: str
    processes: tuple[Floats, ...]
    policy: str
    host: str

    def __post_init__(self) -> None:
        for number, values in enumerate(self.processes):
            if values.ndim != 1 or not len(values):
                raise ValueError(f"{self.name}: process {number} has no list of values")
            if not np.all(np.isfinite(values)):
                raise ValueError(f"{self.name}: process {number} has values that are not finite numbers")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changes from `old` to `new`, all in `unit` or as a ratio new/old; `quantiles` hold together, not each."""

    ratio: Result
    shift: Result
    quantiles: dict[str, Result]
    margin: float
    answer: Answer


@dataclass(frozen=True, slots=True)
class LevelVariance:
    """
    How means vary at one level of repetition (values in a process, processes in a build, …), in the unit squared.

    `observed` is S²: how far means of this level differ. `own` is T²: what this level itself adds, less what the level
    below makes means differ anyway; below 0 it adds nothing that can be seen.
    """

    observed: float
    own: float


def compare(
    old: Side, new: Side, unit: str, margin: float, confidence: float = 0.95, across: Sequence[Difference] = ()
) -> Comparison:
    """
    All that can be said of `new` against `old` with `confidence`; equivalent is what is within `margin`, a share.

    Raises Incomparable when policy or host differ, or are not disclosed, and are not named in `across`; ValueError for
    a margin outside (0, 1) or a confidence outside [0.5, 1).
    """
    must_be_comparable(old, new, across)
    if not (0 < margin < 1 and 0.5 <= confidence < 1):
        raise ValueError(f"expected a margin in (0, 1) and a confidence in [0.5, 1), got {margin} and {confidence}")
    means = process_means(old.processes), process_means(new.processes)
    return Comparison(
        ratio=ratio(*means, confidence),
        shift=shift(*means, confidence, unit),
        quantiles={
            quantile_name(p): found
            for p, found in shift_function(old.processes, new.processes, DECILES, confidence, unit).items()
        },
        margin=margin,
        answer=equivalence(*means, margin, confidence),
    )


def must_be_comparable(old: Side, new: Side, across: Sequence[Difference] = ()) -> None:
    """Raises Incomparable when the sides differ in policy or host, or one withholds it, unless told `across`."""
    for what, first, second in (("policy", old.policy, new.policy), ("host", old.host, new.host)):
        if what not in across and not (first and first == second):
            raise Incomparable(
                f"{old.name} and {new.name}: measured under {what} {first or 'undisclosed'!r} and "
                f"{second or 'undisclosed'!r}; expected the same, or to be told to compare across {what}"
            )


def process_means(processes: Sequence[Floats]) -> Floats:
    """The mean of each process: one observation each."""
    return np.array([float(values.mean()) for values in processes], dtype=np.float64)


def ratio(old: Floats, new: Floats, confidence: float) -> Result:
    """
    The mean of `new` over that of `old`, one value a process, with Fieller's interval; n is the number of processes.

    The interval holds every θ for which mean(new) − θ·mean(old) is within Student's t of 0, at the degrees of freedom
    that Welch and Satterthwaite give the difference. It assumes process means near a normal distribution.
    """
    few = _too_few(old, new)
    if few is not None:
        return few
    below, above = float(old.mean()), float(new.mean())
    if below <= 0 or above <= 0:
        return Unavailable("a ratio needs means above 0")
    value = above / below
    error_old, error_new = float(old.var(ddof=1)) / len(old), float(new.var(ddof=1)) / len(new)
    t2 = _student(value**2 * error_old, error_new, len(old), len(new), confidence) ** 2
    base = below**2 - t2 * error_old
    if base <= 0:
        return Unavailable("the processes of the old side differ so much that their mean could be 0")
    half = math.sqrt(t2 * (below**2 * error_new + above**2 * error_old - t2 * error_old * error_new)) / base
    middle = below * above / base
    # Where nothing varies the middle is the ratio but for the last digit.
    return Estimate(value, min(value, middle - half), max(value, middle + half), "ratio", len(old) + len(new))


def shift(old: Floats, new: Floats, confidence: float, unit: str) -> Result:
    """
    By how much `new` is above `old`, one value a process: the median of all differences, and an interval.

    The interval holds every shift that Mann and Whitney's test does not reject. It assumes no distribution, only that
    the sides have the same one but for the shift.
    """
    few = _too_few(old, new)
    if few is not None:
        return few
    place = _rank_of_low(len(old), len(new), confidence)
    if place is None:
        return Unavailable(f"{len(old)} and {len(new)} processes do not bound a shift with {confidence:.4g} confidence")
    differences = np.sort(np.subtract.outer(new, old), axis=None)
    low, high = float(differences[place - 1]), float(differences[len(differences) - place])
    return Estimate(float(np.median(differences)), low, high, unit, len(old) + len(new))


def shift_function(
    old: Sequence[Floats], new: Sequence[Floats], probabilities: Sequence[Fraction], confidence: float, unit: str
) -> dict[Fraction, Result]:
    """
    At each quantile by how much `new` is above `old`: the differences hold together with `confidence`, not each alone.

    Each process gives one quantile (Harrell and Davis's, which weighs all its values), and Welch's interval is of their
    means over processes, at a confidence that Bonferroni's inequality makes that of all of them together.

    Source: F. E. Harrell, C. E. Davis (1982), Biometrika 69(3), 635-640.
    """
    each = 1 - (1 - confidence) / max(1, len(probabilities))
    return {p: _quantile_shift(old, new, p, each, unit) for p in probabilities}


def equivalence(old: Floats, new: Floats, margin: float, confidence: float) -> Answer:
    """
    Whether the ratio of the means lies between 1/(1 + margin) and 1 + margin, by two one-sided tests at 1 − confidence.

    `equivalent` when both reject what lies beyond, `different` when the ratio's own interval excludes 1, else `open`:
    that there is no difference is shown, never assumed.
    """
    within = ratio(old, new, 2 * confidence - 1)
    apart = ratio(old, new, confidence)
    if isinstance(within, Unavailable) or isinstance(apart, Unavailable):
        return "open"
    if 1 / (1 + margin) < within.low and within.high < 1 + margin:
        return "equivalent"
    return "open" if apart.low <= 1 <= apart.high else "different"


def variance_by_level(values: npt.ArrayLike) -> tuple[LevelVariance, ...]:
    """
    What each level of repetition adds to the variance, the lowest first, from an array with the highest level first.

    An array of 10 × 5 is of 10 processes with 5 values each. Where the lowest level adds most, more values per process
    help; where the highest does, only more processes do.

    Raises ValueError for values that are not finite, or a level with fewer than two repetitions.

    Source: T. Kalibera, R. Jones (2013), ISMM, 63-74, section 6.
    """
    means = np.asarray(values, dtype=np.float64)
    if not means.ndim or min(means.shape) < 2 or not np.all(np.isfinite(means)):
        raise ValueError(f"expected finite values, at least two at each level, got an array of {means.shape}")
    found: list[LevelVariance] = []
    below = 0.0
    while means.ndim:
        observed = float(means.var(axis=-1, ddof=1).mean())
        found.append(LevelVariance(observed, observed - below))
        below = observed / means.shape[-1]
        means = means.mean(axis=-1)
    return tuple(found)


def _too_few(old: Floats, new: Floats) -> Unavailable | None:
    if min(len(old), len(new)) >= PROCESSES_MIN:
        return None
    return Unavailable(f"{len(old)} and {len(new)} processes cannot be compared; it needs {PROCESSES_MIN} on each side")


def _quantile_shift(old: Sequence[Floats], new: Sequence[Floats], p: Fraction, confidence: float, unit: str) -> Result:
    fewest = min((len(values) for values in (*old, *new)), default=0)
    if fewest * min(p, 1 - p) < TAIL_VALUES_MIN:
        needed = math.ceil(TAIL_VALUES_MIN / min(p, 1 - p))
        return Unavailable(f"{fewest} values in a process do not show {quantile_name(p)}; it needs {needed}")
    before, after = (np.array([harrell_davis(values, p) for values in side]) for side in (old, new))
    few = _too_few(before, after)
    if few is not None:
        return few
    value = float(after.mean() - before.mean())
    errors = float(before.var(ddof=1)) / len(before), float(after.var(ddof=1)) / len(after)
    half = _student(*errors, len(before), len(after), confidence) * math.sqrt(sum(errors))
    return Estimate(value, value - half, value + half, unit, len(before) + len(after))


def harrell_davis(values: Floats, p: Fraction) -> float:
    """The p-quantile of values in any order as a weighted mean of all of them, which varies less than any one does."""
    n = len(values)
    edges = stats.beta.cdf(np.arange(n + 1) / n, float(p * (n + 1)), float((1 - p) * (n + 1)))
    return float(np.sort(values) @ np.diff(edges))


def _student(error_old: float, error_new: float, n_old: int, n_new: int, confidence: float) -> float:
    """Student's two-sided quantile for a difference whose two errors (variances of means) come from so many values."""
    spread = error_old**2 / (n_old - 1) + error_new**2 / (n_new - 1)
    freedom = (error_old + error_new) ** 2 / spread if spread > 0 else n_old + n_new - 2
    return float(stats.t.ppf((1 + confidence) / 2, freedom))


def _rank_of_low(m: int, n: int, confidence: float) -> int | None:
    """
    The greatest k such that the k-th smallest of all m·n differences is below the shift with (1 + confidence)/2.

    The number of differences below the true shift is Mann and Whitney's U. None when even the smallest may be above.
    """
    below = np.cumsum(_mann_whitney(m, n))
    place = int(np.searchsorted(below, (1 - confidence) / 2 * (1 + 1e-12), side="right"))
    return place or None


def _mann_whitney(m: int, n: int) -> Floats:
    """
    The distribution of U when both sides are alike, m·n + 1 shares: U pairs of m and n have the one of m above.

    The number of orders with U = u is the coefficient of x^u in Π (1 − x^(n+i)) / (1 − x^i), i = 1 … m.

    Source: H. B. Mann, D. R. Whitney (1947), Annals of Mathematical Statistics 18(1), 50-60.
    """
    shares = np.zeros(m * n + 1)
    shares[0] = 1.0
    for i in range(1, m + 1):
        shares[n + i :] -= shares[: -(n + i)].copy()
        for offset in range(i):
            shares[offset::i] = np.cumsum(shares[offset::i])
        # Scaled on the way, so that counts of orders, which are astronomical, never arise.
        shares *= i / (n + i)
    return np.clip(shares, 0.0, 1.0)
