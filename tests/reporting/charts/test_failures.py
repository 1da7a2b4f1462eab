from __future__ import annotations

import dataclasses

from bizra_lab.reporting.charts.failures import failures
from bizra_lab.reporting.planning import Planned
from tests.reporting.charts.drawn import axis_titles, data, heading, scale

FOUND = Planned("planner.offline on mine", 200, {}, {}, {"not_json": 0, "refused": 1, "missing": 4, "wrong_value": 4})


def test_names_its_results_and_its_units() -> None:
    picture = failures(FOUND, "Mine")
    assert "Mine · share.failure_*" == heading(picture)
    assert {"cases that failed (number)", "first fault of the answer (kind)"} == axis_titles(picture)


def test_draws_a_bar_for_each_kind_there_is_the_most_frequent_on_top() -> None:
    picture = failures(FOUND, "Mine")
    assert [
        ("missing", 4, "4 cases · 2.000 %"),
        ("wrong value", 4, "4 cases · 2.000 %"),
        ("refused", 1, "1 case · 0.5000 %"),
    ] == [(row["kind"], row["cases"], row["says"]) for row in data(picture, "failures")]
    (order,) = {tuple(layer["encoding"]["y"]["sort"]) for layer in picture.spec["layer"]}
    assert ("missing", "wrong value", "refused") == order


def test_begins_at_zero_and_leaves_room_for_the_words() -> None:
    low, high = scale(failures(FOUND, "Mine"), "x")["domain"]
    assert (0, True) == (low, high > 5)


def test_says_whose_failures_they_are_and_which_there_are_none_of() -> None:
    said = " ".join(failures(FOUND, "Mine").spec["title"]["subtitle"])
    assert "planner.offline on mine: 9 of 200 cases failed; none as: not json." == said


def test_says_that_there_are_none() -> None:
    picture = failures(dataclasses.replace(FOUND, failures={"refused": 0}), "Mine")
    assert [] == data(picture, "failures")
    assert "none of 200 cases failed" in " ".join(picture.spec["title"]["subtitle"])
    assert picture.png().startswith(b"\x89PNG")
