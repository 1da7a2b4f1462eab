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

from collections.abc import Iterator

import numpy as np

from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Finding, Ints, Samples, Weight, Workers
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
    started_ns, finished_ns, worker = samples.started_ns, samples.finished_ns, samples.worker
    in_order = bool((worker[1:] >= worker[:-1]).all()) and _rising_within(started_ns, worker)
    if not in_order:
        order = np.lexsort((finished_ns, started_ns, worker))
        started_ns, finished_ns, worker = started_ns[order], finished_ns[order], worker[order]
    early_ns = (finished_ns[:-1] - started_ns[1:])[worker[1:] == worker[:-1]]
    return int((early_ns > 0).sum()), int(early_ns.max(initial=0))


def _rising_within(started_ns: Ints, worker: Workers) -> bool:
    return bool(((started_ns[1:] >= started_ns[:-1]) | (worker[1:] != worker[:-1])).all())
