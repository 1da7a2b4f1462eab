from __future__ import annotations

from bizra_lab.reporting.charts.timeline import timeline
from tests.reporting.charts.drawn import GAP, axis_titles, data, heading, scale, slices_of


def test_names_its_result_and_its_units() -> None:
    picture = timeline(slices_of([1e3, 2e3]), "The cache")
    assert "The cache · latency_ns" == heading(picture)
    assert {"time in the measured window (s)", "latency (ns to s as marked, log scale)"} == axis_titles(picture)
    assert "The cache · latency_ns: 2 points" == str(picture)


def test_draws_each_slice_as_it_is_and_says_it_in_words() -> None:
    first, _ = data(timeline(slices_of([1e3, 2e3]), "The cache"), "slices")
    said = "max 40.00 µs, p99 4.000 µs, p50 1.000 µs"
    assert {"time": 0.5, "operations": 1_000, "p50": 1e3, "p99": 4e3, "max": 4e4, "said": said} == first


def test_leaves_a_gap_where_nothing_finished() -> None:
    rows = data(timeline(slices_of([1e3, GAP, 2e3]), "A stall"), "slices")
    assert [1e3, None, 2e3] == [row["p50"] for row in rows]
    assert [None, None, None] == [rows[1][name] for name in ("p50", "p99", "max")]


def test_spans_the_window_and_every_latency_also_where_its_ends_are_empty() -> None:
    picture = timeline(slices_of([GAP, 1e3, 2e3, GAP]), "A late start")
    assert [0, 4] == scale(picture, "x")["domain"]
    assert [1e3, 1e5] == scale(picture, "y")["domain"]


def test_puts_a_latency_of_zero_at_the_lower_edge() -> None:
    picture = timeline(slices_of([0.0, 1e3]), "A coarse clock")
    assert [1e3, 1e3] == [row["p50"] for row in data(picture, "slices")]
    assert [1e3, 5e4] == scale(picture, "y")["domain"]


def test_names_each_line_where_it_ends() -> None:
    names = data(timeline(slices_of([1e3, 1e4, GAP]), "The cache"), "names")
    assert {"p50": 1e4, "p99": 4e4, "max": 4e5} == {row["name"]: row["y"] for row in names}


def test_names_no_line_where_there_is_nothing_to_draw() -> None:
    assert [] == data(timeline(slices_of([GAP, GAP]), "Nothing"), "names")
