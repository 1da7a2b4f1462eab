"""A plan of arrivals is made before the first of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizra_lab.harness.arrivals import plan_ns
from bizra_lab.model import Load


def test_constant_arrivals_are_evenly_spaced_from_the_beginning() -> None:
    plan = plan_ns(Load("open", rate_per_s=250.0), 0.02, np.random.default_rng(1))
    assert [0, 4_000_000, 8_000_000, 12_000_000, 16_000_000] == plan.tolist()


def test_a_rate_that_does_not_divide_a_second_does_not_drift() -> None:
    plan = plan_ns(Load("open", rate_per_s=3.0), 1000.0, np.random.default_rng(1))
    assert 3000 == len(plan)
    assert round(2999 / 3 * 1e9) == plan[-1]


def test_a_plan_too_short_for_its_rate_has_one_operation() -> None:
    assert [0] == plan_ns(Load("open", rate_per_s=0.5), 0.1, np.random.default_rng(1)).tolist()


def test_poisson_arrivals_have_exponential_gaps_of_the_right_mean() -> None:
    plan = plan_ns(Load("open", rate_per_s=1000.0, arrivals="poisson"), 100.0, np.random.default_rng(7))
    gaps_ns = np.diff(plan)
    assert 100_000 == pytest.approx(len(plan), abs=4 * 316)
    assert 1e6 == pytest.approx(gaps_ns.mean(), rel=0.02)
    assert 1e6 == pytest.approx(gaps_ns.std(), rel=0.02)
    assert np.exp(-3) == pytest.approx((gaps_ns > 3e6).mean(), rel=0.1)


def test_the_same_seed_gives_the_same_plan_and_another_another() -> None:
    load = Load("open", rate_per_s=100.0, arrivals="poisson")
    first, again, other = (plan_ns(load, 1.0, np.random.default_rng(seed)).tolist() for seed in (1, 1, 2))
    assert first == again != other


@given(st.floats(0.1, 1e5), st.floats(0.001, 1.0), st.sampled_from(["constant", "poisson"]))
def test_a_plan_rises_and_stays_within_its_duration(rate_per_s: float, duration_s: float, arrivals: str) -> None:
    plan = plan_ns(Load("open", 1, rate_per_s, arrivals), duration_s, np.random.default_rng(3))  # type: ignore[arg-type]
    assert (np.diff(plan) >= 0).all()
    assert not len(plan) or (plan[0] >= 0 and plan[-1] <= duration_s * 1e9 + 0.5e9 / rate_per_s)
