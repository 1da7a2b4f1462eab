"""What the auditor made of planted faults, in words."""

from __future__ import annotations

from bizra_lab.model import Estimate, Unavailable
from bizra_lab.reporting.self_test import CLEAN, Power, Tried, power_table, tried_table

ALL = Estimate(1.0, 0.96, 1.0, "share", 100)
DRIFT = Tried("level_shift", "change 0.2", ("drift",), 100, ALL, {"drift": 100, "dependence": 70, "pauses": 80})
NONE = Tried(CLEAN, "", (), 100, Estimate(0.01, 0.0, 0.05, "share", 100), {"pauses": 1})


def test_a_fault_is_named_by_its_rule_and_the_others_that_spoke_are_told_most_often_first() -> None:
    (row,) = tried_table([DRIFT]).rows
    assert ("level shift", "change 0.2", "drift", "100") == row[:4]
    assert ("100.0 % (96.00 to 100.0 %)", "pauses 80, dependence 70") == row[4:]


def test_of_clean_measurements_nothing_should_be_said_and_what_was_is_told() -> None:
    (row,) = tried_table([NONE]).rows
    assert ("clean", "", "nothing", "100", "1.000 % (0 to 5.000 %)", "pauses 1") == row


def test_power_goes_from_small_to_stated() -> None:
    power = Power("drift", "slower", 0.3, {0.3: ALL, 0.1: Unavailable("no operations")})
    assert [
        ("drift", "slower", "0.1", "no operations"),
        ("drift", "slower", "0.3 (stated)", "100.0 % (96.00 to 100.0 %)"),
    ] == list(power_table([power]).rows)
