"""Records against a counter that is not the records."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.model import Cut, InFlight, Instrument, Samples, Weight
from bizra_lab.testing import drafted, samples_from
from bizra_lab.testing.doctored import keeping, without_slowest
from tests.analysis.watched import DOCTORED, LOADS, honest
from tests.audit.claims import claim_about, found_by

MS = 1_000_000


@pytest.mark.parametrize(("found", "attempted"), [(0, 1_000), (0, 1_004), (0, 996), (1, 1_005), (1, 1_020), (1, 900)])
def test_only_operations_in_flight_at_the_edges_may_differ(found: int, attempted: int) -> None:
    claim = claim_about(samples_from([1_000] * 1_000, workers=4, attempted=attempted))
    findings = found_by("missing_operations", claim)
    assert found == len(findings)
    assert all(finding.weight is Weight.VOID for finding in findings)


def test_two_percent_lost_are_said_to_be_lost() -> None:
    (finding,) = found_by("missing_operations", claim_about(samples_from([1_000] * 980, attempted=1_000)))
    assert "980 records of 1,000 operations attempted: 20 (2.00%) left no record" == finding.message


def _watched(completed: int, cut: Cut | None = None) -> Samples:
    """Four workers, 1,000 operations of 1 ms each but for one of 5 ms, in a window of 1 s."""
    gate = InFlight(1_000 * MS, 4_000 * MS, completed)
    instrument = Instrument("c", 30.0, 40.0, (), 1_000 * MS, in_flight=gate, cut=cut)
    return dataclasses.replace(samples_from([1 * MS] * 3_999 + [5 * MS], workers=4), instrument=instrument)


@pytest.mark.parametrize(("found", "completed"), [(0, 4_000), (0, 4_004), (0, 3_996), (1, 4_005), (1, 3_900)])
def test_as_many_must_leave_the_gate_but_for_one_a_worker(found: int, completed: int) -> None:
    findings = found_by("missing_operations", claim_about(_watched(completed)))
    assert [Weight.VOID] * found == [finding.weight for finding in findings]


def test_what_left_the_gate_without_a_record_is_counted() -> None:
    (finding,) = found_by("missing_operations", claim_about(_watched(4_400)))
    assert (
        "4,000 records of 4,400 operations that went in and out of the gate: 400 (9.09%) left no record"
        == finding.message
    )


def test_what_had_begun_before_the_window_leaves_the_gate_without_a_record() -> None:
    assert 1 == len(found_by("missing_operations", claim_about(_watched(4_006))))
    assert () == found_by("missing_operations", claim_about(_watched(4_006, Cut(6, 4, 1 * MS, 1 * MS))))


def test_a_cut_operation_that_took_longest_makes_the_maximum_doubtful() -> None:
    assert () == found_by("missing_operations", claim_about(_watched(4_000, Cut(8, 0, 8 * MS, 5 * MS))))
    (finding,) = found_by("missing_operations", claim_about(_watched(4_000, Cut(8, 0, 8 * MS, 9 * MS))))
    assert Weight.DOUBT is finding.weight
    assert "took 9.000 ms as far as it was seen, longer than every recorded one (5.000 ms)" in finding.message
    assert finding.touches_result("latency_ns.max")
    assert not finding.touches_result("latency_ns.p50")


def test_cut_operations_that_fill_much_of_the_window_make_every_latency_doubtful() -> None:
    """Four workers have 4 s; 2 % of it is 80 ms."""
    assert () == found_by("missing_operations", claim_about(_watched(4_000, Cut(8, 0, 80 * MS, 5 * MS))))
    (finding,) = found_by("missing_operations", claim_about(_watched(4_000, Cut(8, 0, 200 * MS, 5 * MS))))
    assert Weight.DOUBT is finding.weight
    assert "8 operations that the window's edges cut fill 5.0% of the workers' time" in finding.message
    assert finding.touches_result("latency_ns.p50")


@pytest.mark.parametrize("load", LOADS)
def test_no_operation_of_an_honest_load_is_missed(load: str) -> None:
    findings = [each for seed in range(20) for each in found_by("missing_operations", claim_about(honest(load, seed)))]
    assert [] == [finding for finding in findings if finding.weight is Weight.VOID]


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("name", ["slowest_dropped", "upper_outliers_removed", "lost_at_random"])
def test_dropped_records_are_missed_though_the_recorders_own_counter_agrees(load: str, name: str) -> None:
    for seed in range(20):
        doctored = DOCTORED[name](honest(load, seed), np.random.default_rng(seed))
        (finding, *_) = found_by("missing_operations", claim_about(doctored))
        assert Weight.VOID is finding.weight
        assert "operations that went in and out of the gate" in finding.message


@pytest.mark.parametrize("load", ["closed_1", "closed_64", "heavy_1", "poisson_1", "constant_8"])
def test_slow_operations_leave_their_room_behind_though_the_counter_agrees(load: str) -> None:
    for seed in range(3):
        samples = drafted(load, seed, 20_000).seen()
        assert () == found_by("missing_operations", claim_about(samples))
        (finding,) = found_by("missing_operations", claim_about(without_slowest(samples, 0.01)))
        assert "left no record" in finding.message or "have no record" in finding.message


def test_an_even_plan_counts_its_empty_places() -> None:
    samples = drafted("constant_8", 1, 20_000).seen()
    kept = np.ones(len(samples), dtype=np.bool_)
    kept[1_000:1_100] = False
    (finding,) = found_by("missing_operations", claim_about(keeping(samples, kept)))
    assert finding.message.startswith("operations fell due every 6.500 ms, and 100 places of that plan (0.5000 %")


def test_workers_that_rest_after_each_operation_leave_no_operation_out() -> None:
    """They think for as long as ten operations take, more or less."""
    rng = np.random.default_rng(1)
    times_ns = rng.integers(900_000, 1_100_000, 12_000)
    started_ns = np.cumsum(np.append(0, times_ns[:-1] + rng.exponential(1e7, 11_999).astype(np.int64)))
    rests = dataclasses.replace(
        samples_from(times_ns), scheduled_ns=started_ns, started_ns=started_ns, finished_ns=started_ns + times_ns
    )
    assert () == found_by("missing_operations", claim_about(rests))
