"""
How throughput scales with the number of workers, from a sweep: the law that fits it, its peak, and what bounds it.

    usl.per_worker_per_s   γ, what one worker alone completes, by the universal scalability law
    usl.contention         α, the share of the work that only one can do at a time
    usl.coherency          β, what workers cost each other in pairs
    usl.peak_workers       N*, the number of workers at which throughput is highest
    usl.misfit_per_s       standard deviation of what the law leaves unexplained

Whatever the law says, N workers complete at most N times what one does alone in an empty system: N/R(1), with the mean
response time R(1) of one. And however they scale, the mean response of N workers that never rest is N/X.

Source: the laws and their sources are in `operational`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bizra_lab.analysis import operational
from bizra_lab.model import Estimate, Floats, Result, Results, Unavailable
from bizra_lab.units import SECOND_NS

CURVE_POINTS = 40  # of the law and of the bound: smooth to the eye, and few

# Of its upper end: α and β below are what the search leaves of 0, and differ from machine to machine.
NOTHING_SHARE = 0.02

Run = tuple[int, Results]  # so many workers, and what was found of them

RESULTS = tuple(
    f"usl.{name}" for name in ("per_worker_per_s", "contention", "coherency", "peak_workers", "misfit_per_s")
)


@dataclass(frozen=True, slots=True)
class Scaling:
    """
    The results of the list above, and what a table and a chart show of a sweep, in operations per second.

    `by_run` holds of each run throughput, mean response and what both say of each other. `seen` is (workers,
    throughput) of each; `law` and `bound` go from one worker to the most there were, empty where nothing is known.
    """

    results: Results
    by_run: dict[str, Results]
    seen: tuple[tuple[int, float], ...]
    law: dict[float, float]
    bound: dict[float, float]


def scaling(runs: Sequence[Run], confidence: float = 0.95) -> Scaling:
    """The universal scalability law of a sweep, from the throughput of each of its runs."""
    seen = tuple(
        (workers, rate.value) for workers, found in runs if (rate := _known(found, "throughput_per_s")) is not None
    )
    at = np.linspace(1.0, max((float(workers) for workers, _ in seen), default=1.0), CURVE_POINTS)
    law = operational.scalability([each for each, _ in seen], [rate for _, rate in seen], confidence)
    return Scaling(
        results=_results(law, len(seen)),
        by_run={
            f"{workers} worker{'s' * (workers > 1)}, run {number}": _told(workers, found)
            for number, workers, found in _numbered(runs)
        },
        seen=seen,
        law={} if isinstance(law, Unavailable) else _curve(at, law.throughput_per_s(at)),
        bound=_bound(runs, at),
    )


def _results(law: operational.Scalability | Unavailable, runs: int) -> dict[str, Result]:
    if isinstance(law, Unavailable):
        return dict.fromkeys(RESULTS, law)
    misfit = Estimate(law.misfit_per_s, law.misfit_per_s, law.misfit_per_s, "per_s", runs)
    coefficients = (_at_bound(each) for each in (law.contention, law.coherency))
    return dict(zip(RESULTS, (law.per_worker_per_s, *coefficients, law.peak_workers, misfit), strict=True))


def _at_bound(coefficient: Estimate) -> Estimate:
    at_bound = coefficient.value < NOTHING_SHARE * coefficient.high
    return replace(coefficient, value=0.0, low=0.0) if at_bound else coefficient


def _told(workers: int, found: Results) -> Results:
    """What is told of one run; λ and W are of the same operations, N/λ is W by the law of a load that never rests."""
    missing = Unavailable("it was not estimated")
    told = {name: found.get(name, missing) for name in ("throughput_per_s", "latency_ns.mean", "littles_law.balance")}
    rate = told["throughput_per_s"]
    return {**told, "workers / throughput": rate if isinstance(rate, Unavailable) else _response(workers, rate)}


def _response(workers: int, rate: Estimate) -> Result:
    if rate.low <= 0:
        return Unavailable("the throughput may be 0, and bounds no response")
    value, low, high = (operational.response_ns(workers, each) for each in (rate.value, rate.high, rate.low))
    return Estimate(value, low, high, "ns", rate.n)


def _bound(runs: Sequence[Run], at: Floats) -> dict[float, float]:
    """N over the mean response time of one worker alone."""
    alone_ns = [wait.value for workers, found in runs if workers == 1 and (wait := _known(found, "latency_ns.mean"))]
    return _curve(at, at * SECOND_NS / float(np.mean(alone_ns))) if alone_ns else {}


def _curve(at: Floats, heights: Floats) -> dict[float, float]:
    return dict(zip(at.tolist(), heights.tolist(), strict=True))


def _numbered(runs: Sequence[Run]) -> Iterator[tuple[int, int, Results]]:
    """Each run with how many of as many workers there have been, itself among them, fewest workers first."""
    for workers in sorted({workers for workers, _ in runs}):
        of_these = [found for each, found in runs if each == workers]
        for number, found in enumerate(of_these, start=1):
            yield number, workers, found


def _known(results: Results, name: str) -> Estimate | None:
    found = results.get(name)
    return found if isinstance(found, Estimate) else None
