from __future__ import annotations

from bizra_lab.model import Estimate, Results, Unavailable
from bizra_lab.reporting.charts.accepted_by_damage import accepted_by_damage
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import BLUE, ORANGE
from tests.reporting.charts.drawn import axis_titles, data, heading, scale


def _share(value: float) -> Estimate:
    return Estimate(value, max(0.0, value - 0.1), min(1.0, value + 0.1), "share", 50)


LAX: Results = {
    "share.accepted_bad": _share(0.5),
    "share.accepted_bad.no_at": _share(0.0),
    "share.accepted_bad.too_old": _share(1.0),
    "share.rejected_good": _share(0.0),
}
STRICT: Results = {"share.accepted_bad.no_at": _share(0.0), "share.accepted_bad.too_old": Unavailable("not asked")}


def _drawn() -> Picture:
    return accepted_by_damage({"lax": LAX, "strict": STRICT}, "Two rules")


def test_names_its_result_and_its_unit() -> None:
    assert "Two rules · share.accepted_bad" == heading(_drawn())
    assert {"damage (kind)", "accepted (share of records)"} == axis_titles(_drawn())
    assert [0, 1] == scale(_drawn(), "x")["domain"]
    assert "Two rules · share.accepted_bad: 3 points" == str(_drawn())


def test_kinds_that_the_first_rule_lets_through_come_first() -> None:
    assert ["too old", "no at"] == [row["kind"] for row in data(_drawn(), "lax")]


def test_totals_and_good_records_are_no_kinds() -> None:
    assert 2 == len(data(_drawn(), "lax"))


def test_a_share_without_an_interval_leaves_a_gap() -> None:
    assert ["no at"] == [row["kind"] for row in data(_drawn(), "strict")]


def test_rules_have_colours_and_their_names_stand_at_their_first_points() -> None:
    assert [("lax", ORANGE, 1.0), ("strict", BLUE, 0.0)] == [
        (row["rule"], row["color"], row["share"]) for row in data(_drawn(), "names")
    ]


def test_the_interval_is_drawn_and_said() -> None:
    row = data(_drawn(), "lax")[0]
    assert (0.9, 1.0, "90.00 to 100.0 %") == (row["low"], row["high"], row["says"])


def test_is_drawn_where_there_is_nothing_to_draw() -> None:
    assert accepted_by_damage({}, "Nothing").png().startswith(b"\x89PNG")
    assert accepted_by_damage({"lax": {}}, "Nothing").png().startswith(b"\x89PNG")
