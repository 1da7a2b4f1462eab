"""
Times in the order in which operations finished, which is the order that dependence and drift are looked for in.

Columns of a measurement stand by worker, or as operations fell due; whoever wants neighbours in time takes them from
here. Operations that end together keep the order of rows, which is one order on every machine.
"""

from __future__ import annotations

from bizra_lab.columns import difference, ordered
from bizra_lab.model import Ints, Samples


def times_in_order(samples: Samples, since_ns: Ints) -> Ints:
    """From a stamp of each operation to its end, ns, in the order in which operations finished."""
    (times_ns,) = ordered(samples.finished_ns, difference(samples.finished_ns, since_ns))
    return times_ns


def latencies_in_order(samples: Samples) -> Ints:
    """The latencies in ns in the order in which operations finished."""
    return times_in_order(samples, samples.scheduled_ns)
