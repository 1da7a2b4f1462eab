"""
The operational laws: what throughput, times and numbers must be to each other, whatever their distributions.

They are identities between averages over one window in which as much is completed as arrives: utilisation U = X·S,
interactive response time R = N/X − Z, and from the demand D of each resource (its service time over all visits of one
operation) X ≤ min(1/D_max, N/(D+Z)) and R ≥ max(D, N·D_max − Z).

How throughput changes with the number of workers is no law but a model, the universal scalability law: contention α
(the share of the work that only one can do at a time) bends it to a limit, coherency β (what workers cost each other in
pairs) bends it down beyond a peak: X(N) = γN / (1 + α(N − 1) + βN(N − 1)).

Source: P. J. Denning, J. P. Buzen (1978), ACM Computing Surveys 10(3), 225-261; E. D. Lazowska et al. (1984),
Quantitative System Performance, chapters 3 and 5; N. J. Gunther (2007), Guerrilla Capacity Planning, chapter 4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from bizra_lab.model import Estimate, Floats, Result, Unavailable
from bizra_lab.units import SECOND_NS

LEVELS_MIN = 4  # numbers of workers; three coefficients go through any three points, and leave nothing to judge them by


@dataclass(frozen=True, slots=True)
class Asymptotes:
    """
    What the slowest resource and an empty system allow `workers` of them: no measurement can be beyond both ends.

    `knee` is the number of workers at which the two upper limits of throughput meet: (D + Z)/D_max.
    """

    workers: int
    throughput_at_least_per_s: float
    throughput_at_most_per_s: float
    response_at_least_ns: float
    response_at_most_ns: float
    knee: float


@dataclass(frozen=True, slots=True)
class Scalability:
    """
    The universal scalability law that fits a sweep best: γ, α and β, where throughput peaks, and how far it is off.

    `misfit_per_s` is the standard deviation of what the law leaves unexplained. Where the interval of β holds 0 the
    sweep shows no peak. Intervals end where the law does, at α = 0, α = 1 and β = 0.
    """

    per_worker_per_s: Estimate  # γ
    contention: Estimate  # α
    coherency: Estimate  # β
    peak_workers: Result  # N* = √((1 − α)/β)
    misfit_per_s: float

    def throughput_per_s(self, workers: npt.ArrayLike) -> Floats:
        """X(N) per second at each number of workers."""
        at = np.asarray(workers, dtype=np.float64)
        return _law(np.array([self.contention.value, self.coherency.value, self.per_worker_per_s.value]), at)


def utilisation(throughput_per_s: float, service_ns: float, servers: int = 1) -> float:
    """
    The share of time for which each of `servers` is busy, on average: X·S over their number; no truth exceeds 1.

    Raises ValueError for a figure that is negative or not finite, or no server.
    """
    _must_be_measures(throughput_per_s=throughput_per_s, service_ns=service_ns)
    if servers < 1:
        raise ValueError(f"servers must be at least 1, got {servers}")
    return throughput_per_s * service_ns / SECOND_NS / servers


def response_ns(workers: int, throughput_per_s: float, think_ns: float = 0.0) -> float:
    """
    The mean response time of a closed load, by the interactive response time law: N/X − Z, in ns.

    Raises ValueError for a figure that cannot be, or a throughput so high that workers would think for less than Z.
    """
    _must_be_measures(throughput_per_s=throughput_per_s, think_ns=think_ns)
    _must_be_workers(workers)
    if throughput_per_s == 0:
        raise ValueError("a throughput of 0 has no response time")
    found = workers * SECOND_NS / throughput_per_s - think_ns
    if found < 0:
        raise ValueError(
            f"{workers} workers that think for {think_ns:.6g} ns cannot complete {throughput_per_s:.6g} /s; "
            f"at most {workers * SECOND_NS / think_ns:.6g} /s"
        )
    return found


def asymptotes(workers: int, demands_ns: Sequence[float], think_ns: float = 0.0) -> Asymptotes:
    """
    The bounds that the demands of all resources set to throughput and response time of a closed load.

    Raises ValueError for a figure that is negative or not finite, no worker, or no demand above 0.
    """
    _must_be_workers(workers)
    _must_be_measures(think_ns=think_ns, **{f"demands_ns[{k}]": each for k, each in enumerate(demands_ns)})
    total_ns, slowest_ns = math.fsum(demands_ns), max(demands_ns, default=0.0)
    if slowest_ns == 0:
        raise ValueError("no resource is used: without a demand above 0 nothing bounds throughput")
    return Asymptotes(
        workers=workers,
        throughput_at_least_per_s=SECOND_NS * workers / (workers * total_ns + think_ns),
        throughput_at_most_per_s=SECOND_NS * min(1 / slowest_ns, workers / (total_ns + think_ns)),
        response_at_least_ns=max(total_ns, workers * slowest_ns - think_ns),
        response_at_most_ns=workers * total_ns,
        knee=(total_ns + think_ns) / slowest_ns,
    )


def scalability(
    workers: npt.ArrayLike, throughput_per_s: npt.ArrayLike, confidence: float
) -> Scalability | Unavailable:
    """
    The universal scalability law fitted to throughputs at several numbers of workers, or why none can be.

    Least squares with 0 ≤ α ≤ 1 and 0 ≤ β, so throughput that rises faster than the number of workers shows as misfit.
    Intervals are Student's on the law's tangent; they assume errors of one size at every number of workers.

    Raises ValueError unless both are equally long lists of finite numbers above 0, and `confidence` lies in (0, 1).
    """
    at, seen = np.asarray(workers, dtype=np.float64), np.asarray(throughput_per_s, dtype=np.float64)
    if at.shape != seen.shape or at.ndim != 1:
        raise ValueError(f"each number of workers needs one throughput, got {at.shape} and {seen.shape}")
    if not np.all(np.isfinite(at) & np.isfinite(seen) & (at > 0) & (seen > 0)):
        raise ValueError("workers and throughputs must be finite numbers above 0")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    levels = len(np.unique(at))
    if levels < LEVELS_MIN:
        return Unavailable(
            f"{levels} different numbers of workers do not show how throughput scales; it needs {LEVELS_MIN}"
        )
    fit = optimize.least_squares(
        lambda law: _law(law, at) - seen,
        _first_guess(at, seen),
        bounds=([0, 0, 0], [1, np.inf, np.inf]),
        x_scale="jac",
        ftol=1e-12,
        xtol=1e-12,
        gtol=1e-12,
    )
    return _described(fit.x, fit.jac, fit.fun, at, confidence)


def _law(law: Floats, workers: Floats) -> Floats:
    contention, coherency, per_worker = law
    result: Floats = per_worker * workers / (1 + contention * (workers - 1) + coherency * workers * (workers - 1))
    return result


def _first_guess(workers: Floats, throughput_per_s: Floats) -> Floats:
    """
    The law by linear least squares: N/X = 1/γ + (α/γ)(N − 1) + (β/γ)N(N − 1), with no coefficient below 0.

    It weighs small throughputs too heavily to be the answer, and is near enough to start from.
    """
    terms = np.stack([np.ones_like(workers), workers - 1, workers * (workers - 1)], axis=1)
    size = terms.max(axis=0)
    (per_operation, contention, coherency), _ = optimize.nnls(terms / size, workers / throughput_per_s)
    if per_operation == 0:
        return np.array([0.5, 0.0, float(np.max(throughput_per_s / workers))])
    law = np.array([contention / size[1], coherency / size[2], 1.0]) / per_operation
    result: Floats = np.clip(law, 0.0, [1.0, np.inf, np.inf])
    return result


def _described(law: Floats, slopes: Floats, misfit: Floats, workers: Floats, confidence: float) -> Scalability:
    n = len(workers)
    variance = float(misfit @ misfit) / (n - len(law))
    spread = np.asarray(variance * np.linalg.pinv(slopes.T @ slopes), dtype=np.float64)
    t = float(stats.t.ppf((1 + confidence) / 2, n - len(law)))
    half = t * np.sqrt(np.maximum(np.diag(spread), 0.0))
    low, high = np.maximum(law - half, 0.0), law + half
    contention, coherency, per_worker = law
    return Scalability(
        per_worker_per_s=Estimate(float(per_worker), float(low[2]), float(high[2]), "per_s", n),
        contention=Estimate(float(contention), float(low[0]), min(1.0, float(high[0])), "ratio", n),
        coherency=Estimate(float(coherency), float(low[1]), float(high[1]), "ratio", n),
        peak_workers=_peak(contention, coherency, spread, t, float(low[1]), workers),
        misfit_per_s=math.sqrt(variance),
    )


def _peak(
    contention: float, coherency: float, spread: Floats, t: float, least_coherency: float, workers: Floats
) -> Result:
    if least_coherency <= 0:
        return Unavailable(f"up to {workers.max():.6g} workers throughput does not show that it has a peak")
    if contention >= 1:
        return Unavailable("all work is done by one worker at a time: throughput never rises")
    peak = math.sqrt((1 - contention) / coherency)
    # On a log scale, where the interval is nearly even: the derivatives of log N* by α and by β.
    slope = np.array([-0.5 / (1 - contention), -0.5 / coherency, 0.0])
    factor = math.exp(t * math.sqrt(max(0.0, float(slope @ spread @ slope))))
    return Estimate(peak, peak / factor, peak * factor, "workers", len(workers))


def _must_be_measures(**figures: float) -> None:
    for name, figure in figures.items():
        if not math.isfinite(figure) or figure < 0:
            raise ValueError(f"{name} must be finite and not negative, got {figure}")


def _must_be_workers(workers: int) -> None:
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
