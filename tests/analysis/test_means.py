"""Means and rates over batches."""

from __future__ import annotations

import numpy as np
import pytest

from bizra_lab.analysis import means
from bizra_lab.model import Estimate, Unavailable


def test_too_few_values_do_not_bound_a_mean() -> None:
    assert Unavailable("299 operations do not bound a mean; it needs 300") == means.mean(
        np.ones(299, np.int64), 0.95, "ns"
    )


def test_equal_values_have_a_mean_without_spread() -> None:
    assert Estimate(7.0, 7.0, 7.0, "ns", 300) == means.mean(np.full(300, 7, np.int64), 0.95, "ns")


def test_the_mean_is_of_all_values_not_of_the_usual_ones() -> None:
    """Nine in ten take 10, every tenth 1,010: the mean is 110, whatever the median says."""
    found = means.mean(np.tile([10] * 9 + [1_010], 60).astype(np.int64), 0.95, "ns")
    assert isinstance(found, Estimate)
    assert (110.0, 110.0) == (found.value, found.high)


def test_the_interval_is_students_over_thirty_batches() -> None:
    """Thirty batches of ten whose means are 1, 2, …, 30: mean 15.5, sd 8.803, t(29) at 97.5 % is 2.04523."""
    found = means.mean(np.repeat(np.arange(1, 31), 10).astype(np.int64), 0.95, "ns")
    assert isinstance(found, Estimate)
    assert 15.5 == found.value
    assert 2.04523 * 8.80341 / np.sqrt(30) == pytest.approx(found.high - found.value, rel=1e-4)


def test_batches_cover_the_mean_of_values_that_resemble_their_neighbours() -> None:
    """AR(1) at 0.9: the interval over single values covers 40 % of the time, that over batches about 95 %."""
    rng = np.random.default_rng(11)
    held = alone = 0
    for _ in range(300):
        noise = rng.standard_normal(6_000) * 1e5
        values = np.empty(6_000)
        values[0] = noise[0] / np.sqrt(1 - 0.81)
        for i in range(1, 6_000):
            values[i] = 0.9 * values[i - 1] + noise[i]
        whole = (values + 1e7).astype(np.int64)
        found = means.mean(whole, 0.95, "ns")
        assert isinstance(found, Estimate)
        held += found.low <= 1e7 <= found.high
        alone += abs(whole.mean() - 1e7) <= 1.96 * whole.std() / np.sqrt(6_000)
    assert 0.90 <= held / 300
    assert 0.60 > alone / 300


def test_a_rate_is_the_count_over_the_time() -> None:
    found = means.rate(np.full(30, 50, np.int64), 0.5, 0.95)
    assert Estimate(100.0, 100.0, 100.0, "per_s", 1500) == found


def test_no_time_has_no_rate() -> None:
    assert isinstance(means.rate(np.full(30, 50, np.int64), 0.0, 0.95), Unavailable)
