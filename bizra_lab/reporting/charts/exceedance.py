"""Latency exceedance: how large a share of the operations was slower than x, on two logarithmic axes."""

from __future__ import annotations

import math

import altair as alt

from bizra_lab.model import Exceedance
from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.charts._log_axis import SHARE_LABEL, TIME_LABEL, TIME_TITLE, LogAxis, log_axis
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import BLUE, MUTED, ORANGE, SHADE, Row, compose
from bizra_lab.units import rounded, say

RESULT = "latency_ns"
SHARE_ALWAYS_SHOWN = 0.1  # however few the operations: an axis needs two ends
LABEL_TURNS_AT = 0.7  # of the axis: a label further right stands left of its rule, or it would be cut off


@chart
def exceedance(
    curve: Exceedance, title: str, *, limit_ns: float | None = None, clock_step_ns: float | None = None
) -> Picture:
    """
    The exceedance curve with its interval as a band; every quantile can be read off, and so can the shape of the tail.

    `limit_ns` is a gate's limit, drawn as a rule. `clock_step_ns` shades what the clock cannot resolve, when some
    latency lies there. Latencies of 0, which a coarse clock gives, stand at the left edge.
    """
    fastest_ns = float(curve.latency_ns.min(initial=math.inf))
    unresolved_ns = clock_step_ns if clock_step_ns is not None and fastest_ns <= clock_step_ns else None
    x = _time_axis(curve, fastest_ns, limit_ns, unresolved_ns)
    y = log_axis([*curve.low.tolist(), SHARE_ALWAYS_SHOWN, 1.0])
    layers = _curve(x, y)
    datasets = {"curve": _rows(curve, x, y)}
    if unresolved_ns is not None:
        layers = [*_unresolved(x), *layers]
        datasets["unresolved"] = [
            {
                "x": x.low,
                "step": x.held(unresolved_ns),
                "says": f"below the clock's resolution ({say(unresolved_ns, 'ns')})",
            }
        ]
    if limit_ns is not None:
        layers = [*layers, *_limit(x, turned=x.place(limit_ns) > LABEL_TURNS_AT)]
        datasets["limit"] = [{"x": limit_ns, "says": f"limit {say(limit_ns, 'ns')}"}]
    return compose(
        layers,
        datasets,
        title=title,
        result=RESULT,
        subtitle=_subtitle(fastest_ns),
        points=len(curve.latency_ns),
    )


def _time_axis(curve: Exceedance, fastest_ns: float, limit_ns: float | None, unresolved_ns: float | None) -> LogAxis:
    shown_ns = [*curve.latency_ns.tolist(), *(each for each in (limit_ns, unresolved_ns) if each is not None)]
    if fastest_ns <= 0 or unresolved_ns is not None:
        # Zeros need a place left of everything else, and the shade a width.
        shown_ns.append(min((each for each in shown_ns if each > 0), default=0.0) / 2)
    return log_axis(shown_ns)


def _subtitle(fastest_ns: float) -> str:
    if math.isinf(fastest_ns):
        return "Too few operations: there is no curve to draw."
    at_edge = " Latencies of 0 stand at the left edge." if fastest_ns <= 0 else ""
    return f"Share of operations slower than x; the band is its confidence interval.{at_edge}"


def _rows(curve: Exceedance, x: LogAxis, y: LogAxis) -> list[Row]:
    columns = (each.tolist() for each in (curve.latency_ns, curve.share, curve.low, curve.high))
    return [
        {
            "x": rounded(x.held(latency_ns)),
            "share": rounded(share),
            "low": rounded(y.held(low)),
            "high": rounded(high),
            "latency": say(latency_ns, "ns"),
        }
        for latency_ns, share, low, high in zip(*columns, strict=True)
    ]


def _curve(x: LogAxis, y: LogAxis) -> list[alt.Chart]:
    def slower(column: str) -> alt.Y:
        return alt.Y(
            column,
            type="quantitative",
            scale=y.scale,
            axis=y.axis(SHARE_LABEL),
            title="operations slower (%, log scale)",
        )

    base = alt.Chart(alt.NamedData(name="curve")).encode(
        x=alt.X("x:Q", scale=x.scale, axis=x.axis(TIME_LABEL), title=TIME_TITLE)
    )
    said = [
        alt.Tooltip("latency:N", title="latency"),
        alt.Tooltip("share:Q", title="slower", format=".4~p"),
        alt.Tooltip("low:Q", title="from", format=".4~p"),
        alt.Tooltip("high:Q", title="to", format=".4~p"),
    ]
    return [
        base.mark_area(color=BLUE, opacity=0.2).encode(y=slower("low"), y2="high"),
        base.mark_line(color=BLUE, strokeWidth=2).encode(y=slower("share")),
        base.mark_circle(color=BLUE).encode(y=slower("share"), tooltip=said),
    ]


def _limit(x: LogAxis, *, turned: bool) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData(name="limit")).encode(x=alt.X("x:Q", scale=x.scale))
    return [
        base.mark_rule(color=ORANGE, strokeWidth=2, strokeDash=[6, 4]),
        base.mark_text(color=ORANGE, align="right" if turned else "left", dx=-7 if turned else 7).encode(
            y=alt.value(8), text="says:N"
        ),
    ]


def _unresolved(x: LogAxis) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData(name="unresolved")).encode(x=alt.X("x:Q", scale=x.scale))
    return [
        base.mark_rect(color=SHADE).encode(x2="step"),
        base.mark_text(color=MUTED, align="left", dx=6, dy=-10).encode(
            y=alt.value(alt.ExprRef("height")), text="says:N"
        ),
    ]
