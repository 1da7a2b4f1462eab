from __future__ import annotations

from bizra_lab.model import Estimate, Unavailable
from bizra_lab.reporting.charts.threshold_choice import threshold_choice
from tests.reporting.charts.drawn import axis_titles, data, heading, scale

DISTANCE = {1_500.0: Estimate(3e6, 2e6, 4e6, "ns", 900), 3e4: Estimate(500.0, -100.0, 1_100.0, "ns", 60)}


def test_names_its_result_and_its_units() -> None:
    picture = threshold_choice(DISTANCE, "The cache")
    assert "The cache · tail.threshold_ns" == heading(picture)
    assert {
        "threshold (ns to s as marked, log scale)",
        "distance of the fit (ns to s as marked, log scale)",
    } == axis_titles(picture)
    assert "The cache · tail.threshold_ns: 2 points" == str(picture)


def test_draws_each_distance_with_its_noise_and_says_it_in_words() -> None:
    first, _ = data(threshold_choice(DISTANCE, "The cache"), "curve")
    assert (1_500.0, 3e6, 2e6, 4e6) == (first["x"], first["y"], first["low"], first["high"])
    assert ("1.500 µs", "3.000 ms", 900) == (first["threshold"], first["value"], first["exceedances"])


def test_spans_every_threshold_and_every_distance() -> None:
    picture = threshold_choice(DISTANCE, "The cache")
    assert [1e3, 5e4] == scale(picture, "x")["domain"]
    assert [500.0, 5e6] == scale(picture, "y")["domain"]


def test_noise_that_reaches_below_0_ends_at_the_lower_edge() -> None:
    _, last = data(threshold_choice(DISTANCE, "The cache"), "curve")
    assert 500.0 == last["low"]


def test_leaves_a_gap_where_there_is_no_distance() -> None:
    picture = threshold_choice({**DISTANCE, 1e4: Unavailable("too few")}, "The cache")
    assert [3e6, None, 500.0] == [row["y"] for row in data(picture, "curve")]


def test_draws_the_choice_as_a_rule_and_its_plateau_as_a_shade() -> None:
    picture = threshold_choice(DISTANCE, "The cache", chosen_ns=3e4, plateau_ns=(1_500.0, 3e4))
    assert [{"x": 3e4, "says": "chosen 30.00 µs"}] == data(picture, "chosen")
    assert [{"from": 1_500.0, "to": 3e4}] == data(picture, "plateau")


def test_is_drawn_where_there_is_nothing_to_draw() -> None:
    assert threshold_choice({}, "Nothing").png().startswith(b"\x89PNG")
