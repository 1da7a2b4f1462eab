"""Named faults against their size."""

from __future__ import annotations

from bizra_lab.model import Estimate, Unavailable
from bizra_lab.reporting.charts.power import power
from bizra_lab.reporting.self_test import Power


def named(share: float) -> Estimate:
    return Estimate(share, share, share, "share", 10)


def test_a_size_is_told_as_a_share_of_the_stated_one() -> None:
    rows = power([Power("drift", "slower", 0.2, {0.2: named(1.0), 0.05: named(0.25)})], "x").spec["datasets"]["lines"]
    assert [(0.25, 0.25), (1.0, 1.0)] == [(row["size"], row["named"]) for row in rows]


def test_a_factor_counts_by_what_it_is_away_from_one() -> None:
    rows = power([Power("slip", "factor", 1.024, {1.006: named(0.5)})], "x").spec["datasets"]["lines"]
    assert [0.25] == [row["size"] for row in rows]


def test_where_no_share_can_be_told_there_is_no_point() -> None:
    picture = power([Power("drift", "slower", 0.2, {0.2: Unavailable("no operations")})], "How small")
    assert "How small · named faults: 0 points" == picture.summary
