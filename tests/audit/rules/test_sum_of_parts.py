"""Wholes that are not the sum of their parts."""

from __future__ import annotations

import dataclasses

import pytest

from bizra_lab.model import Claim, Declared, Estimate, Weight
from tests.audit.claims import figure, found_by, not_looked, published
from tests.audit.stating import stating

LESS_THAN_5_MIN = Estimate(300e9, 0.0, 300e9, "ns", 0)


def whole(total: str, *parts: str) -> Claim:
    named = {f"step {place}": figure(part) for place, part in enumerate(parts, 1)}
    return stating(published(Declared(), it=total), parts={"it": named})


@pytest.mark.parametrize(
    ("weight", "total", "parts"),
    [
        (Weight.REFUTES, "3375 lines", ("2000 lines", "2638 lines")),
        (None, "1063 lines", ("428 lines", "635 lines")),
        (None, "363 ms", ("211.6 ms", "22.6 ms", "126.7 ms")),  # 2.1 ms lie between them
        (Weight.DOUBT, "363 ms", ("211.6 ms", "22.6 ms")),
        (None, "10 ms", ("5.4 ms", "5.1 ms")),  # 10.5 it may be
        (None, "10 s", ("9.4 s",)),  # as little as 9.5
        (None, "3 s", ("1 s", "1 s", "1 s", "1 s")),  # at least 0.5 each
    ],
)
def test_parts_come_to_their_whole(weight: Weight | None, total: str, parts: tuple[str, ...]) -> None:
    assert ([] if weight is None else [weight]) == [
        each.weight for each in found_by("sum_of_parts", whole(total, *parts))
    ]


def test_a_recovery_of_less_than_its_detection_is_refuted_with_its_steps() -> None:
    claim = whole("5 s", "300 s", "30 s", "60 s", "120 s", "60 s")
    claim = dataclasses.replace(claim, results={"it": LESS_THAN_5_MIN})
    (finding,) = found_by("sum_of_parts", claim)
    assert finding.message == (
        "it is said to be less than 300.0 s, but its 5 parts come to 570.0 s: step 1 300.0 s, step 4 120.0 s, "
        "step 3 60.00 s, step 5 60.00 s, step 2 30.00 s"
    )
    assert ("it",) == finding.touches


def test_of_many_parts_the_largest_are_named() -> None:
    (finding,) = found_by("sum_of_parts", whole("5 lines", *(f"{n} lines" for n in range(1, 10))))
    assert finding.message.endswith(
        "step 9 9 lines, step 8 8 lines, step 7 7 lines, step 6 6 lines, step 5 5 lines, step 4 4 lines and 3 more"
    )


def test_what_is_in_no_part_is_said() -> None:
    (finding,) = found_by("sum_of_parts", whole("100 lines", "60 lines"))
    assert finding.message.endswith("step 1 60 lines; 40 lines are in none of them")


def test_who_names_no_parts_is_left_alone() -> None:
    assert not_looked("sum_of_parts", published(Declared(), it="5 ms"))
    assert () == found_by("sum_of_parts", stating(published(Declared(), it="5 ms"), parts={"it": {}}))
