"""
Whether a measurement settled: the looks of `stationarity` at its latencies, in the order in which operations finished.

    steady_state.begins_s     from when on, in the window, the run is in its last level, give or take a batch of it
    steady_state.levels       how many levels it went through
    steady_state.to_cut       operations at the start without which the mean is known best
    steady_state.rise_ns      by how much latency rose from the first twentieth of the run to the last
    steady_state.p_value      how likely chance makes it rise or fall as much
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from bizra_lab.analysis import stationarity
from bizra_lab.analysis.completion import latencies_in_order
from bizra_lab.analysis.curves import window_of
from bizra_lab.analysis.quantiles import order_statistics
from bizra_lab.columns import ROWS, blocks
from bizra_lab.model import Estimate, Ints, Result, Results, Samples, Unavailable
from bizra_lab.units import SECOND_NS


@dataclass(frozen=True, slots=True)
class Settling:
    """The results of the list above, and what such a run is called; None where it is too short for a name."""

    kind: stationarity.Kind | None
    results: Results


def settling(samples: Samples, confidence: float = 0.95) -> Settling:
    """What a run is called, when its steady state begins, and whether it drifted."""
    in_order = latencies_in_order(samples)
    found = _steadiness(in_order)
    results = {
        "steady_state.begins_s": _begins(samples, found),
        "steady_state.levels": _levels(found, len(in_order)),
        "steady_state.to_cut": _to_cut(stationarity.truncation(in_order)),
        **_drift(stationarity.trend(in_order, confidence, "ns")),
    }
    return Settling(None if isinstance(found, Unavailable) else found.kind, results)


def steady_state(samples: Samples, in_order: Ints) -> dict[str, Result]:
    """`steady_state.begins_s` alone, from the latencies in the order in which operations finished."""
    return {"steady_state.begins_s": _begins(samples, _steadiness(in_order))}


def _steadiness(in_order: Ints) -> stationarity.Steadiness | Unavailable:
    """The steadiness of values by that of the means of batches, as few as levels are looked for in anyway."""
    n = len(in_order)
    batch = max(1, math.ceil(n / stationarity.SERIES_MAX))
    skipped = n % batch
    means = np.empty(n // batch)
    for rows in blocks(in_order[skipped:], rows=batch * max(1, ROWS // batch)):
        means[rows.start // batch : rows.stop // batch] = in_order[skipped:][rows].reshape(-1, batch).mean(axis=1)
    found = stationarity.steadiness(means)
    if isinstance(found, Unavailable):
        return found
    begins = skipped + batch * found.begins if found.begins else found.begins
    return dataclasses.replace(found, begins=begins, batch=batch * found.batch)


def _begins(samples: Samples, found: stationarity.Steadiness | Unavailable) -> Result:
    """When the operation before the steady state finished; its interval reaches a batch to either side."""
    if isinstance(found, Unavailable):
        return found
    if found.begins is None:
        return Unavailable(
            f"no steady state: the last level holds less than {stationarity.STEADY_SHARE:.0%} of the run"
        )
    n = len(samples)
    if not found.begins:
        return _exact(0.0, "s", n)
    ranks = [min(max(found.begins + step, 1), n) for step in (-found.batch, 0, found.batch)]
    finished_ns = order_statistics(samples.finished_ns, ranks)
    begin_ns, _ = window_of(samples)
    low, value, high = ((finished_ns[rank] - begin_ns) / SECOND_NS for rank in ranks)
    return Estimate(value, low, high, "s", n)


def _levels(found: stationarity.Steadiness | Unavailable, n: int) -> Result:
    return found if isinstance(found, Unavailable) else _exact(len(found.levels), "levels", n)


def _to_cut(found: stationarity.Truncation | Unavailable) -> Result:
    return found if isinstance(found, Unavailable) else _exact(found.begins, "operations", found.n)


def _drift(found: stationarity.Trend | Unavailable) -> dict[str, Result]:
    names = ("steady_state.rise_ns", "steady_state.p_value")
    if isinstance(found, Unavailable):
        return dict.fromkeys(names, found)
    return dict(zip(names, (found.rise, _exact(found.p_value, "ratio", found.rise.n)), strict=True))


def _exact(value: float, unit: str, n: int) -> Estimate:
    return Estimate(value, value, value, unit, n)
