"""Faults against rules."""

from __future__ import annotations

from bizra_lab.model import Estimate
from bizra_lab.reporting.charts.confusion import confusion
from bizra_lab.reporting.self_test import CLEAN, Tried

NAMED = Estimate(1.0, 1.0, 1.0, "share", 4)
TRIED = (
    Tried(CLEAN, "", (), 8, Estimate(0.0, 0.0, 0.3, "share", 8), {}),
    Tried("level_shift", "0.2", ("drift",), 4, NAMED, {"drift": 4, "dependence": 1}),
)


def test_each_rule_that_spoke_has_a_cell_with_its_share_of_the_draws() -> None:
    data = confusion(TRIED, "What it said").spec["datasets"]
    assert [
        {"fault": "level shift", "rule": "dependence", "share": 0.25, "says": "1 of 4 draws, 25.00 %"},
        {"fault": "level shift", "rule": "drift", "share": 1.0, "says": "4 of 4 draws, 100.0 %"},
    ] == data["spoke"]


def test_the_rules_that_must_speak_are_framed_and_clean_ones_have_no_frame() -> None:
    assert [{"fault": "level shift", "rule": "drift"}] == confusion(TRIED, "x").spec["datasets"]["expected"]


def test_the_picture_grows_with_the_faults_and_says_how_many_were_clean() -> None:
    one, many = confusion(TRIED, "x").spec, confusion(TRIED + TRIED[1:] * 9, "x").spec
    assert 9 * 17 == many["height"] - one["height"]
    assert "8 clean measurements" in " ".join(one["title"]["subtitle"])
