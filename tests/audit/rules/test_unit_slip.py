"""Durations in another unit than their stamps."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.model import Claim, Samples, Weight
from bizra_lab.study import claim_of
from bizra_lab.testing import SHAPES, drafted, samples_from
from bizra_lab.testing.doctored import in_another_unit
from tests.audit.claims import found_by


def records_of(samples: Samples) -> Claim:
    """All that this rule looks at."""
    return claim_of(samples, {})


@pytest.mark.parametrize("factor", [1_000.0, 1.024, 1 / 1.024, 1 / 1_000])
@pytest.mark.parametrize("load", ["closed_1", "closed_64", "heavy_1", "poisson_1"])
def test_durations_of_another_unit_are_doubted_with_their_factor(load: str, factor: float) -> None:
    for seed in range(5):
        slipped = in_another_unit(drafted(load, seed, 10_000).seen(), factor)
        (finding,) = found_by("unit_slip", records_of(slipped))
        said = float(finding.message.rpartition(" factor of ")[2])
        assert Weight.DOUBT is finding.weight
        assert max(factor, 1 / factor) == pytest.approx(said, rel=0.01)
        assert ("shorter" if factor > 1 else "longer") in finding.message


@pytest.mark.parametrize("load", SHAPES)
def test_honest_durations_are_left_alone(load: str) -> None:
    assert [] == [seed for seed in range(25) if found_by("unit_slip", records_of(drafted(load, seed, 10_000).seen()))]


def test_a_harness_that_takes_a_fixed_time_leaves_the_same_gap_behind_all() -> None:
    """After operations of 5 µs it takes from 0.1 to 0.8 µs until the next."""
    rng = np.random.default_rng(3)
    times_ns = (5_000 * np.exp(0.4 * rng.standard_normal(20_000))).astype(np.int64)
    started_ns = np.cumsum(np.append(0, times_ns[:-1] + rng.integers(100, 800, 19_999)))
    plain = samples_from(times_ns)
    rests = dataclasses.replace(
        plain, scheduled_ns=started_ns, started_ns=started_ns, finished_ns=started_ns + times_ns
    )
    assert () == found_by("unit_slip", records_of(rests))
    (finding,) = found_by("unit_slip", records_of(in_another_unit(rests, 1.024)))
    assert finding.message.startswith("what lies between an operation and the same worker's next grows by 2.")


def test_a_few_operations_that_waited_are_enough_where_all_agree() -> None:
    """Of two thousand one in a hundred waited for the one before."""
    rng = np.random.default_rng(1)
    due_ns = np.arange(2_000) * 10_000_000
    service_ns = rng.integers(2_000_000, 6_000_000, 2_000)
    service_ns[::100], service_ns[1::100] = rng.integers(11_000_000, 19_000_000, 20), 500_000
    started_ns = due_ns.copy()
    started_ns[1::100] = (due_ns + service_ns)[::100] + 300
    queue = drafted("poisson_1", 1, 2_000).seen()
    honest = Samples(
        measurement=queue.measurement,
        scheduled_ns=due_ns,
        started_ns=started_ns,
        finished_ns=started_ns + service_ns,
        outcome=np.zeros(2_000, np.uint8),
        outcomes=("ok",),
        worker=np.zeros(2_000, np.int32),
    )
    assert () == found_by("unit_slip", records_of(honest))
    assert 1 == len(found_by("unit_slip", records_of(in_another_unit(honest, 1.024))))


def test_of_a_handful_of_operations_nothing_is_said() -> None:
    assert () == found_by("unit_slip", records_of(in_another_unit(samples_from([1_000_000, 2_000_000]), 1.024)))
