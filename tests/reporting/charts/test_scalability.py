from __future__ import annotations

from bizra_lab.model import Estimate, Unavailable
from bizra_lab.reporting.charts.scalability import scalability
from bizra_lab.reporting.theme import BLUE, ORANGE
from tests.reporting.charts.drawn import axis_titles, data, heading, scale

SEEN = ((1, 1_000.0), (4, 2_900.0), (4, 3_100.0))
LINES = {"law": {1.0: 1_000.0, 4.0: 3_000.0}, "bound": {1.0: 1_000.0, 4.0: 4_000.0}}


def test_names_its_result_and_its_units() -> None:
    picture = scalability(SEEN, LINES, "A service")
    assert "A service · throughput_per_s" == heading(picture)
    assert {"workers (number)", "throughput (operations per second)"} == axis_titles(picture)
    assert "A service · throughput_per_s: 3 points" == str(picture)


def test_each_run_is_a_cross_and_said() -> None:
    rows = data(scalability(SEEN, LINES, "A service"), "seen")
    assert [(1, 1_000.0), (4, 2_900.0), (4, 3_100.0)] == [(row["x"], row["y"]) for row in rows]
    assert "2,900 /s" == rows[1]["says"]


def test_lines_are_named_at_their_ends_in_their_colours() -> None:
    names = data(scalability(SEEN, LINES, "A service"), "names")
    assert {("law", 3_000.0, BLUE), ("bound", 4_000.0, ORANGE)} == {
        (each["name"], each["y"], each["color"]) for each in names
    }
    assert [{"x": 1.0, "y": 1_000.0}, {"x": 4.0, "y": 4_000.0}] == data(
        scalability(SEEN, LINES, "A service"), "line bound"
    )


def test_axes_begin_at_0_and_hold_everything() -> None:
    picture = scalability(SEEN, LINES, "A service")
    assert ([0, 4], [0, 4_400.0]) == (scale(picture, "x")["domain"], scale(picture, "y")["domain"])


def test_the_peak_is_marked_where_it_lies_among_the_workers_seen() -> None:
    near = Estimate(3.2, 2.0, 5.0, "workers", 8)
    far = Estimate(32.0, 20.0, 50.0, "workers", 8)
    assert [{"x": 3.2, "says": "peak at 3.200 workers"}] == data(scalability(SEEN, {}, "A", peak=near), "peak")
    for peak in (far, Unavailable("no peak"), None):
        assert "peak" not in scalability(SEEN, {}, "A", peak=peak).spec["datasets"]


def test_a_line_of_nothing_is_left_out() -> None:
    picture = scalability(SEEN, {"law": {}, "bound": LINES["bound"]}, "A service")
    assert ["bound"] == [each["name"] for each in data(picture, "names")]


def test_is_drawn_where_there_is_nothing_to_draw() -> None:
    assert scalability((), {}, "Nothing").png().startswith(b"\x89PNG")
