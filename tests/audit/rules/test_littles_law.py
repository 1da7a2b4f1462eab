"""λ·W against the workers declared."""

from __future__ import annotations

import dataclasses

import pytest

from bizra_lab.model import Weight
from bizra_lab.testing import clean_samples, samples_from
from tests.audit.claims import claim_about, found_by, summary


@pytest.mark.parametrize(
    ("refuted", "throughput_per_s", "mean_ns", "workers"),
    [
        (True, 523_793.0, 187_500.0, 50),  # the figure this suite began with, by its own mean: 98 in flight
        (True, 29_239.0, 191_100.0, 1),  # its sequential "expectation": 5.6 in flight of one worker
        (False, 523_793.0, 95_460.0, 50),  # the mean 50 workers allow
        (True, 148_906.0, 3.5e6, 512),
        (False, 148_906.0, 2.19e6, 512),  # too few in flight is another rule's business
        (False, 1000.0, 1e6, 1),
    ],
)
def test_more_in_flight_than_workers_is_refuted(
    refuted: bool, throughput_per_s: float, mean_ns: float, workers: int
) -> None:
    claim = summary(workers=workers, throughput_per_s=throughput_per_s, mean_ns=mean_ns, p50_ns=1e5)
    findings = found_by("littles_law", claim)
    assert refuted == any(finding.weight is Weight.REFUTES for finding in findings)


def test_the_median_is_never_taken_for_the_mean() -> None:
    claim = summary(workers=1, throughput_per_s=1000.0, mean_ns=9e5, p50_ns=5e6)
    assert () == found_by("littles_law", claim)


def test_a_hidden_second_worker_is_refuted_from_samples() -> None:
    samples = clean_samples(1, workers=2)
    one = dataclasses.replace(samples.measurement, load=dataclasses.replace(samples.measurement.load, workers=1))
    (finding,) = found_by("littles_law", claim_about(dataclasses.replace(samples, measurement=one)))
    assert "but 1 worker can have at most 1" in finding.message


@pytest.mark.parametrize("seed", range(20))
def test_workers_that_never_rest_are_within_their_limit(seed: int) -> None:
    for workers in (1, 8):
        assert () == found_by("littles_law", claim_about(clean_samples(seed, workers=workers)))


def test_an_open_load_has_no_such_limit() -> None:
    claim = claim_about(samples_from([1_000_000] * 1_000))
    opened = dataclasses.replace(claim, declared=dataclasses.replace(claim.declared, kind="open", rate_per_s=1e6))
    assert () == found_by("littles_law", opened)
