"""Operations that ended before they began."""

from __future__ import annotations

import dataclasses

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


def test_a_clock_that_only_goes_forward_has_no_finding() -> None:
    assert () == found_by("clock_backwards", claim_about(clean_samples(1, n=1_000)))
