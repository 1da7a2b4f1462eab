"""Comparisons of what is not alike."""

from __future__ import annotations

import dataclasses

import pytest

from bizra_lab.model import Declared, Weight
from tests.audit.claims import found_by, not_looked, published

OURS = Declared("http", "closed", 50, None, 30.0, 120.0, 10_000, cores=8, hardware="this one")


@pytest.mark.parametrize(
    ("word", "theirs"),
    [
        ("scope http against inproc", {"scope": "inproc"}),
        ("workers 50 against 1", {"workers": 1}),
        ("cores 8 against 1", {"cores": 1}),
        ("hardware this one against that one", {"hardware": "that one"}),
        ("duration_s 120 against 0.363", {"duration_s": 0.363}),
        ("warmup_s 30 against 0", {"warmup_s": 0.0}),
        ("workers 50 against 1; duration_s 120 against 19", {"workers": 1, "duration_s": 19.0}),
        (None, {"duration_s": 60.0}),
        (None, {"operations": 7}),  # a consequence, no condition
        (None, {"hardware": None}),
    ],
)
def test_whatever_else_differs_explains_the_difference(word: str | None, theirs: dict[str, object]) -> None:
    baseline = dataclasses.replace(OURS, **theirs)  # type: ignore[arg-type]
    found = found_by(
        "unequal_comparison", published(dataclasses.replace(OURS, baseline=baseline), ratio_claimed="1.35")
    )
    expected = [] if word is None else [f"claim and baseline differ in more than what is compared: {word}"]
    assert expected == [finding.message for finding in found]
    assert all(finding.weight is Weight.DOUBT and finding.touches_result("ratio_claimed") for finding in found)


def test_offered_rates_must_be_the_same() -> None:
    opened = dataclasses.replace(OURS, kind="open", rate_per_s=1_000.0)
    other = dataclasses.replace(opened, rate_per_s=900.0)
    (finding,) = found_by("unequal_comparison", published(dataclasses.replace(opened, baseline=other)))
    assert finding.message.endswith("rate_per_s 1000 against 900")


def test_a_comparison_with_something_unknown_is_not_checked() -> None:
    looked = not_looked("unequal_comparison", published(OURS, ratio_claimed="43"))
    assert looked is not None and looked.undisclosed
    unsaid = dataclasses.replace(OURS, baseline=dataclasses.replace(OURS, workers=None))
    looked = not_looked("unequal_comparison", published(unsaid, ratio_claimed="43"))
    assert looked is not None and "workers of the baseline undisclosed" == looked.reason


def test_who_compares_nothing_is_left_alone() -> None:
    assert None is not_looked("unequal_comparison", published(OURS, throughput_per_s="5 /s"))
    assert () == found_by("unequal_comparison", published(OURS, throughput_per_s="5 /s"))
