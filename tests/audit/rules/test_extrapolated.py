"""Totals for times that nobody watched."""

from __future__ import annotations

import pytest

from bizra_lab.model import Declared, Weight
from tests.audit.claims import found_by, not_looked, published

HOUR = 3600.0


@pytest.mark.parametrize(
    ("weights", "rate", "total", "to_s", "measured_s"),
    [
        ([Weight.DOUBT], "12998070 /s", "46.8e9 operations", HOUR, 0.2116),
        ([Weight.REFUTES, Weight.DOUBT], "7949328 /s", "28.4e9 operations", HOUR, 0.1267),  # 28.6 by its own rate
        ([Weight.REFUTES], "7949328 /s", "474e6 operations", 60.0, 120.0),  # 477
        ([], "7949328 /s", "477e6 operations", 60.0, 120.0),
        ([], "1000 /s", "3.6e6 operations", HOUR, 360.0),
        ([Weight.REFUTES], "1000 /s", "4.0e6 operations", HOUR, 360.0),
        ([Weight.DOUBT], "1000 /s", "3.6e6 operations", HOUR, 359.0),
    ],
)
def test_an_hour_is_not_a_moment_times_many(
    weights: list[Weight], rate: str, total: str, to_s: float, measured_s: float
) -> None:
    declared = Declared(duration_s=measured_s, extrapolated_to_s=to_s)
    claim = published(declared, throughput_per_s=rate, operations_extrapolated=total)
    assert weights == [finding.weight for finding in found_by("extrapolated", claim)]


def test_the_duration_follows_from_count_and_rate_where_it_is_not_said() -> None:
    declared = Declared(operations=10_000, extrapolated_to_s=60.0)
    (finding,) = found_by("extrapolated", published(declared, throughput_per_s="523793 /s"))
    assert (
        "a total for 60.00 s is stated from 19.09 ms, 3,143 times as long as was measured; expected at most 10"
        == finding.message
    )


def test_a_total_of_an_undisclosed_duration_is_not_checked() -> None:
    looked = not_looked("extrapolated", published(Declared(extrapolated_to_s=60.0), throughput_per_s="5 /s"))
    assert looked is not None and looked.undisclosed


def test_what_is_not_extrapolated_is_left_alone() -> None:
    assert () == found_by("extrapolated", published(Declared(duration_s=0.2), throughput_per_s="5 /s"))
