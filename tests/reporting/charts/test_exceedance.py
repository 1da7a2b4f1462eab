from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bizra_lab.model import Exceedance
from bizra_lab.reporting.charts.exceedance import exceedance
from tests.reporting.charts.drawn import axis_titles, data, heading, scale


def _curve(latency_ns: Sequence[float]) -> Exceedance:
    """Shares that fall tenfold from point to point, each with an interval of a tenth to either side."""
    share = np.array([0.5 / 10**place for place in range(len(latency_ns))], dtype=np.float64)
    return Exceedance(np.asarray(latency_ns, dtype=np.float64), share, share * 0.9, share * 1.1)


def test_names_its_result_and_its_units() -> None:
    picture = exceedance(_curve([1e3, 1e4]), "The cache")
    assert "The cache · latency_ns" == heading(picture)
    assert {"latency (ns to s as marked, log scale)", "operations slower (%, log scale)"} == axis_titles(picture)
    assert "The cache · latency_ns: 2 points" == str(picture)


def test_draws_each_point_with_its_interval_to_four_digits() -> None:
    first, second = data(exceedance(_curve([1_234.567, 1e6]), "The cache"), "curve")
    assert {"x": 1235.0, "share": 0.5, "low": 0.45, "high": 0.55, "latency": "1.235 µs"} == first
    assert {"x": 1e6, "share": 0.05, "low": 0.045, "high": 0.055, "latency": "1.000 ms"} == second


def test_spans_every_latency_and_every_interval() -> None:
    picture = exceedance(_curve([1_500.0, 3e4, 7e5]), "The cache")
    assert [1e3, 1e6] == scale(picture, "x")["domain"]
    assert [2e-3, 1.0] == scale(picture, "y")["domain"]


def test_makes_room_for_the_limit_and_says_it() -> None:
    picture = exceedance(_curve([1e3, 1e4]), "The cache", limit_ns=1.5e6)
    assert [{"x": 1.5e6, "says": "limit 1.500 ms"}] == data(picture, "limit")
    assert [1e3, 2e6] == scale(picture, "x")["domain"]


@pytest.mark.parametrize(("limit_ns", "side"), [(2e3, "left"), (1e6, "right")])
def test_writes_the_limit_on_the_side_that_has_room(limit_ns: float, side: str) -> None:
    picture = exceedance(_curve([1e3, 1e6]), "The cache", limit_ns=limit_ns)
    (align,) = (layer["mark"]["align"] for layer in picture.spec["layer"] if layer["mark"]["type"] == "text")
    assert side == align


def test_shades_what_the_clock_cannot_resolve_where_latencies_lie_there() -> None:
    picture = exceedance(_curve([0.0, 1e3, 2e3]), "A coarse clock", clock_step_ns=1e3)
    says = "below the clock's resolution (1.000 µs)"
    assert [{"x": 500.0, "step": 1e3, "says": says}] == data(picture, "unresolved")


def test_shades_nothing_where_every_latency_is_resolved() -> None:
    picture = exceedance(_curve([1e3, 2e3]), "A fine clock", clock_step_ns=1.0)
    assert {"curve"} == set(picture.spec["datasets"])


def test_puts_a_latency_of_zero_at_the_left_edge_and_says_so() -> None:
    picture = exceedance(_curve([0.0, 1e3]), "A coarse clock")
    assert [500.0, 1e3] == [row["x"] for row in data(picture, "curve")]
    assert "Latencies of 0 stand at the left edge." in " ".join(picture.spec["title"]["subtitle"])
    assert "0 ns" == data(picture, "curve")[0]["latency"]


def test_says_that_there_is_no_curve_where_there_are_no_points() -> None:
    picture = exceedance(_curve([]), "One operation")
    assert ["Too few operations: there is no curve to draw."] == picture.spec["title"]["subtitle"]
    assert picture.png().startswith(b"\x89PNG")
