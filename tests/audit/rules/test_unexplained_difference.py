"""Figures of one thing that are far apart for no reason that is told."""

from __future__ import annotations

from typing import Any

import pytest

from bizra_lab.model import Claim, Declared, Weight
from tests.audit.claims import found_by, not_looked, published
from tests.audit.stating import stating


def about(name: str, declared: Declared | None = None, /, *, beside: tuple[Claim, ...] = (), **kept: Any) -> Claim:
    told: dict[str, Any] = {key: kept.pop(key) for key in ("run", "version", "withdrawn") if key in kept}
    return stating(published(declared or Declared(), **kept), name=name, beside=beside, about="a cache", **told)


def test_a_layer_that_takes_no_time_and_more_than_a_millisecond_is_doubted() -> None:
    there = about("there", latency_ns__p50="0 ms")
    (finding,) = found_by("unexplained_difference", about("here", beside=(there,), latency_ns__p50="1.3 ms"))
    assert (Weight.DOUBT, ("latency_ns.p50",)) == (finding.weight, finding.touches)
    assert finding.message == (
        "latency_ns.p50 of a cache is 1.300 ms here and 0 ns in there, and nothing that is told explains it; "
        "it takes the conditions of each"
    )


@pytest.mark.parametrize(
    ("far", "here", "there"),
    [
        (True, {"throughput_per_s": "523793 /s"}, {"throughput_per_s": "12998070 /s"}),
        (False, {"throughput_per_s": "523793 /s"}, {"throughput_per_s": "408368 /s"}),
        (True, {"size": "10000 entries"}, {"size": "1000 entries"}),
        (False, {"latency_ns__p50": "1 ms"}, {"latency_ns__p50": "3 ms"}),  # 1.5 and 2.5, it may be
        (False, {"share__hit": "10 %"}, {"share__hit": "90 %"}),
        (False, {"ratio_claimed": "2"}, {"ratio_claimed": "20"}),
        (False, {"throughput_per_s": "523793 /s"}, {"throughput_per_s": "12998070 /s", "withdrawn": True}),
    ],
)
def test_more_than_twice_apart_is_far(far: bool, here: dict[str, Any], there: dict[str, Any]) -> None:
    assert far is bool(found_by("unexplained_difference", about("here", beside=(about("there", **there),), **here)))


@pytest.mark.parametrize(
    ("ours", "theirs", "kept"),
    [
        (Declared(workers=50), Declared(workers=1), {}),
        (Declared(scope="http"), Declared(scope="inproc"), {}),
        (Declared(hardware="a server"), Declared(hardware="a telephone"), {}),
        (Declared(), Declared(), {"version": ("1", "2")}),
        (Declared(), Declared(), {"run": ("one", "one")}),  # that is another rule's
        (Declared(), Declared(), {"about": ("a cache", "a breaker")}),
    ],
)
def test_what_is_told_to_differ_explains_it(ours: Declared, theirs: Declared, kept: dict[str, tuple[Any, Any]]) -> None:
    there = about("there", theirs, throughput_per_s="900 /s")
    here = about("here", ours, throughput_per_s="100 /s")
    ours_told: dict[str, Any] = {key: values[0] for key, values in kept.items()}
    theirs_told: dict[str, Any] = {key: values[1] for key, values in kept.items()}
    here = stating(here, beside=(stating(there, name="there", **theirs_told),), **ours_told)
    assert () == found_by("unexplained_difference", here)
    assert not_looked("unexplained_difference", stating(here, about=None))


def test_claims_that_print_the_same_are_named_together() -> None:
    others = tuple(about(name, throughput_per_s="900 /s") for name in "bcd")
    (finding,) = found_by("unexplained_difference", about("a", beside=others, throughput_per_s="100 /s"))
    assert "100.0 /s here and 900.0 /s in b and 2 more" in finding.message
