"""
When a metric changed, over its past runs.

Each run is one observation of the metric, in order. E-divisive cuts the history where the runs before and after differ
most in distribution (not in mean alone), asks by shuffling the runs whether chance does as well, and goes on inside
the pieces until it does. Two samples are apart by the energy distance, 2E|X − Y| − E|X − X′| − E|Y − Y′|, which is 0
only for equal distributions. No distribution is assumed, only that runs between changes are independent of each other.

Of histories without any change, `ALARM_SHARE` are said to have one.

Source: D. S. Matteson, N. A. James (2014), JASA 109(505), 334-345.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bizra_lab.model import Floats, Unavailable

ALARM_SHARE = 0.05  # of histories in which chance may do as well; what the paper and R's ecp use
SHUFFLES = 499  # the paper's; p-values then come in steps of 0.002
PIECE_MIN = 3  # runs; fewer are outliers rather than a level that the metric has now


@dataclass(frozen=True, slots=True)
class Change:
    """
    From run `index` on the metric has another distribution: medians `before` and `after`, of the pieces beside it.

    `p_value` is the share of shuffled histories that can be cut as well or better, this history among them.
    """

    index: int
    before: float
    after: float
    p_value: float


@dataclass(frozen=True, slots=True)
class _Cut:
    """The best cut of a piece: where, and how far what lies before it is from what lies after it."""

    index: int
    distance: float


def changes(
    values: npt.ArrayLike, chance: np.random.Generator, alarm_share: float = ALARM_SHARE, shuffles: int = SHUFFLES
) -> tuple[Change, ...] | Unavailable:
    """
    The runs at which a metric changed, earliest first, or Unavailable for fewer runs than two pieces need.

    Time grows with the square of the number of runs, times `shuffles`.
    Raises ValueError for values that are not finite, or so few shuffles that none could be rare enough.
    """
    history = np.asarray(values, dtype=np.float64)
    if history.ndim != 1 or not np.all(np.isfinite(history)):
        raise ValueError("a history is one list of finite values")
    if not 0 < alarm_share < 1 or alarm_share * (shuffles + 1) < 1:
        raise ValueError(
            f"expected an alarm share in (0, 1) that 1 of {shuffles} + 1 histories meets, got {alarm_share}"
        )
    n = len(history)
    if n < 2 * PIECE_MIN:
        return Unavailable(f"{n} runs show no change; it needs {2 * PIECE_MIN}")
    distances = np.abs(np.subtract.outer(history, history))
    borders, p_values = [0, n], dict[int, float]()
    while True:
        best = _best_cut(distances, borders)
        if best is None:
            break
        p = _p_value(distances, borders, best.distance, chance, alarm_share, shuffles)
        if p > alarm_share:
            break
        insort(borders, best.index)
        p_values[best.index] = p
    return tuple(
        Change(index, float(np.median(history[first:index])), float(np.median(history[index:last])), p_values[index])
        for first, index, last in zip(borders, borders[1:], borders[2:], strict=False)
    )


def _p_value(
    distances: Floats,
    borders: Sequence[int],
    seen: float,
    chance: np.random.Generator,
    alarm_share: float,
    shuffles: int,
) -> float:
    """How often runs shuffled within their pieces can be cut as well; it stops as soon as that is too often."""
    as_good = 1  # the history as it is
    for _ in range(shuffles):
        order = np.concatenate([first + chance.permutation(last - first) for first, last in pairwise(borders)])
        best = _best_cut(distances[np.ix_(order, order)], borders)
        # What is equal but for the order of a sum must count as equal.
        as_good += best is not None and best.distance >= seen * (1 - 1e-9)
        if as_good > alarm_share * (shuffles + 1):
            break
    return as_good / (shuffles + 1)


def _best_cut(distances: Floats, borders: Sequence[int]) -> _Cut | None:
    """The best cut of all pieces, or None where no piece is long enough or all runs in each are equal."""
    cuts = [
        _Cut(first + index, distance)
        for first, last in pairwise(borders)
        if last - first >= 2 * PIECE_MIN
        for index, distance in [best_split(distances[first:last, first:last])]
    ]
    best = max(cuts, key=lambda cut: cut.distance, default=None)
    return best if best is not None and best.distance > 0 else None


def best_split(distances: Floats) -> tuple[int, float]:
    """
    The index τ whose first τ runs are farthest from the runs up to some κ after them, and that distance.

    From the n × n `distances` between runs. The distance is mn/(m + n) times the energy distance of the m runs before τ
    and the n runs from τ to κ; κ may lie before the end, so that a change back does not hide a change.
    """
    n = len(distances)
    # Sums over any block of runs, as differences of sums from the corner.
    corner = np.zeros((n + 1, n + 1))
    np.cumsum(np.cumsum(distances, axis=0), axis=1, out=corner[1:, 1:])
    within = np.diag(corner)
    taus = np.arange(PIECE_MIN, n - PIECE_MIN + 1)
    kappas = np.arange(2 * PIECE_MIN, n + 1)
    before, after = taus[:, None], kappas[None, :] - taus[:, None]
    possible = after >= PIECE_MIN
    size = np.where(possible, after, PIECE_MIN)
    across = corner[np.ix_(taus, kappas)] - within[taus][:, None]
    later = within[kappas][None, :] - within[taus][:, None] - 2 * across
    energy = (
        2 * across / (before * size) - within[taus][:, None] / (before * (before - 1)) - later / (size * (size - 1))
    )
    scaled = np.where(possible, energy * before * size / (before + size), -math.inf)
    tau, kappa = np.unravel_index(int(np.argmax(scaled)), scaled.shape)
    return int(taus[tau]), float(scaled[tau, kappa])
