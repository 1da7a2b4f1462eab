"""Growth: what one operation costs as the thing it works on gets larger, both axes logarithmic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt

from bizra_lab.model import Estimate, Result
from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.charts._line_names import NAMES, line_names, moved_apart
from bizra_lab.reporting.charts._log_axis import TIME_LABEL, TIME_TITLE, LogAxis, log_axis
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import BLUE, GREEN, INK, ORANGE, Row, compose
from bizra_lab.units import rounded, say

COLORS = (BLUE, ORANGE, GREEN, INK)  # of the lines, in the order given
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2])  # so that lines which lie on each other are seen
NAME_ROOM = 120  # to the right: names of lines are two or three words

PLAIN_LABEL = "format(datum.value, ',~r')"


@chart
def growth(lines: Mapping[str, Mapping[int, Result]], title: str, *, unit: str, of: str) -> Picture:
    """
    At most four lines of cost by size, with the interval of each point; `unit` is "ns" or a plain name, `of` the size.

    A line that rises by a decade a decade is linear; a level one does not depend on the size. Results that are
    unavailable are left out.
    """
    drawn = {name: _points(line) for name, line in lines.items()}
    drawn = {name: points for name, points in drawn.items() if points}
    estimates = [each for points in drawn.values() for each in points.values()]
    x = log_axis(size for points in drawn.values() for size in points)
    y = log_axis(end for each in estimates for end in (each.low, each.high))
    title_y = TIME_TITLE if unit == "ns" else f"cost ({unit}, log scale)"
    upwards = alt.Y("y:Q", scale=y.scale, axis=y.axis(TIME_LABEL if unit == "ns" else PLAIN_LABEL), title=title_y)
    across = alt.X("x:Q", scale=x.scale, axis=x.axis(PLAIN_LABEL), title=f"{of} (number, log scale)")
    datasets: dict[str, Sequence[Row]] = {
        NAMES: _names(drawn, y),
        **{f"line {name}": _rows(points, y) for name, points in drawn.items()},
    }
    layers = [layer for place, name in enumerate(drawn) for layer in _line(name, place, across, upwards)]
    return compose(
        [*layers, line_names(upwards)],
        datasets,
        title=title,
        result="cost by size",
        subtitle="Each point is a quantile of many operations, with its interval; a rise of one decade a decade would "
        "be a walk over everything.",
        points=len(estimates),
        room_right=NAME_ROOM,
    )


def _points(line: Mapping[int, Result]) -> dict[int, Estimate]:
    return {size: each for size, each in sorted(line.items()) if isinstance(each, Estimate)}


def _line(name: str, place: int, across: alt.X, upwards: alt.Y) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData(name=f"line {name}")).encode(x=across)
    said = [alt.Tooltip("x:Q", title="size", format=","), alt.Tooltip("says:N", title=name)]
    span = upwards.copy()
    span["shorthand"] = "low:Q"
    return [
        base.mark_rule(color=COLORS[place], strokeWidth=1).encode(y=span, y2="high"),
        base.mark_line(color=COLORS[place], strokeWidth=2, strokeDash=DASHES[place]).encode(y=upwards),
        base.mark_circle(color=COLORS[place], size=40).encode(y=upwards, tooltip=said),
    ]


def _rows(points: Mapping[int, Estimate], y: LogAxis) -> list[Row]:
    return [
        {
            "x": size,
            "y": y.held(rounded(each.value)),
            "low": y.held(rounded(each.low)),
            "high": y.held(rounded(each.high)),
            "says": say(each.value, each.unit),
        }
        for size, each in points.items()
    ]


def _names(drawn: Mapping[str, Mapping[int, Estimate]], y: LogAxis) -> list[Row]:
    ends = {name: y.place(points[max(points)].value) for name, points in drawn.items()}
    colors = dict(zip(drawn, COLORS, strict=False))
    return [
        {"name": name, "y": rounded(y.at(place)), "color": colors[name]} for name, place in moved_apart(ends).items()
    ]
