"""
Each worker's operations one behind the other: what lies between them says what the records leave out.

A worker of a closed load that has ended an operation begins the next, and so does one of an open load where operations
wait. Whatever was lost, cut or shortened leaves a gap behind the record before; what was stretched leaves none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bizra_lab.columns import grouped
from bizra_lab.model import Ints, Samples

SPREAD_OVER = 64  # places of the run from which a part of the links is taken, so that no spell of it stands for all


@dataclass(frozen=True, slots=True)
class Links:
    """
    From operations to the same worker's next: the gap between the two, and what the first one took, in ns.

    `latency_ns` is the first one's from when it fell due, `service_ns` from when it began; `waited_ns` is how long the
    next one had been due when it began. A gap below 0 is an overlap.
    """

    gap_ns: Ints
    service_ns: Ints
    latency_ns: Ints
    waited_ns: Ints

    def __len__(self) -> int:
        return len(self.gap_ns)


def links(samples: Samples) -> Iterator[Links]:
    """
    All links of a load, some at a time: of an open one those to operations that waited, which began as soon as it went.

    The first operation of a worker follows none.
    """
    chained = by_worker(samples)
    for pair in pairs(chained):
        yield _links(chained, pair)


def some_links(samples: Samples, links_max: int) -> Links:
    """At most about so many links, from all over the run."""
    chained = by_worker(samples)
    span = max(2, links_max // SPREAD_OVER)
    if len(chained) <= links_max:
        return _links(chained, slice(0, len(chained)))
    parts = [
        _links(chained, slice(first, first + span)) for first in range(0, len(chained), len(chained) // SPREAD_OVER)
    ]
    return Links(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in dataclasses.fields(Links))
    )


def _links(chained: Samples, rows: slice) -> Links:
    worker = chained.worker[rows]
    scheduled_ns, started_ns = chained.scheduled_ns[rows], chained.started_ns[rows]
    finished_ns = chained.finished_ns[rows]
    waited_ns = (started_ns - scheduled_ns)[1:]
    kept = worker[1:] == worker[:-1]
    if chained.measurement.load.kind == "open":
        kept &= waited_ns > 0
    return Links(
        (started_ns[1:] - finished_ns[:-1])[kept],
        (finished_ns - started_ns)[:-1][kept],
        (finished_ns - scheduled_ns)[:-1][kept],
        waited_ns[kept],
    )


def by_worker(samples: Samples) -> Samples:
    """The samples with each worker's rows together, by when they started: themselves where they are so already."""
    if _is_by_worker(samples):
        return samples
    columns = (samples.scheduled_ns, samples.started_ns, samples.finished_ns, samples.outcome, samples.worker)
    together = grouped(samples.worker, samples.started_ns, samples.finished_ns, *columns)
    scheduled_ns, started_ns, finished_ns, outcome, worker = together
    return dataclasses.replace(
        samples,
        scheduled_ns=scheduled_ns,
        started_ns=started_ns,
        finished_ns=finished_ns,
        outcome=outcome,
        worker=worker,
    )


def _is_by_worker(samples: Samples) -> bool:
    for rows in pairs(samples):
        worker, started_ns = samples.worker[rows], samples.started_ns[rows]
        same = worker[1:] == worker[:-1]
        if not ((worker[1:] > worker[:-1]) | (same & (started_ns[1:] >= started_ns[:-1]))).all():
            return False
    return True


def pairs(samples: Samples) -> Iterator[slice]:
    """Blocks of rows that overlap by one, so that each two neighbours are together in one of them."""
    for block in samples.blocks():
        yield slice(max(block.start - 1, 0), block.stop)
