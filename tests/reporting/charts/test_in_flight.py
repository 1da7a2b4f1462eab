from __future__ import annotations

from bizra_lab.reporting.charts.in_flight import in_flight
from tests.reporting.charts.drawn import axis_titles, data, heading, scale, slices_of

TWO = slices_of([1e3, 1e3], in_flight=[7.9, 8.0], wait=[8.0, 7.5])


def test_names_its_result_and_its_units() -> None:
    picture = in_flight(TWO, "In flight", workers=8)
    assert "In flight · littles_law.ratio" == heading(picture)
    assert {"time in the measured window (s)", "operations in flight (number)"} == axis_titles(picture)


def test_draws_both_sides_of_the_law_slice_by_slice() -> None:
    rows = data(in_flight(TWO, "In flight", workers=8), "slices")
    assert [{"time": 0.5, "L": 7.9, "λW": 8.0}, {"time": 1.5, "L": 8.0, "λW": 7.5}] == rows


def test_lays_one_line_on_the_other_where_both_say_the_same() -> None:
    picture = in_flight(slices_of([1e3] * 3), "One worker", workers=1)
    widths = {
        layer["encoding"]["y"]["field"]: layer["mark"]["strokeWidth"]
        for layer in picture.spec["layer"]
        if layer["mark"]["type"] == "line"
    }
    assert widths["L"] > 2 * widths["λW"]
    names = data(picture, "names")
    assert {"L", "λW"} == {row["name"] for row in names}
    assert abs(names[0]["y"] - names[1]["y"]) > 0.05


def test_begins_at_zero_and_leaves_room_above_all_that_is_drawn() -> None:
    low, high = scale(in_flight(TWO, "In flight", workers=10), "y")["domain"]
    assert 0 == low
    assert high > 10


def test_rules_off_what_the_declared_workers_cannot_exceed() -> None:
    (limit,) = data(in_flight(TWO, "In flight", workers=8), "limit")
    assert (8, "8 workers declared") == (limit["workers"], limit["says"].partition(":")[0])
    (limit,) = data(in_flight(TWO, "In flight", workers=1), "limit")
    assert (1, "1 worker declared") == (limit["workers"], limit["says"].partition(":")[0])


def test_draws_no_limit_where_no_workers_are_declared() -> None:
    picture = in_flight(TWO, "An open load", workers=None)
    assert {"slices", "names"} == set(picture.spec["datasets"])
    assert not any(layer["data"]["name"] == "limit" for layer in picture.spec["layer"])


def test_is_drawn_where_nothing_was_in_flight() -> None:
    low, high = scale(in_flight(slices_of([1e3], in_flight=[0], wait=[0]), "Nothing", workers=None), "y")["domain"]
    assert low < high
