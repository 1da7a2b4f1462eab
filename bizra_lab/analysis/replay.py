"""
What the component alone would have caused: the plan and the measured service times, replayed without a host.

An open load's response time holds three things: what the operation took, what it waited for a worker that was busy with
others, and what it waited because whoever should have started it did not come. The first two follow from the plan and
the service times; replayed, they are what the component is answerable for. The rest of what was measured is the host's
or the generator's.

    replay.latency_ns.{mean,p…,max}   response time, from the planned start, if a free worker had never been late

Operations are taken in the order of the plan, and none is under way when the first falls due, which is how an open load
is run here. No replayed operation then starts later than the measured one did. What the host takes from an operation
while it runs is in its service time, and stays with the component.

Source: L. Kleinrock, Queueing Systems, volume 1: Theory (1975), section 8.1, on the waiting time as a recursion.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from bizra_lab.analysis import means
from bizra_lab.analysis.quantiles import quantile_name, quantiles
from bizra_lab.columns import blocks, difference, is_rising, ordered, room, span
from bizra_lab.model import Estimate, Ints, Result, Samples, Unavailable

STEM = "replay.latency_ns"


def replayed(samples: Samples, probabilities: Sequence[Fraction], confidence: float) -> dict[str, Result]:
    """
    The mean, the quantiles and the maximum of the replayed response time, in ns by name; empty for a closed load.

    The interval of the mean is from batches in the order of the plan.
    """
    if samples.measurement.load.kind == "closed":
        return {}
    n = len(samples)
    if not n:
        return {f"{STEM}.mean": Unavailable("no operations")}
    times_ns = _response_by_plan_ns(samples)
    most_ns = float(span(times_ns)[1])
    mean = means.mean(times_ns, confidence, "ns")
    found = quantiles(times_ns, probabilities, confidence, "ns")
    named = {f"{STEM}.{quantile_name(p)}": result for p, result in found.items()}
    return {f"{STEM}.mean": mean, **named, f"{STEM}.max": Estimate(most_ns, most_ns, most_ns, "ns", n)}


def _response_by_plan_ns(samples: Samples) -> Ints:
    scheduled_ns = samples.scheduled_ns
    service_ns = difference(samples.finished_ns, samples.started_ns)
    if not is_rising(scheduled_ns):
        # Of two that fell due together, the one that was taken first was first.
        scheduled_ns, service_ns = ordered(samples.started_ns, scheduled_ns, service_ns)
        scheduled_ns, service_ns = ordered(scheduled_ns, scheduled_ns, service_ns)
    return response_ns(scheduled_ns, service_ns, samples.measurement.load.workers)


def response_ns(scheduled_ns: Ints, service_ns: Ints, workers: int) -> Ints:
    """
    What each operation takes from when it falls due to its end, in ns, if only busy workers make it wait.

    Both columns are in the order of the plan, and in that order the operations are taken: each by a worker that is free
    when it falls due, or by the first to become free.
    Raises ValueError for columns of unequal length, a plan that is out of order, or less than one worker.
    """
    if len(scheduled_ns) != len(service_ns):
        raise ValueError(f"columns of unequal length: {len(scheduled_ns)}, {len(service_ns)}")
    if not is_rising(scheduled_ns):
        raise ValueError("a plan must be in the order in which operations fall due")
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    by_block = _response_of_one if workers == 1 else _response_of_several
    found = room(len(scheduled_ns), np.int64)
    free_ns = scheduled_ns[:1].tolist() * workers  # all of them, when the first operation falls due
    for rows in blocks(scheduled_ns, service_ns, found):
        found[rows] = by_block(scheduled_ns[rows], service_ns[rows], free_ns)
    return found


def _response_of_one(scheduled_ns: Ints, service_ns: Ints, free_ns: list[int]) -> Ints:
    """
    The response times if one worker does them all: each ends after the later of its due time and the end before it.

    Unrolled, that is the latest of: a due time up to its own, and all service from there on. `free_ns` holds when the
    worker is free, and is brought up to date.

    Source: D. V. Lindley (1952), Proc. Cambridge Philosophical Society 48(2), 277-289.
    """
    work_ns = np.cumsum(service_ns)
    earliest_ns = scheduled_ns - (work_ns - service_ns)
    earliest_ns[0] = max(earliest_ns[0], free_ns[0])
    finished_ns = work_ns + np.maximum.accumulate(earliest_ns)
    free_ns[0] = int(finished_ns[-1])
    return finished_ns - scheduled_ns


def _response_of_several(scheduled_ns: Ints, service_ns: Ints, free_ns: list[int]) -> Ints:
    """
    The response times if each operation goes to the worker that is free first.

    `free_ns` is a heap of when each worker is free, and is brought up to date.

    Source: J. Kiefer, J. Wolfowitz (1955), Trans. American Mathematical Society 78(1), 1-18.
    """
    found_ns = []
    for due_ns, takes_ns in zip(scheduled_ns.tolist(), service_ns.tolist(), strict=True):
        end_ns = max(due_ns, free_ns[0]) + takes_ns
        heapq.heapreplace(free_ns, end_ns)
        found_ns.append(end_ns - due_ns)
    return np.array(found_ns, dtype=np.int64)
