"""
One worker does one thing at a time.

Claim: each worker of a closed load ran its operations one after the other.
Reason: an operation that starts before the same worker's last one ended was not made by that worker: the load had
    more workers than declared, or times were rescaled or altered after they were read.
Threshold: none may overlap. Rounding does not make one: stamps that are in order stay in order when rounded down.
Source: the definition of a closed system, e.g. B. Schroeder, A. Wierman, M. Harchol-Balter, Open Versus Closed:
    A Cautionary Tale (NSDI 2006).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Finding, Samples, Weight
from bizra_lab.units import say


@rule("samples", "kind")
def check(claim: Claim) -> Iterator[Finding]:
    samples = claim.samples
    assert samples is not None
    if claim.declared.kind != "closed" or len(samples) < 2:
        return
    overlaps, longest_ns = _overlaps(samples)
    if overlaps:
        yield Finding(
            Weight.REFUTES,
            f"{overlaps:,} of {len(samples):,} operations started before the same worker's last one had ended, "
            f"by up to {say(float(longest_ns), 'ns')}",
            ("throughput_per_s", "latency_ns.*", "service_ns.*", "littles_law.*"),
        )


def _overlaps(samples: Samples) -> tuple[int, int]:
    """How many operations began too early for their worker, and by how much at most, in ns."""
    if not _in_order(samples):
        order = np.lexsort((samples.finished_ns, samples.started_ns, samples.worker))
        samples = dataclasses.replace(
            samples,
            scheduled_ns=samples.scheduled_ns[order],
            started_ns=samples.started_ns[order],
            finished_ns=samples.finished_ns[order],
            outcome=samples.outcome[order],
            worker=samples.worker[order],
        )
    count = longest_ns = 0
    for rows in _pairs(samples):
        early_ns = samples.finished_ns[rows][:-1] - samples.started_ns[rows][1:]
        early_ns = early_ns[samples.worker[rows][1:] == samples.worker[rows][:-1]]
        count += int((early_ns > 0).sum())
        longest_ns = max(longest_ns, int(early_ns.max(initial=0)))
    return count, longest_ns


def _in_order(samples: Samples) -> bool:
    """Whether each worker's rows stand together, by when they started."""
    for rows in _pairs(samples):
        worker, started_ns = samples.worker[rows], samples.started_ns[rows]
        same = worker[1:] == worker[:-1]
        if not ((worker[1:] > worker[:-1]) | (same & (started_ns[1:] >= started_ns[:-1]))).all():
            return False
    return True


def _pairs(samples: Samples) -> Iterator[slice]:
    """Blocks of rows that overlap by one, so that each two neighbours are together in one of them."""
    for rows in samples.blocks():
        yield slice(max(rows.start - 1, 0), rows.stop)
