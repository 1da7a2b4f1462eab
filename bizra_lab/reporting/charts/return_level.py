"""Return level: the latency that one operation in so many exceeds, and how far the tail carries past what was seen."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt

from bizra_lab.model import Estimate, Result, Unavailable
from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.charts._log_axis import TIME_LABEL, TIME_TITLE, LogAxis, log_axis
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import BLUE, INK, MUTED, SHADE, Row, compose
from bizra_lab.units import rounded, say, say_interval

RESULT = "latency_ns"
ONE_IN_LABEL = "'1 in ' + format(datum.value, ',')"  # an expression of vega


@chart
def return_level(levels: Mapping[float, Result], seen: Mapping[float, float], title: str) -> Picture:
    """
    The level in ns that one operation in m exceeds, by m, with its interval as a band, and what was seen as points.

    `levels` are the tail's, `seen` the latencies that one in m reached. Past the last of them everything is the tail's
    word alone, and is shaded.
    """
    told = {m: level for m, level in sorted(levels.items()) if isinstance(level, Estimate)}
    x = log_axis([*told, *seen])
    y = log_axis([*seen.values(), *(end for level in told.values() for end in (level.low, level.high))])
    layers = [*_curve(x, y), *_seen(x, y)]
    datasets: dict[str, list[Row]] = {
        "levels": [_row(m, level, y) for m, level in told.items()],
        "seen": [
            {"x": rounded(m), "y": rounded(y.held(ns)), "latency": say(ns, "ns")} for m, ns in sorted(seen.items())
        ],
    }
    if told and seen and max(seen) < x.high:
        layers = [*_unseen(x), *layers]
        datasets["unseen"] = [{"from": rounded(max(seen)), "to": x.high, "says": "past what was seen"}]
    return compose(
        layers, datasets, title=title, result=RESULT, subtitle=_subtitle(levels, told), points=len(told) + len(seen)
    )


def _subtitle(levels: Mapping[float, Result], told: Mapping[float, Estimate]) -> str:
    if told:
        return "The latency that one operation in so many exceeds, by the fitted tail; points are what was seen."
    reasons = [level.reason for level in levels.values() if isinstance(level, Unavailable)]
    return f"No level can be told: {reasons[-1] if reasons else 'no tail was fitted'}."


def _row(m: float, level: Estimate, y: LogAxis) -> Row:
    return {
        "x": rounded(m),
        "y": rounded(y.held(level.value)),
        "low": rounded(y.held(level.low)),
        "high": rounded(y.held(level.high)),
        "level": say(level.value, "ns"),
        "interval": say_interval(level.low, level.high, "ns"),
    }


def _across(x: LogAxis) -> alt.X:
    return alt.X("x:Q", scale=x.scale, axis=x.axis(ONE_IN_LABEL), title="one operation in (number, log scale)")


def _upwards(field: str, y: LogAxis) -> alt.Y:
    return alt.Y(f"{field}:Q", scale=y.scale, axis=y.axis(TIME_LABEL), title=TIME_TITLE)


def _curve(x: LogAxis, y: LogAxis) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData(name="levels")).encode(x=_across(x))
    said = [
        alt.Tooltip("x:Q", title="one in", format=",.4~r"),
        alt.Tooltip("level:N", title="takes more than"),
        alt.Tooltip("interval:N"),
    ]
    return [
        base.mark_area(color=BLUE, opacity=0.2).encode(y=_upwards("low", y), y2="high"),
        base.mark_line(color=BLUE, strokeWidth=2).encode(y=_upwards("y", y)),
        base.mark_circle(color=BLUE).encode(y=_upwards("y", y), tooltip=said),
    ]


def _seen(x: LogAxis, y: LogAxis) -> list[alt.Chart]:
    said = [alt.Tooltip("x:Q", title="one in", format=",.4~r"), alt.Tooltip("latency:N", title="took")]
    base = alt.Chart(alt.NamedData(name="seen")).encode(x=_across(x), y=_upwards("y", y), tooltip=said)
    return [base.mark_point(color=INK, shape="cross", filled=True, size=50)]


def _unseen(x: LogAxis) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData(name="unseen")).encode(x=alt.X("from:Q", scale=x.scale))
    return [
        base.mark_rect(color=SHADE).encode(x2="to"),
        base.mark_text(color=MUTED, align="left", dx=6, dy=-10).encode(
            y=alt.value(alt.ExprRef("height")), text="says:N"
        ),
    ]
