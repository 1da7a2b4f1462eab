"""What charts draw: few points, each of them seen."""

from __future__ import annotations

import numpy as np
import pytest

from bizra_lab.analysis.curves import completions_by_slice, exceedance, timeline, window_of
from bizra_lab.errors import CannotMeasure
from bizra_lab.testing import clean_samples, samples_from


def test_an_exceedance_curve_falls_from_most_operations_to_one() -> None:
    curve = exceedance(samples_from(np.arange(1, 10_001) * 1000), 0.95)
    assert (np.diff(curve.latency_ns) > 0).all()
    assert (np.diff(curve.share) < 0).all()
    assert 1e-4 == curve.share[-1]
    assert ((curve.low <= curve.share) & (curve.share <= curve.high)).all()
    assert 60 > len(curve.share)


def test_a_point_says_how_many_operations_were_slower() -> None:
    times = np.arange(1, 1_001)
    curve = exceedance(samples_from(times), 0.95)
    for latency, share in zip(curve.latency_ns, curve.share, strict=True):
        assert (times > latency).mean() == pytest.approx(share)


def test_equal_latencies_are_one_point_and_nothing_is_slower_than_the_slowest() -> None:
    curve = exceedance(samples_from([100] * 900 + [200] * 99 + [300]), 0.95)
    assert ([100.0, 200.0], [0.1, 0.001]) == (curve.latency_ns.tolist(), curve.share.tolist())


@pytest.mark.parametrize("times", [[7], [7, 7], [7] * 1_000])
def test_where_none_is_slower_than_another_there_is_no_point(times: list[int]) -> None:
    assert 0 == len(exceedance(samples_from(times), 0.95).latency_ns)


def test_a_stall_stands_out_in_its_slice_of_the_timeline() -> None:
    times = np.full(6_000, 1_000_000)
    times[3_000] = 500_000_000
    drawn = timeline(samples_from(times), slices=60)
    # It ends 3.5 s into a window of 6.5 s, which is the 33rd of 60 slices.
    assert [32] == np.flatnonzero(drawn.max_ns == 500_000_000).tolist()
    assert 6_000 == drawn.operations.sum()
    assert 1.0 == pytest.approx(float(np.nanmean(drawn.in_flight)))


def test_a_slice_in_which_nothing_finished_is_a_gap_not_a_zero() -> None:
    drawn = timeline(samples_from([1_000] * 10 + [10_000_000]), slices=10)
    assert np.isnan(drawn.p50_ns[5])
    assert 1.0 == pytest.approx(drawn.in_flight[5])


def test_four_workers_keep_four_in_flight() -> None:
    drawn = timeline(clean_samples(3, workers=4))
    assert 4.0 == pytest.approx(float(drawn.in_flight[5:50].mean()), rel=1e-3)


def test_every_operation_is_in_one_slice_whatever_the_order_of_workers() -> None:
    samples = clean_samples(5, n=1_001, workers=3)
    assert 1_001 == completions_by_slice(samples, 30).sum()
    begin, end = window_of(samples)
    assert (samples.started_ns.min(), samples.finished_ns.max()) == (begin, end)


def test_nothing_recorded_has_nothing_to_draw() -> None:
    with pytest.raises(CannotMeasure, match="nothing to draw"):
        exceedance(samples_from([]), 0.95)
