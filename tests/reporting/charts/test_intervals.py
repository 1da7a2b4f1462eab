from __future__ import annotations

from bizra_lab.model import Estimate, Result, Unavailable
from bizra_lab.reporting.charts.intervals import intervals
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import BLUE, ORANGE
from tests.reporting.charts.drawn import axis_titles, data, heading, scale


def _interval(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, "ns", 9)


HOLDS, MISSES = _interval(9e6, 11e6), _interval(8e6, 9e6)
FOUND: dict[str, list[Result]] = {"one way": [HOLDS, MISSES], "another": [HOLDS, Unavailable("too few"), HOLDS]}


def _drawn(found: dict[str, list[Result]] = FOUND, truth_ns: float = 10e6) -> Picture:
    return intervals(found, truth_ns, "A queue", result="latency_ns.p90")


def test_names_its_result_and_its_units() -> None:
    assert "A queue · latency_ns.p90" == heading(_drawn())
    assert {"simulated runs (one line each)", "latency (ns to s as marked)"} == axis_titles(_drawn())
    assert "A queue · latency_ns.p90: 4 points" == str(_drawn())


def test_an_interval_that_misses_the_truth_stands_out() -> None:
    rows = data(_drawn(), "intervals")
    assert [BLUE, ORANGE, BLUE, BLUE] == [row["color"] for row in rows]
    assert (8e6, 9e6) == (rows[1]["low"], rows[1]["high"])


def test_the_ways_stand_beside_each_other_with_what_they_hold_counted() -> None:
    assert [
        {"x": 1, "says": "one way: 1 of 2 hold it"},
        {"x": 7, "says": "another: 2 of 2 hold it"},
    ] == data(_drawn(), "ways")
    assert [1, 2, 7, 9] == [row["x"] for row in data(_drawn(), "intervals")]


def test_all_runs_are_counted_and_the_first_are_drawn() -> None:
    picture = _drawn({"one way": [HOLDS] * 80})
    assert 50 == len(data(picture, "intervals"))
    assert "one way: 80 of 80 hold it" == data(picture, "ways")[0]["says"]


def test_the_truth_is_a_rule_and_said() -> None:
    assert [{"y": 10e6, "says": "truth"}] == data(_drawn(), "truth")
    assert "miss the truth, 10.00 ms." in " ".join(_drawn().spec["title"]["subtitle"])


def test_intervals_of_one_size_stand_on_a_linear_axis() -> None:
    assert [7.64e6, 11.36e6] == scale(_drawn(), "y")["domain"]


def test_intervals_of_many_sizes_stand_on_a_logarithmic_axis() -> None:
    picture = _drawn({"one way": [HOLDS, _interval(9e6, 900e6)]})
    assert ("log", [5e6, 1e9]) == (scale(picture, "y")["type"], scale(picture, "y")["domain"])


def test_an_interval_that_reaches_below_0_ends_at_the_lower_edge() -> None:
    assert 1e6 == data(_drawn({"one way": [_interval(-5e6, 50e6), _interval(1e6, 2e6)]}), "intervals")[0]["low"]


def test_is_drawn_where_there_is_nothing_to_draw() -> None:
    assert _drawn({}).png().startswith(b"\x89PNG")
    assert _drawn({"one way": []}).png().startswith(b"\x89PNG")
