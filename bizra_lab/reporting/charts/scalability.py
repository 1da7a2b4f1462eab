"""Scalability: throughput by number of workers as it was seen, with the law that fits it and what bounds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt

from bizra_lab.model import Estimate, Result
from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.charts._line_names import NAMES, line_names, moved_apart
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import BLUE, GREEN, INK, LABEL_ROOM, MUTED, ORANGE, Row, compose
from bizra_lab.units import rounded, say

RESULT = "throughput_per_s"
COLORS = (BLUE, ORANGE, GREEN)  # of the lines, in the order given
DASHES = ([1, 0], [6, 3], [2, 2])  # so that lines which lie on each other are seen
HEADROOM = 1.1  # of the highest point: the words at the peak stand above it

Line = Mapping[float, float]


@chart
def scalability(
    seen: Sequence[tuple[int, float]], lines: Mapping[str, Line], title: str, *, peak: Result | None = None
) -> Picture:
    """
    Operations per second by number of workers: each run as a cross, and at most three lines with names.

    `peak` is the number of workers at which throughput is highest, drawn as a rule where it lies among those seen.
    """
    drawn = {name: line for name, line in lines.items() if line}
    heights = [*(rate for _, rate in seen), *(rate for line in drawn.values() for rate in line.values())]
    top = HEADROOM * max(heights, default=1.0)
    across = _across([workers for workers, _ in seen])
    layers = [layer for place, name in enumerate(drawn) for layer in _line(name, place, across, top)]
    datasets: dict[str, Sequence[Row]] = {
        "seen": [{"x": workers, "y": rounded(rate), "says": say(rate, "per_s")} for workers, rate in seen],
        NAMES: _names(drawn, top),
        **{f"line {name}": _points(line) for name, line in drawn.items()},
    }
    if isinstance(peak, Estimate) and peak.value <= max((workers for workers, _ in seen), default=0):
        layers = [*layers, *_peak(across)]
        datasets["peak"] = [{"x": rounded(peak.value), "says": f"peak at {say(peak.value, 'workers')}"}]
    return compose(
        [*layers, _seen(across, top), line_names(_upwards("y", top))],
        datasets,
        title=title,
        result=RESULT,
        subtitle="Operations completed per second, by how many workers ask for them; each cross is a run.",
        points=len(seen),
        room_right=LABEL_ROOM,
    )


def _across(workers: Sequence[int]) -> alt.X:
    return alt.X(
        "x:Q",
        scale=alt.Scale(domain=[0, max(workers, default=1)], nice=False),
        axis=alt.Axis(values=sorted(set(workers)), format="d", grid=False),
        title="workers (number)",
    )


def _upwards(field: str, top: float) -> alt.Y:
    return alt.Y(
        f"{field}:Q",
        scale=alt.Scale(domain=[0, rounded(top)], nice=False),
        axis=alt.Axis(format=",~r", tickCount=6),
        title="throughput (operations per second)",
    )


def _line(name: str, place: int, across: alt.X, top: float) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData(name=f"line {name}")).encode(x=across, y=_upwards("y", top))
    return [base.mark_line(color=COLORS[place], strokeWidth=2, strokeDash=DASHES[place])]


def _points(line: Line) -> list[Row]:
    return [{"x": rounded(workers), "y": rounded(rate)} for workers, rate in sorted(line.items())]


def _seen(across: alt.X, top: float) -> alt.Chart:
    said = [alt.Tooltip("x:Q", title="workers"), alt.Tooltip("says:N", title="throughput")]
    base = alt.Chart(alt.NamedData(name="seen")).encode(x=across, y=_upwards("y", top), tooltip=said)
    crosses: alt.Chart = base.mark_point(color=INK, shape="cross", filled=True, size=60, opacity=1)
    return crosses


def _peak(across: alt.X) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData(name="peak")).encode(x=across)
    return [
        base.mark_rule(color=MUTED, strokeWidth=1, strokeDash=[2, 2]),
        base.mark_text(color=INK, align="right", dx=-6).encode(y=alt.value(10), text="says:N"),
    ]


def _names(lines: Mapping[str, Line], top: float) -> list[Row]:
    ends = {name: line[max(line)] / top for name, line in lines.items()}
    colors = dict(zip(lines, COLORS, strict=False))
    return [
        {"name": name, "y": rounded(place * top), "color": colors[name]} for name, place in moved_apart(ends).items()
    ]
