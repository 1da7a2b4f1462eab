from __future__ import annotations

import dataclasses

from bizra_lab.model import Outliers
from bizra_lab.reporting.charts.outliers import outliers
from tests.reporting.charts.drawn import axis_titles, data, heading, scale

# Of 2,000,000 operations of 1 ms, ten lost a second to collections, one half a second nobody knows to what.
FOUND = Outliers(
    operations=2_000_000,
    service_ns=2_000_000_000_000,
    median_ns=1_000_000,
    fence_ns=8_000_000.0,
    counts={"gc": 10, "waited": 0, "unexplained": 1},
    excess_ns={"gc": 1_000_000_000, "waited": 0, "unexplained": 500_000_000},
    worst=(),
)
NONE = dataclasses.replace(FOUND, counts={"gc": 0}, excess_ns={"gc": 0})


def test_names_its_result_and_its_units() -> None:
    picture = outliers(FOUND, "The cache")
    assert "The cache · outliers.excess" == heading(picture)
    assert {"time beyond the median, all outliers (s)", "what happened meanwhile (cause)"} == axis_titles(picture)
    assert "The cache · outliers.excess: 2 points" == str(picture)


def test_draws_a_bar_for_each_cause_there_is_the_longest_on_top() -> None:
    first, second = data(outliers(FOUND, "The cache"), "causes")
    assert ("gc", 1.0, "66.67 % · 1.000 s of 10 operations") == (first["cause"], first["excess"], first["says"])
    assert ("unexplained", 0.5, "33.33 % · 500.0 ms of 1 operation") == (
        second["cause"],
        second["excess"],
        second["says"],
    )
    (order,) = {tuple(layer["encoding"]["y"]["sort"]) for layer in outliers(FOUND, "The cache").spec["layer"]}
    assert ("gc", "unexplained") == order


def test_what_has_no_cause_has_another_colour() -> None:
    first, second = data(outliers(FOUND, "The cache"), "causes")
    assert first["color"] != second["color"]


def test_begins_at_zero_and_leaves_room_for_the_words() -> None:
    low, high = scale(outliers(FOUND, "The cache"), "x")["domain"]
    assert 0 == low
    assert 1.7 < high


def test_says_how_many_took_how_long() -> None:
    said = " ".join(outliers(FOUND, "The cache").spec["title"]["subtitle"])
    assert said.startswith("11 of 2,000,000 operations took longer than 8.000 ms, far out for a median of 1.000 ms.")
    assert said.endswith("1.500 s more than the median, 0.07500 % of all service time.")


def test_says_that_there_are_none() -> None:
    picture = outliers(NONE, "The cache")
    assert [] == data(picture, "causes")
    said = " ".join(picture.spec["title"]["subtitle"])
    assert "None of 2,000,000 operations took longer than 8.000 ms, far out for a median of 1.000 ms." == said
    assert picture.png().startswith(b"\x89PNG")
