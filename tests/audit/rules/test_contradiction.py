"""One run that is told of twice."""

from __future__ import annotations

from typing import Any

import pytest

from bizra_lab.model import Claim, Declared, Weight
from tests.audit.claims import found_by, not_looked, published
from tests.audit.stating import stating

TELLS = "; it takes the run's own record to tell which is right"


def told(name: str, run: str | None = "cb.json", /, version: str | None = None, **kept: Any) -> Claim:
    declared = Declared(**{key: kept.pop(key) for key in ("duration_s", "operations", "workers") if key in kept})
    return stating(published(declared, **kept), name=name, run=run, version=version)


def found(here: Claim, *others: Claim) -> list[str]:
    return [finding.message for finding in found_by("contradiction", stating(here, name=here.name, beside=others))]


@pytest.mark.parametrize(
    ("words", "here", "there"),
    [
        (
            "latency_ns.p99 1.100 ms here and 256.0 µs there",
            {"latency_ns__p99": "1.1 ms"},
            {"latency_ns__p99": "0.256 ms"},
        ),
        ("operations 10,000 here and 62,855,160 there", {"operations": 10_000}, {"operations": 62_855_160}),
        ("duration_s 0.2116 here and 0.363 there", {"duration_s": 0.2116}, {"duration_s": 0.363}),
        ("version v2.0.0 here and v2.1.0 there", {"version": "v2.0.0"}, {"version": "v2.1.0"}),
        ("memory 1,055 KB here and 400 KB there", {"memory": "1055 KB"}, {"memory": "400 KB"}),
        ("", {"latency_ns__p99": "1.1 ms"}, {"latency_ns__p99": "1.12 ms"}),  # both round to it
        ("", {"duration_s": 0.36}, {"duration_s": 0.363}),
        ("", {"latency_ns__p99": "1.1 ms"}, {"latency_ns__p50": "0.2 ms"}),
        ("", {"memory": "1055 KB"}, {"memory": "1 MB"}),  # in other units they are not compared
        ("", {"baseline": "5 /s"}, {"baseline": "7 /s"}),  # which is of another run
        ("", {"operations": 10_000}, {}),
    ],
)
def test_what_two_claims_of_one_run_say_differently_is_doubted(
    words: str, here: dict[str, Any], there: dict[str, Any]
) -> None:
    expected = [f"not as in b, of the same run (cb.json): {words}{TELLS}"] if words else []
    assert expected == found(told("a", **here), told("b", **there))


def test_claims_that_say_the_same_are_named_together() -> None:
    others = [told(name, memory="400 KB") for name in ("b", "c", "d")]
    assert [f"not as in b and 2 more, of the same run (cb.json): memory 500 KB here and 400 KB there{TELLS}"] == found(
        told("a", memory="500 KB"), *others
    )


def test_what_is_touched_is_what_differs() -> None:
    here = told("a", latency_ns__p99="1.1 ms", latency_ns__p50="1 ms")
    (finding,) = found_by(
        "contradiction", stating(here, beside=(told("b", latency_ns__p99="3.0 ms", latency_ns__p50="1 ms"),))
    )
    assert (Weight.DOUBT, ("latency_ns.p99",)) == (finding.weight, finding.touches)


def test_another_run_may_differ() -> None:
    assert [] == found(told("a", memory="500 KB"), told("b", "other.json", memory="400 KB"))
    assert [] == found(told("a", None, memory="500 KB"), told("b", None, memory="400 KB"))
    assert not_looked("contradiction", told("a", memory="500 KB"))
