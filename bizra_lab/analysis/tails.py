"""
The tail beyond a high threshold, and how far it may be carried past what was seen.

What exceeds a high enough threshold follows a generalised Pareto distribution, whatever the rest does: P(X − u > x) is
(1 + ξ·x/σ)^(−1/ξ), with a scale σ in the unit of the values and a shape ξ: below 0 the tail ends somewhere, at 0 it is
exponential, and from 1 on it has no mean. With ζ, the share of values above the threshold, it gives the level that one
value in m exceeds, and, by the likelihood, an interval for it.

    thresholds = candidates(latency_ns)
    choice = choose_threshold(latency_ns, thresholds, rng)
    tail = fit(latency_ns, choice.threshold, "ns")
    return_level(tail, 1_000_000, 0.95)

Assumes values that do not depend on each other: where slow operations come in clusters the levels hold, but their
intervals are too narrow. Told by how much the share above the threshold varies more than among independent values (τ,
`dependence`), the likelihood counts each value as 1/τ of one: what it does not rule out grows, the estimate stays. In
M/M/1 at a utilisation of 0.8 intervals for 95 % then hold the true level in 93 to 99 % of runs, without it in 24 %.

Source: S. Coles, An Introduction to Statistical Modeling of Extreme Values (2001), chapter 4; L. Fawcett, D. Walshaw
(2007), Environmetrics 18(2), 173-188, on using all exceedances, clustered ones too, with errors made larger.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import optimize, special, stats

from bizra_lab.model import Estimate, Floats, Ints, Result, Unavailable

Values = Ints | Floats

EXCEEDANCES_MIN = 30  # with fewer the shape's standard error is about 0.2, as wide as what it should tell apart
SHAPE_REGULAR = -0.5  # at and below it the likelihood has no curvature that errors could be read from (Smith, 1985)
SHAPE_WITH_MEAN = 1.0  # from here on the tail has no mean: every level past the data is a guess
EXTRAPOLATION_MAX = 10  # times the values seen: one decade past the data

CANDIDATES = 24  # thresholds to choose from: about nine a decade of exceedances
TAIL_SHARE_MAX = 0.5  # of the values: below the median lies no tail
DRAWN_MAX = 5_000  # exceedances in one resample: enough for a shape to ±0.02, and a choice in about a second
RESAMPLES = 100  # by threshold; their noise is carried into the plateau
QUANTILES = 500  # at which a resample and its fit are compared
PLATEAU_SE = 2.0  # standard errors of a difference that could as well be noise

NULL_DRAWS = 999  # simulated fits that are as they should be: p-values down to 0.001
NULL_EXCEEDANCES = 500  # in each: the statistic's distribution no longer depends on the number from about 25 on

LEVELS_PER_DECADE = 4  # of a curve: smooth to the eye, and few

_GRID = 41  # places tried before the best is refined; the profile is smooth, and has one maximum worth finding
_END_NEAR = 1e-6  # how near to the largest excess, as a share of it, the end of a tail is looked for
_HEAVIEST = 1e3  # ξ/σ in units of one over the median excess: a shape of about 7
_FLAT = 1e-6  # |ξ|·x/σ at the mean, below which the exponential limit is taken by a tail this near to it
_SHAPE_FLAT = 1e-4  # |ξ| below which its curvature is taken at 0: the formula divides by ξ³
_BRANCH_NEAR = 1e-10  # of log r + 1/r − 1: nearer to its least value, the branches of Lambert's W come out as NaN
_NEWTON_STEPS = 25
_NEWTON_NEAR = 1e-7  # relative; the noise of a resample is a hundred thousand times that


@dataclass(frozen=True, slots=True)
class ParetoTail:
    """
    A generalised Pareto distribution above `threshold`, fitted to the rising `excesses` over it, of `n` values in all.

    `scale` and `threshold` are in `unit`. The standard errors are from the observed information.
    """

    threshold: float
    scale: float
    shape: float
    scale_se: float
    shape_se: float
    covariance: float  # of scale and shape
    log_likelihood: float
    unit: str
    n: int
    excesses: Floats = field(repr=False)

    @property
    def share(self) -> float:
        """ζ, the share of all values that lies above the threshold."""
        return len(self.excesses) / self.n


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """
    The threshold at which the fit is nearest to what was seen, and those that cannot be told from it.

    Three arrays, one element a threshold, rising: the `distance` is the mean absolute difference of quantiles, in the
    unit of the values, with its standard error. `plateau` is the lowest and the highest of the thresholds whose
    distance lies within the noise of the least. `drawn_max` is how many exceedances a resample held at most; where a
    threshold has more, its distance is that of a sample of so many.
    """

    threshold: float
    plateau: tuple[float, float]
    thresholds: Floats
    distance: Floats
    distance_se: Floats
    drawn_max: int


@dataclass(frozen=True, slots=True)
class Stability:
    """
    Shape, and scale less shape times threshold, by threshold: both are level from where the tail begins.
    """

    shape: dict[float, Result]
    modified_scale: dict[float, Result]


@dataclass(frozen=True, slots=True)
class GoodnessOfFit:
    """How far the excesses are from the fit (Cramér and von Mises' W²), and how often a true tail would be as far."""

    distance: float
    p_value: float
    draws: int


def latencies(values: Values) -> Values:
    """
    `values` as they are, when they can be latencies: one dimension of finite numbers, none below 0.

    Raises ValueError otherwise: such a value comes from a broken clock or a broken file, and no statistic mends it.
    """
    if values.ndim != 1 or values.dtype.kind not in "iuf":
        raise ValueError(f"expected one column of numbers, got {values.ndim} dimensions of {values.dtype}")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError(f"{int((~np.isfinite(values)).sum())} of {len(values)} values are not finite")
    if len(values) and values.min() < 0:
        raise ValueError(f"{int((values < 0).sum())} of {len(values)} values are below 0, the least {values.min()}")
    return values


def candidates(values: Values) -> Floats:
    """
    Rising thresholds to choose from: values that were seen, with exceedances evenly spread on a log scale.

    From `EXCEEDANCES_MIN` exceedances to `DRAWN_MAX` or half of the values. Empty where there are too few.
    """
    n = len(latencies(values))
    most = min(DRAWN_MAX, int(n * TAIL_SHARE_MAX))
    if most < EXCEEDANCES_MIN:
        return np.empty(0)
    tail = np.sort(np.partition(values, n - most - 1)[n - most - 1 :]).astype(np.float64)
    counts = np.unique(np.geomspace(EXCEEDANCES_MIN, most, CANDIDATES).round().astype(np.int64))
    thresholds = np.unique(tail[most - counts])
    # Where values are equal there are fewer above one than its rank says.
    above = len(tail) - np.searchsorted(tail, thresholds, side="right")
    enough: Floats = thresholds[above >= EXCEEDANCES_MIN]
    return enough


def fit(values: Values, threshold: float, unit: str) -> ParetoTail | Unavailable:
    """
    The generalised Pareto distribution that makes the excesses over `threshold` likeliest.

    The likelihood is maximised over one number, θ = ξ/σ, since the best shape for a θ has a closed form. Unavailable
    for fewer than `EXCEEDANCES_MIN` exceedances, and where the values end as abruptly as at a timeout.

    Source: S. D. Grimshaw (1993), Technometrics 35(2), 185-191; R. L. Smith (1985), Biometrika 72(1), 67-90.
    """
    excesses = _excesses(_rising_above(values, threshold), threshold)
    if len(excesses) < EXCEEDANCES_MIN:
        return Unavailable(f"{len(excesses)} values exceed {threshold:.10g}; a tail needs {EXCEEDANCES_MIN}")
    theta = _likeliest(excesses)
    shape = _shape_at(theta, excesses)
    if shape <= SHAPE_REGULAR:
        return Unavailable(
            f"the values above {threshold:.10g} end abruptly (shape {shape:.2f}), as at a timeout; "
            f"a tail is fitted above {SHAPE_REGULAR}"
        )
    scale = shape / theta
    scale_variance, covariance, shape_variance = _inverse(_information(scale, shape, excesses))
    return ParetoTail(
        threshold=float(threshold),
        scale=scale,
        shape=shape,
        scale_se=math.sqrt(scale_variance),
        shape_se=math.sqrt(shape_variance),
        covariance=covariance,
        log_likelihood=-len(excesses) * _loss(theta, excesses),
        unit=unit,
        n=len(values),
        excesses=excesses,
    )


def shape(tail: ParetoTail, confidence: float, tau: float = 1.0) -> Result:
    """
    The tail's shape ξ as a ratio, with its profile-likelihood interval: above 0 it is heavier than exponential.

    `tau` is how many dependent values tell as much as one independent one. Unavailable where all above the threshold
    are worth fewer than `EXCEEDANCES_MIN`.
    """
    few = _worth_too_few(tail, tau)
    if few is not None:
        return few
    low, high = _profile(tail, confidence, tau, lambda _theta, shape: shape)
    return Estimate(tail.shape, min(low, tail.shape), max(high, tail.shape), "ratio", len(tail.excesses))


def return_level(tail: ParetoTail, one_in: float, confidence: float, tau: float = 1.0) -> Result:
    """
    The level that one value in `one_in` exceeds, in the tail's unit, with its profile-likelihood interval.

    The interval is skewed, as it should be: what the data do not rule out above is far more than below. The share of
    values above the threshold is taken as known, its error being small beside the shape's. Unavailable below the
    threshold, where a quantile tells more; past `EXTRAPOLATION_MAX` times the values seen; for a tail without mean; and
    where values of which `tau` tell as much as one independent one are worth fewer than `EXCEEDANCES_MIN`.

    Source: Coles (2001), section 4.3.3.
    """
    beyond = one_in * tail.share
    if beyond <= 1:
        return Unavailable(
            f"the level of one in {one_in:.10g} lies below the threshold; it is a quantile of the values"
        )
    if one_in > EXTRAPOLATION_MAX * tail.n:
        return Unavailable(
            f"{tail.n} values do not tell of one in {one_in:.10g}; it needs {math.ceil(one_in / EXTRAPOLATION_MAX)}"
        )
    if tail.shape >= SHAPE_WITH_MEAN:
        return Unavailable(f"a tail of shape {tail.shape:.2f} has no mean, and no level past the data can be relied on")
    few = _worth_too_few(tail, tau)
    if few is not None:
        return few

    def level(theta: float, shape: float) -> float:
        return tail.threshold + math.expm1(shape * math.log(beyond)) / theta

    low, high = _profile(tail, confidence, tau, level)
    value = level(tail.shape / tail.scale, tail.shape)
    return Estimate(value, min(low, value), max(high, value), tail.unit, tail.n)


def _worth_too_few(tail: ParetoTail, tau: float) -> Unavailable | None:
    exceedances = len(tail.excesses)
    if exceedances >= EXCEEDANCES_MIN * tau:
        return None
    return Unavailable(
        f"{exceedances} values above {tail.threshold:.10g} resemble their neighbours and are worth "
        f"{exceedances / tau:.3g} independent ones; a tail needs {EXCEEDANCES_MIN}"
    )


def goodness_of_fit(tail: ParetoTail, rng: np.random.Generator, draws: int = NULL_DRAWS) -> GoodnessOfFit:
    """
    Cramér and von Mises' W² between the excesses and the fit, with its p-value by parametric bootstrap.

    As many sets as `draws` are drawn from the fit and fitted themselves, since the parameters were estimated. A set has
    at most `NULL_EXCEEDANCES`, which W² does not notice. Anderson and Darling's A² is not used: it weighs the excesses
    next to the threshold so much that rounding alone rejects a good fit. Among very many values W² notices it too.

    Source: V. Choulakian, M. A. Stephens (2001), Technometrics 43(4), 478-484.
    """
    theta = tail.shape / tail.scale
    size = min(len(tail.excesses), NULL_EXCEEDANCES)
    drawn = np.expm1(tail.shape * rng.standard_exponential((draws, size))) / theta
    drawn.sort(axis=1)
    thetas = _likeliest_of_rows(drawn, theta)
    distances = _cramer_von_mises(drawn, thetas)
    distance = float(_cramer_von_mises(tail.excesses[np.newaxis], np.array([theta]))[0])
    as_far = int((distances >= distance).sum())
    return GoodnessOfFit(distance, (1 + as_far) / (1 + draws), draws)


def choose_threshold(
    values: Values, thresholds: Floats, rng: np.random.Generator, resamples: int = RESAMPLES
) -> ThresholdChoice | Unavailable:
    """
    The one of the rising `thresholds` whose fits are nearest to what was seen, by expected quantile discrepancy.

    Over each threshold the excesses are resampled and fitted, and the quantiles of each resample compared with those of
    its fit. Too low a threshold is far off since it is no tail; too high a one since few excesses scatter. Often many
    thresholds are as good, and which is least is chance: these are the plateau. Unavailable where no threshold has
    `EXCEEDANCES_MIN` exceedances.

    Source: C. Murphy, J. A. Tawn, Z. Varty (2024), Automated threshold selection and associated inference uncertainty
    for univariate extremes, Technometrics.
    """
    tail = _rising_above(values, float(thresholds.min(initial=math.inf)))
    above = len(tail) - np.searchsorted(tail, thresholds, side="right")
    usable = thresholds[above >= EXCEEDANCES_MIN]
    if not len(usable):
        return Unavailable(f"no threshold is exceeded by {EXCEEDANCES_MIN} of the {len(values)} values")
    distances = np.array([_discrepancies(_excesses(tail, each), rng, resamples) for each in usable])
    distance = distances.mean(axis=1)
    error = distances.std(axis=1, ddof=1) / math.sqrt(resamples)
    best = int(np.argmin(distance))
    near = np.flatnonzero(distance - distance[best] <= PLATEAU_SE * np.hypot(error, error[best]))
    return ThresholdChoice(
        threshold=float(usable[best]),
        plateau=(float(usable[near[0]]), float(usable[near[-1]])),
        thresholds=usable,
        distance=distance,
        distance_se=error,
        drawn_max=DRAWN_MAX,
    )


def mean_residual_life(values: Values, thresholds: Floats, confidence: float, unit: str) -> dict[float, Result]:
    """
    The mean excess over each threshold, in `unit`, with its normal interval.

    From where the tail begins it is a straight line of slope ξ/(1 − ξ): rising for a heavy tail, level for an
    exponential one.

    Source: Coles (2001), section 4.3.1.
    """
    tail = _rising_above(values, float(thresholds.min(initial=math.inf)))
    z = float(stats.norm.ppf((1 + confidence) / 2))
    return {float(each): _mean_excess(_excesses(tail, each), float(each), z, unit) for each in thresholds}


def stability(values: Values, thresholds: Floats, confidence: float, unit: str) -> Stability:
    """
    Shape and modified scale of the fit over each threshold, with normal intervals.

    Above a threshold from which the tail is Pareto's, the shape stays and the scale grows by ξ with the threshold;
    less that growth, both are level.

    Source: Coles (2001), section 4.3.4.
    """
    z = float(stats.norm.ppf((1 + confidence) / 2))
    fits = {float(each): fit(values, float(each), unit) for each in thresholds}
    return Stability(
        shape={each: _shape_around(tail, z) for each, tail in fits.items()},
        modified_scale={each: _modified_scale_around(tail, z) for each, tail in fits.items()},
    )


def hill(values: Values, exceedances: int, confidence: float) -> Result:
    """
    Hill's estimate of the shape of a heavy tail from the `exceedances` largest values: a ratio, with its interval.

    It is the mean logarithm of the largest over the next one, and assumes a tail x^(−1/ξ) in the values themselves, not
    in their excesses. The interval is exact for such a tail. Unavailable where it has nothing to go by.
    Raises ValueError when `exceedances` is below 1.

    Source: B. M. Hill (1975), Annals of Statistics 3(5), 1163-1174.
    """
    if exceedances < 1:
        raise ValueError(f"the tail must have at least 1 value, got {exceedances}")
    n = len(latencies(values))
    if n <= exceedances:
        return Unavailable(f"{n} values have no {exceedances} above another")
    tail = np.partition(values, n - exceedances - 1)[n - exceedances - 1 :]
    if tail[0] == 0:
        return Unavailable(f"fewer than {exceedances + 1} of {n} values are above 0")
    slope = float(np.log(tail[1:] / tail[0]).mean())
    if slope == 0:
        return Unavailable(f"the {exceedances} largest values are all {tail[0]}")
    beyond = stats.gamma(exceedances)
    low = exceedances * slope / float(beyond.ppf((1 + confidence) / 2))
    high = exceedances * slope / float(beyond.ppf((1 - confidence) / 2))
    return Estimate(slope, min(low, slope), max(high, slope), "ratio", exceedances)


def level_curve(tail: ParetoTail, confidence: float, tau: float = 1.0) -> dict[float, Result]:
    """The level that one value in m exceeds, by m: evenly over the decades from the threshold to as far as it goes."""
    first, last = math.log10(1 / tail.share), math.log10(EXTRAPOLATION_MAX * tail.n)
    points = np.logspace(first, last, math.ceil((last - first) * LEVELS_PER_DECADE) + 1)[1:-1]
    return {each: return_level(tail, each, confidence, tau) for each in (*points.tolist(), EXTRAPOLATION_MAX * tail.n)}


def seen_levels(tail: ParetoTail) -> dict[float, float]:
    """What was seen above the threshold: by m, the value that one in m of all reached; the largest by one in n."""
    exceedances = len(tail.excesses)
    decades = math.log10(exceedances)
    ranks = np.unique(np.logspace(0, decades, math.ceil(decades * LEVELS_PER_DECADE) + 1).round().astype(np.int64))
    return {tail.n / int(rank): tail.threshold + float(tail.excesses[-rank]) for rank in ranks[::-1]}


def _rising_above(values: Values, threshold: float) -> Floats:
    """The values above the threshold, in order."""
    checked = latencies(values)
    return np.sort(checked[checked > threshold].astype(np.float64))


def _excesses(tail: Floats, threshold: float) -> Floats:
    """By how much the rising values of `tail` exceed the threshold, those that do."""
    result: Floats = tail[np.searchsorted(tail, threshold, side="right") :] - threshold
    return result


# The profile of the likelihood. For θ = ξ/σ the likeliest shape is ξ(θ) = mean log(1 + θx), and what is left to
# minimise, the loss by excess, is log(ξ(θ)/θ) + ξ(θ) + 1. θ lies above −1/max x; as log(1 + θ·max x) it has no bounds.


def _shape_at(theta: float, excesses: Floats) -> float:
    return float(np.log1p(theta * excesses).mean())


def _loss(theta: float, excesses: Floats) -> float:
    shape = _shape_at(theta, excesses)
    if shape >= -1:
        return math.log(shape / theta) + shape + 1
    # Below a shape of −1 the likelihood grows without end towards the largest excess, and means nothing: the uniform's
    # loss, and more the further below.
    return -math.log(-theta) - 1 - shape


def _theta_at(place: float, excesses: Floats) -> float:
    largest = float(excesses[-1])
    theta = math.expm1(place) / largest
    # At 0 the tail is exponential, and the formulas are 0/0; a tail next to it is as good.
    flat = _FLAT / float(excesses.mean())
    return theta if abs(theta) > flat else flat


def _places(excesses: Floats) -> Floats:
    middle = float(excesses[len(excesses) // 2])
    return np.linspace(math.log(_END_NEAR), math.log1p(_HEAVIEST * float(excesses[-1]) / middle), _GRID)


def _likeliest(excesses: Floats) -> float:
    """The θ of the likeliest tail with a shape from −1 on, for rising excesses."""

    def loss(place: float) -> float:
        return _loss(_theta_at(place, excesses), excesses)

    places = _places(excesses)
    best = int(np.argmin([loss(float(place)) for place in places]))
    return _theta_at(_least(loss, places, best), excesses)


def _least(of: Callable[[float], float], places: Floats, best: int) -> float:
    """Where `of` is least, next to the best of the rising places."""
    low, high = float(places[max(best - 1, 0)]), float(places[min(best + 1, len(places) - 1)])
    found = optimize.minimize_scalar(of, bounds=(low, high), method="bounded", options={"xatol": 1e-10})
    return min((float(found.x), float(places[best])), key=of)


def _likeliest_of_rows(rows: Floats, near: float) -> Floats:
    """
    The θ of the likeliest tail for each row of rising excesses, by Newton's method from one that is near all of them.

    A row on which it does not arrive is searched as a single one.
    """
    theta = np.full(len(rows), near)
    largest = rows[:, -1]
    flat = _FLAT / rows.mean(axis=1)
    arrived = np.zeros(len(rows), dtype=bool)
    for _ in range(_NEWTON_STEPS):
        theta = np.maximum(theta, (_END_NEAR - 1) / largest)
        theta = np.where(np.abs(theta) > flat, theta, flat)
        slope, curvature = _derivatives(theta, rows)
        step = np.where(curvature > 0, -slope / np.where(curvature > 0, curvature, 1.0), 0.0)
        # A step goes at most half of the way to the end, beyond which there is no likelihood.
        step = np.maximum(step, -(theta + 1 / largest) / 2)
        theta = theta + step
        arrived = (curvature > 0) & (np.abs(step) <= _NEWTON_NEAR * (np.abs(theta) + 1 / largest))
        if arrived.all():
            break
    for row in np.flatnonzero(~arrived):
        theta[row] = _likeliest(rows[row])
    return theta


def _derivatives(theta: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """First and second derivative of the loss in θ, by row."""
    inverse = 1 / (1 + theta[:, np.newaxis] * rows)
    shape = -np.log(inverse).mean(axis=1)
    mean, square = inverse.mean(axis=1), (inverse * inverse).mean(axis=1)
    first = (1 - mean) / theta  # of ξ(θ)
    second = -(1 - 2 * mean + square) / theta**2
    slope = first / shape - 1 / theta + first
    curvature = second / shape - (first / shape) ** 2 + 1 / theta**2 + second
    return slope, curvature


def _information(scale: float, shape: float, excesses: Floats) -> tuple[float, float, float]:
    """The second derivatives of the negative log-likelihood: twice by scale, by both, twice by shape."""
    z = excesses / scale
    v = 1 + shape * z
    ratio, over_square, square = float((z / v).sum()), float((z / v**2).sum()), float(((z / v) ** 2).sum())
    by_scale = ((1 + shape) * (ratio + over_square) - len(z)) / scale**2
    by_both = ((1 + shape) * square - ratio) / scale
    if abs(shape) > _SHAPE_FLAT:
        logs = float(np.log(v).sum())
        by_shape = 2 * logs / shape**3 - 2 * ratio / shape**2 - (1 + 1 / shape) * square
    else:
        by_shape = float((2 * z**3 / 3 - z**2).sum())
    return by_scale, by_both, by_shape


def _inverse(matrix: tuple[float, float, float]) -> tuple[float, float, float]:
    """The inverse of a symmetric matrix of two rows, both given as (first, off the diagonal, last)."""
    first, off, last = matrix
    determinant = first * last - off * off
    return last / determinant, -off / determinant, first / determinant


def _profile(
    tail: ParetoTail, confidence: float, tau: float, of: Callable[[float, float], float]
) -> tuple[float, float]:
    """
    The least and the largest value of `of` (θ, ξ) over every tail that the likelihood does not rule out.

    Those are the ones whose log-likelihood, of `tau` values counted as one, lies at most half a χ² quantile below the
    largest: the interval of the profile likelihood. For one θ they are the shapes r·ξ(θ) with log r + 1/r − 1 at most
    what the θ itself leaves; the ends of r are branches of Lambert's W, and `of` is monotone between them.
    """
    excesses = tail.excesses
    spare = tau * float(stats.chi2.ppf(confidence, 1)) / (2 * len(excesses))
    worst = spare - tail.log_likelihood / len(excesses)

    def beyond(place: float) -> float:
        return _loss(_theta_at(place, excesses), excesses) - worst

    def ends(place: float) -> tuple[float, float]:
        theta = _theta_at(place, excesses)
        shape = _shape_at(theta, excesses)
        left = max(-beyond(place), _BRANCH_NEAR)
        at_ends = [of(theta, -shape / float(special.lambertw(-math.exp(-1 - left), branch).real)) for branch in (0, -1)]
        return min(at_ends), max(at_ends)

    middle = math.log1p(tail.shape / tail.scale * float(excesses[-1]))
    places = _places(excesses)
    first = _crossing(beyond, middle, float(places[0]))
    last = _crossing(beyond, middle, float(places[-1]))
    inside = np.linspace(first, last, _GRID)
    tried = [ends(float(place)) for place in inside]
    lowest = _least(lambda place: ends(place)[0], inside, int(np.argmin([low for low, _ in tried])))
    highest = _least(lambda place: -ends(place)[1], inside, int(np.argmax([high for _, high in tried])))
    return ends(lowest)[0], ends(highest)[1]


def _crossing(of: Callable[[float], float], inside: float, outside: float) -> float:
    """Where `of`, below 0 `inside`, reaches 0 on the way `outside`; the way's end where it does not."""
    return float(optimize.brentq(of, inside, outside)) if of(outside) > 0 else outside


def _cramer_von_mises(rows: Floats, thetas: Floats) -> Floats:
    """W² between each row of rising excesses and the likeliest tail of its θ."""
    logs = np.log1p(thetas[:, np.newaxis] * rows)
    shapes = logs.mean(axis=1, keepdims=True)
    size = rows.shape[1]
    expected = (2 * np.arange(1, size + 1) - 1) / (2 * size)
    result: Floats = ((-np.expm1(-logs / shapes) - expected) ** 2).sum(axis=1) + 1 / (12 * size)
    return result


def _discrepancies(excesses: Floats, rng: np.random.Generator, resamples: int) -> Floats:
    """By resample, the mean absolute difference between its quantiles and those of the tail fitted to it."""
    size = min(len(excesses), DRAWN_MAX)
    rows = np.sort(excesses[rng.integers(0, len(excesses), (resamples, size))], axis=1)
    thetas = _likeliest_of_rows(rows, _likeliest(excesses))
    p = np.arange(1, QUANTILES + 1) / (QUANTILES + 1)
    shapes = np.log1p(thetas[:, np.newaxis] * rows).mean(axis=1, keepdims=True)
    fitted = np.expm1(-shapes * np.log1p(-p)) / thetas[:, np.newaxis]
    result: Floats = np.abs(_quantiles_of_rows(rows, p) - fitted).mean(axis=1)
    return result


def _quantiles_of_rows(rows: Floats, p: Floats) -> Floats:
    """The quantiles `p` of each rising row, straight lines between neighbours."""
    places = p * (rows.shape[1] - 1)
    below = places.astype(np.int64)
    result: Floats = rows[:, below] + (places - below) * (rows[:, below + 1] - rows[:, below])
    return result


def _mean_excess(excesses: Floats, threshold: float, z: float, unit: str) -> Result:
    k = len(excesses)
    if k < EXCEEDANCES_MIN:
        return Unavailable(f"{k} values exceed {threshold:.10g}; a mean excess needs {EXCEEDANCES_MIN}")
    return _around(float(excesses.mean()), z * float(excesses.std(ddof=1)) / math.sqrt(k), unit, k)


def _shape_around(tail: ParetoTail | Unavailable, z: float) -> Result:
    if isinstance(tail, Unavailable):
        return tail
    return _around(tail.shape, z * tail.shape_se, "ratio", len(tail.excesses))


def _modified_scale_around(tail: ParetoTail | Unavailable, z: float) -> Result:
    if isinstance(tail, Unavailable):
        return tail
    u = tail.threshold
    variance = tail.scale_se**2 - 2 * u * tail.covariance + (u * tail.shape_se) ** 2
    return _around(tail.scale - tail.shape * u, z * math.sqrt(variance), tail.unit, len(tail.excesses))


def _around(value: float, half: float, unit: str, n: int) -> Estimate:
    return Estimate(value, value - half, value + half, unit, n)
