"""Operations that ended before they began."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.model import Weight
from bizra_lab.testing import clean_samples
from tests.audit.claims import claim_about, found_by


def test_one_operation_that_ended_before_it_began_voids_the_times() -> None:
    samples = clean_samples(1, n=1_000)
    finished = samples.finished_ns.copy()
    finished[500] = samples.started_ns[500] - 2_000_000
    (finding,) = found_by("clock_backwards", claim_about(dataclasses.replace(samples, finished_ns=finished)))
    assert (Weight.VOID, "1 of 1,000 operations ended before they began, by up to 2.000 ms") == (
        finding.weight,
        finding.message,
    )


def test_one_operation_that_began_before_it_fell_due_voids_the_times() -> None:
    samples = clean_samples(1, n=1_000)
    scheduled = samples.scheduled_ns.copy()
    scheduled[500] += 1_000
    (finding,) = found_by("clock_backwards", claim_about(dataclasses.replace(samples, scheduled_ns=scheduled)))
    assert finding.message == "1 of 1,000 operations began before they fell due, by up to 1.000 µs"


@pytest.mark.parametrize("workers", [1, 4])
def test_a_clock_that_is_set_back_between_two_operations_is_seen_by_the_order_of_the_rows(workers: int) -> None:
    samples = clean_samples(1, n=1_000, workers=workers)
    later = np.arange(1_000) >= 500
    set_back = dataclasses.replace(
        samples,
        scheduled_ns=samples.scheduled_ns - later * 10**12,
        started_ns=samples.started_ns - later * 10**12,
        finished_ns=samples.finished_ns - later * 10**12,
    )
    (finding,) = found_by("clock_backwards", claim_about(set_back))
    assert f"{workers} of 1,000 operations began before the one that the same worker did before" in finding.message


def test_rows_in_no_order_say_nothing_of_the_clock() -> None:
    samples = clean_samples(1, n=1_000)
    order = np.random.default_rng(0).permutation(1_000)
    shuffled = dataclasses.replace(
        samples,
        scheduled_ns=samples.scheduled_ns[order],
        started_ns=samples.started_ns[order],
        finished_ns=samples.finished_ns[order],
    )
    assert () == found_by("clock_backwards", claim_about(shuffled))


def test_a_clock_that_only_goes_forward_has_no_finding() -> None:
    assert () == found_by("clock_backwards", claim_about(clean_samples(1, n=1_000)))
