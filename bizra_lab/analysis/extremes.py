"""
The slowest operations of a measurement: where their tail begins, how heavy it is, and how far it may be carried.

One walk over the methods of `tails`: candidates, the threshold whose fits are nearest to what was seen, the fit above
it, its levels. Intervals count what lies above the threshold as so many independent operations as it is worth
(`dependence`), since slow ones come together.

    tail.threshold_ns         above it the fit is nearest to what was seen; its interval is what cannot be told from it
    tail.share                of the operations that lies above it
    tail.n_eff                independent operations that would tell as much about that share
    tail.scale_ns, tail.shape of the generalised Pareto distribution above it
    tail.p_value              how often a true tail would be as far from its fit; a small one rejects the fit
    tail.hill                 the shape by Hill's estimate, for tails that are a power of the latency itself
    latency_ns.one_in_…       the latency that one operation in so many exceeds
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import stats

from bizra_lab.analysis import shares, tails
from bizra_lab.analysis.completion import latencies_in_order
from bizra_lab.analysis.curves import exceedance
from bizra_lab.analysis.dependence import Dependence, at_quantiles
from bizra_lab.analysis.estimate import DEFAULT, AnalysisSettings
from bizra_lab.model import Estimate, Ints, Result, Results, Samples, Unavailable

ONE_IN = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)  # operations; past what the data tell, a level says so


@dataclass(frozen=True, slots=True)
class Extremes:
    """
    The results of the list above, and what shows where they come from.

    By threshold in ns: the `distance` between fit and operations, the `mean_excess`, the `shape` of the fit. By m: the
    level that one operation in m exceeds by the fit (`levels`) and as it was seen (`seen`). `chosen_ns` is the
    threshold and `plateau_ns` its interval, None where there is no tail.
    """

    results: Results
    distance: dict[float, Result]
    mean_excess: dict[float, Result]
    shape: dict[float, Result]
    levels: dict[float, Result]
    seen: dict[float, float]
    chosen_ns: float | None
    plateau_ns: tuple[float, float] | None


def extremes(samples: Samples, settings: AnalysisSettings = DEFAULT, seed: int = 0) -> Extremes:
    """What can be told of the slowest operations; `seed` is for the resamples that thresholds are chosen by."""
    in_order, confidence, rng = latencies_in_order(samples), settings.confidence, np.random.default_rng(seed)
    thresholds = tails.candidates(in_order)
    choice = tails.choose_threshold(in_order, thresholds, rng)
    if isinstance(choice, Unavailable):
        return Extremes(dict.fromkeys(RESULTS, choice), {}, {}, {}, dict.fromkeys(ONE_IN, choice), {}, None, None)
    above = dependence_above(in_order, choice.threshold)
    fitted = tails.fit(in_order, choice.threshold, "ns")
    return Extremes(
        results=_results(in_order, choice, above, fitted, confidence, rng),
        distance=_distances(in_order, choice),
        mean_excess=tails.mean_residual_life(in_order, thresholds, confidence, "ns"),
        shape=tails.stability(in_order, thresholds, confidence, "ns").shape,
        levels=_levels(fitted, confidence, above.inflation.tau),
        seen=_seen(samples, choice.threshold, confidence),
        chosen_ns=choice.threshold,
        plateau_ns=choice.plateau,
    )


def dependence_above(in_order: Ints, threshold_ns: float) -> Dependence:
    """What operations in time order tell about the share of them above a threshold; some must lie on either side."""
    p = Fraction(int((in_order <= threshold_ns).sum()), len(in_order))
    return at_quantiles(in_order, {p: math.floor(threshold_ns)})[p]


def level_name(one_in: int) -> str:
    """How the latency that one operation in so many exceeds is called among the results."""
    return f"latency_ns.one_in_{one_in}"


RESULTS = (
    *(f"tail.{name}" for name in ("threshold_ns", "share", "n_eff", "scale_ns", "shape", "p_value", "hill")),
    *(level_name(each) for each in ONE_IN),
)


def _results(
    in_order: Ints,
    choice: tails.ThresholdChoice,
    above: Dependence,
    fitted: tails.ParetoTail | Unavailable,
    confidence: float,
    rng: np.random.Generator,
) -> dict[str, Result]:
    exceedances = round(above.n * (1 - above.p))
    told = (
        Estimate(choice.threshold, *choice.plateau, "ns", exceedances),
        shares.share(exceedances, above.n, confidence),
        above.estimate(confidence),
        *_of_the_fit(fitted, above.inflation.tau, confidence, rng),
        tails.hill(in_order, exceedances, confidence),
        *(_level(fitted, each, confidence, above.inflation.tau) for each in ONE_IN),
    )
    return dict(zip(RESULTS, told, strict=True))


def _of_the_fit(
    fitted: tails.ParetoTail | Unavailable, tau: float, confidence: float, rng: np.random.Generator
) -> tuple[Result, Result, Result]:
    """Scale, shape, and how often a true tail is as far from its fit."""
    if isinstance(fitted, Unavailable):
        return fitted, fitted, fitted
    exceedances = len(fitted.excesses)
    p_value = tails.goodness_of_fit(fitted, rng).p_value
    rejected = Estimate(p_value, p_value, p_value, "ratio", exceedances)
    shape = tails.shape(fitted, confidence, tau)
    if isinstance(shape, Unavailable):
        return shape, shape, rejected
    half = float(stats.norm.ppf((1 + confidence) / 2)) * fitted.scale_se * math.sqrt(tau)
    return Estimate(fitted.scale, fitted.scale - half, fitted.scale + half, "ns", exceedances), shape, rejected


def _level(fitted: tails.ParetoTail | Unavailable, one_in: int, confidence: float, tau: float) -> Result:
    if isinstance(fitted, Unavailable):
        return fitted
    return tails.return_level(fitted, one_in, confidence, tau)


def _levels(fitted: tails.ParetoTail | Unavailable, confidence: float, tau: float) -> dict[float, Result]:
    if isinstance(fitted, Unavailable):
        return dict.fromkeys(ONE_IN, fitted)
    return tails.level_curve(fitted, confidence, tau)


def _seen(samples: Samples, threshold_ns: float, confidence: float) -> dict[float, float]:
    """From the threshold on, by m, the latency that one operation in m exceeded: whether or not a tail fits them."""
    curve = exceedance(samples, confidence)
    tail = curve.latency_ns >= threshold_ns
    return dict(zip((1 / curve.share[tail]).tolist(), curve.latency_ns[tail].tolist(), strict=True))


def _distances(in_order: Ints, choice: tails.ThresholdChoice) -> dict[float, Result]:
    """The distance by threshold in ns, within what the plateau takes for noise."""
    columns = zip(choice.thresholds.tolist(), choice.distance.tolist(), choice.distance_se.tolist(), strict=True)
    return {
        threshold: Estimate(
            distance,
            distance - tails.PLATEAU_SE * error,
            distance + tails.PLATEAU_SE * error,
            "ns",
            int((in_order > threshold).sum()),
        )
        for threshold, distance, error in columns
    }
