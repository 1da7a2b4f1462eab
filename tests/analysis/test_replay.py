"""The plan and the service times, replayed: known queues, invariants of any queue, and one stall that a p99 shows."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizra_lab.analysis.quantiles import probability
from bizra_lab.analysis.replay import _response_of_one, _response_of_several, replayed, response_ns
from bizra_lab.harness.simulate import Constant, Exponential, OpenQueue, mg1_mean_wait_ns, mmc_mean_wait_ns, simulate
from bizra_lab.model import Estimate, Ints, Samples, Unavailable
from bizra_lab.testing import clean_samples

MS = 1_000_000  # ns

P50, P99 = probability(0.5), probability(0.99)

MM1 = OpenQueue(Exponential(), Exponential(), 0.8)
DM1 = OpenQueue(Constant(), Exponential(), 0.7)
MD1 = OpenQueue(Exponential(), Constant(), 0.7)
MM4 = OpenQueue(Exponential(), Exponential(), 0.8, servers=4)

OPERATIONS = 410_000
WARMUP = 10_000  # of them, which begin with an empty queue

TRUTH = Path(__file__).parent.parent / "data" / "queueing_truth.csv"

plans = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 300)), min_size=1, max_size=60).map(sorted)


def columns(plan: list[tuple[int, int]]) -> tuple[Ints, Ints]:
    """The due times and the service times of a drawn plan."""
    due_ns, takes_ns = np.array(plan, dtype=np.int64).T
    return due_ns, takes_ns


def settled_ns(queue: OpenQueue, seed: int) -> Ints:
    """The replayed response times of a simulated queue that has forgotten how it began."""
    samples = simulate(queue, OPERATIONS, 0, seed)
    return response_ns(samples.scheduled_ns, samples.service_ns, queue.servers)[WARMUP:]


@pytest.mark.parametrize(
    ("expected", "due", "takes", "workers"),
    [
        ([5, 5, 5], [0, 10, 20], [5, 5, 5], 1),  # nobody waits
        ([5, 9, 13], [0, 1, 2], [5, 5, 5], 1),  # each behind those before it
        ([5, 5, 8], [0, 1, 2], [5, 5, 5], 2),  # the third waits for the first to end
        ([10, 3, 3, 6, 1], [0, 1, 2, 3, 20], [10, 3, 1, 4, 1], 2),  # three behind the short one, none behind the long
        ([4, 4, 8, 8], [7, 7, 7, 7], [4, 4, 4, 4], 2),  # all due at once
        ([5, 5, 5], [-1_000, -999, -998], [5, 5, 5], 3),  # a clock may begin anywhere
        ([], [], [], 1),
        ([], [], [], 4),
    ],
)
def test_queues_worked_out_by_hand(expected: list[int], due: list[int], takes: list[int], workers: int) -> None:
    found = response_ns(np.array(due, dtype=np.int64), np.array(takes, dtype=np.int64), workers)
    assert expected == found.tolist()


@given(plans, st.integers(1, 6))
def test_only_busy_workers_make_an_operation_wait_and_none_is_overtaken(
    plan: list[tuple[int, int]], workers: int
) -> None:
    """What makes it first come, first served, whichever way it is computed."""
    due, takes = columns(plan)
    ends = due + response_ns(due, takes, workers)
    starts = ends - takes
    assert (starts >= due).all()
    assert (np.diff(starts) >= 0).all()
    for row, start in enumerate(starts.tolist()):
        before = ends[:row]
        assert int((before > start).sum()) < workers
        if start > due[row]:
            assert workers <= int((before >= start).sum())


@given(plans)
def test_one_worker_by_either_recursion_is_the_same(plan: list[tuple[int, int]]) -> None:
    due, takes = columns(plan)
    assert _response_of_one(due, takes, [0]).tolist() == _response_of_several(due, takes, [0]).tolist()


@given(plans, st.integers(1, 6))
def test_with_one_worker_more_nobody_waits_longer(plan: list[tuple[int, int]], workers: int) -> None:
    due, takes = columns(plan)
    assert (response_ns(due, takes, workers + 1) <= response_ns(due, takes, workers)).all()


@given(plans)
def test_with_a_worker_for_each_operation_nobody_waits(plan: list[tuple[int, int]]) -> None:
    due, takes = columns(plan)
    assert takes.tolist() == response_ns(due, takes, len(plan)).tolist()


@given(plans, st.integers(1, 4), st.lists(st.integers(0, 200), min_size=60, max_size=60))
def test_whatever_a_generator_puts_off_no_replayed_operation_ends_later_than_the_real_one(
    plan: list[tuple[int, int]], workers: int, sleeps: list[int]
) -> None:
    due, takes = columns(plan)
    let_go = np.maximum.accumulate(due + np.array(sleeps[: len(due)]))
    really_ended = let_go + response_ns(let_go, takes, workers)
    assert (due + response_ns(due, takes, workers) <= really_ended).all()


def test_what_is_replayed_block_by_block_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    due, takes = np.cumsum(rng.integers(0, 10, 1_000)), rng.integers(1, 30, 1_000)
    whole = response_ns(due, takes, 4)
    monkeypatch.setattr("bizra_lab.columns.ROWS", 64)
    assert whole.tolist() == response_ns(due, takes, 4).tolist()


@pytest.mark.parametrize("queue", [MM1, DM1, MD1, MM4], ids=lambda queue: queue.name)
def test_a_simulated_queue_replays_to_its_own_response_times_to_the_nanosecond(queue: OpenQueue) -> None:
    samples = simulate(queue, 50_000, 0, seed=2)
    found = response_ns(samples.scheduled_ns, samples.service_ns, queue.servers)
    assert samples.latency_ns.tolist() == found.tolist()


@pytest.mark.parametrize(
    ("queue", "tolerance"),
    # Of the quantile: three times what it spreads by over forty seeds, or more.
    [(MM1, 0.12), (DM1, 0.05)],
    ids=lambda value: value.name if isinstance(value, OpenQueue) else "",
)
def test_the_sojourn_of_a_queue_in_the_tables_is_theirs(queue: OpenQueue, tolerance: float) -> None:
    times_ns = settled_ns(queue, seed=3)
    with TRUTH.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["system"].startswith(queue.name)]
    assert 6 == len(rows)
    for row in rows[:4]:
        expected_ms, p = float(row["sojourn_quantile"]), float(row["p"])
        assert expected_ms == pytest.approx(float(np.quantile(times_ns, p)) / MS, rel=tolerance)
        assert float(row["mean_sojourn"]) == pytest.approx(times_ns.mean() / MS, rel=tolerance)


def test_constant_service_waits_as_long_as_pollaczek_and_khinchine_say() -> None:
    expected_ns = MS + mg1_mean_wait_ns(Constant(), 0.7)
    assert expected_ns == pytest.approx(settled_ns(MD1, seed=4).mean(), rel=0.024)


def test_several_workers_let_wait_as_long_as_erlang_says() -> None:
    expected_ns = MS + mmc_mean_wait_ns(4, 0.8)
    assert expected_ns == pytest.approx(settled_ns(MM4, seed=5).mean(), rel=0.05)


def stalled(seconds: int, workers: int) -> Samples:
    """1,000 operations a second of 1 ms each; every 2 s the server stands still for 200 ms, whoever is inside."""
    n = 1_000 * seconds
    due_ns = np.arange(n, dtype=np.int64) * MS
    into_period = np.arange(n) % 2_000
    # Who comes in while the server stands still leaves when it goes on; when all are inside nobody comes in any more.
    inside = (into_period >= 1_000) & (into_period < 1_000 + workers)
    takes_ns = np.where(inside, 1_200 - into_period, 1).astype(np.int64) * MS
    ends_ns = due_ns + response_ns(due_ns, takes_ns, workers)
    honest = simulate(OpenQueue(Constant(), Constant(), 0.25, servers=4), n, 0, seed=0)
    return dataclasses.replace(honest, scheduled_ns=due_ns, started_ns=ends_ns - takes_ns, finished_ns=ends_ns)


def test_a_stall_is_charged_to_the_operations_behind_it() -> None:
    """The quantile of the service hides it: of 2,000 operations only four were inside."""
    samples = stalled(seconds=10, workers=4)
    results = replayed(samples, (P50, P99), 0.95)
    p99 = results["replay.latency_ns.p99"]
    assert isinstance(p99, Estimate)
    assert 186 * MS == pytest.approx(p99.value, abs=5 * MS)
    assert 1 * MS == float(np.quantile(samples.service_ns, 0.99))


def test_the_results_are_named_and_have_intervals() -> None:
    samples = simulate(MM1, 20_000, 0, seed=6)
    results = replayed(samples, (P50, P99), 0.95)
    assert [f"replay.latency_ns.{which}" for which in ("mean", "p50", "p99", "max")] == list(results)
    p99, most = results["replay.latency_ns.p99"], results["replay.latency_ns.max"]
    assert isinstance(p99, Estimate) and isinstance(most, Estimate)
    assert p99.low < p99.value < p99.high < most.value
    assert (20_000, "ns") == (p99.n, p99.unit)
    assert float(samples.latency_ns.max()) == most.value == most.low == most.high


def test_rows_may_come_in_any_order() -> None:
    samples = simulate(MM4, 5_000, 0, seed=7)
    order = np.random.default_rng(8).permutation(len(samples))
    shuffled = dataclasses.replace(
        samples,
        **{name: getattr(samples, name)[order] for name in ("scheduled_ns", "started_ns", "finished_ns", "worker")},
    )
    assert replayed(samples, (P50, P99), 0.95) == replayed(shuffled, (P50, P99), 0.95)


def test_of_two_due_together_the_one_that_started_first_was_first() -> None:
    """A long one started before a short one; rows stand the other way round, behind a third that fell due later."""
    samples = simulate(MM1, 3, 0, seed=0)
    moved = dataclasses.replace(
        samples,
        scheduled_ns=np.array([50, 0, 0]),
        started_ns=np.array([140, 100, 0]),
        finished_ns=np.array([150, 110, 100]),
    )
    most = replayed(moved, (P50,), 0.95)["replay.latency_ns.max"]
    assert isinstance(most, Estimate)
    assert 110.0 == most.value


def test_a_closed_load_has_no_plan_to_replay() -> None:
    assert {} == replayed(clean_samples(1), (P50,), 0.95)


def test_without_operations_nothing_is_told() -> None:
    some = simulate(MM1, 1, 0, seed=0)
    names = ("scheduled_ns", "started_ns", "finished_ns", "worker", "outcome")
    none = dataclasses.replace(some, **{name: getattr(some, name)[:0] for name in names})
    assert {"replay.latency_ns.mean": Unavailable("no operations")} == replayed(none, (P50,), 0.95)


@pytest.mark.parametrize(
    ("reason", "due", "takes", "workers"),
    [
        ("unequal length: 2, 1", [0, 1], [1], 1),
        ("in the order in which operations fall due", [1, 0], [1, 1], 2),
        ("at least 1, got 0", [0], [1], 0),
    ],
)
def test_what_is_no_plan_is_refused(reason: str, due: list[int], takes: list[int], workers: int) -> None:
    with pytest.raises(ValueError, match=reason):
        response_ns(np.array(due), np.array(takes), workers)
