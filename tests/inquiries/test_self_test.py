"""The auditor is asked about faults that were planted, and about nothing that was not."""

from __future__ import annotations

import pytest

from bizra_lab.inquiries import self_test
from bizra_lab.inquiries.self_test import draws_of, find_planted, find_smaller
from bizra_lab.model import Estimate
from bizra_lab.reporting.self_test import CLEAN, Tried
from bizra_lab.study import load
from bizra_lab.testing import FAULTS


@pytest.fixture(scope="module")
def tried() -> tuple[Tried, ...]:
    return find_planted(1, 7)


def test_clean_measurements_come_first_and_every_fault_is_planted(tried: tuple[Tried, ...]) -> None:
    assert [CLEAN, *FAULTS] == [each.fault for each in tried]
    assert [10] + [1] * len(FAULTS) == [each.draws for each in tried]


def test_each_fault_is_named_and_nothing_clean_is_doubted(tried: tuple[Tried, ...]) -> None:
    shares = {each.fault: each.named.value for each in tried if isinstance(each.named, Estimate)}
    assert {CLEAN: 0.0, **dict.fromkeys(FAULTS, 1.0)} == shares


def test_a_fault_says_its_size_and_which_rules_are_asked_for(tried: tuple[Tried, ...]) -> None:
    (shift,) = [each for each in tried if each.fault == "level_shift"]
    assert ("change 0.2", ("drift",)) == (shift.size, shift.expected)
    assert 1 == shift.spoke["drift"]


def test_the_same_seed_hears_the_same_and_another_draws_others(
    tried: tuple[Tried, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {name: FAULTS[name] for name in ("drift", "level_shift")}
    monkeypatch.setattr(self_test, "FAULTS", few)
    again = {each.fault: each for each in find_planted(1, 7)}
    assert again["drift"] == next(each for each in tried if each.fault == "drift")


def test_smaller_faults_are_found_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_test, "SIZES", {"slowest_dropped": ("share", "share of the records", (0.0002, 0.01))})
    (power,) = find_smaller(2, 7)
    values = [each.value for each in power.named.values() if isinstance(each, Estimate)]
    assert (0.01, [0.0, 1.0]) == (power.stated, values)


def test_longer_profiles_draw_more() -> None:
    assert [3, 3, 20] == [draws_of(load("auditor_self_test", profile)) for profile in ("smoke", "standard", "audit")]
