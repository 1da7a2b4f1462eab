"""
Simulated queues beside the truth about them: what estimates must hold, once and over many runs.

M/M/1 is the queue of which everything is known: the time from arrival to departure is exponential, so its tail has the
shape 0 and a level grows by the same with every decade; and operations depend on their neighbours as in a real queue.
Of M/M/1//N, in which N clients think and ask, mean value analysis knows throughput and response exactly.

Source: the truths and their sources are in `harness.simulate`, the bounds in `analysis.operational`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bizra_lab.analysis import operational, shares, tails
from bizra_lab.analysis.completion import latencies_in_order
from bizra_lab.analysis.estimate import DEFAULT, AnalysisSettings, estimate
from bizra_lab.analysis.extremes import ONE_IN, dependence_above, level_name
from bizra_lab.analysis.quantiles import quantile_name, quantiles, quantiles_in_order
from bizra_lab.harness.simulate import (
    MEAN_SERVICE_NS,
    ClosedQueue,
    Exponential,
    OpenQueue,
    mm1_mean_in_system,
    mm1_sojourn_quantile_ns,
    repairman,
    simulate,
)
from bizra_lab.model import Estimate, Ints, Result, Results, Samples, Unavailable
from bizra_lab.units import SECOND_NS

__all__ = ["ClosedSweep", "Coverage", "KnownQueue", "coverage", "known_queue", "sweep_of_clients"]

WARMUP_OPERATIONS = 20_000  # a queue at a utilisation of 0.8 forgets its empty beginning within hundreds

INDEPENDENT, DEPENDENT = "as if independent", "as dependent"
COVERED = tuple(Fraction(p) for p in ("0.5", "0.9", "0.95"))  # of the quantiles; rarer ones need longer runs
TAIL_SHARE = Fraction("0.05")  # above the threshold of the tails; fixed, since to choose one takes longer than the rest
LEVEL_IN_RUNS = 2  # how many runs hold one operation as slow as the level, on average: past what a run has seen

CLIENTS = (1, 2, 4, 8, 16)  # across the knee of the queue below, which is at 5
THINK_NS = 4 * MEAN_SERVICE_NS
CLIENT_OPERATIONS = 40_000  # a number of clients: enough for intervals of a hundredth or two


@dataclass(frozen=True, slots=True)
class KnownQueue:
    """The samples of a simulated queue, and the truth by the name of the result that should hold it."""

    samples: Samples
    truth: Mapping[str, Estimate]


def known_queue(utilisation: float, operations: int, seed: int = 0, settings: AnalysisSettings = DEFAULT) -> KnownQueue:
    """
    M/M/1 whose server is busy for that share of the time, with a mean service time of 1 ms.

    Raises ValueError when the utilisation does not lie in (0, 1), or there is no operation.
    """
    queue = OpenQueue(Exponential(), Exponential(), utilisation)
    in_system = mm1_mean_in_system(utilisation)
    levels = {f"latency_ns.{quantile_name(p)}": float(1 / (1 - p)) for p in settings.probabilities()}
    beyond = {level_name(each): float(each) for each in ONE_IN}
    truth = {
        "throughput_per_s": _exact(SECOND_NS / queue.mean_interarrival_ns, "per_s"),
        "latency_ns.mean": _exact(in_system * queue.mean_interarrival_ns, "ns"),
        **{name: _exact(_level_ns(one_in, utilisation), "ns") for name, one_in in levels.items()},
        "littles_law.in_flight": _exact(in_system, "operations"),
        "tail.shape": _exact(0.0, "ratio"),
        **{name: _exact(_level_ns(one_in, utilisation), "ns") for name, one_in in beyond.items()},
    }
    return KnownQueue(simulate(queue, operations, WARMUP_OPERATIONS, seed), truth)


@dataclass(frozen=True, slots=True)
class Coverage:
    """
    Intervals from many runs of one queue: by result, as if operations were independent and as they are.

    `held` is, by result, the share of the runs whose interval holds the `truth`, of those that have one.
    """

    truth: Mapping[str, float]
    intervals: Mapping[str, Mapping[str, Sequence[Result]]]
    held: Mapping[str, Results]


def coverage(utilisation: float, operations: int, runs: int, seed: int = 0, confidence: float = 0.95) -> Coverage:
    """
    How often intervals hold the truth of M/M/1: for quantiles, and for a level past the slowest operation of a run.

    Raises ValueError as `known_queue` does.
    """
    one_in = LEVEL_IN_RUNS * operations
    queue = OpenQueue(Exponential(), Exponential(), utilisation)
    truth = {f"latency_ns.{quantile_name(p)}": _level_ns(float(1 / (1 - p)), utilisation) for p in COVERED}
    truth[level_name(one_in)] = _level_ns(one_in, utilisation)
    found: dict[str, dict[str, list[Result]]] = {name: {INDEPENDENT: [], DEPENDENT: []} for name in truth}
    for run in range(runs):
        in_order = latencies_in_order(simulate(queue, operations, WARMUP_OPERATIONS, seed + run))
        for name, alone, together in _intervals(in_order, one_in, confidence):
            found[name][INDEPENDENT].append(alone)
            found[name][DEPENDENT].append(together)
    held = {
        name: {way: _held(results, truth[name], confidence) for way, results in ways.items()}
        for name, ways in found.items()
    }
    return Coverage(truth, found, held)


def _intervals(in_order: Ints, one_in: int, confidence: float) -> Iterator[tuple[str, Result, Result]]:
    """Each result by name, with its interval as if independent and as dependent."""
    by_rank = quantiles(in_order.copy(), COVERED, confidence, "ns")
    by_worth = quantiles_in_order(in_order, COVERED, confidence, "ns")
    for p in COVERED:
        yield f"latency_ns.{quantile_name(p)}", by_rank[p], by_worth[p].value
    above = math.ceil(len(in_order) * TAIL_SHARE)
    threshold = float(np.partition(in_order, -above - 1)[-above - 1])
    tail = tails.fit(in_order, threshold, "ns")
    if isinstance(tail, Unavailable):
        yield level_name(one_in), tail, tail
        return
    tau = dependence_above(in_order, threshold).inflation.tau
    alone, together = (tails.return_level(tail, one_in, confidence, each) for each in (1.0, tau))
    yield level_name(one_in), alone, together


def _held(results: Sequence[Result], truth: float, confidence: float) -> Result:
    told = [each for each in results if isinstance(each, Estimate)]
    return shares.share(sum(each.low <= truth <= each.high for each in told), len(told), confidence)


def _level_ns(one_in: float, utilisation: float) -> float:
    return mm1_sojourn_quantile_ns(1 - 1 / one_in, utilisation)


@dataclass(frozen=True, slots=True)
class ClosedSweep:
    """
    M/M/1//N with ever more clients: what was simulated, what is exact, and what bounds both, by the laws' symbols.

    X is the throughput, R the response time, Z the time a client thinks. `seen` is (clients, throughput) of each;
    `exact` and `at_most` go from one client to the most there were, in operations per second.
    """

    by_clients: Mapping[str, Results]
    seen: tuple[tuple[int, float], ...]
    exact: Mapping[float, float]
    at_most: Mapping[float, float]


def sweep_of_clients(seed: int = 0, settings: AnalysisSettings = DEFAULT) -> ClosedSweep:
    """Clients that think for 4 ms and ask one server for 1 ms, both exponential: 1, 2, 4, 8 and 16 of them."""
    found = {clients: _of_clients(clients, seed, settings) for clients in CLIENTS}
    every = range(1, max(CLIENTS) + 1)
    return ClosedSweep(
        by_clients={f"{clients} client{'s' * (clients > 1)}": results for clients, results in found.items()},
        seen=tuple(
            (clients, results["X"].value) for clients, results in found.items() if isinstance(results["X"], Estimate)
        ),
        exact={float(each): repairman(ClosedQueue(each, THINK_NS))[0] for each in every},
        at_most={float(each): _bounds(each).throughput_at_most_per_s for each in every},
    )


def _of_clients(clients: int, seed: int, settings: AnalysisSettings) -> Results:
    queue = ClosedQueue(clients, THINK_NS)
    results = estimate(simulate(queue, CLIENT_OPERATIONS, WARMUP_OPERATIONS, seed), settings)
    throughput_per_s, response_ns = repairman(queue)
    bounds = _bounds(clients)
    rate, wait = results["throughput_per_s"], results["latency_ns.mean"]
    return {
        "X": rate,
        "X exactly": _exact(throughput_per_s, "per_s"),
        "X at least": _exact(bounds.throughput_at_least_per_s, "per_s"),
        "X at most": _exact(bounds.throughput_at_most_per_s, "per_s"),
        "R": wait,
        "N/X − Z": _response(clients, rate),
        "R exactly": _exact(response_ns, "ns"),
    }


def _response(clients: int, rate: Result) -> Result:
    if isinstance(rate, Unavailable):
        return rate
    value, low, high = (operational.response_ns(clients, each, THINK_NS) for each in (rate.value, rate.high, rate.low))
    return Estimate(value, low, high, "ns", rate.n)


def _bounds(clients: int) -> operational.Asymptotes:
    return operational.asymptotes(clients, [MEAN_SERVICE_NS], THINK_NS)


def _exact(value: float, unit: str) -> Estimate:
    return Estimate(value, value, value, unit, 1)
