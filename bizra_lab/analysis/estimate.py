"""
Which results exist, in one list.

    throughput_per_s            operations completed per second
    latency_ns.{min,mean,p…,max}   response time, from the planned start
    service_ns.{…}              time inside the operation; only where starts differ from the plan
    n_eff.latency_ns.p…         independent operations that would tell as much about the quantile; service_ns likewise
    steady_state.begins_s       from when on, in the window, latencies keep one level
    share.{ok,failed,<outcome>} shares of the operations
    littles_law.in_flight       L: operations in flight, averaged over the window
    littles_law.ratio           L over the workers declared; a closed load cannot exceed 1
    littles_law.in_flight_at_gate   L by the gate where operations enter and leave the recorder's hands
    littles_law.in_flight_inside    L by a gate of the system's own: at the server, say
    littles_law.duty            L by the gate over the workers declared: the share of time that they had work in hand
    littles_law.balance         L over λ·W, each by an instrument of its own
    littles_law.sampled_balance the same with L as a sampler saw it
    records.counted             records over completions counted by the gate
    lag_ns.{p50,p99,max}        how late operations of an open load started
    generator.{lag_ns.p99,achieved,never_started}   what the load itself owes of that
    replay.latency_ns.{…}       what an open load would have answered had no free worker started late
    outliers.{share,fence_ns,excess,excess.<cause>}  slow operations, and what happened to them
    host.{cpu_share,involuntary_switches_per_s,page_faults_per_s}   what the workers used and suffered
    recorder.coverage           share of the workers' wall time that lies inside some record, or was cut by an edge
    timer.{step,cost,floor}_ns  what the clock and the recorder themselves cost
    host.canary_ratio           slowest over fastest run of a fixed piece of work around the window
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bizra_lab.analysis import attribution, balance, curves, lags, means, quantiles, replay, settling, shares
from bizra_lab.analysis.completion import latencies_in_order, times_in_order
from bizra_lab.columns import span
from bizra_lab.model import Estimate, Instrument, Ints, Result, Results, Samples, Unavailable

SLICES = means.BATCHES  # of the window, for rates and levels

AT_ONCE = 2  # parts that are worked on together; each walks over columns, which holds no lock, and holds blocks of them


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """Which quantiles are estimated, and the confidence of every interval."""

    quantiles: tuple[float, ...] = (0.5, 0.9, 0.95, 0.99, 0.999, 0.9999)
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not 0.5 <= self.confidence < 1:
            raise ValueError(f"confidence must lie in [0.5, 1), got {self.confidence}")
        for p in self.quantiles:
            quantiles.probability(p)

    def probabilities(self) -> tuple[Fraction, ...]:
        """The quantiles as exact fractions, rising, each once."""
        return tuple(sorted({quantiles.probability(p) for p in self.quantiles}))


DEFAULT = AnalysisSettings()


def estimate(samples: Samples, settings: AnalysisSettings = DEFAULT) -> Results:
    """Every result of the list above, by name, each an Estimate or Unavailable with its reason."""
    parts: tuple[Callable[[], Mapping[str, Result]], ...] = (
        lambda: _rate_and_latency(samples, settings),
        lambda: _service(samples, settings),
        lambda: _shares(samples, settings),
        lambda: _littles_law(samples, settings),
        lambda: balance.balance(samples, settings.confidence),
        lambda: lags.lags(samples, settings.confidence),
        lambda: replay.replayed(samples, settings.probabilities(), settings.confidence),
        lambda: attribution.attribution(samples, settings.confidence),
        lambda: _tallies(samples, settings),
        lambda: _instrument(samples),
    )
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda part: part(), parts))
    return {name: result for part in found for name, result in part.items()}


def _rate_and_latency(samples: Samples, settings: AnalysisSettings) -> dict[str, Result]:
    latency_ns = latencies_in_order(samples)
    return {
        "throughput_per_s": _throughput(samples, settings),
        **_times("latency_ns", latency_ns, settings),
        **settling.steady_state(samples, latency_ns),
    }


def _throughput(samples: Samples, settings: AnalysisSettings) -> Result:
    if not len(samples):
        return Unavailable("no operations")
    begin_ns, end_ns = curves.window_of(samples)
    counts = curves.completions_by_slice(samples, SLICES)
    return means.rate(counts, (end_ns - begin_ns) / 1e9 / SLICES, settings.confidence)


def _service(samples: Samples, settings: AnalysisSettings) -> dict[str, Result]:
    # In a closed load each worker starts as soon as it is free: service is latency under another name.
    if np.shares_memory(samples.scheduled_ns, samples.started_ns) or all(
        np.array_equal(samples.scheduled_ns[rows], samples.started_ns[rows]) for rows in samples.blocks()
    ):
        return {}
    return _times("service_ns", times_in_order(samples, samples.started_ns), settings)


def _times(stem: str, times_ns: Ints, settings: AnalysisSettings) -> dict[str, Result]:
    """What times in the order in which operations finished amount to."""
    n = len(times_ns)
    if not n:
        return {f"{stem}.mean": Unavailable("no operations")}
    least_ns, most_ns = span(times_ns)
    found = quantiles.quantiles_in_order(times_ns, settings.probabilities(), settings.confidence, "ns")
    named = {f"{stem}.{quantiles.quantile_name(p)}": each for p, each in found.items()}
    return {
        f"{stem}.min": _seen(least_ns, n),
        f"{stem}.mean": means.mean(times_ns, settings.confidence, "ns"),
        **{name: each.value for name, each in named.items()},
        f"{stem}.max": _seen(most_ns, n),
        **{f"n_eff.{name}": each.n_eff for name, each in named.items() if isinstance(each.n_eff, Estimate)},
    }


def _seen(value_ns: int, n: int) -> Estimate:
    """An extreme of these n operations: a fact about them, so without spread; it estimates nothing beyond them."""
    return Estimate(float(value_ns), float(value_ns), float(value_ns), "ns", n)


def _shares(samples: Samples, settings: AnalysisSettings) -> dict[str, Result]:
    n = len(samples)
    counts = np.zeros(len(samples.outcomes), dtype=np.int64)
    for rows in samples.blocks():
        counts += np.bincount(samples.outcome[rows], minlength=len(counts))
    found = {
        f"share.{name}": shares.share(int(hits), n, settings.confidence)
        for name, hits in zip(samples.outcomes, counts, strict=True)
    }
    found["share.failed"] = shares.share(n - int(counts[0]), n, settings.confidence)
    return found


def _littles_law(samples: Samples, settings: AnalysisSettings) -> dict[str, Result]:
    if len(samples) < SLICES:
        few = Unavailable(f"{len(samples)} operations do not bound the number in flight; it needs {SLICES}")
        return {"littles_law.in_flight": few, "littles_law.ratio": few}
    begin_ns, end_ns = curves.window_of(samples)
    if begin_ns == end_ns:
        none = Unavailable("the window has no length: all stamps are the same")
        return {"littles_law.in_flight": none, "littles_law.ratio": none}
    levels = curves.in_flight_levels(samples, SLICES)
    load = samples.measurement.load
    ratio = (
        means.level(levels / load.workers, settings.confidence, "ratio", len(samples))
        if load.kind == "closed"
        else Unavailable("an open load sets no limit to the number in flight")
    )
    return {
        "littles_law.in_flight": means.level(levels, settings.confidence, "operations", len(samples)),
        "littles_law.ratio": ratio,
    }


def _tallies(samples: Samples, settings: AnalysisSettings) -> dict[str, Result]:
    tallies = samples.instrument.tallies if samples.instrument else {}
    return {f"share.{name}": shares.tallied(tally, settings.confidence) for name, tally in tallies.items()}


def _instrument(samples: Samples) -> dict[str, Result]:
    measurement, instrument = samples.measurement, samples.instrument
    found: dict[str, Result] = {"timer.step_ns": _exact(measurement.clock_step_ns, "ns")}
    if instrument is None:
        return found
    found["timer.cost_ns"] = _exact(instrument.clock_cost_ns, "ns")
    found["timer.floor_ns"] = _exact(instrument.floor_ns, "ns")
    found["recorder.coverage"] = _coverage(samples, instrument)
    for name, gate in (("at_gate", instrument.in_flight), ("inside", instrument.inside)):
        if gate:
            found[f"littles_law.in_flight_{name}"] = _exact(gate.integral_ns / gate.window_ns, "operations")
    if instrument.in_flight and measurement.load.kind == "closed":
        gate = instrument.in_flight
        found["littles_law.duty"] = _exact(gate.integral_ns / gate.window_ns / measurement.load.workers, "ratio")
    if instrument.canary_ns:
        found["host.canary_ratio"] = _exact(max(instrument.canary_ns) / min(instrument.canary_ns), "ratio")
    return found


def _coverage(samples: Samples, instrument: Instrument) -> Result:
    if samples.measurement.load.kind == "open":
        return Unavailable("workers of an open load wait for operations to fall due")
    available_ns = instrument.window_ns * samples.measurement.load.workers
    if available_ns <= 0:
        return Unavailable("the measured window has no length")
    covered_ns = sum(
        int((samples.finished_ns[rows] - samples.started_ns[rows]).sum(dtype=np.int64)) for rows in samples.blocks()
    )
    covered = (covered_ns + (instrument.cut.inside_ns if instrument.cut else 0)) / available_ns
    return Estimate(covered, covered, covered, "share", len(samples))


def _exact(value: float, unit: str) -> Estimate:
    return Estimate(value, value, value, unit, 1)
