"""A printed number stands for everything that its digits leave open."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.importers._printed import cut, decimal_of, exact, quantile_name, rounded, share, time_of
from bizra_lab.model import Estimate, Unavailable


@pytest.mark.parametrize(
    ("digits", "low", "value", "high"),
    [("0.12", 115e3, 120e3, 125e3), ("0.120", 119_500, 120e3, 120_500), ("0", 0, 0, 5e5), ("1e1", 5e6, 1e7, 1.5e7)],
)
def test_a_rounded_number_is_open_by_half_its_last_digit(digits: str, low: float, value: float, high: float) -> None:
    found = rounded(Decimal(digits), 1e6, "ns", 9)
    assert (low, value, high) == pytest.approx((found.low, found.value, found.high))
    assert ("ns", 9) == (found.unit, found.n)


def test_a_number_without_its_final_zeros_has_the_step_it_is_told() -> None:
    assert Estimate(0.5, 0.495, 0.505, "s", 1) == rounded(Decimal("0.5"), 1.0, "s", 1, Decimal("0.01"))


def test_a_number_cut_off_is_open_upwards_by_its_last_digit() -> None:
    assert Estimate(7e6, 7e6, 8e6, "ns", 3) == cut(Decimal(7), 1e6, "ns", 3)


def test_an_exact_number_has_no_spread() -> None:
    assert Estimate(2.5, 2.5, 2.5, "ns", 4) == exact(2.5, "ns", 4)


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", "1,5", "1.5.2", "nan", "NaN", "inf", "Infinity", "1_0", " 1", "٣", "0x10", "1e9999", "9" * 61],
)
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="here: expected a number of 0 or more"):
        decimal_of(text, "here")


@pytest.mark.parametrize("text", ["0,12", "1.234,5", "1,234"])
def test_a_decimal_comma_is_called_one(text: str) -> None:
    with pytest.raises(Unreadable, match="with a decimal point, not a comma"):
        decimal_of(text, "here")


@pytest.mark.parametrize(
    ("text", "number", "unit_ns"),
    [("161.00us", "161.00", 1e3), ("1.22ms", "1.22", 1e6), ("2.00s", "2.00", 1e9), ("1.00m", "1.00", 60e9)],
)
def test_a_time_has_its_unit(text: str, number: str, unit_ns: float) -> None:
    assert (Decimal(number), unit_ns) == time_of(text, "here")


@pytest.mark.parametrize("text", ["12", "12 parsecs", "ms", "1,5ms", "-1ms", "nanus"])
def test_a_time_without_a_unit_or_number_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="here: expected"):
        time_of(text, "here")


@pytest.mark.parametrize(
    ("percent", "name"),
    [("50", "p50"), ("99.900", "p99.9"), ("97.5", "p97.5"), ("100.000", "max"), ("0", "min"), ("10", "p10")],
)
def test_a_quantile_has_one_name(percent: str, name: str) -> None:
    assert name == quantile_name(percent, "here")


def test_a_quantile_beyond_all_is_refused() -> None:
    with pytest.raises(Unreadable, match="expected a percentage up to 100, got '101'"):
        quantile_name("101", "here")


def test_a_share_of_nothing_cannot_be_told() -> None:
    assert Unavailable("no operations") == share(0, 0)
    assert Estimate(0.25, 0.25, 0.25, "share", 4) == share(1, 4)
