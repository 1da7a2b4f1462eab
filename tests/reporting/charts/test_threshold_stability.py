from __future__ import annotations

from bizra_lab.model import Estimate, Unavailable
from bizra_lab.reporting.charts.threshold_stability import threshold_stability
from tests.reporting.charts.drawn import axis_titles, data, heading, scale

LEVEL = {1_500.0: Estimate(0.3, 0.1, 0.5, "ratio", 900), 3e4: Estimate(0.25, -0.8, 1.2, "ratio", 60)}


def test_names_its_result_and_its_units() -> None:
    picture = threshold_stability(LEVEL, "The cache")
    assert "The cache · tail.shape" == heading(picture)
    assert {"threshold (ns to s as marked, log scale)", "shape ξ of the tail (ratio)"} == axis_titles(picture)
    assert "The cache · tail.shape: 2 points" == str(picture)


def test_draws_each_shape_with_its_interval_and_says_it_in_words() -> None:
    first, _ = data(threshold_stability(LEVEL, "The cache"), "curve")
    assert (1_500.0, 0.3, 0.1, 0.5) == (first["x"], first["y"], first["low"], first["high"])
    assert ("1.500 µs", "0.3000", 900) == (first["threshold"], first["value"], first["exceedances"])


def test_spans_every_threshold_and_every_interval() -> None:
    picture = threshold_stability(LEVEL, "The cache")
    assert [1e3, 5e4] == scale(picture, "x")["domain"]
    assert [-0.8, 1.2] == scale(picture, "y")["domain"]


def test_shows_what_can_be_used_however_narrow_the_intervals() -> None:
    picture = threshold_stability({1e6: Estimate(0.3, 0.29, 0.31, "ratio", 9_000)}, "The cache")
    assert [-0.5, 1.0] == scale(picture, "y")["domain"]


def test_marks_the_exponential_tail_and_the_one_without_a_mean() -> None:
    marks = data(threshold_stability(LEVEL, "The cache"), "landmarks")
    assert [{"y": 0.0, "says": "0: exponential"}, {"y": 1.0, "says": "1: no mean"}] == marks


def test_leaves_a_gap_where_nothing_could_be_fitted() -> None:
    picture = threshold_stability({**LEVEL, 1e4: Unavailable("too few")}, "The cache")
    assert [0.3, None, 0.25] == [row["y"] for row in data(picture, "curve")]


def test_draws_the_choice_as_a_rule_and_its_plateau_as_a_shade() -> None:
    picture = threshold_stability(LEVEL, "The cache", chosen_ns=1_500.0, plateau_ns=(1_500.0, 3e4))
    assert [{"x": 1_500.0, "says": "chosen 1.500 µs"}] == data(picture, "chosen")
    assert [{"from": 1_500.0, "to": 3e4}] == data(picture, "plateau")


def test_is_drawn_where_there_is_nothing_to_draw() -> None:
    assert threshold_stability({}, "Nothing").png().startswith(b"\x89PNG")
