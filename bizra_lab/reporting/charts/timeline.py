"""Latency over time: p50, p99 and the maximum of each slice of the measured window, on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import altair as alt

from bizra_lab.model import Timeline
from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.charts._line_names import NAMES, line_names, moved_apart
from bizra_lab.reporting.charts._log_axis import TIME_LABEL, TIME_TITLE, LogAxis, log_axis
from bizra_lab.reporting.charts._over_time import across, slices_said
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import BLUE, GREEN, LABEL_ROOM, ORANGE, Row, compose
from bizra_lab.units import rounded, say

RESULT = "latency_ns"
COLORS = {"max": ORANGE, "p99": GREEN, "p50": BLUE}  # in the order they are drawn, one upon the other
DASHES = {"max": [1, 0], "p99": [6, 3], "p50": [1, 0]}  # where p99 is the maximum, that shows between its dashes

Series = Mapping[str, Sequence[float]]


@chart
def timeline(slices: Timeline, title: str) -> Picture:
    """
    How latency went over the window: one regime is a level, two are a step, a stall is a peak.

    A slice in which nothing finished is a gap. Latencies of 0, which a coarse clock gives, stand at the lower edge.
    """
    series = {"max": slices.max_ns.tolist(), "p99": slices.p99_ns.tolist(), "p50": slices.p50_ns.tolist()}
    y = log_axis(value for values in series.values() for value in values)
    return compose(
        [layer for name in series for layer in _line(name, slices, y)] + [line_names(_upwards("y", y))],
        {"slices": _rows(slices, series, y), NAMES: _names(series, y)},
        title=title,
        result=RESULT,
        subtitle=f"Operations by when they finished, in {slices_said(slices)}; a slice without any is a gap.",
        points=len(slices.time_s),
        room_right=LABEL_ROOM,
    )


def _line(name: str, slices: Timeline, y: LogAxis) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData(name="slices")).encode(x=across(slices), y=_upwards(name, y))
    said = [
        alt.Tooltip("time:Q", title="time (s)"),
        alt.Tooltip("operations:Q", format=","),
        alt.Tooltip("said:N", title="latency"),
    ]
    return [
        base.mark_line(color=COLORS[name], strokeWidth=2, strokeDash=DASHES[name]),
        # A slice between two gaps has no line to either side.
        base.mark_circle(color=COLORS[name]).encode(tooltip=said),
    ]


def _upwards(field: str, y: LogAxis) -> alt.Y:
    return alt.Y(f"{field}:Q", scale=y.scale, axis=y.axis(TIME_LABEL), title=TIME_TITLE)


def _rows(slices: Timeline, series: Series, y: LogAxis) -> list[Row]:
    columns = zip(slices.time_s.tolist(), slices.operations.tolist(), zip(*series.values(), strict=True), strict=True)
    return [
        {
            "time": rounded(time_s),
            "operations": operations,
            **{
                name: rounded(y.held(value)) if operations else None for name, value in zip(series, values, strict=True)
            },
            "said": ", ".join(f"{name} {say(value, 'ns')}" for name, value in zip(series, values, strict=True)),
        }
        for time_s, operations, values in columns
    ]


def _names(series: Series, y: LogAxis) -> list[Row]:
    ends = {
        name: [value for value in values if math.isfinite(value)][-1:]
        for name, values in reversed(list(series.items()))
    }
    places = moved_apart({name: y.place(end[0]) for name, end in ends.items() if end})
    return [{"name": name, "y": rounded(y.at(place)), "color": COLORS[name]} for name, place in places.items()]
