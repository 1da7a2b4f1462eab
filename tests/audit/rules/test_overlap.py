"""One worker, one operation at a time."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest

from bizra_lab.model import Samples, Weight
from bizra_lab.testing import clean_samples, drafted
from tests.audit.claims import claim_about, found_by


def test_two_workers_under_one_name_overlap() -> None:
    samples = clean_samples(1, n=2_000, workers=2)
    merged = dataclasses.replace(samples, worker=np.zeros_like(samples.worker))
    (finding,) = found_by("overlap", claim_about(merged))
    assert Weight.REFUTES is finding.weight


def test_times_stretched_by_a_unit_slip_overlap() -> None:
    samples = clean_samples(2, n=2_000)
    stretched = samples.started_ns + (samples.service_ns * 1.024).astype(np.int64)
    (finding,) = found_by("overlap", claim_about(dataclasses.replace(samples, finished_ns=stretched)))
    assert finding.message.startswith("1,999 of 2,000")


def test_an_overlap_of_neighbours_in_two_blocks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Samples, "blocks", functools.partialmethod(Samples.blocks, rows=4))
    samples = clean_samples(5, n=12)
    finished = samples.finished_ns.copy()
    finished[3] += 1_000  # the last of the first block, into the first of the second
    (finding,) = found_by("overlap", claim_about(dataclasses.replace(samples, finished_ns=finished)))
    assert finding.message.startswith("1 of 12 operations") and finding.message.endswith("by up to 1.000 µs")


@pytest.mark.parametrize("workers", [1, 3])
def test_rows_in_any_order_are_the_same_measurement(workers: int) -> None:
    samples = clean_samples(3, n=999, workers=workers)
    order = np.random.default_rng(0).permutation(999)
    shuffled = dataclasses.replace(
        samples,
        scheduled_ns=samples.scheduled_ns[order],
        started_ns=samples.started_ns[order],
        finished_ns=samples.finished_ns[order],
        worker=samples.worker[order],
    )
    assert () == found_by("overlap", claim_about(shuffled))


def test_stamps_rounded_down_to_a_millisecond_do_not_overlap() -> None:
    samples = clean_samples(4, n=2_000)
    rounded = dataclasses.replace(
        samples,
        scheduled_ns=samples.started_ns // 1_000_000 * 1_000_000,
        started_ns=samples.started_ns // 1_000_000 * 1_000_000,
        finished_ns=samples.finished_ns // 1_000_000 * 1_000_000,
    )
    assert () == found_by("overlap", claim_about(rounded))


def test_more_workers_with_records_than_declared_are_counted() -> None:
    samples = clean_samples(6, n=2_000, workers=4)
    load = dataclasses.replace(samples.measurement.load, workers=3)
    fewer = dataclasses.replace(samples, measurement=dataclasses.replace(samples.measurement, load=load))
    (finding,) = found_by("overlap", claim_about(fewer))
    assert (Weight.REFUTES, "4 workers have records, and 3 are declared") == (finding.weight, finding.message)


def test_more_of_an_open_load_at_work_at_once_than_there_are_workers_are_counted() -> None:
    samples = drafted("poisson_8", 1, 20_000).seen()
    assert () == found_by("overlap", claim_about(samples))
    load = dataclasses.replace(samples.measurement.load, workers=4)
    named = dataclasses.replace(
        samples, measurement=dataclasses.replace(samples.measurement, load=load), worker=samples.worker % 4
    )
    (finding,) = found_by("overlap", claim_about(named))
    assert "8 operations were being worked on at once, and 4 workers are declared" == finding.message
