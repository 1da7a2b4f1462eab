"""Limits that a broken measurement keeps best."""

from __future__ import annotations

import pytest

from bizra_lab.model import Declared, Weight
from tests.audit.claims import found_by, not_looked, published
from tests.audit.stating import limited

L = "littles_law.in_flight"


@pytest.mark.parametrize(("doubted", "p99"), [(True, "0 ms"), (False, "1.1 ms"), (False, "0.1 ms")])
def test_a_time_of_0_keeps_every_limit_from_above(doubted: bool, p99: str) -> None:
    found = found_by("one_sided_limit", limited("latency_ns.p99", "at_most", 1.5e6, latency_ns__p99=p99))
    assert ([Weight.DOUBT] if doubted else []) == [finding.weight for finding in found]


def test_a_time_of_0_that_misses_a_limit_from_below_was_looked_at() -> None:
    assert () == found_by("one_sided_limit", limited("latency_ns.p99", "at_least", 10.0, latency_ns__p99="0 ms"))


@pytest.mark.parametrize(
    ("words", "in_flight", "workers"),
    [
        ("and so does any that is too large; it takes the number of workers", "62.9", None),
        ("with 1 worker; it takes a limit of 1 from above too", "62.9", 1),
        ("with 50 workers; it takes a limit of 50 from above too", "62.9", 50),
        ("", "62.9", 100),
        ("", "0.01", None),  # it does not keep the limit
        ("", "50", 50),
        ("", "5e1", 46),  # as little as 45, by its digits
        ("and so does any that is too large", "0.1", None),  # as much as 0.15, by its digits
    ],
)
def test_an_l_that_is_only_to_be_large_enough_is_never_too_large(
    words: str, in_flight: str, workers: int | None
) -> None:
    claim = limited(L, "at_least", 0.12, Declared(workers=workers), littles_law__in_flight=f"{in_flight} operations")
    found = found_by("one_sided_limit", claim)
    assert bool(words) is bool(found)
    assert all(words in finding.message and finding.weight is Weight.DOUBT for finding in found)


def test_other_results_need_no_second_limit() -> None:
    assert () == found_by("one_sided_limit", limited("share.failed", "at_most", 0.01, share__failed="0 %"))
    assert () == found_by("one_sided_limit", limited("throughput_per_s", "at_least", 5.0, throughput_per_s="9 /s"))
    assert not_looked("one_sided_limit", published(Declared(), latency_ns__p99="0 ms"))
