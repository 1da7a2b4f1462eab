"""Units at the border, and numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizra_lab.units import printable, rounded, say, say_interval, to_own


@pytest.mark.parametrize(
    ("expected", "value", "unit", "own"),
    [
        (1.5e6, 1.5, "ms", "ns"),
        (120.0, 0.12, "us", "ns"),
        (120.0, 0.12, "µs", "ns"),
        (0.01, 1, "%", "share"),
        (300_000.0, 300_000, "req/s", "per_s"),
        (5.0, 5, "ratio", "ratio"),
    ],
)
def test_a_limit_is_converted_to_the_unit_of_the_result(expected: float, value: float, unit: str, own: str) -> None:
    assert expected == pytest.approx(to_own(value, unit, own))


@pytest.mark.parametrize(("unit", "own"), [("req/s", "ns"), ("%", "per_s"), ("ms", "ratio")])
def test_a_limit_in_a_unit_of_something_else_is_refused(unit: str, own: str) -> None:
    with pytest.raises(ValueError, match="does not measure"):
        to_own(1.0, unit, own)


@pytest.mark.parametrize(
    ("expected", "value", "unit"),
    [
        ("1.234 µs", 1234.4, "ns"),
        ("999.9 ns", 999.9, "ns"),
        ("1.000 µs", 999.99, "ns"),
        ("1.500 ms", 1.5e6, "ns"),
        ("120.0 s", 120e9, "ns"),
        ("0 ns", 0.0, "ns"),
        ("-2.000 ms", -2e6, "ns"),
        ("523,800 /s", 523_793.0, "per_s"),
        ("0.3000 %", 0.003, "share"),
        ("98.50 %", 0.985, "share"),
        ("0.9960", 0.996, "ratio"),
        ("12.00 operations", 12.0, "operations"),
    ],
)
def test_numbers_are_said_with_four_digits_and_their_unit(expected: str, value: float, unit: str) -> None:
    assert expected == say(value, unit)


@pytest.mark.parametrize(
    ("expected", "low", "high", "unit"),
    [
        ("1.200 to 1.260 µs", 1200.0, 1260.0, "ns"),
        ("980.0 ns to 1.020 µs", 980.0, 1020.0, "ns"),
        ("0.9900 to 1.010", 0.99, 1.01, "ratio"),
        ("99.00 to 99.50 %", 0.99, 0.995, "share"),
    ],
)
def test_an_interval_says_its_unit_once_where_both_ends_have_it(
    expected: str, low: float, high: float, unit: str
) -> None:
    assert expected == say_interval(low, high, unit)


@given(st.floats(1e-12, 1e15))
def test_rounding_moves_a_number_by_less_than_a_thousandth(value: float) -> None:
    assert value == pytest.approx(rounded(value), rel=5.1e-4)


def test_nothing_and_infinity_stay_what_they_are() -> None:
    assert (0.0, float("inf")) == (rounded(0.0), rounded(float("inf")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two\nlines\tand  gaps", "two lines and gaps"),
        ("\x1b[31mred", "\N{REPLACEMENT CHARACTER}[31mred"),
        ("half \ud800", "half \N{REPLACEMENT CHARACTER}"),
        ("λ·W ≤ N", "λ·W ≤ N"),
    ],
)
def test_other_peoples_words_stay_on_one_line_and_command_nothing(text: str, expected: str) -> None:
    assert expected == printable(text)
