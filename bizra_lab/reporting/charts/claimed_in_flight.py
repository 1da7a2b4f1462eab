"""The number in flight that published figures amount to, claim by claim, against the workers they declare."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt

from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.charts._log_axis import LogAxis, log_axis
from bizra_lab.reporting.claims import ClaimedInFlight, say_in_flight
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import BLUE, INK, ORANGE, Row, compose
from bizra_lab.units import rounded

RESULT = "littles_law.in_flight"
LABEL_GAP = 10  # between a name and the plot: a point at the left edge reaches into it
NUMBER_LABEL = "format(datum.value, ',.12~r')"


@chart
def claimed_in_flight(claims: Sequence[ClaimedInFlight], title: str) -> Picture:
    """
    A line from the least to the greatest L for each claim, in the order given, and a tick at its declared workers.

    A claim that cannot be is drawn in another colour. Where no maximum bounds L, its line ends in an arrow at the edge;
    an L of 0 stands at the left one.
    """
    x = log_axis(_shown(claims))
    rows = [_row(each, x) for each in claims]
    limits: list[Row] = [
        {"claim": _words(each.name), "workers": each.workers} for each in claims if each.workers is not None
    ]
    return compose(
        _layers(x, [str(row["claim"]) for row in rows]),
        {"claims": rows, "limits": limits},
        title=title,
        result=RESULT,
        subtitle=(
            "Lines: λ·W, from the least to the greatest that the printed digits permit; an arrow where they set no "
            "end. Ticks: workers declared, more than which cannot be in flight. Orange: impossible."
        ),
        points=len(rows),
    )


def _shown(claims: Sequence[ClaimedInFlight]) -> list[float]:
    ends = [end for each in claims for end in (each.low, each.high)]
    return [*ends, *(float(each.workers) for each in claims if each.workers is not None)]


def _row(claimed: ClaimedInFlight, x: LogAxis) -> Row:
    return {
        "claim": _words(claimed.name),
        "low": rounded(x.held(claimed.low)),
        "high": rounded(x.held(claimed.high)),
        "shape": "triangle-right" if math.isinf(claimed.high) else "circle",
        "says": f"{say_in_flight(claimed)}{_of_workers(claimed.workers)}",
        "color": ORANGE if claimed.impossible else BLUE,
    }


def _of_workers(workers: int | None) -> str:
    if workers is None:
        return ""
    return ", 1 worker" if workers == 1 else f", {workers:,} workers"


def _layers(x: LogAxis, order: list[str]) -> list[alt.Chart]:
    y = alt.Y(
        "claim:N",
        sort=order,
        title="claim (name in the claims file)",
        axis=alt.Axis(grid=True, labelLimit=220, labelPadding=LABEL_GAP, ticks=False),
    )

    def across(column: str) -> alt.X:
        return alt.X(
            column,
            type="quantitative",
            scale=x.scale,
            axis=x.axis(NUMBER_LABEL),
            title="operations in flight (number, log scale)",
        )

    color = alt.Color("color:N", scale=None)
    base = alt.Chart(alt.NamedData(name="claims")).encode(y=y)
    limit = alt.Chart(alt.NamedData(name="limits")).encode(y=y, x=across("workers"))
    return [
        base.mark_rule(strokeWidth=4).encode(x=across("low"), x2="high", color=color),
        base.mark_point(filled=True, size=70, opacity=1).encode(
            x=across("high"), color=color, shape=alt.Shape("shape:N", scale=None), tooltip=["says:N"]
        ),
        base.mark_circle(size=40).encode(x=across("low"), color=color, tooltip=["says:N"]),
        limit.mark_tick(color=INK, thickness=3, size=16),
        base.mark_text(align="left", dx=8, color=INK).encode(x=alt.value(alt.ExprRef("width")), text="says:N"),
    ]


def _words(name: str) -> str:
    return name.replace("_", " ")
