"""
How late an open load's operations started, and how much of that was the load generator's own doing.

    lag_ns.{p50,p99,max}       from the planned start to the real one, all operations
    generator.lag_ns.p99       likewise, of operations whose worker was free when they fell due
    generator.achieved         share of the planned rate at which operations were really started
    generator.never_started    operations of the plan that have no record

An operation that falls due while its worker is busy waits for the component, and its lag is a part of the answer. One
whose worker had nothing else to do was late because the generator slept, or the host did not let it run. Where there
are few workers only their first operations show such a sleep, since the ones behind those found a busy worker; what it
did to all of them is what `replay` tells.

Source: G. Tene, How NOT to Measure Latency (2013): a load generator has to be asked whether it kept its own plan.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from bizra_lab.analysis.quantiles import quantiles
from bizra_lab.model import Estimate, Ints, Result, Samples, Unavailable

P50, P99 = Fraction(1, 2), Fraction(99, 100)


def lags(samples: Samples, confidence: float) -> dict[str, Result]:
    """The results of the list above, by name; empty for a closed load, whose operations start when a worker is free."""
    if samples.measurement.load.kind == "closed":
        return {}
    return {
        **_of_all(samples, confidence),
        "generator.lag_ns.p99": _of_the_generator(samples, confidence),
        "generator.achieved": _achieved(samples),
        "generator.never_started": _never_started(samples),
    }


def worker_was_free(samples: Samples) -> npt.NDArray[np.bool_]:
    """
    Which operations fell due while the worker that started them had ended its last one: an array of n booleans.

    The first operation of a worker is one of them, since an open load begins when its workers are ready.
    """
    order = np.lexsort((samples.finished_ns, samples.started_ns, samples.worker))
    worker, scheduled_ns, finished_ns = (
        column[order] for column in (samples.worker, samples.scheduled_ns, samples.finished_ns)
    )
    free = np.ones(len(samples), dtype=np.bool_)
    free[order[1:]] = (worker[1:] != worker[:-1]) | (finished_ns[:-1] <= scheduled_ns[1:])
    return free


def _of_all(samples: Samples, confidence: float) -> dict[str, Result]:
    n = len(samples)
    if not n:
        return {"lag_ns.p50": Unavailable("no operations")}
    lag_ns = _lag_ns(samples)
    most_ns = float(lag_ns.max())
    found = quantiles(lag_ns, (P50, P99), confidence, "ns")
    return {
        "lag_ns.p50": found[P50],
        "lag_ns.p99": found[P99],
        "lag_ns.max": Estimate(most_ns, most_ns, most_ns, "ns", n),
    }


def _of_the_generator(samples: Samples, confidence: float) -> Result:
    return quantiles(_lag_ns(samples)[worker_was_free(samples)], (P99,), confidence, "ns")[P99]


def _lag_ns(samples: Samples) -> Ints:
    return samples.started_ns - samples.scheduled_ns


def _achieved(samples: Samples) -> Result:
    """
    The time from the first due time to the last over that from the first start to the last, at most 1.

    A fact about these operations, so without spread.
    """
    planned_ns = _span_ns(samples.scheduled_ns)
    if planned_ns == 0:
        return Unavailable("a plan of one moment has no rate")
    share = planned_ns / max(planned_ns, _span_ns(samples.started_ns))
    return Estimate(share, share, share, "share", len(samples))


def _span_ns(stamps: Ints) -> int:
    return int(stamps.max() - stamps.min()) if len(stamps) else 0


def _never_started(samples: Samples) -> Estimate:
    planned = samples.measurement.operations_attempted
    missing = float(max(0, planned - len(samples)))
    return Estimate(missing, missing, missing, "operations", planned)
