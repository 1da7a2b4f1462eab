"""Simulated queues and the truth beside them."""

from __future__ import annotations

import pytest

from bizra_lab.analysis.estimate import AnalysisSettings, estimate
from bizra_lab.inquiries.known_truth import DEPENDENT, INDEPENDENT, Coverage, coverage, known_queue, sweep_of_clients
from bizra_lab.model import Estimate, Result, Unavailable


def _known(result: Result) -> Estimate:
    assert isinstance(result, Estimate), result
    return result


def test_the_truth_of_a_queue_is_known_by_the_names_of_its_results() -> None:
    """At a utilisation of one half operations of 1 ms stay 2 ms on average, and ln m times as long one in m."""
    queue = known_queue(0.5, 1_000, settings=AnalysisSettings(quantiles=(0.5, 0.99)))
    expected = {
        "throughput_per_s": (500.0, "per_s"),
        "latency_ns.mean": (2e6, "ns"),
        "latency_ns.p50": (1.3863e6, "ns"),
        "latency_ns.p99": (9.2103e6, "ns"),
        "littles_law.in_flight": (1.0, "operations"),
        "tail.shape": (0.0, "ratio"),
        "latency_ns.one_in_1000": (13.8155e6, "ns"),
        "latency_ns.one_in_1000000": (27.631e6, "ns"),
    }
    for name, (value, unit) in expected.items():
        assert value == pytest.approx(queue.truth[name].value, rel=1e-4), name
        assert unit == queue.truth[name].unit
    assert 1_000 == len(queue.samples)
    assert "simulated" == queue.samples.measurement.scope


def test_estimates_hold_the_truth() -> None:
    queue = known_queue(0.5, 200_000, seed=2)
    results = estimate(queue.samples)
    for name in ("throughput_per_s", "latency_ns.mean", "latency_ns.p99", "littles_law.in_flight"):
        assert _known(results[name]).low <= queue.truth[name].value <= _known(results[name]).high, name


@pytest.mark.parametrize(("utilisation", "operations"), [(0.0, 10), (1.0, 10), (0.5, 0)])
def test_a_queue_without_a_truth_or_operations_is_refused(utilisation: float, operations: int) -> None:
    with pytest.raises(ValueError, match=r"expected|stationary|utilisation must"):
        known_queue(utilisation, operations)


@pytest.fixture(scope="module")
def runs() -> Coverage:
    return coverage(0.8, 50_000, 60, seed=7)


def test_every_run_has_an_interval_of_each_kind_for_each_result(runs: Coverage) -> None:
    assert ["latency_ns.p50", "latency_ns.p90", "latency_ns.p95", "latency_ns.one_in_100000"] == list(runs.truth)
    for ways in runs.intervals.values():
        assert [(INDEPENDENT, 60), (DEPENDENT, 60)] == [(way, len(results)) for way, results in ways.items()]


def test_intervals_of_dependent_operations_hold_the_truth_and_those_as_if_independent_do_not(runs: Coverage) -> None:
    for name, ways in runs.held.items():
        assert 0.5 > _known(ways[INDEPENDENT]).value, name
        assert 0.88 < _known(ways[DEPENDENT]).value, name


def test_what_is_held_is_counted_among_the_runs_that_tell(runs: Coverage) -> None:
    name = "latency_ns.one_in_100000"
    told = [each for each in runs.intervals[name][DEPENDENT] if isinstance(each, Estimate)]
    assert 30 < len(told) < 60
    assert len(told) == _known(runs.held[name][DEPENDENT]).n
    # Twenty times as many operations as one in 5,000: ten times the mean of 5 ms, and a little more.
    assert 57.56e6 == pytest.approx(runs.truth[name], rel=1e-3)


def test_runs_without_an_interval_hold_nothing_and_miss_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = Unavailable("no tail today")
    monkeypatch.setattr("bizra_lab.inquiries.known_truth.tails.fit", lambda *_: reason)
    found = coverage(0.5, 1_000, 2)
    assert (reason, reason) == tuple(found.intervals["latency_ns.one_in_2000"][INDEPENDENT])
    assert Unavailable("no operations") == found.held["latency_ns.one_in_2000"][DEPENDENT]


def test_clients_of_one_server_do_what_is_exact_within_the_bounds() -> None:
    found = sweep_of_clients(seed=3)
    assert ["1 client", "2 clients", "4 clients", "8 clients", "16 clients"] == list(found.by_clients)
    for row in found.by_clients.values():
        exact = _known(row["X exactly"]).value
        assert exact == pytest.approx(_known(row["X"]).value, rel=0.02)
        assert _known(row["X at least"]).value - 1e-6 <= exact <= _known(row["X at most"]).value + 1e-6
        assert _known(row["R exactly"]).value == pytest.approx(_known(row["R"]).value, rel=0.03)
        assert _known(row["R"]).value == pytest.approx(_known(row["N/X − Z"]).value, rel=0.05)


def test_one_client_never_waits_and_many_keep_the_server_busy() -> None:
    """One asks every 5 ms; the server answers one a ms."""
    found = sweep_of_clients()
    assert (200.0, 1e6) == pytest.approx([_known(found.by_clients["1 client"][f"{x} exactly"]).value for x in "XR"])
    assert 1_000.0 == pytest.approx(found.exact[16.0], rel=1e-3)
    assert (200.0, 1_000.0, 1_000.0) == pytest.approx([found.at_most[each] for each in (1.0, 5.0, 16.0)])
    assert [1, 2, 4, 8, 16] == [clients for clients, _ in found.seen]
