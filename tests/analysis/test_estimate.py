"""The list of results: which there are, and what they are for measurements whose truth is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.analysis.estimate import AnalysisSettings, estimate
from bizra_lab.harness.simulate import ClosedQueue, Exponential, OpenQueue, simulate
from bizra_lab.model import Estimate, Results, Samples, Unavailable
from bizra_lab.testing import clean_samples, samples_from

SETTINGS = AnalysisSettings(quantiles=(0.5, 0.99, 0.9999))


def value(results: Results, name: str) -> float:
    found = results[name]
    assert isinstance(found, Estimate), found
    return found.value


def test_one_worker_that_never_rests_completes_what_its_times_allow() -> None:
    results = estimate(samples_from([1_000_000] * 2_000), SETTINGS)
    assert 1000.0 == value(results, "throughput_per_s")
    assert 1e6 == value(results, "latency_ns.p50") == value(results, "latency_ns.mean")
    assert 1.0 == pytest.approx(value(results, "littles_law.in_flight"))
    assert 1.0 == pytest.approx(value(results, "littles_law.ratio"))
    assert 1.0 == value(results, "share.ok")


def test_the_names_come_in_the_order_they_are_read() -> None:
    assert [
        "throughput_per_s",
        "latency_ns.min",
        "latency_ns.mean",
        "latency_ns.p50",
        "latency_ns.p99",
        "latency_ns.p99.99",
        "latency_ns.max",
        "n_eff.latency_ns.p50",
        "n_eff.latency_ns.p99",
        "steady_state.begins_s",
        "share.ok",
        "share.failed",
        "littles_law.in_flight",
        "littles_law.ratio",
        "littles_law.balance",
        "littles_law.sampled_balance",
        "records.counted",
        "outliers.share",
        "outliers.fence_ns",
        "outliers.excess",
        "outliers.excess.gc",
        "outliers.excess.not_looked_at",
        "outliers.excess.page_faults",
        "outliers.excess.involuntary_switch",
        "outliers.excess.gil_wait",
        "outliers.excess.waited",
        "outliers.excess.steal",
        "outliers.excess.unexplained",
        "timer.step_ns",
    ] == list(estimate(clean_samples(1), SETTINGS))


def test_a_tail_without_operations_is_unavailable_and_says_what_it_needs() -> None:
    found = estimate(clean_samples(1), SETTINGS)["latency_ns.p99.99"]
    assert isinstance(found, Unavailable)
    assert "needs 200000" in found.reason


def test_a_worker_that_rests_between_operations_is_seen_in_the_ratio() -> None:
    results = estimate(samples_from([1_000_000] * 2_000, gap_ns=1_000_000), SETTINGS)
    assert 0.5 == pytest.approx(value(results, "littles_law.ratio"), rel=1e-3)


def test_each_outcome_has_its_share_and_failures_are_counted_together() -> None:
    outcome = [0, 0, 0, 1, 2] * 100
    results = estimate(
        samples_from([1_000] * 500, outcome=outcome, outcomes=("ok", "CallRefused", "ConnectionError")), SETTINGS
    )
    assert (0.6, 0.2, 0.2, 0.4) == tuple(
        value(results, f"share.{name}") for name in ("ok", "CallRefused", "ConnectionError", "failed")
    )


def test_response_and_service_are_told_apart_where_starts_were_planned() -> None:
    closed = samples_from([1_000_000] * 1_000)
    late = dataclasses.replace(closed, scheduled_ns=closed.started_ns - 500_000)
    results = estimate(late, SETTINGS)
    assert (1.5e6, 1e6) == (value(results, "latency_ns.p50"), value(results, "service_ns.p50"))
    assert not any(name.startswith("service_ns") for name in estimate(closed, SETTINGS))


def test_no_operations_give_reasons_not_numbers() -> None:
    results = estimate(samples_from([]), SETTINGS)
    assert isinstance(results["throughput_per_s"], Unavailable)
    assert isinstance(results["share.ok"], Unavailable)
    assert isinstance(results["littles_law.ratio"], Unavailable)


@pytest.mark.parametrize("confidence", [0.2, 1.0])
def test_a_confidence_that_says_nothing_or_everything_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence must lie in"):
        AnalysisSettings(confidence=confidence)


def test_the_mean_of_many_workers_is_batched_by_completion() -> None:
    """Two workers recorded one behind the other, the second twice as slow: the mean is of all, 1.5 ms."""
    both = np.concatenate([np.full(1_000, 1_000_000), np.full(1_000, 2_000_000)])
    results = estimate(samples_from(np.ravel(both.reshape(2, -1), order="F"), workers=2), SETTINGS)
    assert 1.5e6 == value(results, "latency_ns.mean")


def _grouped(samples: Samples) -> Samples:
    """The same operations, each worker's together, as several workers are recorded."""
    order = np.argsort(samples.worker, kind="stable")
    stamps = {name: getattr(samples, name)[order] for name in ("scheduled_ns", "started_ns", "finished_ns", "worker")}
    return dataclasses.replace(samples, outcome=samples.outcome[order], **stamps)


MM4 = OpenQueue(Exponential(), Exponential(), 0.8, servers=4)
KINDS = {
    "one worker": simulate(OpenQueue(Exponential(), Exponential(), 0.8), 20_000, 0, 1),
    "four workers by plan": simulate(MM4, 20_000, 0, 2),
    "four workers one behind the other": _grouped(simulate(MM4, 20_000, 0, 2)),
    "clients": simulate(ClosedQueue(8, 5e6), 20_000, 0, 3),
}


@pytest.mark.parametrize("kind", KINDS)
def test_short_blocks_of_columns_in_files_give_what_whole_columns_in_memory_give(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = estimate(KINDS[kind])
    monkeypatch.setattr("bizra_lab.columns.IN_FILE_FROM", 1)
    monkeypatch.setattr("bizra_lab.columns.ROWS", 999)
    monkeypatch.setattr("bizra_lab.columns._LOOKED_AT_EVERY", 64)
    monkeypatch.setattr("bizra_lab.analysis.dependence.ROWS", 999)
    assert whole == estimate(KINDS[kind])


def test_the_order_of_rows_changes_no_result() -> None:
    by_plan, grouped = (estimate(KINDS[f"four workers {how}"]) for how in ("by plan", "one behind the other"))
    assert by_plan == grouped


def test_quantiles_and_means_are_those_of_the_whole_column_sorted() -> None:
    samples = KINDS["four workers one behind the other"]
    results, sorted_ns = estimate(samples), np.sort(samples.latency_ns)
    assert float(sorted_ns[9_999]) == value(results, "latency_ns.p50")
    assert float(sorted_ns[17_999]) == value(results, "latency_ns.p90")
    assert sum(sorted_ns.tolist()) / 20_000 == value(results, "latency_ns.mean")
