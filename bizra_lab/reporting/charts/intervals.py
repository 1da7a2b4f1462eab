"""Intervals of many runs beside the truth they should hold: those that miss it stand out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import altair as alt

from bizra_lab.model import Estimate, Result
from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.charts._log_axis import TIME_LABEL, TIME_TITLE, log_axis
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import BLUE, INK, LABEL_ROOM, ORANGE, Row, compose
from bizra_lab.units import rounded, say

SHOWN = 50  # runs of each way: more would touch each other
BETWEEN = 4  # places between the ways
LINEAR_MAX = 5  # times the least value: up to there all ends are told apart on a linear axis
MARGIN = 0.12  # of a linear axis, at either end: the words of the ways stand in it


@chart
def intervals(found: Mapping[str, Sequence[Result]], truth_ns: float, title: str, *, result: str) -> Picture:
    """
    A line from end to end of each run's interval in ns, by the way it was found; orange where it misses the truth.

    Of each way the first runs are drawn, and all are counted; a run without an interval leaves a gap. `result` names
    what is estimated.
    """
    shown = {way: results[:SHOWN] for way, results in found.items()}
    places = _first_places(shown)
    width = max((places[way] + len(results) for way, results in shown.items()), default=1)
    ends = [end for results in shown.values() for each in _known(results) for end in (each.low, each.high)]
    y = _heights([truth_ns, *ends])
    drawn = [row for way, results in shown.items() for row in _rows(results, places[way], truth_ns, y)]
    return compose(
        [*_lines(width, y), *_truth(y), _ways(width)],
        {
            "intervals": drawn,
            "truth": [{"y": rounded(truth_ns), "says": "truth"}],
            "ways": [
                {"x": places[way], "says": f"{way}: {_counted(results, truth_ns)}"} for way, results in found.items()
            ],
        },
        title=title,
        result=result,
        subtitle=f"Each line is the interval of one simulated run; orange ones miss the truth, {say(truth_ns, 'ns')}.",
        points=len(drawn),
        room_right=LABEL_ROOM,
    )


@dataclass(frozen=True, slots=True)
class _Heights:
    """The upright axis: its ends in ns, and how altair draws it."""

    low: float
    high: float
    scale: alt.Scale
    axis: alt.Axis
    title: str

    def held(self, value: float) -> float:
        return rounded(min(max(value, self.low), self.high))


def _heights(values: Sequence[float]) -> _Heights:
    least, most = min(values), max(values)
    if least > 0 and most <= LINEAR_MAX * least:
        margin = MARGIN * (most - least) or MARGIN * least
        low, high = rounded(least - margin), rounded(most + margin)
        scale = alt.Scale(domain=[low, high], nice=False, zero=False)
        return _Heights(low, high, scale, alt.Axis(labelExpr=TIME_LABEL, tickCount=6), "latency (ns to s as marked)")
    y = log_axis(values)
    return _Heights(y.low, y.high, y.scale, y.axis(TIME_LABEL), TIME_TITLE)


def _known(results: Sequence[Result]) -> list[Estimate]:
    return [each for each in results if isinstance(each, Estimate)]


def _holds(estimate: Estimate, truth_ns: float) -> bool:
    return estimate.low <= truth_ns <= estimate.high


def _counted(results: Sequence[Result], truth_ns: float) -> str:
    known = _known(results)
    return f"{sum(_holds(each, truth_ns) for each in known)} of {len(known)} hold it"


def _first_places(shown: Mapping[str, Sequence[Result]]) -> dict[str, int]:
    """Where on the axis the runs of each way begin, the ways beside each other."""
    places: dict[str, int] = {}
    free = 1
    for way, results in shown.items():
        places[way] = free
        free += len(results) + BETWEEN
    return places


def _rows(results: Sequence[Result], first: int, truth_ns: float, y: _Heights) -> list[Row]:
    return [
        {
            "x": place,
            "low": y.held(each.low),
            "high": y.held(each.high),
            "color": BLUE if _holds(each, truth_ns) else ORANGE,
        }
        for place, each in enumerate(results, start=first)
        if isinstance(each, Estimate)
    ]


def _across(width: int) -> alt.X:
    # The places are runs in the order of their seeds, and their numbers mean nothing.
    return alt.X(
        "x:Q",
        scale=alt.Scale(domain=[0, width], nice=False),
        axis=alt.Axis(labels=False, ticks=False, grid=False),
        title="simulated runs (one line each)",
    )


def _upwards(field: str, y: _Heights) -> alt.Y:
    return alt.Y(f"{field}:Q", scale=y.scale, axis=y.axis, title=y.title)


def _lines(width: int, y: _Heights) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData(name="intervals")).encode(x=_across(width), y=_upwards("low", y), y2="high")
    return [base.mark_rule(strokeWidth=3).encode(color=alt.Color("color:N", scale=None))]


def _truth(y: _Heights) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData(name="truth")).encode(y=_upwards("y", y))
    return [
        base.mark_rule(color=INK, strokeWidth=1),
        base.mark_text(color=INK, align="left", baseline="middle", dx=6).encode(x=alt.value("width"), text="says:N"),
    ]


def _ways(width: int) -> alt.Chart:
    base = alt.Chart(alt.NamedData(name="ways")).encode(x=_across(width))
    named: alt.Chart = base.mark_text(color=INK, align="left").encode(y=alt.value(10), text="says:N")
    return named
