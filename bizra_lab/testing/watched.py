"""
Honest loads, and what watched them.

The truth is drawn first: workers that never rest, from before a window until after it. Gate, records and what the
window cuts are read off the truth, each in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bizra_lab.model import Cut, Floats, InFlight, Instrument, Ints, Load, Measurement, SampledInFlight, Samples

BEGIN_NS = 7_000_000_000_000  # of the window of an honest load: two hours after the machine came up
GATE_CLOCK = 1 + 30e-6  # the gate's clock is this much faster than that of the stamps
GATE_LATE_NS = 60  # at most, from a stamp to the gate's reading
LOOKS = 5_000  # of the sampler

Shape = Callable[[np.random.Generator, int], Floats]


def lognormal(rng: np.random.Generator, n: int) -> Floats:
    """Around 1.7 ms, with a spread of a third."""
    return np.exp(0.3 * rng.standard_normal(n)) * 1.7e6


def bimodal(rng: np.random.Generator, n: int) -> Floats:
    """Seventeen in twenty from a cache, three in twenty not."""
    return np.where(rng.random(n) < 0.85, 1.1e6, 4.3e6) * rng.uniform(0.9, 1.1, n)


def heavy(rng: np.random.Generator, n: int) -> Floats:
    """A Pareto tail (index 1.6), cut off at three hundred times the smallest, which it reaches again and again."""
    return np.minimum(1.2e6 * (1 - rng.random(n)) ** (-1 / 1.6), 3.6e8)


LOADS: Mapping[str, tuple[Shape, int]] = {
    "lognormal_1": (lognormal, 1),
    "lognormal_8": (lognormal, 8),
    "bimodal_8": (bimodal, 8),
    "heavy_1": (heavy, 1),
    "heavy_8": (heavy, 8),
}


def honest(load: str, seed: int, n: int = 16_000) -> Samples:
    """
    About n operations of one of `LOADS`, and what an instrument of ours finds out about them.

    Raises KeyError for a load that is none.
    """
    shape, workers = LOADS[load]
    rng = np.random.default_rng([seed, workers, n])
    each = n // workers
    service_ns = shape(rng, each * workers).astype(np.int64).reshape(workers, each)
    finished_ns = np.cumsum(service_ns, axis=1) + BEGIN_NS - rng.integers(0, 30_000_000, (workers, 1))
    started_ns = finished_ns - service_ns
    worker = np.repeat(np.arange(workers, dtype=np.int32), each)
    started, finished = started_ns.ravel(), finished_ns.ravel()
    if workers == 1:  # the window is its own
        begin_ns, end_ns = int(started[0]), int(finished[-1])
    else:
        begin_ns = BEGIN_NS + 50_000_000
        end_ns = int(finished_ns[:, -1].min()) - 50_000_000
    inside = (started >= begin_ns) & (finished <= end_ns)
    crossing = (finished > begin_ns) & (started < end_ns) & ~inside
    order = np.lexsort((started[inside], worker[inside]))
    started_in, finished_in = started[inside][order], finished[inside][order]
    return Samples(
        measurement=Measurement(
            name=load,
            scope="inproc",
            load=Load("closed", workers),
            warmup_s=30.0,
            duration_s=(end_ns - begin_ns) / 1e9,
            clock_step_ns=10.0,
            operations_attempted=int(inside.sum()),
        ),
        scheduled_ns=started_in,
        started_ns=started_in,
        finished_ns=finished_in,
        outcome=np.zeros(len(started_in), dtype=np.uint8),
        outcomes=("ok",),
        worker=worker[inside][order],
        instrument=Instrument(
            recorder="c",
            clock_cost_ns=35.0,
            floor_ns=40.0,
            canary_ns=(),
            window_ns=end_ns - begin_ns,
            in_flight=_gate(started, finished, begin_ns, end_ns, rng),
            sampled=_sampler(started, finished, begin_ns, end_ns, rng),
            cut=_cut(started[crossing], finished[crossing], begin_ns, end_ns) if workers > 1 else None,
        ),
    )


def _gate(started: Ints, finished: Ints, begin_ns: int, end_ns: int, rng: np.random.Generator) -> InFlight:
    """Number in flight, integrated change by change on the gate's own clock."""
    changes_ns = np.concatenate([started, finished]) + rng.integers(0, GATE_LATE_NS, 2 * len(started))
    changes = np.repeat([1, -1], len(started))
    order = np.argsort(changes_ns, kind="stable")
    held_ns = np.clip(changes_ns[order], begin_ns, end_ns + GATE_LATE_NS)
    in_flight = np.cumsum(changes[order])
    integral_ns = float((in_flight[:-1] * np.diff(held_ns)).sum())
    completed = int(((finished > begin_ns) & (finished <= end_ns)).sum())
    return InFlight(round((end_ns - begin_ns) * GATE_CLOCK), round(integral_ns * GATE_CLOCK), completed)


def _sampler(started: Ints, finished: Ints, begin_ns: int, end_ns: int, rng: np.random.Generator) -> SampledInFlight:
    """Those that had begun and not ended at random moments."""
    moments_ns = rng.integers(begin_ns, end_ns, LOOKS)
    seen = np.searchsorted(np.sort(started), moments_ns) - np.searchsorted(np.sort(finished), moments_ns)
    return SampledInFlight(LOOKS, float(seen.mean()), float(seen.std()), 20_000.0)


def _cut(started: Ints, finished: Ints, begin_ns: int, end_ns: int) -> Cut:
    inside_ns = np.minimum(finished, end_ns) - np.maximum(started, begin_ns)
    longest_ns = int((finished - started).max(initial=0))
    return Cut(len(started), int((finished <= end_ns).sum()), int(inside_ns.sum()), longest_ns)
