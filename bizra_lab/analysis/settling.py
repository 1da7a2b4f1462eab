"""
Whether a measurement settled: the looks of `stationarity` at its latencies, in the order in which operations finished.

    steady_state.begins_ns    from when on, in the window, the run is in its last level
    steady_state.levels       how many levels it went through
    steady_state.to_cut       operations at the start without which the mean is known best
    steady_state.rise_ns      by how much latency rose from the first twentieth of the run to the last
    steady_state.p_value      how likely chance makes it rise or fall as much
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bizra_lab.analysis import stationarity
from bizra_lab.analysis.curves import window_of
from bizra_lab.analysis.extremes import latencies_in_order
from bizra_lab.model import Estimate, Result, Results, Samples, Unavailable


@dataclass(frozen=True, slots=True)
class Settling:
    """The results of the list above, and what such a run is called; None where it is too short for a name."""

    kind: stationarity.Kind | None
    results: Results


def settling(samples: Samples, confidence: float = 0.95) -> Settling:
    """What a run is called, when its steady state begins, and whether it drifted."""
    in_order = latencies_in_order(samples)
    found = stationarity.steadiness(in_order)
    results = {
        **_levels(samples, found),
        "steady_state.to_cut": _to_cut(stationarity.truncation(in_order)),
        **_drift(stationarity.trend(in_order, confidence, "ns")),
    }
    return Settling(None if isinstance(found, Unavailable) else found.kind, results)


def _levels(samples: Samples, found: stationarity.Steadiness | Unavailable) -> dict[str, Result]:
    names, n = ("steady_state.begins_ns", "steady_state.levels"), len(samples)
    if isinstance(found, Unavailable):
        return dict.fromkeys(names, found)
    begins_ns = found.begins_ns(np.sort(samples.finished_ns))
    begins = (
        Unavailable(f"the last level holds less than {stationarity.STEADY_SHARE:.0%} of the run")
        if begins_ns is None
        else _exact(begins_ns - window_of(samples)[0], "ns", n)
    )
    return dict(zip(names, (begins, _exact(len(found.levels), "levels", n)), strict=True))


def _to_cut(found: stationarity.Truncation | Unavailable) -> Result:
    return found if isinstance(found, Unavailable) else _exact(found.begins, "operations", found.n)


def _drift(found: stationarity.Trend | Unavailable) -> dict[str, Result]:
    names = ("steady_state.rise_ns", "steady_state.p_value")
    if isinstance(found, Unavailable):
        return dict.fromkeys(names, found)
    return dict(zip(names, (found.rise, _exact(found.p_value, "ratio", found.rise.n)), strict=True))


def _exact(value: float, unit: str, n: int) -> Estimate:
    return Estimate(value, value, value, unit, n)
