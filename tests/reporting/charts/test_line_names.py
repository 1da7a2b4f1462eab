from __future__ import annotations

import pytest

from bizra_lab.reporting.charts._line_names import moved_apart


def test_names_that_do_not_touch_stay_where_their_lines_end() -> None:
    assert {"low": 0.1, "high": 0.9} == moved_apart({"high": 0.9, "low": 0.1})


@pytest.mark.parametrize("end", [0.0, 0.5, 1.0])
def test_names_of_lines_that_end_at_one_place_are_moved_apart_within_the_axis(end: float) -> None:
    moved = list(moved_apart({"p50": end, "p99": end, "max": end}).values())
    assert 0 <= moved[0] < moved[0] + 0.05 < moved[1] < moved[1] + 0.05 < moved[2] <= 1


def test_names_keep_the_order_of_their_lines() -> None:
    assert ["p50", "p99", "max"] == list(moved_apart({"max": 0.52, "p50": 0.5, "p99": 0.51}))
