"""The operational laws on worked examples, and the universal scalability law on published fits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizra_lab.analysis.operational import asymptotes, response_ns, scalability, utilisation
from bizra_lab.model import Estimate, Unavailable

# Throughput of a Sun SPARCcenter 2000 in SPEC SDM 91 by load, as distributed with the R package usl.
SPEC_LOAD = (1, 18, 36, 72, 108, 144, 216)
SPEC_THROUGHPUT = (64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2)


def test_a_disk_that_serves_twelve_a_second_for_25_ms_each_is_busy_for_three_tenths() -> None:
    assert pytest.approx(0.3) == utilisation(12.0, 25e6)


def test_two_servers_share_the_work() -> None:
    assert pytest.approx(0.75) == utilisation(3.0, 0.5e9, servers=2)


def test_25_users_that_think_for_18_s_and_complete_0_6_a_second_wait_for_23_7_s() -> None:
    """The disk of 30 % utilisation, 25 ms a visit and 20 visits an interaction completes 0.6 interactions a second."""
    interactions_per_s = 0.3 / (20 * 0.025)
    assert pytest.approx(23.6667, abs=1e-4) == response_ns(25, interactions_per_s, 18e9) / 1e9


def test_a_rate_at_which_workers_could_not_think_as_long_as_they_do_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2 workers .* cannot complete 3 /s; at most 2 /s"):
        response_ns(2, 3.0, 1e9)


def test_the_slowest_resource_and_the_empty_system_bound_a_closed_load() -> None:
    """Demands of 5, 4 and 3 s, a think time of 15 s: lines cross at 27/5 users, beyond it 0.2 a second at most."""
    few, many = (asymptotes(users, (5e9, 4e9, 3e9), 15e9) for users in (3, 20))
    assert 5.4 == pytest.approx(few.knee)
    assert (3 / 27, 12e9) == pytest.approx((few.throughput_at_most_per_s, few.response_at_least_ns))
    assert (0.2, 85e9) == pytest.approx((many.throughput_at_most_per_s, many.response_at_least_ns))
    assert (20 / 255, 240e9) == pytest.approx((many.throughput_at_least_per_s, many.response_at_most_ns))


@given(st.integers(1, 200), st.lists(st.floats(1e3, 1e9), min_size=1, max_size=5), st.floats(0, 1e10))
def test_bounds_of_throughput_and_of_response_are_one_by_the_response_time_law(
    workers: int, demands_ns: list[float], think_ns: float
) -> None:
    bounds = asymptotes(workers, demands_ns, think_ns)
    assert bounds.throughput_at_least_per_s <= bounds.throughput_at_most_per_s * (1 + 1e-12)
    assert bounds.response_at_least_ns == pytest.approx(
        response_ns(workers, bounds.throughput_at_most_per_s * (1 - 1e-12), think_ns), rel=1e-6, abs=think_ns * 1e-6
    )
    assert bounds.response_at_most_ns == pytest.approx(
        response_ns(workers, bounds.throughput_at_least_per_s, think_ns), rel=1e-6, abs=think_ns * 1e-6
    )


def test_what_is_no_measure_is_refused() -> None:
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="service_ns must be finite and not negative"):
            utilisation(1.0, wrong)
        with pytest.raises(ValueError, match="think_ns must be"):
            response_ns(1, 1.0, wrong)
        with pytest.raises(ValueError, match=r"demands_ns\[1\] must be"):
            asymptotes(1, [1.0, wrong])
    with pytest.raises(ValueError, match="throughput of 0"):
        response_ns(1, 0.0)
    with pytest.raises(ValueError, match="workers must be at least 1"):
        response_ns(0, 1.0)
    with pytest.raises(ValueError, match="servers must be at least 1"):
        utilisation(1.0, 1.0, servers=0)
    for none in ([], [0.0]):
        with pytest.raises(ValueError, match="no resource is used"):
            asymptotes(1, none)


def test_the_sparccenter_scales_as_published() -> None:
    """As R's usl 3.0.3 prints it: coefficients, standard errors, a residual error of 82.8, a peak of 1884 at 96.52."""
    found = scalability(SPEC_LOAD, SPEC_THROUGHPUT, 0.95)
    assert not isinstance(found, Unavailable)
    assert (0.0277285, 0.0001044, 89.99523) == pytest.approx(
        (found.contention.value, found.coherency.value, found.per_worker_per_s.value), rel=1e-3
    )
    t = 2.7764  # Student's 97.5 % quantile at 4 degrees of freedom
    halves = (each.high - each.value for each in (found.contention, found.coherency, found.per_worker_per_s))
    assert (t * 0.0091217, t * 0.0000199, t * 14.2134894) == pytest.approx(tuple(halves), rel=2e-3)
    assert 82.8 == pytest.approx(found.misfit_per_s, abs=0.05)
    assert isinstance(found.peak_workers, Estimate)
    assert 96.52 == pytest.approx(found.peak_workers.value, abs=0.005)
    assert 1884 == pytest.approx(float(found.throughput_per_s(found.peak_workers.value)), abs=0.5)


