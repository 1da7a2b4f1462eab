"""Figures beyond the limit that they are said to keep."""

from __future__ import annotations

import pytest

from bizra_lab.model import Declared, Side, Weight
from tests.audit.claims import found_by, not_looked, published
from tests.audit.stating import limited


@pytest.mark.parametrize(
    ("kept", "figure", "side", "limit"),
    [
        (False, "1055 KB", "at_most", 500),
        (True, "400 KB", "at_most", 500),
        (False, "30 days", "at_least", 180),
        (True, "180 days", "at_least", 180),
        (True, "500.4 KB", "at_most", 500.4),
        (True, "1.5 GB", "at_most", 1.46),  # as little as 1.45, by its digits
    ],
)
def test_a_figure_lies_on_the_side_that_is_claimed(kept: bool, figure: str, side: Side, limit: float) -> None:
    found = found_by("limit_not_kept", limited("it", side, limit, it=figure))
    assert ([] if kept else [Weight.REFUTES]) == [finding.weight for finding in found]


def test_the_finding_says_both_and_how_far_apart_they_are() -> None:
    (finding,) = found_by("limit_not_kept", limited("memory", "at_most", 500, memory="1055 KB"))
    assert "memory of 1,055 KB is said to be at most 500 KB, and is 2.11 times that" == finding.message
    assert ("memory",) == finding.touches


def test_a_limit_of_0_has_no_multiple() -> None:
    (finding,) = found_by("limit_not_kept", limited("share.failed", "at_most", 0.0, share__failed="0.3 %"))
    assert finding.message.endswith("is said to be at most 0 %")


def test_a_limit_whose_side_is_not_told_cannot_be_missed() -> None:
    assert not_looked("limit_not_kept", published(Declared(limits={"it": 5.0}), it="9 KB"))
