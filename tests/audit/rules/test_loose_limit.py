"""Limits far behind the figures they watch over."""

from __future__ import annotations

import pytest

from bizra_lab.model import Declared, Side, Weight
from tests.audit.claims import found_by, not_looked, published
from tests.audit.stating import limited


@pytest.mark.parametrize(
    ("times", "name", "figure", "side", "limit"),
    [
        ("5.859", "latency_ns.p99", "0.256 ms", "at_most", 1.5e6),
        ("", "latency_ns.p99", "1.1 ms", "at_most", 1.5e6),
        ("43.33", "throughput_per_s", "12998070 /s", "at_least", 300e3),
        ("", "throughput_per_s", "523793 /s", "at_least", 300e3),
        ("", "latency_ns.p99", "1 ms", "at_most", 2e6),  # as little as half of it at its best, by its digits more
        ("", "latency_ns.p99", "0 ms", "at_most", 2e6),  # of nothing there is no multiple
        ("", "latency_ns.p99", "9 ms", "at_most", 2e6),  # it is beyond the limit
        ("", "latency_ns.p99", "9 ms", "at_least", 2e6),
        ("", "share.failed", "0.3 %", "at_most", 0.01),
    ],
)
def test_what_may_double_before_its_limit_is_noted(
    times: str, name: str, figure: str, side: Side, limit: float
) -> None:
    found = found_by("loose_limit", limited(name, side, limit, **{name.replace(".", "__"): figure}))
    assert ([Weight.NOTE] if times else []) == [finding.weight for finding in found]
    assert all(f"may become {times} times as bad" in finding.message for finding in found)


def test_who_sets_no_limit_has_no_loose_one() -> None:
    assert not_looked("loose_limit", published(Declared(), latency_ns__p99="1 ms"))