def test_an_exact_law_is_found_exactly() -> None:
    """The example of R's usl: contention and coherency of 0.02 each, one a second alone, as printed to 4 decimals."""
    found = scalability((1, 2, 4, 6, 8, 10), (1, 1.8868, 3.0769, 3.5294, 3.5398, 3.3557), 0.95)
    assert not isinstance(found, Unavailable)
    assert (0.02, 0.02, 1.0) == pytest.approx(
        (found.contention.value, found.coherency.value, found.per_worker_per_s.value), abs=1e-5
    )
    assert isinstance(found.peak_workers, Estimate)
    assert 7.0 == pytest.approx(found.peak_workers.value, abs=1e-3)
    assert found.misfit_per_s < 1e-4


laws = st.tuples(st.floats(0, 0.5), st.floats(1e-5, 0.01), st.floats(0.1, 1e7))


@given(laws)
def test_any_law_is_found_from_what_it_predicts(law: tuple[float, float, float]) -> None:
    contention, coherency, alone = law
    workers = [1, 2, 4, 8, 16, 32, 64]
    seen = [alone * n / (1 + contention * (n - 1) + coherency * n * (n - 1)) for n in workers]
    found = scalability(workers, seen, 0.95)
    assert not isinstance(found, Unavailable)
    assert list(law) == pytest.approx(
        [found.contention.value, found.coherency.value, found.per_worker_per_s.value], rel=1e-4, abs=1e-7
    )


def test_without_coherency_there_is_no_peak() -> None:
    """Contention alone bends throughput to a limit; a tenth of the work in turn, with noise of half a percent."""
    workers = np.array([1, 2, 4, 8, 16, 32, 64])
    noise = np.random.default_rng(3).normal(1, 0.005, len(workers))
    found = scalability(workers, 100 * workers / (1 + 0.1 * (workers - 1)) * noise, 0.95)
    assert not isinstance(found, Unavailable)
    assert Unavailable("up to 64 workers throughput does not show that it has a peak") == found.peak_workers


def test_throughput_that_rises_faster_than_workers_shows_as_misfit() -> None:
    found = scalability([1, 2, 4, 8], [10, 30, 90, 270], 0.95)
    assert not isinstance(found, Unavailable)
    assert (0.0, 0.0) == pytest.approx((found.contention.value, found.coherency.value), abs=1e-6)
    assert 30 < found.misfit_per_s


def test_throughput_that_never_rises_has_no_peak() -> None:
    found = scalability([1, 2, 4, 8, 16], [50, 50, 50, 50, 50], 0.95)
    assert not isinstance(found, Unavailable)
    assert 1.0 == pytest.approx(found.contention.value, abs=1e-6)
    assert isinstance(found.peak_workers, Unavailable)


def test_the_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """400 sweeps with noise of 2 %: 95 % intervals of the peak hold it in 91 to 98 % of them."""
    rng = np.random.default_rng(11)
    workers = np.repeat([1, 4, 8, 16, 32, 64, 96], 3)
    truth = 100 * workers / (1 + 0.03 * (workers - 1) + 0.0005 * workers * (workers - 1))
    held = 0
    for _ in range(400):
        found = scalability(workers, truth + rng.normal(0, 0.02 * truth.max(), len(truth)), 0.95)
        assert not isinstance(found, Unavailable)
        assert isinstance(found.peak_workers, Estimate)
        held += found.peak_workers.low <= math.sqrt(0.97 / 0.0005) <= found.peak_workers.high
    assert 0.91 <= held / 400 <= 0.98


def test_three_numbers_of_workers_do_not_show_how_throughput_scales() -> None:
    found = scalability([1, 2, 4, 4, 4], [10, 19, 35, 36, 34], 0.95)
    assert Unavailable("3 different numbers of workers do not show how throughput scales; it needs 4") == found
    assert isinstance(scalability([], [], 0.95), Unavailable)


@pytest.mark.parametrize(
    ("workers", "seen", "message"),
    [
        ([1, 2], [1.0], "needs one throughput"),
        ([1, 2, 3, 4], [1, 2, math.nan, 4], "finite numbers above 0"),
        ([0, 1, 2, 3], [1, 2, 3, 4], "finite numbers above 0"),
        ([1, 2, 3, 4], [1, 2, 3, -4], "finite numbers above 0"),
    ],
)
def test_what_is_no_sweep_is_refused(workers: list[float], seen: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scalability(workers, seen, 0.95)
