"""Figures and dates as people write them down."""

from __future__ import annotations

import pytest

from bizra_lab.errors import LabError
from bizra_lab.importers._written import figure, figure_in_its_unit, moment


@pytest.mark.parametrize(
    ("low", "value", "high", "text"),
    [
        (115e3, 120e3, 125e3, "0.12 ms"),
        (0, 2e6, 2e6, "< 2 ms"),
        (1e6, 2e6, 3e6, "1 to 3 ms"),
        (2e6, 2e6, 2e6, "2 to 2 ms"),
        (30e9, 60e9, 90e9, "1 min"),
    ],
)
def test_a_figure_stands_for_all_that_it_may_be(low: float, value: float, high: float, text: str) -> None:
    read = figure(text, "ns", 7, "")
    assert [low, value, high] == pytest.approx([read.low, read.value, read.high])
    assert ("ns", 7) == (read.unit, read.n)


@pytest.mark.parametrize(
    ("unit", "text"),
    [("ns", "5 min"), ("ns", "5 us"), ("per_s", "5 req/s"), ("share", "5 %"), ("KB", "5 KB"), ("days", "5 days")],
)
def test_a_figure_of_any_kind_keeps_its_unit_where_the_lab_has_none(unit: str, text: str) -> None:
    assert unit == figure_in_its_unit(text, 0, "").unit
    assert unit == figure_in_its_unit(f"< {text}", 0, "").unit


@pytest.mark.parametrize(
    ("wide_s", "ahead_s", "text"),
    [
        (86_400, None, "2025-10-19"),
        (60, None, "2025-10-19T00:11"),
        (1, 0, "2025-10-19T00:11:30Z"),
        (60, 4 * 3600, "2025-10-19T00:11+04:00"),
        (60, -5.5 * 3600, "2025-10-19T00:11-05:30"),
    ],
)
def test_a_date_is_any_moment_within_its_last_part(wide_s: float, ahead_s: float | None, text: str) -> None:
    dated = moment(text, "")
    assert (text, wide_s, ahead_s) == (dated.written, dated.latest_s - dated.earliest_s, dated.ahead_s)


def test_dates_are_counted_from_1970_by_the_clock_on_the_wall() -> None:
    assert 86_400 + 60 == moment("1970-01-02T00:01+04:00", "").earliest_s


@pytest.mark.parametrize(
    "text", ["", "2025", "2025-02-30", "2025-10-19 00:11", "2025-10-19T25:00", "2025-10-19T00:11+4"]
)
def test_what_is_no_date_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(LabError, match="here: expected a date such as '2025-10-19T00:11"):
        moment(text, "here")
