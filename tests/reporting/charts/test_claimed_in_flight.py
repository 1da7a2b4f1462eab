from __future__ import annotations

import math

from bizra_lab.model import Finding, Weight
from bizra_lab.reporting.charts.claimed_in_flight import claimed_in_flight
from bizra_lab.reporting.claims import ClaimedInFlight
from bizra_lab.reporting.theme import BLUE, ORANGE
from tests.reporting.charts.drawn import axis_titles, data, heading, scale

IMPOSSIBLE = Finding(Weight.REFUTES, "98.21 in flight, but 50 workers")
THREE = (
    ClaimedInFlight("too_many", 98.18, 98.24, 50, IMPOSSIBLE, None, None),
    ClaimedInFlight("no_maximum", 25.2, math.inf, 50, None, None, None),
    ClaimedInFlight("no_time", 0, math.inf, None, None, None, None),
)


def test_names_its_result_and_its_units() -> None:
    picture = claimed_in_flight(THREE, "Claims")
    assert "Claims · littles_law.in_flight" == heading(picture)
    assert {"operations in flight (number, log scale)", "claim (name in the claims file)"} == axis_titles(picture)


def test_draws_each_claim_between_its_bounds_in_the_order_given() -> None:
    picture = claimed_in_flight(THREE, "Claims")
    rows = data(picture, "claims")
    assert ["too many", "no maximum", "no time"] == [row["claim"] for row in rows]
    assert (98.18, 98.24) == (rows[0]["low"], rows[0]["high"])
    assert ["too many", "no maximum", "no time"] == picture.spec["layer"][0]["encoding"]["y"]["sort"]


def test_ends_in_an_arrow_at_the_edge_where_nothing_bounds_it() -> None:
    picture = claimed_in_flight(THREE, "Claims")
    rows = data(picture, "claims")
    edge = scale(picture, "x")["domain"][1]
    assert ("triangle-right", edge) == (rows[1]["shape"], rows[1]["high"])
    assert "circle" == rows[0]["shape"]


def test_stands_at_the_left_edge_where_nothing_is_in_flight() -> None:
    picture = claimed_in_flight(THREE, "Claims")
    assert scale(picture, "x")["domain"][0] == data(picture, "claims")[2]["low"]


def test_draws_what_cannot_be_in_another_colour() -> None:
    assert [ORANGE, BLUE, BLUE] == [row["color"] for row in data(claimed_in_flight(THREE, "Claims"), "claims")]


def test_marks_the_workers_of_each_claim_that_declares_them() -> None:
    picture = claimed_in_flight(THREE, "Claims")
    expected = [{"claim": "too many", "workers": 50}, {"claim": "no maximum", "workers": 50}]
    assert expected == data(picture, "limits")
    assert scale(picture, "x")["domain"][1] >= 98.24


def test_says_the_bounds_and_the_workers_in_words() -> None:
    one = ClaimedInFlight("alone", 1, 1, 1, None, None, None)
    said = [row["says"] for row in data(claimed_in_flight([*THREE, one], "Claims"), "claims")]
    assert ["98.18 to 98.24, 50 workers", "25.20 or more, 50 workers", "0 or more", "1.000, 1 worker"] == said


def test_is_drawn_without_any_claim() -> None:
    assert claimed_in_flight((), "No claims").summary.endswith("0 points")
