from __future__ import annotations

from collections.abc import Mapping

from bizra_lab.model import Estimate, Result, Unavailable
from bizra_lab.reporting.charts.growth import growth
from bizra_lab.reporting.theme import BLUE, ORANGE
from tests.reporting.charts.drawn import axis_titles, data, heading, scale

LINES: Mapping[str, Mapping[int, Result]] = {
    "median": {1_000: Estimate(40.0, 39.0, 42.0, "ns", 9), 100: Estimate(20.0, 19.0, 21.0, "ns", 9)},
    "p99": {100: Estimate(90.0, 80.0, 110.0, "ns", 9), 1_000: Unavailable("too few")},
}


def test_names_what_is_drawn_and_its_units() -> None:
    picture = growth(LINES, "A vote", unit="ns", of="blocks")
    assert "A vote · cost by size" == heading(picture)
    assert {"blocks (number, log scale)", "latency (ns to s as marked, log scale)"} == axis_titles(picture)
    assert "A vote · cost by size: 3 points" == str(picture)


def test_a_plain_unit_is_named_as_it_is() -> None:
    picture = growth({"median": {10: Estimate(3.0, 3.0, 3.0, "steps", 9)}}, "A vote", unit="steps", of="blocks")
    assert "cost (steps, log scale)" in axis_titles(picture)
    assert "3.000 steps" == data(picture, "line median")[0]["says"]


def test_points_are_in_order_of_size_with_their_intervals_and_gaps_are_left_out() -> None:
    picture = growth(LINES, "A vote", unit="ns", of="blocks")
    assert [(100, 20.0, 19.0, 21.0), (1_000, 40.0, 39.0, 42.0)] == [
        (row["x"], row["y"], row["low"], row["high"]) for row in data(picture, "line median")
    ]
    assert [100] == [row["x"] for row in data(picture, "line p99")]


def test_lines_are_named_in_their_colours_and_the_axes_hold_everything() -> None:
    picture = growth(LINES, "A vote", unit="ns", of="blocks")
    assert {("median", BLUE), ("p99", ORANGE)} == {(row["name"], row["color"]) for row in data(picture, "names")}
    assert ([100, 1_000], [10, 200]) == (scale(picture, "x")["domain"], scale(picture, "y")["domain"])


def test_is_drawn_where_there_is_nothing_to_draw() -> None:
    nothing = {"median": {100: Unavailable("too few")}}
    assert growth(nothing, "Nothing", unit="ns", of="blocks").png().startswith(b"\x89PNG")
