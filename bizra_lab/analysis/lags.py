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
from bizra_lab.columns import blocks, difference, hand_back, in_order, room, span
from bizra_lab.model import Estimate, Ints, Result, Samples, Unavailable

P50, P99 = Fraction(1, 2), Fraction(99, 100)


def lags(samples: Samples, confidence: float) -> dict[str, Result]:
    """The results of the list above, by name; empty for a closed load, whose operations start when a worker is free."""
    if samples.measurement.load.kind == "closed":
        return {}
    lag_ns = difference(samples.started_ns, samples.scheduled_ns)
    return {
        **_of_all(lag_ns, confidence),
        "generator.lag_ns.p99": _of_the_generator(lag_ns, worker_was_free(samples), confidence),
        "generator.achieved": _achieved(samples),
        "generator.never_started": _never_started(samples),
    }


def worker_was_free(samples: Samples) -> npt.NDArray[np.bool_]:
    """
    Which operations fell due while the worker that started them had ended its last one: an array of n booleans.

    The first operation of a worker is one of them, since an open load begins when its workers are ready.
    """
    free = np.empty(len(samples), dtype=np.bool_)
    ended_ns: dict[int, int] = {}  # by worker, the last operation that it started
    for rows in in_order(samples.started_ns):
        worker, scheduled_ns = samples.worker[rows], samples.scheduled_ns[rows]
        started_ns, finished_ns = samples.started_ns[rows], samples.finished_ns[rows]
        order = np.lexsort((finished_ns, started_ns, worker))
        before_ns = _ended_before(worker[order], scheduled_ns[order], finished_ns[order], ended_ns)
        was_free = np.empty(len(order), dtype=np.bool_)
        was_free[order] = before_ns <= scheduled_ns[order]
        free[rows] = was_free
        hand_back(samples.worker, samples.scheduled_ns, samples.finished_ns)
    return free


def _ended_before(
    worker: npt.NDArray[np.int32], scheduled_ns: Ints, finished_ns: Ints, ended_ns: dict[int, int]
) -> Ints:
    """
    When each operation's worker had ended the one before, of operations by worker; for its first, when that fell due.

    `ended_ns` tells it of those before these, and is brought up to date.
    """
    first = np.flatnonzero(np.diff(worker, prepend=worker[0] - 1))
    whose, due_ns = worker[first].tolist(), scheduled_ns[first].tolist()
    before_ns = np.empty_like(finished_ns)
    before_ns[1:] = finished_ns[:-1]
    before_ns[first] = [ended_ns.get(each, due) for each, due in zip(whose, due_ns, strict=True)]
    last = np.append(first[1:], len(worker)) - 1
    ended_ns.update(zip(whose, finished_ns[last].tolist(), strict=True))
    return before_ns


def _of_all(lag_ns: Ints, confidence: float) -> dict[str, Result]:
    n = len(lag_ns)
    if not n:
        return {"lag_ns.p50": Unavailable("no operations")}
    most_ns = float(span(lag_ns)[1])
    found = quantiles(lag_ns, (P50, P99), confidence, "ns")
    return {
        "lag_ns.p50": found[P50],
        "lag_ns.p99": found[P99],
        "lag_ns.max": Estimate(most_ns, most_ns, most_ns, "ns", n),
    }


def _of_the_generator(lag_ns: Ints, free: npt.NDArray[np.bool_], confidence: float) -> Result:
    own_ns = room(int(free.sum()), np.int64)
    filled = 0
    for rows in blocks(lag_ns, own_ns):
        kept_ns = lag_ns[rows][free[rows]]
        own_ns[filled : filled + len(kept_ns)] = kept_ns
        filled += len(kept_ns)
    return quantiles(own_ns, (P99,), confidence, "ns")[P99]


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
    if not len(stamps):
        return 0
    first, last = span(stamps)
    return last - first


def _never_started(samples: Samples) -> Estimate:
    planned = samples.measurement.operations_attempted
    missing = float(max(0, planned - len(samples)))
    return Estimate(missing, missing, missing, "operations", planned)
