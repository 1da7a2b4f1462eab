"""Closed loads with given times, or with harmless ones: no more than a test of one rule needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bizra_lab.model import SUCCESS, Load, Measurement, Samples, Scope


def samples_from(
    service_ns: Sequence[int] | npt.NDArray[np.int64],
    *,
    gap_ns: int = 0,
    workers: int = 1,
    outcome: Sequence[int] | None = None,
    outcomes: tuple[str, ...] = (SUCCESS,),
    scope: Scope = "inproc",
    warmup_s: float = 30.0,
    duration_s: float | None = None,
    clock_step_ns: float = 1.0,
    attempted: int | None = None,
) -> Samples:
    """
    A closed load whose workers took these times, dealt to them in turn, each `gap_ns` after its last.

    `duration_s` is what the window really spans unless another is declared; `attempted` likewise.
    """
    times_ns = np.asarray(service_ns, dtype=np.int64)
    n = len(times_ns)
    worker = np.arange(n, dtype=np.int32) % workers
    started_ns = np.zeros(n, dtype=np.int64)
    for each in range(workers):
        own = worker == each
        ends = np.cumsum(times_ns[own] + gap_ns)
        started_ns[own] = 1_000_000_000 + ends - times_ns[own] - gap_ns
    finished_ns = started_ns + times_ns
    spanned_s = float(finished_ns.max() - started_ns.min()) / 1e9 if n else 0.0
    return Samples(
        measurement=Measurement(
            name="planted",
            scope=scope,
            load=Load("closed", workers),
            warmup_s=warmup_s,
            duration_s=spanned_s if duration_s is None else duration_s,
            clock_step_ns=clock_step_ns,
            operations_attempted=n if attempted is None else attempted,
        ),
        scheduled_ns=started_ns,
        started_ns=started_ns,
        finished_ns=finished_ns,
        outcome=np.asarray(outcome if outcome is not None else np.zeros(n), dtype=np.uint8),
        outcomes=outcomes,
        worker=worker,
    )


def clean_samples(seed: int, n: int = 20_000, workers: int = 1) -> Samples:
    """An honest closed measurement of 120 s: independent log-normal times around 1 ms or longer, none missing."""
    rng = np.random.default_rng(seed)
    shape = np.exp(0.3 * rng.standard_normal(n))
    per_worker_ns = 120.1e9 * workers / n
    return samples_from((shape / shape.mean() * per_worker_ns).astype(np.int64) + 1, workers=workers)
