"""A hundred million operations: what is made of a long file holds blocks of it in memory, never two columns."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from bizra_lab.analysis.estimate import estimate
from bizra_lab.audit import RULES
from bizra_lab.evidence.samples_file import read_samples, write_samples
from bizra_lab.harness.simulate import ClosedQueue, Exponential, OpenQueue, simulate
from bizra_lab.model import Result, Samples
from bizra_lab.study import claim_of

OPERATIONS = 400_000
COLUMN_BYTES = 8 * OPERATIONS

OF_A_COLUMN_MAX = 1.2  # a rule may look at an eighth of the operations from several sides; 2 GB have room for two
TABLES_BYTES_MAX = 3_000_000  # of buckets, while results are made; they are as large for any number of operations

# What is as large for any number of operations would hide in this test what is not.
SMALLER = {
    "bizra_lab.columns.IN_FILE_FROM": OPERATIONS,
    "bizra_lab.columns.ROWS": 4_096,
    "bizra_lab.columns._LOOKED_AT_EVERY": 256,
    "bizra_lab.analysis.dependence.ROWS": 4_096,
    "bizra_lab.analysis.settling.ROWS": 4_096,
    "bizra_lab.analysis.selection._ROWS": 4_096,
    "bizra_lab.audit.rules.multimodal.SAMPLE_MAX": 4_096,
    "bizra_lab.audit.rules.missing_operations.LINKS_MAX": 4_096,
    "bizra_lab.audit.rules.unit_slip.LINKS_MAX": 4_096,
    "bizra_lab.audit.rules.pauses.CROWD_MAX": 50,
}


def _shuffled(samples: Samples) -> Samples:
    order = np.random.default_rng(1).permutation(len(samples))
    return Samples(
        samples.measurement,
        samples.scheduled_ns[order],
        samples.started_ns[order],
        samples.finished_ns[order],
        samples.outcome[order],
        samples.outcomes,
        samples.worker[order],
    )


LOADS: dict[str, Callable[[], Samples]] = {
    "open": lambda: simulate(OpenQueue(Exponential(), Exponential(), 0.8), OPERATIONS, 0, 1),
    "open, several workers": lambda: simulate(OpenQueue(Exponential(), Exponential(), 0.8, 4), OPERATIONS, 0, 2),
    "closed, in any order": lambda: _shuffled(simulate(ClosedQueue(8, 5e6), OPERATIONS, 0, 3)),
}


@pytest.fixture(params=LOADS)
def samples(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Samples]:
    """A file as long as one of a hundred million, measured in blocks; memory is watched from here on."""
    write_samples(LOADS[request.param](), tmp_path / "a.parquet")
    for name, smaller in SMALLER.items():
        monkeypatch.setattr(name, smaller)
    found = read_samples(tmp_path / "a.parquet")
    monkeypatch.setattr(type(found), "blocks", lambda self, rows=4_096: Samples.blocks(self, rows))
    tracemalloc.start()
    yield found
    tracemalloc.stop()


def _peak(of: Callable[[], object]) -> int:
    """The most bytes that were taken on the way."""
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    of()
    return tracemalloc.get_traced_memory()[1] - before


def test_neither_results_nor_rules_hold_columns_in_memory(samples: Samples) -> None:
    results: dict[str, Result] = {}
    assert _peak(lambda: results.update(estimate(samples))) < OF_A_COLUMN_MAX * COLUMN_BYTES + TABLES_BYTES_MAX
    claim = claim_of(samples, results)
    taken = {
        name: _peak(lambda rule=rule: list(rule.check(claim)))  # type: ignore[misc]
        for name, rule in RULES.items()
        if rule.missing(claim) is None
    }
    assert {} == {name: most for name, most in taken.items() if most > OF_A_COLUMN_MAX * COLUMN_BYTES}
