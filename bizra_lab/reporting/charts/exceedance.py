"""Latency exceedance: how large a share of the operations was slower than x, on two logarithmic axes."""

from __future__ import annotations

import altair as alt

from bizra_lab.model import Exceedance
from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.charts._log_axis import SHARE_LABEL, TIME_LABEL, LogAxis, log_axis
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import BLUE, MUTED, ORANGE, SHADE, Row, compose
from bizra_lab.units import rounded, say

RESULT = "latency_ns"
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
    fastest_ns = float(curve.latency_ns.min(initial=float("inf")))
    unresolved_ns = clock_step_ns if clock_step_ns is not None and fastest_ns <= clock_step_ns else None
    marked = [each for each in (limit_ns, unresolved_ns) if each is not None]
    x = log_axis([*curve.latency_ns.tolist(), *marked])
    y = log_axis([*curve.low.tolist(), 1.0])
    layers = [
        *([_unresolved(unresolved_ns, x, y)] if unresolved_ns else []),
        *_curve(x, y),
        *(_limit(limit_ns, x) if limit_ns is not None else []),
    ]
    at_edge = " Latencies of 0 stand at the left edge." if fastest_ns <= 0 else ""
    return compose(
        layers,
        {"curve": _rows(curve, x, y)},
        title=title,
        result=RESULT,
        subtitle=f"Share of operations slower than x; the band is its confidence interval.{at_edge}",
        points=len(curve.latency_ns),
    )


def _rows(curve: Exceedance, x: LogAxis, y: LogAxis) -> list[Row]:
    columns = zip(*(each.tolist() for each in (curve.latency_ns, curve.share, curve.low, curve.high)), strict=True)
    return [
        {
            "x": rounded(x.held(latency_ns)),
            "share": rounded(share),
            "low": rounded(y.held(low)),
            "high": rounded(y.held(high)),
            "latency": say(latency_ns, "ns"),
        }
        for latency_ns, share, low, high in columns
    ]


def _curve(x: LogAxis, y: LogAxis) -> list[alt.Chart]:
    across = alt.X("x:Q", scale=x.scale, axis=x.axis(TIME_LABEL), title="latency (ns to s as marked, log scale)")
    upwards = {"scale": y.scale, "axis": y.axis(SHARE_LABEL), "title": "operations slower (% and quantile, log scale)"}
    base = alt.Chart(alt.NamedData(name="curve")).encode(x=across)
    said = [
        alt.Tooltip("latency:N", title="latency"),
        alt.Tooltip("share:Q", title="share slower", format=".4~p"),
        alt.Tooltip("low:Q", title="from", format=".4~p"),
        alt.Tooltip("high:Q", title="to", format=".4~p"),
    ]
    return [
        base.mark_area(color=BLUE, opacity=0.2).encode(y=alt.Y("low:Q", **upwards), y2="high:Q"),
        base.mark_line(color=BLUE, strokeWidth=2).encode(y=alt.Y("share:Q", **upwards)),
        base.mark_circle(color=BLUE, size=22, opacity=1).encode(y=alt.Y("share:Q", **upwards), tooltip=said),
    ]


def _limit(limit_ns: float, x: LogAxis) -> list[alt.Chart]:
    turned = x.place(limit_ns) > LABEL_TURNS_AT
    base = alt.Chart(alt.InlineData(values=[{}])).encode(x=alt.datum(limit_ns))
    return [
        base.mark_rule(color=ORANGE, strokeWidth=2, strokeDash=[6, 4]),
        base.mark_text(
            text=f"limit {say(limit_ns, 'ns')}",
            color=ORANGE,
            align="right" if turned else "left",
            dx=-6 if turned else 6,
        ).encode(y=alt.value(8)),
    ]


def _unresolved(step_ns: float, x: LogAxis, y: LogAxis) -> alt.Chart:
    return (
        alt.Chart(alt.InlineData(values=[{}])).mark_rect(color=SHADE).encode(x=alt.datum(x.low), x2=alt.datum(step_ns))
    )
