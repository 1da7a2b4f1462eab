"""
N workers do N things at a time, and each of them one.

Claim: each worker of a closed load ran its operations one after the other, and an open load had so many workers.
Reason: an operation that starts before the same worker's last one ended was not made by that worker: the load had
    more workers than declared, or times were rescaled or altered after they were read. An open load's operations wait
    for a worker; where more of them are being worked on at a moment than there are workers, it is the same.
Threshold: none may overlap in a closed load, no more than the workers declared may be at work in an open one, nor more
    of them have a record. Rounding does not make one: stamps that are in order stay in order when rounded down.
Source: the definition of a closed system, e.g. B. Schroeder, A. Wierman, M. Harchol-Balter, Open Versus Closed:
    A Cautionary Tale (NSDI 2006).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._chains import links
from bizra_lab.audit._rule import rule
from bizra_lab.columns import ROWS_CACHED, blocks, ordered, places
from bizra_lab.model import Claim, Finding, Samples, Weight
from bizra_lab.units import say

TOUCHES = ("throughput_per_s", "latency_ns.*", "service_ns.*", "littles_law.*")


@rule("samples", "kind", "workers")
def check(claim: Claim) -> Iterator[Finding]:
    samples, workers = claim.samples, claim.declared.workers
    assert samples is not None and workers is not None
    if len(samples) < 2:
        return
    yield from _too_many(samples, workers)
    if claim.declared.kind == "open":
        yield from _at_once(samples, workers)
    else:
        yield from _one_after_the_other(samples)


def _too_many(samples: Samples, workers: int) -> Iterator[Finding]:
    seen = len(set().union(*(np.unique(samples.worker[rows]).tolist() for rows in samples.blocks())))
    if seen > workers:
        yield Finding(Weight.REFUTES, f"{seen:,} workers have records, and {workers:,} are declared", TOUCHES)


def _at_once(samples: Samples, workers: int) -> Iterator[Finding]:
    (started_ns,) = ordered(samples.started_ns, samples.started_ns)
    (finished_ns,) = ordered(samples.finished_ns, samples.finished_ns)
    most = 0
    for rows in blocks(started_ns, finished_ns, rows=ROWS_CACHED):
        begun = np.arange(rows.start + 1, rows.stop + 1)
        most = max(most, int((begun - places(finished_ns, started_ns[rows], "right")).max()))
    if most > workers:
        yield Finding(
            Weight.REFUTES,
            f"{most:,} operations were being worked on at once, and {workers:,} worker{'' if workers == 1 else 's'} "
            f"{'is' if workers == 1 else 'are'} declared",
            TOUCHES,
        )


def _one_after_the_other(samples: Samples) -> Iterator[Finding]:
    overlaps = longest_ns = 0
    for each in links(samples):
        overlaps += int((each.gap_ns < 0).sum())
        longest_ns = max(longest_ns, int(-each.gap_ns.min(initial=0)))
    if overlaps:
        yield Finding(
            Weight.REFUTES,
            f"{overlaps:,} of {len(samples):,} operations started before the same worker's last one had ended, "
            f"by up to {say(float(longest_ns), 'ns')}",
            TOUCHES,
        )
