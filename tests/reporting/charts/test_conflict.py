from __future__ import annotations

from bizra_lab.reporting.charts.conflict import conflict
from tests.reporting.charts.drawn import axis_titles, data, heading, scale

SEEN = {0.8: 0.6, 0.67: 0.35}
BOUND = {0.67: 0.34, 0.8: 0.6}


def test_names_what_is_drawn_and_its_units() -> None:
    picture = conflict(SEEN, BOUND, "Two final blocks")
    assert "Two final blocks · weight that signs twice" == heading(picture)
    assert {"threshold q (share of the weight)", "weight that signs twice (share of all weight)"} == axis_titles(
        picture
    )
    assert "Two final blocks · weight that signs twice: 2 points" == str(picture)


def test_what_was_seen_and_the_bound_are_drawn_by_rising_threshold() -> None:
    picture = conflict(SEEN, BOUND, "Two final blocks")
    assert [(0.67, 0.35), (0.8, 0.6)] == [(row["x"], row["y"]) for row in data(picture, "seen")]
    assert [(0.67, 0.34), (0.8, 0.6)] == [(row["x"], row["y"]) for row in data(picture, "bound")]
    assert ([0.5, 1], [0, 1]) == (scale(picture, "x")["domain"], scale(picture, "y")["domain"])


def test_thresholds_in_use_are_named_with_their_bound() -> None:
    marked = data(conflict(SEEN, BOUND, "Two final blocks", marked=(0.67, 0.8)), "marked")
    assert ["q = 67 %: from 34 % on", "q = 80 %: from 60 % on"] == [row["says"] for row in marked]
    assert [] == data(conflict(SEEN, BOUND, "Two final blocks"), "marked")


def test_is_drawn() -> None:
    assert conflict(SEEN, BOUND, "Two final blocks", marked=(0.8,)).png().startswith(b"\x89PNG")
