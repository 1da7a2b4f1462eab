from __future__ import annotations

import math

import pytest
import vl_convert

from bizra_lab.reporting.charts._log_axis import SHARE_LABEL, TIME_LABEL, log_axis


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([1_500.0, 7_000.0], 1e3, 1e4),
        ([1e3, 1e6], 1e3, 1e6),
        ([210.0, 490.0], 200.0, 500.0),
        ([1e3], 1e3, 2e3),
        ([1.0, 0.0, math.nan, math.inf, 3.0], 1.0, 5.0),
        ([0.0, math.nan], 1.0, 10.0),
        ([], 1.0, 10.0),
        ([4.9e-7, 1.0], 2e-7, 1.0),
    ],
)
def test_is_the_shortest_axis_that_holds_every_positive_value(values: list[float], low: float, high: float) -> None:
    axis = log_axis(values)
    assert (low, high) == (axis.low, axis.high)


def test_is_marked_at_each_decade_when_it_is_long_and_more_often_when_it_is_short() -> None:
    assert (1e3, 1e4, 1e5) == log_axis([1e3, 2e5]).marks
    assert (1e3, 2e3, 5e3, 1e4) == log_axis([1e3, 1e4]).marks


def test_holds_what_lies_outside_at_its_ends() -> None:
    axis = log_axis([1e3, 1e5])
    assert [1e3, 1e3, 2e4, 1e5] == [axis.held(value) for value in (0.0, 1e3, 2e4, 1e9)]


def test_tells_places_from_values_and_values_from_places() -> None:
    axis = log_axis([1e3, 1e5])
    assert [0.0, 0.5, 1.0] == [axis.place(value) for value in (0.0, 1e4, 1e5)]
    assert pytest.approx(1e4) == axis.at(0.5)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (
            TIME_LABEL,
            {1.0: "1 ns", 500.0: "500 ns", 1e3: "1 µs", 2e5: "200 µs", 1e6: "1 ms", 1e9: "1 s", 2e12: "2,000 s"},
        ),
        (
            SHARE_LABEL,
            {1.0: "100 %", 0.5: "50 % (p50)", 0.1: "10 % (p90)", 1e-3: "0.1 % (p99.9)", 1e-7: "0.00001 % (p99.99999)"},
        ),
    ],
)
def test_words_each_mark_as_people_say_it(label: str, said: dict[float, str]) -> None:
    axis = log_axis(said)
    spec = {
        "data": {"values": [{"x": value} for value in said]},
        "mark": "point",
        "encoding": {
            "x": {
                "field": "x",
                "type": "quantitative",
                "scale": axis.scale.to_dict(),
                "axis": {"labelExpr": label, "values": list(said), "labelOverlap": False},
            }
        },
    }
    drawn = vl_convert.vegalite_to_svg(spec, vl_version="5.8")
    assert [] == [words for words in said.values() if f">{words}</text>" not in drawn]
