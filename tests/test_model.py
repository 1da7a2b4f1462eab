"""The nouns refuse what they cannot mean."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.model import Estimate, Load, Tally
from bizra_lab.testing import samples_from


@pytest.mark.parametrize(
    ("sentence", "kind", "workers", "rate_per_s"),
    [
        ("workers must be at least 1, got 0", "closed", 0, None),
        ("rate_per_s must be above 0, got -1", "open", 1, -1.0),
        ("an open load needs rate_per_s", "open", 1, None),
        ("a closed load has no rate_per_s", "closed", 1, 5.0),
    ],
)
def test_a_load_that_cannot_be_offered_is_refused(sentence: str, kind: str, workers: int, rate_per_s: float) -> None:
    with pytest.raises(ValueError, match=sentence):
        Load(kind, workers, rate_per_s)  # type: ignore[arg-type]


def test_an_interval_holds_its_value() -> None:
    with pytest.raises(ValueError, match="an interval must hold its value"):
        Estimate(3.0, 1.0, 2.0, "ns", 10)
    with pytest.raises(ValueError, match="an interval must hold its value"):
        Estimate(float("nan"), 1.0, 2.0, "ns", 10)


def test_columns_of_unequal_length_are_refused() -> None:
    samples = samples_from([1, 2, 3])
    with pytest.raises(ValueError, match="columns of unequal length: 3, 3, 2"):
        dataclasses.replace(samples, finished_ns=samples.finished_ns[:2])


def test_an_outcome_without_a_name_is_refused() -> None:
    samples = samples_from([1, 2])
    with pytest.raises(ValueError, match="outcome 4 has no name among 1"):
        dataclasses.replace(samples, outcome=np.array([0, 4], np.uint8))
    with pytest.raises(ValueError, match="the first outcome must be 'ok'"):
        dataclasses.replace(samples, outcomes=("fine",))


def test_latency_counts_from_the_plan_and_service_from_the_start() -> None:
    samples = samples_from([10, 10])
    late = dataclasses.replace(samples, scheduled_ns=samples.started_ns - 7)
    assert ([17, 17], [10, 10]) == (late.latency_ns.tolist(), late.service_ns.tolist())


def test_a_tally_of_more_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="a tally counts some of all, got 4 of 3"):
        Tally(4, 3)
