from __future__ import annotations

from bizra_lab.model import Estimate, Result, Unavailable
from bizra_lab.reporting.charts.mean_residual_life import mean_residual_life
from tests.reporting.charts.drawn import axis_titles, data, heading, scale


def _excess(value_ns: float, above: int = 400) -> Result:
    return Estimate(value_ns, 0.9 * value_ns, 1.1 * value_ns, "ns", above)


RISING = {1e6: _excess(2e6), 2e6: _excess(2.5e6, 200), 4e6: _excess(3.5e6, 50)}


def test_names_its_result_and_its_units() -> None:
    picture = mean_residual_life(RISING, "The cache")
    assert "The cache · tail.mean_excess_ns" == heading(picture)
    assert {"threshold (ns to s as marked)", "mean excess over the threshold (ns to s as marked)"} == axis_titles(
        picture
    )
    assert "The cache · tail.mean_excess_ns: 3 points" == str(picture)


def test_draws_each_threshold_with_its_interval_and_says_it_in_words() -> None:
    first, *_ = data(mean_residual_life(RISING, "The cache"), "curve")
    assert {
        "x": 1e6,
        "threshold": "1.000 ms",
        "y": 2e6,
        "low": 1.8e6,
        "high": 2.2e6,
        "value": "2.000 ms",
        "interval": "1.800 to 2.200 ms",
        "exceedances": 400,
    } == first


def test_keeps_both_axes_linear_since_a_tail_is_a_straight_line() -> None:
    picture = mean_residual_life(RISING, "The cache")
    assert {"domain": [1e6, 4e6], "nice": False} == scale(picture, "x")
    assert {"domain": [0.0, 4.235e6], "nice": False} == scale(picture, "y")


def test_leaves_a_gap_where_there_are_too_few_operations() -> None:
    picture = mean_residual_life({**RISING, 3e6: Unavailable("too few")}, "The cache")
    assert [2e6, 2.5e6, None, 3.5e6] == [row["y"] for row in data(picture, "curve")]
    assert "3 points" in str(picture)


def test_draws_the_choice_as_a_rule_and_its_plateau_as_a_shade() -> None:
    picture = mean_residual_life(RISING, "The cache", chosen_ns=2e6, plateau_ns=(1e6, 2e6))
    assert [{"x": 2e6, "says": "chosen 2.000 ms"}] == data(picture, "chosen")
    assert [{"from": 1e6, "to": 2e6}] == data(picture, "plateau")


def test_draws_no_choice_where_none_was_made() -> None:
    assert {"curve"} == set(mean_residual_life(RISING, "The cache").spec["datasets"])


def test_is_drawn_where_there_is_nothing_to_draw() -> None:
    assert mean_residual_life({}, "Nothing").png().startswith(b"\x89PNG")
