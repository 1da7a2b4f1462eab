"""Thresholds that are never reached, and demonstrations of nothing."""

from __future__ import annotations

import pytest

from bizra_lab.model import Claim, Declared, Scaling, Weight
from tests.audit.claims import figure, found_by, not_looked, published
from tests.audit.stating import limited, stating


def scaled(at: str, *, beside: tuple[Claim, ...] = (), load: str = "", replicas: int | None = None) -> Claim:
    scaling = Scaling(figure(at), 2, figure(load) if load else None, replicas)
    return stating(published(Declared()), about="a node", scaling=scaling, beside=beside)


def passing(least: float) -> Claim:
    gate = limited("throughput_per_s", "at_least", least, throughput_per_s="523793 /s")
    return stating(gate, name="its gate", about="a node")


@pytest.mark.parametrize(("doubted", "least"), [(True, 300e3), (False, 400e3), (False, 500e3)])
def test_what_just_passes_reaches_the_threshold(doubted: bool, least: float) -> None:
    found = found_by("scaling_target", scaled("400000 /s", beside=(passing(least),)))
    assert ([Weight.DOUBT] if doubted else []) == [finding.weight for finding in found]


@pytest.mark.parametrize(
    ("weight", "load", "replicas"),
    [
        (Weight.VOID, "500000 /s", 2),
        (Weight.VOID, "500000 /s", None),
        (None, "900000 /s", 3),
        (None, "900000 /s", None),
        (Weight.DOUBT, "900000 /s", 2),
    ],
)
def test_a_demonstration_adds_a_replica(weight: Weight | None, load: str, replicas: int | None) -> None:
    found = found_by("scaling_target", scaled("400000 /s", load=load, replicas=replicas))
    assert ([] if weight is None else [weight]) == [finding.weight for finding in found]


def test_the_finding_says_what_load_would_show_it() -> None:
    (finding,) = found_by("scaling_target", scaled("400000 /s", load="500000 /s"))
    assert finding.message == (
        "500,000 /s over 400,000 /s each take 2 replicas, and there are 2 without any load; "
        "it takes more than 800,000 /s to show that any is added"
    )


def test_who_scales_nothing_is_left_alone() -> None:
    assert not_looked("scaling_target", passing(300e3))
