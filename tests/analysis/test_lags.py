"""How late operations started, and whose doing that was."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from bizra_lab.analysis.lags import lags, worker_was_free
from bizra_lab.harness.simulate import Exponential, OpenQueue, _many_servers, simulate
from bizra_lab.model import SUCCESS, Estimate, Ints, Load, Measurement, Results, Samples, Unavailable
from bizra_lab.testing import clean_samples

MS = 1_000_000  # ns


def open_samples(
    due_ns: Sequence[int] | Ints,
    service_ns: Sequence[int] | Ints,
    *,
    workers: int = 1,
    asleep_ns: Sequence[tuple[int, int]] = (),
    attempted: int | None = None,
) -> Samples:
    """
    An open load as it would be seen: workers take what falls due in the order of the plan.

    Nothing is started while the generator is asleep, from and to the given moments; what fell due then starts after.
    """
    due_ns = np.asarray(due_ns, dtype=np.int64)
    let_go_ns = due_ns.copy()
    for begin_ns, end_ns in asleep_ns:
        let_go_ns[(let_go_ns >= begin_ns) & (let_go_ns < end_ns)] = end_ns
    stamps = _many_servers(let_go_ns, np.asarray(service_ns, dtype=np.int64), workers)
    n = len(due_ns)
    rate_per_s = n * 1e9 / max(1, int(due_ns[-1] - due_ns[0])) if n else 1.0
    return Samples(
        measurement=Measurement(
            name="planted",
            scope="inproc",
            load=Load("open", workers, rate_per_s),
            warmup_s=30.0,
            duration_s=float(stamps.finished_ns.max() - due_ns[0]) / 1e9 if n else 0.0,
            clock_step_ns=1.0,
            operations_attempted=n if attempted is None else attempted,
        ),
        scheduled_ns=due_ns,
        started_ns=stamps.started_ns,
        finished_ns=stamps.finished_ns,
        outcome=np.zeros(n, dtype=np.uint8),
        outcomes=(SUCCESS,),
        worker=stamps.worker,
    )


def every_ms(n: int) -> Ints:
    """A plan of 1,000 operations a second."""
    return np.arange(n, dtype=np.int64) * MS


def value(results: Results, name: str) -> float:
    found = results[name]
    assert isinstance(found, Estimate), found
    return found.value


def test_a_plan_that_was_kept_has_no_lag_and_its_whole_rate() -> None:
    results = lags(open_samples(every_ms(4_000), [MS // 2] * 4_000), 0.95)
    names = ["lag_ns.p50", "lag_ns.p99", "lag_ns.max", "generator.lag_ns.p99"]
    assert [*names, "generator.achieved", "generator.never_started"] == list(results)
    assert [0.0] * 4 == [value(results, name) for name in names]
    assert 1.0 == value(results, "generator.achieved")
    assert 0.0 == value(results, "generator.never_started")


def test_a_generator_that_sleeps_while_workers_are_free_is_late_by_itself() -> None:
    """With 64 workers all 50 operations that fall due in each sleep of 50 ms have a worker to themselves."""
    sleeps = [(first * MS, (first + 50) * MS) for first in (1_000, 3_000)]
    results = lags(open_samples(every_ms(4_000), [MS] * 4_000, workers=64, asleep_ns=sleeps), 0.95)
    assert 50 * MS == value(results, "lag_ns.max")
    # One in a hundred of 4,000 is the 40th latest: 30 ms, two sleeps each leaving 20 that are later.
    assert 30 * MS == pytest.approx(value(results, "generator.lag_ns.p99"), abs=1 * MS)
    assert value(results, "lag_ns.p99") == value(results, "generator.lag_ns.p99")


def test_a_backlog_behind_a_slow_component_is_not_the_generators_lag() -> None:
    """Each second one operation takes 200 ms: the ones behind it are late, their worker was busy."""
    takes_ns = [200 * MS if row % 1_000 == 500 else MS // 2 for row in range(4_000)]
    results = lags(open_samples(every_ms(4_000), takes_ns), 0.95)
    assert 150 * MS < value(results, "lag_ns.p99")
    assert 0.0 == value(results, "generator.lag_ns.p99")


def test_a_true_queue_is_never_the_generators_lag() -> None:
    samples = simulate(OpenQueue(Exponential(), Exponential(), 0.8, servers=3), 20_000, 0, seed=1)
    results = lags(samples, 0.95)
    assert value(results, "lag_ns.p99") > 0.0 == value(results, "generator.lag_ns.p99")
    assert 0.99 < value(results, "generator.achieved") <= 1.0


def test_a_worker_is_free_when_its_last_operation_ended_by_then_and_at_first() -> None:
    """Two workers, one row each in turn: the second of each finds it free, just free, or busy."""
    some = open_samples([0, 0, 0, 0, 0, 0], [1] * 6, workers=3)
    samples = dataclasses.replace(
        some,
        scheduled_ns=np.array([0, 5, 7, 20, 20, 20]),
        started_ns=np.array([2, 9, 8, 21, 30, 20]),
        finished_ns=np.array([10, 20, 21, 22, 31, 21]),
        worker=np.array([0, 1, 2, 0, 1, 2], dtype=np.int32),
    )
    assert [True, True, True, True, True, False] == worker_was_free(samples).tolist()
    backwards = dataclasses.replace(
        samples,
        **{name: getattr(samples, name)[::-1] for name in ("scheduled_ns", "started_ns", "finished_ns", "worker")},
    )
    assert [False, True, True, True, True, True] == worker_was_free(backwards).tolist()


def test_a_plan_that_cannot_be_kept_is_achieved_in_part() -> None:
    """Operations of 1.25 ms by one worker, one due every ms: the last start comes when a quarter more has passed."""
    samples = open_samples(every_ms(4_000), [5 * MS // 4] * 4_000)
    assert 0.8 == pytest.approx(value(lags(samples, 0.95), "generator.achieved"))
    # But for the first operation the worker was never free: of the generator's own lag there is nothing to be told.
    assert 1 == int(worker_was_free(samples).sum())
    assert isinstance(lags(samples, 0.95)["generator.lag_ns.p99"], Unavailable)


def test_a_late_beginning_makes_no_rate_above_the_plans() -> None:
    results = lags(open_samples(every_ms(100), [MS // 2] * 100, asleep_ns=[(0, 5 * MS)]), 0.95)
    assert 1.0 == value(results, "generator.achieved")


def test_operations_of_the_plan_without_a_record_were_never_started() -> None:
    never = lags(open_samples(every_ms(100), [1] * 100, attempted=130), 0.95)["generator.never_started"]
    assert Estimate(30.0, 30.0, 30.0, "operations", 130) == never


def test_lags_leave_the_samples_as_they_were() -> None:
    samples = open_samples(every_ms(3_000), [MS * 3 // 2] * 3_000)
    before = [column.tolist() for column in (samples.scheduled_ns, samples.started_ns, samples.finished_ns)]
    lags(samples, 0.95)
    assert before == [column.tolist() for column in (samples.scheduled_ns, samples.started_ns, samples.finished_ns)]


def test_a_quantile_of_few_operations_is_unavailable() -> None:
    found = lags(open_samples(every_ms(100), [1] * 100), 0.95)["generator.lag_ns.p99"]
    assert isinstance(found, Unavailable)
    assert "it needs 2000" in found.reason


def test_a_plan_of_one_moment_has_no_rate() -> None:
    found = lags(open_samples([5, 5, 5], [1, 1, 1]), 0.95)["generator.achieved"]
    assert Unavailable("a plan of one moment has no rate") == found


def test_of_no_operations_only_their_number_is_told() -> None:
    results = lags(open_samples([], [], attempted=7), 0.95)
    assert 7.0 == value(results, "generator.never_started")
    assert ["generator.never_started"] == [name for name, each in results.items() if isinstance(each, Estimate)]


def test_a_closed_load_has_no_plan_to_be_late_for() -> None:
    assert {} == lags(clean_samples(1), 0.95)
