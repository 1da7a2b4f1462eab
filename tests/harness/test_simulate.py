"""Simulated queues: what theory says of each is what is found in its samples."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from bizra_lab.analysis.littles_law import over_window
from bizra_lab.harness.simulate import (
    ClosedQueue,
    Constant,
    Exponential,
    HyperExponential,
    LogNormal,
    OpenQueue,
    Times,
    _many_servers,
    _one_server,
    dm1_mean_sojourn_ns,
    dm1_sojourn_quantile_ns,
    dm1_wait_share,
    erlang_c,
    mg1_mean_wait_ns,
    mm1_mean_in_system,
    mm1_sojourn_quantile_ns,
    mmc_mean_wait_ns,
    repairman,
    simulate,
)
from bizra_lab.model import Load, Samples

MM1 = OpenQueue(Exponential(), Exponential(), 0.8)
MM3 = OpenQueue(Exponential(), Exponential(), 0.8, servers=3)
DM1 = OpenQueue(Constant(), Exponential(), 0.7)
GG1 = OpenQueue(HyperExponential(0.1, 10.0), LogNormal(1.0), 0.7)
CLOSED = ClosedQueue(clients=8, mean_think_ns=5e6)

OPERATIONS = 400_000
WARMUP = 10_000  # operations; M/M/1 at 0.8 forgets how it began within some hundreds

# How many neighbours count as one independent operation. For the mean wait of M/M/1 at utilisation ρ it is
# (2 + 5ρ − 4ρ² + ρ³) / ((1 − ρ)² (2 − ρ)), 82 at 0.8 (D. J. Daley, 1968, J. Australian Mathematical Society 8(4),
# 683-699), and the quantiles spread no more. Arrivals by the clock come in no bunches: over 40 seeds the quantiles of
# D/M/1 at 0.7 spread as if it were between 4 and 15, by quantile.
DEPENDENT = {"M/M/1": 82, "D/M/1": 15}

# Beyond it too few bunches of slow operations are seen for a standard error to mean anything.
QUANTILE_MAX = 0.999

STANDARD_ERRORS = 3.0  # the seeds are fixed: a test that passes once passes always

TRUTH = Path(__file__).parent.parent / "data" / "queueing_truth.csv"


def truth(system: str) -> list[dict[str, float]]:
    """The rows of one system; its times are in mean services."""
    with TRUTH.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row.pop("system").startswith(system)]
    return [{name: float(value) for name, value in row.items()} for row in rows]


def mean_wait_ns(samples: Samples) -> float:
    return float((samples.started_ns - samples.scheduled_ns).mean())


@pytest.mark.parametrize("queue", [MM1, DM1], ids=lambda queue: queue.name)
def test_the_sojourn_quantiles_of_a_queue_are_the_true_ones(queue: OpenQueue) -> None:
    latency_ns = simulate(queue, OPERATIONS, WARMUP, seed=1).latency_ns
    rows = [row for row in truth(queue.name) if row["p"] <= QUANTILE_MAX]
    assert 5 == len(rows)
    for row in rows:
        p, expected_ns = row["p"], row["sojourn_quantile"] * queue.mean_service_ns
        # The sojourn is exponential in both: at its p-quantile the density is (1 − p) over the mean.
        density = (1 - p) / (row["mean_sojourn"] * queue.mean_service_ns)
        error_ns = math.sqrt(p * (1 - p) * DEPENDENT[queue.name] / OPERATIONS) / density
        found_ns = float(np.quantile(latency_ns, p, method="inverted_cdf"))
        assert expected_ns == pytest.approx(found_ns, abs=STANDARD_ERRORS * error_ns)


@pytest.mark.parametrize("queue", [MM1, DM1], ids=lambda queue: queue.name)
def test_the_mean_sojourn_and_the_number_in_the_system_are_the_true_ones(queue: OpenQueue) -> None:
    samples = simulate(queue, OPERATIONS, WARMUP, seed=2)
    row = truth(queue.name)[0]
    # An exponential time spreads by its own mean.
    error = math.sqrt(DEPENDENT[queue.name] / OPERATIONS)
    assert row["mean_sojourn"] * 1e6 == pytest.approx(samples.latency_ns.mean(), rel=STANDARD_ERRORS * error)
    begin_ns, end_ns = int(samples.scheduled_ns[0]), int(samples.scheduled_ns[-1])
    seen = over_window(samples.scheduled_ns, samples.finished_ns, begin_ns, end_ns)
    assert row["L"] == pytest.approx(seen.in_flight, rel=STANDARD_ERRORS * error)


@pytest.mark.parametrize("queue", [MM1, MM3, DM1, CLOSED], ids=lambda queue: queue.name)
def test_littles_law_holds_to_the_last_digit_over_any_window(queue: OpenQueue | ClosedQueue) -> None:
    samples = simulate(queue, 20_000, 0, seed=3)
    begin_ns, end_ns = (int(samples.scheduled_ns[row]) for row in (5_000, 15_000))
    seen = over_window(samples.scheduled_ns, samples.finished_ns, begin_ns, end_ns)
    assert seen.in_flight == pytest.approx(seen.arrival_times_wait + seen.edge_before - seen.edge_after, rel=1e-12)


@pytest.mark.parametrize(
    ("servers", "utilisation", "of_share", "of_wait"),
    # The tolerances are three times what the share and the mean wait spread by over ten seeds.
    [(2, 0.7, 0.011, 0.043), (4, 0.8, 0.017, 0.072), (16, 0.9, 0.036, 0.144)],
)
def test_several_servers_let_wait_as_many_and_as_long_as_erlang_says(
    servers: int, utilisation: float, of_share: float, of_wait: float
) -> None:
    queue = OpenQueue(Exponential(), Exponential(), utilisation, servers)
    samples = simulate(queue, OPERATIONS, WARMUP, seed=4)
    waited = float((samples.started_ns > samples.scheduled_ns).mean())
    assert erlang_c(servers, utilisation) == pytest.approx(waited, rel=of_share)
    assert mmc_mean_wait_ns(servers, utilisation) == pytest.approx(mean_wait_ns(samples), rel=of_wait)


@pytest.mark.parametrize(
    ("service", "tolerance"),
    # Three times what the mean wait spreads by over forty seeds.
    [(Constant(), 0.024), (Exponential(), 0.04), (LogNormal(1.0), 0.06), (HyperExponential(0.1, 10.0), 0.08)],
    ids=lambda value: type(value).__name__,
)
def test_whatever_the_service_the_mean_wait_is_the_one_of_pollaczek_and_khinchine(
    service: Times, tolerance: float
) -> None:
    samples = simulate(OpenQueue(Exponential(), service, 0.7), OPERATIONS, WARMUP, seed=5)
    assert mg1_mean_wait_ns(service, 0.7) == pytest.approx(mean_wait_ns(samples), rel=tolerance)


@pytest.mark.parametrize("clients", [1, 2, 8, 20])
def test_a_closed_queue_has_the_throughput_and_the_response_of_the_repairman(clients: int) -> None:
    queue = ClosedQueue(clients, mean_think_ns=5e6)
    samples = simulate(queue, OPERATIONS, WARMUP, seed=6)
    throughput_per_s, response_ns = repairman(queue)
    # Over ten seeds they spread by at most 0.2 and 0.4 %.
    assert throughput_per_s == pytest.approx(len(samples) / samples.measurement.duration_s, rel=0.007)
    assert response_ns == pytest.approx(samples.latency_ns.mean(), rel=0.013)


def test_the_truths_are_those_of_the_tables() -> None:
    for row in truth("M/M/1"):
        assert row["sojourn_quantile"] == pytest.approx(mm1_sojourn_quantile_ns(row["p"], 0.8, 1.0), rel=1e-12)
        assert row["L"] == pytest.approx(mm1_mean_in_system(0.8))
        assert row["mean_sojourn"] == pytest.approx(1.0 + mg1_mean_wait_ns(Exponential(), 0.8, 1.0))
    for row in truth("D/M/1"):
        assert row["sojourn_quantile"] == pytest.approx(dm1_sojourn_quantile_ns(row["p"], 0.7, 1.0), rel=1e-12)
        assert row["mean_sojourn"] == pytest.approx(dm1_mean_sojourn_ns(0.7, 1.0), rel=1e-12)


def test_the_truths_agree_where_one_queue_is_a_case_of_another() -> None:
    assert 0.8 == pytest.approx(erlang_c(1, 0.8))
    assert mg1_mean_wait_ns(Exponential(), 0.8) == pytest.approx(mmc_mean_wait_ns(1, 0.8))
    assert mg1_mean_wait_ns(Constant(), 0.8) == pytest.approx(mg1_mean_wait_ns(Exponential(), 0.8) / 2)
    assert mg1_mean_wait_ns(LogNormal(0.0), 0.8) == mg1_mean_wait_ns(Constant(), 0.8)
    assert mg1_mean_wait_ns(HyperExponential(0.3, 1.0), 0.8) == pytest.approx(mg1_mean_wait_ns(Exponential(), 0.8))


def test_the_truths_of_small_queues_are_those_worked_out_by_hand() -> None:
    # Two servers at a half: the states weigh 1, 1, 1/2, 1/4, …; a third of them have both servers busy.
    assert 1 / 3 == pytest.approx(erlang_c(2, 0.5))
    assert 1e6 / 3 == pytest.approx(mmc_mean_wait_ns(2, 0.5))
    # One client never waits; of two that think as long as they are served, the states weigh 1, 2, 2.
    assert (500.0, 1e6) == pytest.approx(repairman(ClosedQueue(1, 1e6)))
    assert (800.0, 1.5e6) == pytest.approx(repairman(ClosedQueue(2, 1e6)))


def test_the_truths_of_extreme_queues_neither_overflow_nor_cancel() -> None:
    assert 0.0 < erlang_c(2_000, 0.5) < 1e-90
    assert 0.0 == dm1_wait_share(0.001)
    assert 0.999 < dm1_wait_share(0.9999) < 1.0


@pytest.mark.parametrize(
    "times",
    [Exponential(), Constant(), LogNormal(0.7), HyperExponential(0.1, 10.0)],
    ids=lambda times: type(times).__name__,
)
def test_drawn_times_have_the_mean_one_and_the_variance_they_promise(times: Times) -> None:
    drawn = times.draw(np.random.default_rng(7), 1_000_000)
    assert 1.0 == pytest.approx(drawn.mean(), rel=0.01)
    assert times.squared_cv == pytest.approx(drawn.var(), rel=0.03)


def test_one_server_takes_what_came_first_and_is_idle_only_when_nobody_is_there() -> None:
    stamps = _one_server(np.array([0, 1, 5, 20, 20]), np.array([3, 3, 1, 2, 2]))
    assert [0, 3, 6, 20, 22] == stamps.started_ns.tolist()
    assert [3, 6, 7, 22, 24] == stamps.finished_ns.tolist()


def test_of_two_servers_the_one_that_is_free_first_takes_the_next() -> None:
    stamps = _many_servers(np.array([0, 1, 2, 3, 20]), np.array([10, 3, 1, 4, 1]), 2)
    assert [0, 1, 4, 5, 20] == stamps.started_ns.tolist()
    assert [10, 4, 5, 9, 21] == stamps.finished_ns.tolist()
    assert [0, 1, 1, 1, 1] == stamps.worker.tolist()


def test_many_servers_that_are_one_do_the_same_as_one() -> None:
    rng = np.random.default_rng(8)
    arrived_ns, service_ns = np.cumsum(rng.integers(0, 10, 5_000)), rng.integers(1, 9, 5_000)
    one, many = _one_server(arrived_ns, service_ns), _many_servers(arrived_ns, service_ns, 1)
    assert one.started_ns.tolist() == many.started_ns.tolist()
    assert one.finished_ns.tolist() == many.finished_ns.tolist()


@pytest.mark.parametrize("queue", [MM1, MM3, DM1], ids=lambda queue: queue.name)
def test_no_two_operations_overlap_on_one_server(queue: OpenQueue) -> None:
    samples = simulate(queue, 50_000, 100, seed=9)
    assert set(range(queue.servers)) == set(samples.worker.tolist())
    for server in range(queue.servers):
        own = samples.worker == server
        assert (samples.started_ns[own][1:] >= samples.finished_ns[own][:-1]).all()


def test_in_a_closed_queue_neither_the_server_nor_a_client_does_two_things_at_once() -> None:
    samples = simulate(CLOSED, 50_000, 100, seed=10)
    assert (samples.started_ns[1:] >= samples.finished_ns[:-1]).all()
    assert set(range(8)) == set(samples.worker.tolist())
    for client in range(8):
        own = samples.worker == client
        assert (samples.scheduled_ns[own][1:] > samples.finished_ns[own][:-1]).all()


@pytest.mark.parametrize("queue", [MM1, MM3, DM1, CLOSED], ids=lambda queue: queue.name)
def test_rows_stand_in_the_order_of_arrival_and_service_begins_in_it(queue: OpenQueue | ClosedQueue) -> None:
    samples = simulate(queue, 50_000, 100, seed=11)
    assert (np.diff(samples.scheduled_ns) >= 0).all()
    assert (np.diff(samples.started_ns) >= 0).all()
    assert (samples.started_ns >= samples.scheduled_ns).all()
    assert (samples.finished_ns > samples.started_ns).all()


@pytest.mark.parametrize("queue", [MM1, MM3, DM1, CLOSED], ids=lambda queue: queue.name)
def test_the_same_seed_gives_the_same_digits_and_another_seed_others(queue: OpenQueue | ClosedQueue) -> None:
    first, again, other = (simulate(queue, 1_000, 10, seed) for seed in (1, 1, 2))
    for column in ("scheduled_ns", "started_ns", "finished_ns", "worker"):
        assert getattr(first, column).tolist() == getattr(again, column).tolist()
    assert first.finished_ns.tolist() != other.finished_ns.tolist()


def test_the_same_seed_brings_the_same_arrivals_whoever_serves_them() -> None:
    faster = OpenQueue(Exponential(), LogNormal(0.5), 0.4, mean_service_ns=5e5)
    slow, fast = (simulate(queue, 1_000, 0, seed=12) for queue in (MM1, faster))
    assert slow.scheduled_ns.tolist() == fast.scheduled_ns.tolist()
    assert slow.latency_ns.sum() > fast.latency_ns.sum()


@pytest.mark.parametrize("queue", [MM1, MM3, DM1, GG1, CLOSED], ids=lambda queue: queue.name)
def test_a_longer_simulation_begins_with_the_shorter_one(queue: OpenQueue | ClosedQueue) -> None:
    longer, shorter = (simulate(queue, operations, 10, seed=18) for operations in (2_000, 1_000))
    assert longer.scheduled_ns[:1_000].tolist() == shorter.scheduled_ns.tolist()
    assert longer.finished_ns[:1_000].tolist() == shorter.finished_ns.tolist()


def test_a_client_thinks_anew_each_time() -> None:
    samples = simulate(ClosedQueue(1, mean_think_ns=1e9), 1_000, 0, seed=19)
    answered_ns = [0, *samples.finished_ns[:-1].tolist()]
    thought_ns = samples.scheduled_ns - np.array(answered_ns)
    assert 1_000 == len(set(thought_ns.tolist()))
    assert 1e9 == pytest.approx(thought_ns.mean(), rel=0.1)


def test_no_operation_takes_no_time() -> None:
    # The fast ones take a nanosecond on average; a third of them would be rounded to none.
    service = HyperExponential(slow_share=0.001, slowdown=1e6)
    samples = simulate(OpenQueue(Exponential(), service, 0.5, mean_service_ns=1_000.0), 10_000, 0, seed=20)
    assert 1 == samples.service_ns.min()


def test_the_warm_up_happens_and_leaves_no_record() -> None:
    whole, rest = simulate(MM1, 1_000, 0, seed=13), simulate(MM1, 900, 100, seed=13)
    assert whole.scheduled_ns[100:].tolist() == rest.scheduled_ns.tolist()
    assert whole.finished_ns[100:].tolist() == rest.finished_ns.tolist()
    assert 900 == len(rest) == rest.measurement.operations_attempted
    assert int(rest.scheduled_ns[0]) / 1e9 == rest.measurement.warmup_s


def test_a_measurement_of_an_open_queue_declares_its_rate_and_its_servers() -> None:
    samples = simulate(OpenQueue(Constant(), Constant(), 0.5, servers=2), 10, 4, seed=14)
    assert "D/D/2" == samples.measurement.name
    assert "simulated" == samples.measurement.scope
    assert Load("open", 2, 1_000.0) == samples.measurement.load
    assert 1.0 == samples.measurement.clock_step_ns
    # One a millisecond: four before the window, then ten, of which the last takes a millisecond more.
    assert 0.005 == samples.measurement.warmup_s
    assert 0.010 == samples.measurement.duration_s
    assert [5_000_000, 6_000_000] == samples.scheduled_ns[:2].tolist()
    assert samples.succeeded.all()


def test_a_measurement_of_a_closed_queue_declares_its_clients() -> None:
    samples = simulate(CLOSED, 10, 4, seed=15)
    assert "M/M/1//8" == samples.measurement.name
    assert Load("closed", 8) == samples.measurement.load


def test_a_rate_is_exact_however_short_the_time_between_two_arrivals() -> None:
    queue = OpenQueue(Constant(), Constant(), 0.7, mean_service_ns=1_000.0)
    samples = simulate(queue, 700_000, 0, seed=16)
    assert 1_000_000_000 == int(samples.scheduled_ns[-1])


def test_an_overloaded_queue_grows_without_end_and_has_no_truth() -> None:
    latency_ns = simulate(OpenQueue(Exponential(), Constant(), 2.0), 10_000, 0, seed=17).latency_ns
    # Of two that arrive one is served: the n-th waits for half of those before it.
    assert 5_000e6 == pytest.approx(latency_ns[-1], rel=0.05)
    for truth_of in (mm1_sojourn_quantile_ns, dm1_sojourn_quantile_ns):
        with pytest.raises(ValueError, match="stationary when 0 < utilisation < 1, got 2"):
            truth_of(0.5, 2.0)
    for mean_of in (mm1_mean_in_system, dm1_mean_sojourn_ns):
        with pytest.raises(ValueError, match="stationary when 0 < utilisation < 1, got 1"):
            mean_of(1.0)
    with pytest.raises(ValueError, match="stationary when 0 < utilisation < 1, got 2"):
        mg1_mean_wait_ns(Constant(), 2.0)
    with pytest.raises(ValueError, match="stationary when 0 < utilisation < 1, got 2"):
        mmc_mean_wait_ns(2, 2.0)


def test_what_cannot_be_simulated_is_refused() -> None:
    with pytest.raises(ValueError, match="utilisation must be above 0, got 0"):
        OpenQueue(Exponential(), Exponential(), 0.0)
    with pytest.raises(ValueError, match="servers must be at least 1, got 0"):
        OpenQueue(Exponential(), Exponential(), 0.5, servers=0)
    with pytest.raises(ValueError, match="mean_service_ns must be at least 1000 ns"):
        OpenQueue(Exponential(), Exponential(), 0.5, mean_service_ns=10.0)
    with pytest.raises(ValueError, match="time between arrivals must be at least 1000 ns"):
        OpenQueue(Exponential(), Exponential(), 0.5, servers=100, mean_service_ns=1_000.0)
    with pytest.raises(ValueError, match="clients must be at least 1, got 0"):
        ClosedQueue(0, 1e6)
    with pytest.raises(ValueError, match="mean_think_ns must be at least 1000 ns"):
        ClosedQueue(1, 0.0)
    with pytest.raises(ValueError, match="spread must be at least 0, got -1"):
        LogNormal(-1.0)
    with pytest.raises(ValueError, match="slowdown ≥ 1"):
        HyperExponential(0.1, 0.5)
    for operations, warmup in ((0, 0), (1, -1)):
        with pytest.raises(ValueError, match="operations ≥ 1 and warmup_operations ≥ 0"):
            simulate(MM1, operations, warmup, seed=1)
    with pytest.raises(ValueError, match="p must lie in"):
        mm1_sojourn_quantile_ns(1.0, 0.5)
    with pytest.raises(ValueError, match="servers must be at least 1, got 0"):
        erlang_c(0, 0.5)
