"""What stays of runs without their operations, and what can be told from it."""

from __future__ import annotations

import dataclasses
import json
from functools import reduce
from typing import Any

import numpy as np
import pytest

from bizra_lab.analysis.estimate import AnalysisSettings, estimate
from bizra_lab.analysis.summary import Summary, document_of, merge, results, summary, summary_from
from bizra_lab.errors import LabError, Unreadable
from bizra_lab.harness.simulate import Exponential, OpenQueue, mm1_sojourn_quantile_ns, simulate
from bizra_lab.model import Estimate, Result, Samples, Unavailable
from bizra_lab.settings import canonical
from bizra_lab.testing import samples_from

QUEUE = OpenQueue(Exponential(), Exponential(), 0.5)
SETTINGS = AnalysisSettings(quantiles=(0.5, 0.99))


def machine(seed: int, n: int = 20_000) -> Samples:
    return simulate(QUEUE, n, 2_000, seed)


def merged(*machines: Samples) -> Summary:
    return reduce(merge, (summary(each, f"run {place}") for place, each in enumerate(machines)))


def known(found: Result) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


THREE = (machine(1), machine(2, 30_000), machine(3))
OF_THREE = results(merged(*THREE), SETTINGS)


def test_values_are_those_of_all_operations_together() -> None:
    """Of 70,000 latencies the largest 100,001 are kept: every one, so each rank is known to the nanosecond."""
    together = np.sort(np.concatenate([each.latency_ns for each in THREE]))
    assert float(together[0]) == known(OF_THREE["latency_ns.min"]).value
    assert float(together[34_999]) == known(OF_THREE["latency_ns.p50"]).value
    assert float(together[69_299]) == known(OF_THREE["latency_ns.p99"]).value
    assert float(together[-1]) == known(OF_THREE["latency_ns.max"]).value
    assert sum(together.tolist()) / 70_000 == known(OF_THREE["latency_ns.mean"]).value


def test_machines_side_by_side_complete_what_each_of_them_does() -> None:
    rates = [known(estimate(each, SETTINGS)["throughput_per_s"]) for each in THREE]
    found = known(OF_THREE["throughput_per_s"])
    assert sum(rate.value for rate in rates) == pytest.approx(found.value)
    # Errors of machines that know nothing of each other add up like the sides of a right angle.
    halves = [rate.high - rate.value for rate in rates]
    assert np.hypot.reduce(halves) == pytest.approx(found.high - found.value, rel=0.05)


def test_of_one_run_mean_and_rate_are_what_its_operations_gave() -> None:
    whole, alone = estimate(THREE[0], SETTINGS), results(merged(THREE[0]), SETTINGS)
    for name in ("throughput_per_s", "latency_ns.mean"):
        ours, theirs = known(alone[name]), known(whole[name])
        assert (theirs.value, theirs.low, theirs.high) == pytest.approx((ours.value, ours.low, ours.high))


def test_one_run_does_not_tell_how_sure_its_quantiles_are() -> None:
    alone = results(merged(THREE[0]), SETTINGS)
    found = alone["latency_ns.p99"]
    assert isinstance(found, Unavailable) and "it takes two" in found.reason
    seen = known(alone["seen.latency_ns.p99"])
    assert seen.low == seen.value == seen.high == float(np.sort(THREE[0].latency_ns)[19_799])


def test_what_takes_operations_is_unavailable() -> None:
    for name in ("littles_law.in_flight", "littles_law.ratio", "steady_state.begins_s"):
        assert isinstance(OF_THREE[name], Unavailable)


def test_the_intervals_cover_the_truth_of_queues_whose_operations_resemble_each_other() -> None:
    """40 times five machines: at least 36 of the intervals for 95 % hold the true p99; ranks alone do in 18."""
    truth_ns = mm1_sojourn_quantile_ns(0.99, 0.5)
    held = 0
    for study in range(40):
        machines = [machine(100 + 5 * study + each, 5_000) for each in range(5)]
        found = results(merged(*machines), SETTINGS)["latency_ns.p99"]
        held += known(found).low <= truth_ns <= known(found).high
    assert 36 <= held


