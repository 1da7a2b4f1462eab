"""What happened while the slowest operations ran: one planted cause after the other."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.analysis.attribution import CAUSES, attribution, fence, outliers
from bizra_lab.model import Collection, Estimate, Instrument, Outliers, Samples, Sighting, Unavailable, Use
from bizra_lab.testing import clean_samples, samples_from

US, MS = 1_000, 1_000_000

QUIET = Instrument("c", 30.0, 40.0, (), 1_000 * MS, slow_ns=1)
SLOW = 1_000  # the place of the one slow operation among two thousand


def _one_slow(took_ns: int) -> Samples:
    """Two thousand operations of 10 µs, one of which took longer."""
    return samples_from([10 * US] * SLOW + [took_ns] + [10 * US] * 999)


def _sighting(samples: Samples, place: int = SLOW, **counted: int) -> Sighting:
    """A look after one operation, by default at a span of nothing but it, all of it on the CPU."""
    took_ns = int(samples.service_ns[place])
    nothing = dict.fromkeys(("voluntary", "involuntary", "minor_faults", "major_faults"), 0)
    usual = {"span_ns": took_ns, "cpu_ns": took_ns, "process_cpu_ns": counted.get("cpu_ns", took_ns)}
    return Sighting(int(samples.worker[place]), int(samples.finished_ns[place]), **{**nothing, **usual, **counted})


def _found(samples: Samples, instrument: Instrument | None) -> Outliers:
    found = outliers(dataclasses.replace(samples, instrument=instrument))
    assert isinstance(found, Outliers), found
    return found


def _cause(samples: Samples, instrument: Instrument) -> str:
    """The cause of the one outlier there is."""
    found = _found(samples, instrument)
    (cause,) = (name for name, count in found.counts.items() if count)
    assert 1 == found.counts[cause]
    assert found.excess_ns[cause] == sum(found.excess_ns.values())
    return cause


def _collecting(started_ns: int, duration_ns: int) -> Instrument:
    return dataclasses.replace(QUIET, collections=(Collection(started_ns, duration_ns, 2),))


def test_half_of_the_excess_in_a_collection_makes_it_the_collections() -> None:
    samples = _one_slow(1_010 * US)
    began_ns = int(samples.started_ns[SLOW])
    assert "gc" == _cause(samples, _collecting(began_ns + 100 * US, 500 * US))
    assert "not_looked_at" == _cause(samples, _collecting(began_ns + 100 * US, 490 * US))


def test_only_what_overlaps_of_a_collection_counts() -> None:
    """It lasts 2 ms, and the operation begins when 400 µs of it are left."""
    samples = _one_slow(1_010 * US)
    began_ns = int(samples.started_ns[SLOW])
    assert "not_looked_at" == _cause(samples, _collecting(began_ns - 1_600 * US, 2_000 * US))
    assert "gc" == _cause(samples, _collecting(began_ns - 1_400 * US, 2_000 * US))


def test_several_collections_add_up_and_overlapping_ones_do_not_count_twice() -> None:
    samples = _one_slow(1_010 * US)
    began_ns = int(samples.started_ns[SLOW])
    apart = tuple(Collection(began_ns + place * US, 300 * US, 0) for place in (600, 100))
    together = tuple(Collection(began_ns + place * US, 300 * US, 0) for place in (100, 150))
    assert "gc" == _cause(samples, dataclasses.replace(QUIET, collections=apart))
    assert "not_looked_at" == _cause(samples, dataclasses.replace(QUIET, collections=together))


@pytest.mark.parametrize(
    ("cause", "counted"),
    [
        ("page_faults", {"major_faults": 1}),
        ("page_faults", {"minor_faults": 600}),  # at 1.5 µs each
        ("unexplained", {"minor_faults": 100}),
        ("involuntary_switch", {"cpu_ns": 400 * US, "involuntary": 1}),
        ("involuntary_switch", {"cpu_ns": 400 * US, "involuntary": 1, "voluntary": 1}),
        ("unexplained", {"cpu_ns": 900 * US, "involuntary": 1}),  # but hardly off the CPU
        ("gil_wait", {"cpu_ns": 10 * US, "process_cpu_ns": 1_000 * US, "voluntary": 1}),
        ("waited", {"cpu_ns": 10 * US, "process_cpu_ns": 200 * US, "voluntary": 1}),
        ("unexplained", {"cpu_ns": 900 * US, "voluntary": 1}),
        ("unexplained", {"cpu_ns": 10 * US}),  # off the CPU, and no switch says why
        ("unexplained", {}),  # on the CPU all the time
    ],
)
def test_the_kernels_counters_tell_causes_apart(cause: str, counted: dict[str, int]) -> None:
    samples = _one_slow(1_010 * US)
    sightings = (_sighting(samples, **counted),)
    assert cause == _cause(samples, dataclasses.replace(QUIET, sightings=sightings))


def test_a_sighting_belongs_to_the_worker_and_the_moment_it_was_made() -> None:
    samples = _one_slow(1_010 * US)
    seen = _sighting(samples, major_faults=1)
    for other in (dataclasses.replace(seen, worker=1), dataclasses.replace(seen, finished_ns=seen.finished_ns + 1)):
        assert "not_looked_at" == _cause(samples, dataclasses.replace(QUIET, sightings=(other,)))


def test_what_a_worker_usually_waits_is_no_cause() -> None:
    """Operations sleep nine tenths of their time; over 3 ms that explains 1.8 ms off the CPU, not a burst of 1 ms."""
    samples = _one_slow(1_010 * US)
    use = Use(0, wall_ns=1_000 * MS, cpu_ns=100 * MS, voluntary=100, involuntary=0, minor_faults=0, major_faults=0)
    burst = _sighting(samples, span_ns=3_000 * US, cpu_ns=1_200 * US, voluntary=9)
    sleep = _sighting(samples, span_ns=3_000 * US, cpu_ns=210 * US, voluntary=9)
    known = dataclasses.replace(QUIET, uses=(use,))
    assert "unexplained" == _cause(samples, dataclasses.replace(known, sightings=(burst,)))
    assert "waited" == _cause(samples, dataclasses.replace(known, sightings=(sleep,)))
    assert "waited" == _cause(samples, dataclasses.replace(QUIET, sightings=(burst,)))


def test_page_faults_that_a_worker_usually_has_are_no_cause() -> None:
    """A thousand faults in each ms of the window; over 3 ms, 2,000 of them belong to the operations before."""
    samples = _one_slow(1_010 * US)
    use = Use(0, 1_000 * MS, 1_000 * MS, 0, 0, minor_faults=1_000_000, major_faults=0)
    usual, more = (_sighting(samples, span_ns=3_000 * US, minor_faults=each) for each in (2_100, 2_600))
    known = dataclasses.replace(QUIET, uses=(use,))
    assert "page_faults" == _cause(samples, dataclasses.replace(known, sightings=(more,)))
    assert "unexplained" == _cause(
        samples, dataclasses.replace(known, sightings=(dataclasses.replace(usual, cpu_ns=3_000 * US),))
    )


def test_where_a_worker_is_interrupted_all_the_time_that_it_was_is_no_cause() -> None:
    """Five thousand times a second: 10 in 2 ms, and one more that lasted."""
    samples = _one_slow(1_010 * US)
    use = Use(0, 1_000 * MS, 1_000 * MS, 0, involuntary=5_000, minor_faults=0, major_faults=0)
    found = []
    for involuntary in (10, 11):
        seen = _sighting(samples, span_ns=3_000 * US, cpu_ns=2_000 * US, voluntary=1, involuntary=involuntary)
        found.append(_cause(samples, dataclasses.replace(QUIET, uses=(use,), sightings=(seen,))))
    assert ["waited", "involuntary_switch"] == found


@pytest.mark.parametrize(
    ("cause", "steal_ns", "counted"),
    [
        ("steal", 500 * US, {"cpu_ns": 10 * US}),
        ("unexplained", 499 * US, {"cpu_ns": 10 * US}),
        ("steal", 500 * US, {}),  # where stolen time counts as the thread's own
        ("waited", 500 * US, {"cpu_ns": 10 * US, "voluntary": 1}),
        ("unexplained", 500 * US, {"cpu_ns": 900 * US, "voluntary": 1}),
    ],
)
def test_stolen_time_is_laid_to_what_no_switch_explains(cause: str, steal_ns: int, counted: dict[str, int]) -> None:
    samples = _one_slow(1_010 * US)
    stolen = dataclasses.replace(QUIET, steal_ns=steal_ns, sightings=(_sighting(samples, **counted),))
    assert cause == _cause(samples, stolen)


def test_without_an_instrument_nobody_looked() -> None:
    assert 1 == _found(_one_slow(1_010 * US), None).counts["not_looked_at"]


def test_each_outlier_has_one_cause_and_the_worst_are_listed() -> None:
    """Twenty slow ones, 1 ms, 2 ms … 20 ms, the even ones in a collection of their own length."""
    times = np.full(4_000, 10 * US)
    places = np.arange(100, 2_100, 100)
    times[places] = np.arange(1, 21) * MS
    samples = samples_from(times)
    collections = tuple(
        Collection(int(samples.started_ns[place]), int(samples.service_ns[place]), 2) for place in places[1::2]
    )
    found = _found(samples, dataclasses.replace(QUIET, collections=collections))
    assert {"gc": 10, "not_looked_at": 10} == {name: count for name, count in found.counts.items() if count}
    assert (10 * US, 4_000) == (found.median_ns, found.operations)
    assert 110 * MS - 10 * 10 * US == found.excess_ns["gc"]
    assert 100 * MS - 10 * 10 * US == found.excess_ns["not_looked_at"]
    assert [(20 * MS, "gc"), (19 * MS, "not_looked_at"), (18 * MS, "gc")] == [each[1:] for each in found.worst[:3]]
    assert 10 == len(found.worst)
    # 2,000 operations lie before the slowest: 1,981 of 10 µs, and nineteen of 1 … 19 ms.
    assert 0.01981 + 0.190 == pytest.approx(found.worst[0][0])


def test_two_workers_are_told_apart() -> None:
    times = [10 * US] * 2_000
    times[1_000] = times[1_001] = 1_010 * US  # one of each worker, at the same time
    samples = samples_from(times, workers=2)
    assert samples.finished_ns[1_000] == samples.finished_ns[1_001]
    seen = (_sighting(samples, 1_000, major_faults=1), _sighting(samples, 1_001, cpu_ns=10 * US, voluntary=1))
    found = _found(samples, dataclasses.replace(QUIET, sightings=seen))
    assert (1, 1) == (found.counts["page_faults"], found.counts["waited"])


# ---- the fence -------------------------------------------------------------------------------------------------


def test_the_fence_lies_three_ratios_of_the_quartiles_beyond_the_upper_one() -> None:
    """100 and 200: 200 × 2 × 2 × 2."""
    assert 1_600.0 == fence(100, 150, 200, 1.0)


def test_quartiles_that_the_clock_cannot_tell_apart_are_a_step_apart() -> None:
    """100 and 100 by a clock of 50 ns: 150 × 1.5 × 1.5 × 1.5."""
    assert 506.25 == pytest.approx(fence(100, 100, 100, 50.0))


def test_what_is_less_than_twice_the_median_is_never_far_out() -> None:
    assert 2_000.0 == fence(990, 1_000, 1_010, 1.0)


def test_quartiles_of_zero_have_a_fence() -> None:
    """By a clock of 1 ms: 2 ms × 2 × 2 × 2."""
    assert 16.0 * MS == fence(0, 0, 0, 1.0 * MS)


@pytest.mark.parametrize("spread", [0.1, 0.5, 1.5])
def test_hardly_any_log_normal_time_is_far_out_however_wide(spread: float) -> None:
    rng = np.random.default_rng(5)
    samples = samples_from((np.exp(spread * rng.standard_normal(200_000)) * MS).astype(np.int64))
    assert 2 >= sum(_found(samples, None).counts.values())


def test_too_few_operations_have_no_fence() -> None:
    samples = samples_from([10 * US] * 99)
    assert Unavailable("99 operations have no quartiles to speak of; it needs 100") == outliers(samples)
    assert {outliers(samples)} == set(attribution(samples, 0.95).values())


# ---- as results ------------------------------------------------------------------------------------------------


def _results(samples: Samples, instrument: Instrument | None) -> dict[str, float]:
    found = attribution(dataclasses.replace(samples, instrument=instrument), 0.95)
    return {name: each.value for name, each in found.items() if isinstance(each, Estimate)}


def test_the_excess_divides_among_the_causes() -> None:
    samples = _one_slow(1_010 * US)
    found = _results(samples, _collecting(int(samples.started_ns[SLOW]), 1_000 * US))
    assert 1 / 2_000 == found["outliers.share"]
    assert 1_000 / (2_000 * 10 + 1_000) == pytest.approx(found["outliers.excess"])
    assert {f"outliers.excess.{cause}" for cause in CAUSES} < set(found)
    assert (1.0, 0.0) == (found["outliers.excess.gc"], found["outliers.excess.waited"])


def test_without_outliers_their_excess_has_no_parts() -> None:
    found = attribution(clean_samples(1), 0.95)
    assert Unavailable("no operation lies beyond the fence") == found["outliers.excess.gc"]
    excess = found["outliers.excess"]
    assert isinstance(excess, Estimate)
    assert 0.0 == excess.value


def test_what_workers_used_is_told_of_all_of_them_per_second_of_the_window() -> None:
    """Two workers over 2 s: on a CPU for 1 s and 2 s, three and five times made to wait, ten and thirty faults."""
    uses = (Use(0, 2_000 * MS, 1_000 * MS, 7, 3, 10, 0), Use(1, 2_000 * MS, 2_000 * MS, 7, 5, 29, 1))
    found = _results(_one_slow(10 * US), dataclasses.replace(QUIET, uses=uses))
    assert 0.75 == found["host.cpu_share"]
    assert 4.0 == found["host.involuntary_switches_per_s"]
    assert 20.0 == found["host.page_faults_per_s"]


def test_a_kernel_that_was_not_asked_tells_nothing() -> None:
    found = attribution(dataclasses.replace(_one_slow(10 * US), instrument=QUIET), 0.95)
    assert Unavailable("the kernel was not asked what the workers used") == found["host.cpu_share"]
    assert "host.cpu_share" not in attribution(_one_slow(10 * US), 0.95)
