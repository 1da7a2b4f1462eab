"""Rows of a foreign file, one per operation, gathered in 24 bytes each and made into a claim with samples."""

from __future__ import annotations

import dataclasses
from array import array
from decimal import Decimal
from pathlib import Path

import numpy as np

from bizra_lab.errors import Unreadable
from bizra_lab.model import SUCCESS, Claim, Declared, Ints, Load, Measurement, Results, Samples, Workers

ROWS_MAX = 50_000_000  # operations; 1.2 GB of columns
OUTCOMES_MAX = 1000  # different failures; beyond, a file gives each row its own and they say nothing

# In ns; a run of 100 days since its first operation, far within an int64 also when added up.
TIME_NS_MAX = 100 * 86_400 * 1_000_000_000


def ns_of(seconds: Decimal, where: str) -> int:
    """So many seconds in whole ns. Raises Unreadable beyond 100 days."""
    if seconds > TIME_NS_MAX // 10**9:
        raise Unreadable(f"{where}: expected a time within 100 days, got {seconds} s")
    return round(seconds * 10**9)


class Columns:
    """Growing columns of operations: when each began, how long it took, by whom, and what came of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._started_ns = array("q")
        self._latency_ns = array("q")
        self._worker = array("i")
        self._outcome = array("I")
        self._codes: dict[str, int] = {SUCCESS: 0}

    def __len__(self) -> int:
        return len(self._started_ns)

    def add(self, line: int, started_ns: int, latency_ns: int, worker: int, failure: str) -> None:
        """Append one operation; `failure` is empty for a success. Raises Unreadable when there are too many."""
        if len(self) >= ROWS_MAX:
            raise Unreadable(f"{self.path}: line {line}: more than {ROWS_MAX:,} operations")
        self._started_ns.append(started_ns)
        self._latency_ns.append(latency_ns)
        self._worker.append(worker)
        self._outcome.append(self._code(failure))

    def _code(self, failure: str) -> int:
        if not failure:
            return 0
        if failure == SUCCESS or len(self._codes) >= OUTCOMES_MAX:
            failure = "failed"
        return self._codes.setdefault(failure, len(self._codes))

    def stamps_are_ends(self) -> None:
        """What was added as starts turns out to be ends: start each by its latency earlier."""
        self.started_ns[:] -= self.latency_ns

    @property
    def started_ns(self) -> Ints:
        """When each began, from the file's own zero."""
        return np.frombuffer(self._started_ns, np.int64)

    @property
    def latency_ns(self) -> Ints:
        """How long each took."""
        return np.frombuffer(self._latency_ns, np.int64)

    @property
    def worker(self) -> Workers:
        """By which worker."""
        return np.frombuffer(self._worker, np.int32)

    @property
    def outcome(self) -> np.typing.NDArray[np.uint32]:
        """Each one's code into `outcomes`."""
        return np.frombuffer(self._outcome, np.uint32)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The names of the codes, success first."""
        return tuple(self._codes)


def claim_of(columns: Columns, worker: Workers, workers: int, declared: Declared, name: str, results: Results) -> Claim:
    """
    The rows as a claim about a closed load: its samples, times from the first start; a worker is due when it starts.

    How long it was is what the stamps show. `operations_attempted` is the number of rows, since no other count is in
    the file: it checks nothing, and is not declared. Raises Unreadable when there are no rows, or the run is longer
    than 100 days.
    """
    if not len(columns):
        raise Unreadable(f"{columns.path}: no operations; expected at least one row")
    assert declared.clock_step_ns is not None, "a table's times have a step"
    first_ns = int(columns.started_ns.min())
    if int(columns.started_ns.max()) - first_ns > TIME_NS_MAX:
        raise Unreadable(f"{columns.path}: starts more than 100 days apart; expected the operations of one run")
    started_ns = columns.started_ns - first_ns
    finished_ns = started_ns + columns.latency_ns
    duration_s = int(finished_ns.max()) / 1e9
    measurement = Measurement(
        name=name,
        scope=declared.scope or "http",  # what a load generator tests is elsewhere; only `declared` is believed
        load=Load("closed", max(workers, 1)),
        warmup_s=declared.warmup_s or 0.0,
        duration_s=duration_s,
        clock_step_ns=declared.clock_step_ns,
        operations_attempted=len(columns),
    )
    samples = Samples(measurement, started_ns, started_ns, finished_ns, columns.outcome, columns.outcomes, worker)
    return Claim(name, results, dataclasses.replace(declared, duration_s=duration_s), samples)
