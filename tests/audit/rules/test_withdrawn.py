"""Promises on figures that were taken back."""

from __future__ import annotations

from typing import Any

import pytest

from bizra_lab.model import Claim, Declared, Weight
from tests.audit.claims import found_by, not_looked, published
from tests.audit.stating import stating


def about_it(
    name: str = "promised", *beside: Claim, withdrawn: bool = False, about: str = "a breaker", **figures: Any
) -> Claim:
    return stating(published(Declared(), **figures), name=name, beside=beside, about=about, withdrawn=withdrawn)


TAKEN_BACK = about_it("artifact", withdrawn=True, throughput_per_s="12998070 /s", latency_ns__p99="0 ms")


@pytest.mark.parametrize(
    ("doubted", "figures"),
    [
        (["throughput_per_s"], {"throughput_per_s": "13e6 /s"}),
        (["latency_ns.p99"], {"latency_ns__p99": "0 us"}),
        ([], {"throughput_per_s": "523793 /s", "latency_ns__p99": "0.3 ms"}),  # 0 ms may be 0.3, and 0.3 is not 0
        ([], {"share__failed": "0 %"}),
        ([], {"throughput_per_s": "1e7 /s"}),  # which may be anything from 5 to 15 million
    ],
)
def test_what_rests_on_a_withdrawn_figure_is_doubted(doubted: list[str], figures: dict[str, Any]) -> None:
    found = found_by("withdrawn", about_it("promised", TAKEN_BACK, **figures))
    assert doubted == [name for finding in found for name in finding.touches]
    assert all(finding.weight is Weight.DOUBT for finding in found)


def test_the_finding_names_what_was_withdrawn() -> None:
    (finding,) = found_by("withdrawn", about_it("promised", TAKEN_BACK, throughput_per_s="13e6 /s"))
    assert finding.message == (
        "throughput_per_s of 13,000,000 /s is that of artifact, withdrawn by its source; "
        "it takes a measurement that stands"
    )


def test_what_is_withdrawn_is_void_itself() -> None:
    (finding,) = found_by("withdrawn", TAKEN_BACK)
    assert (Weight.VOID, ("*",)) == (finding.weight, finding.touches)


def test_of_another_thing_nothing_was_withdrawn() -> None:
    assert not_looked("withdrawn", about_it("promised", TAKEN_BACK, about="a cache", throughput_per_s="13e6 /s"))