def test_runs_that_agree_by_luck_are_no_surer_than_independent_operations() -> None:
    times = np.random.default_rng(1).integers(1_000_000, 2_000_000, 2_000)
    twice = results(merged(samples_from(times), samples_from(times)), SETTINGS)
    alone = estimate(samples_from(np.random.default_rng(2).permutation(np.tile(times, 2))), SETTINGS)
    ours, independent = known(twice["latency_ns.p50"]), known(alone["latency_ns.p50"])
    assert (independent.low, independent.high) == (ours.low, ours.high)


def test_outcomes_are_counted_together_whatever_each_run_knows_of() -> None:
    fine = samples_from([1_000] * 400)
    failing = samples_from([1_000] * 400, outcome=[0, 1] * 200, outcomes=("ok", "TimeoutError"))
    found = results(merged(fine, failing), SETTINGS)
    assert (0.75, 0.25, 0.25) == tuple(known(found[f"share.{name}"]).value for name in ("ok", "TimeoutError", "failed"))


def test_declarations_become_one() -> None:
    declared = merged(*THREE).measurement
    assert (3, 1500.0, 70_000) == (declared.load.workers, declared.load.rate_per_s, declared.operations_attempted)
    assert min(each.measurement.duration_s for each in THREE) == declared.duration_s


def _as_read(document: dict[str, Any], found: Summary) -> Summary:
    return summary_from(json.loads(canonical(document)), found.exact.tail, "a.parquet")


def test_the_order_and_the_number_of_mergers_do_not_matter_and_neither_does_a_file_between() -> None:
    a, b, c = (summary(each, f"run {place}") for place, each in enumerate(THREE))
    expected = results(merge(merge(a, b), c))
    assert expected == results(merge(c, merge(b, a)))
    assert expected == results(merge(a, _as_read(document_of(merge(b, c)), merge(b, c))))


def test_a_run_that_comes_twice_is_refused() -> None:
    with pytest.raises(LabError, match="the run run 0 is in both"):
        merge(merged(*THREE), summary(THREE[0], "run 0"))


@pytest.mark.parametrize(("field", "other"), [("name", "another"), ("scope", "http")])
def test_runs_of_different_things_are_refused(field: str, other: Any) -> None:
    changed = dataclasses.replace(THREE[1].measurement, **{field: other})
    with pytest.raises(LabError, match=f"{field} .*'{other}'; expected runs of one study"):
        merged(THREE[0], dataclasses.replace(THREE[1], measurement=changed))


def test_no_operations_cannot_be_summed_up() -> None:
    with pytest.raises(LabError, match="no operations"):
        summary(samples_from([]), "run")


def test_runs_too_short_for_an_interval_say_so() -> None:
    found = results(merged(samples_from([5] * 20), samples_from([6] * 20)), SETTINGS)
    for name in ("throughput_per_s", "latency_ns.mean", "latency_ns.p99"):
        assert isinstance(found[name], Unavailable)
    assert 6.0 == known(found["latency_ns.max"]).value


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("expected a list", {"runs": 3}),
        ("no runs", {"runs": []}),
        ("batches do not add up", {"total_ns": 1}),
        ("largest latencies of 20000, not 5", {"kept": 5}),
        ("missing; expected", {"smallest_ns": ...}),
    ],
)
def test_a_document_whose_parts_deny_each_other_is_refused(text: str, changed: dict[str, Any]) -> None:
    found = merged(THREE[0])
    document = {key: each for key, each in (document_of(found) | changed).items() if each is not ...}
    with pytest.raises(Unreadable, match=text):
        _as_read(document, found)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("expected a compressed histogram", {"latency_ns": "AAAAAAAAAAAAAAAA"}),
        ("29 slices and 30 batches", {"completed": [1] * 29}),
        ("7 outcomes of 20000 operations", {"outcomes": {"ok": 7}}),
        ("unknown setting", {"also": 1}),
    ],
)
def test_a_run_that_is_none_is_refused(text: str, changed: dict[str, Any]) -> None:
    found = merged(THREE[0])
    document = document_of(found)
    with pytest.raises(Unreadable, match=text):
        _as_read(document | {"runs": [document["runs"][0] | changed]}, found)
