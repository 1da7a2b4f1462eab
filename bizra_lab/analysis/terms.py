"""
The terms of Little's Law side by side, by their symbols: as each instrument knows them, and over windows with edges.

    L      operations in flight, on average
    λ      operations per second
    W      their mean latency
    E₀/T   operations in flight that had begun before the window
    E₁/T   of those that began in the window, what lies behind it
"""

from __future__ import annotations

import math

from scipy import stats

from bizra_lab.analysis.completion import latencies_in_order
from bizra_lab.analysis.curves import window_of
from bizra_lab.analysis.littles_law import over_window
from bizra_lab.analysis.means import mean
from bizra_lab.model import Estimate, InFlight, Result, Results, SampledInFlight, Samples, Unavailable
from bizra_lab.units import SECOND_NS

WINDOWS = {"all that was measured": 1.0, "the middle tenth": 0.1, "the middle hundredth": 0.01}  # shares of the time


def by_instrument(samples: Samples, confidence: float = 0.95) -> dict[str, Results]:
    """
    L, λ and W as each instrument knows them, by instrument; what one cannot know it says.

    No two share a stamp or a count, so that L = λ·W with each from another one is a check.
    """
    instrument = samples.instrument
    return {
        "gate": _of_gate(instrument.in_flight if instrument else None, "no gate counted what was in flight"),
        "gate inside": _of_gate(instrument.inside if instrument else None, "what was measured has no gate of its own"),
        "sampler": _of_sampler(instrument.sampled if instrument else None, confidence),
        "records": _of_records(samples, confidence),
    }


def over_windows(samples: Samples) -> dict[str, Results]:
    """Every term of L = λ·W + E₀/T − E₁/T over ever shorter windows in the middle: there the edges count most."""
    begin_ns, end_ns = window_of(samples)
    found: dict[str, Results] = {}
    for name, share in WINDOWS.items():
        left_out_ns = round((end_ns - begin_ns) * (1 - share) / 2)
        window = over_window(samples.scheduled_ns, samples.finished_ns, begin_ns + left_out_ns, end_ns - left_out_ns)
        found[name] = {
            "began": _exact(window.began, "operations", window.began),
            "L": _exact(window.in_flight, "operations", window.began),
            "λ·W": _exact(window.arrival_times_wait, "operations", window.began),
            "E₀/T": _exact(window.edge_before, "operations", window.began),
            "E₁/T": _exact(window.edge_after, "operations", window.began),
            "λ·W + E₀/T − E₁/T": _exact(
                window.arrival_times_wait + window.edge_before - window.edge_after, "operations", window.began
            ),
        }
    return found


def _of_gate(gate: InFlight | None, reason: str) -> Results:
    if gate is None or gate.window_ns <= 0:
        return dict.fromkeys("LλW", Unavailable(reason))
    return {
        "L": _exact(gate.integral_ns / gate.window_ns, "operations", gate.completed),
        "λ": _exact(gate.completed / gate.window_ns * SECOND_NS, "per_s", gate.completed),
        "W": Unavailable("it does not tell one operation from another"),
    }


def _of_sampler(sampled: SampledInFlight | None, confidence: float) -> Results:
    if sampled is None or not sampled.looks:
        return dict.fromkeys("LλW", Unavailable("no sampler looked at what was in flight"))
    half = float(stats.norm.ppf((1 + confidence) / 2)) * sampled.deviation / math.sqrt(sampled.looks)
    return {
        "L": Estimate(sampled.mean, sampled.mean - half, sampled.mean + half, "operations", sampled.looks),
        "λ": Unavailable("it looks, and does not count"),
        "W": Unavailable("it looks, and does not time"),
    }


def _of_records(samples: Samples, confidence: float) -> Results:
    n = len(samples)
    if not n:
        return dict.fromkeys("LλW", Unavailable("no operations"))
    begin_ns, end_ns = window_of(samples)
    rate: Result = Unavailable("the window has no length")
    if end_ns > begin_ns:
        rate = _exact(n / (end_ns - begin_ns) * SECOND_NS, "per_s", n)
    return {
        "L": Unavailable("only by the law that is to be checked"),
        "λ": rate,
        "W": mean(latencies_in_order(samples), confidence, "ns"),
    }


def _exact(value: float, unit: str, n: int) -> Estimate:
    return Estimate(value, value, value, unit, n)
