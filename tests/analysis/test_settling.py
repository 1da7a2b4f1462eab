"""Whether a run settled, told of runs that were drawn to."""

from __future__ import annotations

import numpy as np
import pytest

from bizra_lab.analysis.settling import Settling, _steadiness, settling
from bizra_lab.analysis.stationarity import Steadiness, steadiness
from bizra_lab.model import Estimate, Floats, Unavailable
from bizra_lab.testing import samples_from


def _of(factors: Floats) -> Settling:
    """Times around 1 ms with a spread of a twentieth, each a multiple of that."""
    noise = 1 + 0.05 * np.random.default_rng(2).standard_normal(len(factors))
    return settling(samples_from((1e6 * factors * noise).astype(np.int64)))


def _known(found: Settling, name: str) -> Estimate:
    result = found.results[f"steady_state.{name}"]
    assert isinstance(result, Estimate), result
    return result


FLAT, SLOWER_AT_FIRST = _of(np.ones(10_000)), _of(np.where(np.arange(10_000) < 2_000, 3.0, 1.0))


def test_a_level_run_is_flat_from_its_first_operation_on() -> None:
    assert "flat" == FLAT.kind
    assert 1 == _known(FLAT, "levels").value
    assert Estimate(0.0, 0.0, 0.0, "s", 10_000) == _known(FLAT, "begins_s")
    assert 0.01 < _known(FLAT, "p_value").value


def test_a_warm_up_is_told_with_its_end_in_the_window() -> None:
    """2,000 operations of 3 ms are 6 s."""
    assert "warmup" == SLOWER_AT_FIRST.kind
    assert 2 == _known(SLOWER_AT_FIRST, "levels").value
    begins = _known(SLOWER_AT_FIRST, "begins_s")
    assert 6.0 == pytest.approx(begins.value, rel=0.01)
    assert 0 < begins.value - begins.low < 0.1 and 0 < begins.high - begins.value < 0.1
    assert 2_000 == pytest.approx(_known(SLOWER_AT_FIRST, "to_cut").value, abs=20)


def test_a_run_that_changes_at_its_end_has_no_steady_state() -> None:
    found = _of(np.where(np.arange(10_000) < 9_000, 1.0, 3.0))
    assert "no_steady_state" == found.kind
    reason = "no steady state: the last level holds less than 25% of the run"
    assert Unavailable(reason) == found.results["steady_state.begins_s"]


def test_a_drift_is_told_by_how_much_it_rose() -> None:
    rise = _known(_of(np.linspace(1.0, 1.5, 10_000)), "rise_ns")
    # From the middle of the first twentieth to that of the last.
    assert 0.475e6 == pytest.approx(rise.value, rel=0.02)
    assert rise.low > 0


def test_a_run_too_short_has_no_name() -> None:
    found = settling(samples_from([1_000] * 10))
    assert found.kind is None
    assert 5 == len(found.results)
    assert all(isinstance(each, Unavailable) for each in found.results.values())


def test_means_of_batches_settle_where_all_operations_do() -> None:
    """10,003 operations are 1,667 batches of 6; the first operation is in none, so that the last one is in one."""
    times = np.where(np.arange(10_003) < 1_999, 3e6, 1e6) * np.random.default_rng(3).uniform(0.9, 1.1, 10_003)
    whole, found = steadiness(times.astype(np.int64)), _steadiness(times.astype(np.int64))
    assert isinstance(whole, Steadiness) and isinstance(found, Steadiness)
    assert (1_999, "warmup", whole.batch) == (found.begins, found.kind, found.batch)
    assert whole.begins == found.begins
