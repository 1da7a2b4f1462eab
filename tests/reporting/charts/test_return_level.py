from __future__ import annotations

from bizra_lab.model import Estimate, Result, Unavailable
from bizra_lab.reporting.charts.return_level import return_level
from bizra_lab.reporting.picture import Picture
from tests.reporting.charts.drawn import axis_titles, data, heading, scale

LEVELS: dict[float, Result] = {
    1e3: Estimate(2e6, 1.8e6, 2.3e6, "ns", 10_000),
    1e5: Estimate(9e6, 6e6, 2e7, "ns", 10_000),
}
SEEN = {1e3: 2.1e6, 1e4: 4e6}


def _subtitle(picture: Picture) -> str:
    return " ".join(picture.spec["title"]["subtitle"])


def test_names_its_result_and_its_units() -> None:
    picture = return_level(LEVELS, SEEN, "The cache")
    assert "The cache · latency_ns" == heading(picture)
    assert {"one operation in (number, log scale)", "latency (ns to s as marked, log scale)"} == axis_titles(picture)
    assert "The cache · latency_ns: 4 points" == str(picture)


def test_draws_each_level_with_its_interval_and_says_it_in_words() -> None:
    first, _ = data(return_level(LEVELS, SEEN, "The cache"), "levels")
    assert (1e3, 2e6, 1.8e6, 2.3e6) == (first["x"], first["y"], first["low"], first["high"])
    assert ("2.000 ms", "1.800 to 2.300 ms") == (first["level"], first["interval"])


def test_draws_what_was_seen_beside_the_tail() -> None:
    seen = data(return_level(LEVELS, SEEN, "The cache"), "seen")
    assert [{"x": 1e3, "y": 2.1e6, "latency": "2.100 ms"}, {"x": 1e4, "y": 4e6, "latency": "4.000 ms"}] == seen


def test_spans_every_level_and_every_interval() -> None:
    picture = return_level(LEVELS, SEEN, "The cache")
    assert [1e3, 1e5] == scale(picture, "x")["domain"]
    assert [1e6, 2e7] == scale(picture, "y")["domain"]


def test_shades_what_lies_past_what_was_seen() -> None:
    unseen = data(return_level(LEVELS, SEEN, "The cache"), "unseen")
    assert [{"from": 1e4, "to": 1e5, "says": "past what was seen"}] == unseen


def test_shades_nothing_where_everything_was_seen() -> None:
    picture = return_level({1e3: LEVELS[1e3]}, {1e3: 2e6, 1e4: 4e6}, "The cache")
    assert {"levels", "seen"} == set(picture.spec["datasets"])


def test_leaves_out_a_level_that_cannot_be_told() -> None:
    picture = return_level({**LEVELS, 1e6: Unavailable("too far")}, SEEN, "The cache")
    assert [1e3, 1e5] == [row["x"] for row in data(picture, "levels")]


def test_says_why_where_no_level_can_be_told() -> None:
    picture = return_level({1e6: Unavailable("the tail has no mean")}, SEEN, "The cache")
    assert "No level can be told: the tail has no mean." == _subtitle(picture)
    assert "No level can be told: no tail was fitted." == _subtitle(return_level({}, {}, "Nothing"))
    assert picture.png().startswith(b"\x89PNG")


def test_shades_nothing_where_no_level_goes_past_what_was_seen() -> None:
    assert "unseen" not in return_level({1e6: Unavailable("too far")}, SEEN, "The cache").spec["datasets"]
