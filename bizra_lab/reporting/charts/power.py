"""How small a fault is found: the share of draws in which it is named, against its size."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from bizra_lab.model import Estimate
from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.self_test import NAMED_MIN, Power, said_share, spaced
from bizra_lab.reporting.theme import BLUE, GREEN, INK, MUTED, ORANGE, Row, compose
from bizra_lab.units import rounded

RESULT = "named faults"
COLORS = (BLUE, ORANGE, GREEN, INK)  # of the lines, in the order given, and again from the first
DASHES = ([1, 0], [6, 3], [2, 2])  # of the lines that share a colour
MARKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # of the stated size


@chart
def power(powers: Sequence[Power], title: str) -> Picture:
    """A line a fault, with its intervals, over its size as a share of the stated one; a rule where it must reach."""
    rows = [row for each in powers for row in _points(each)]
    return compose(
        _layers([spaced(each.fault) for each in powers]),
        {"to reach": [{"bar": NAMED_MIN}], "lines": rows},
        title=title,
        result=RESULT,
        subtitle=f"With the interval of so many draws; at the stated size {NAMED_MIN:.0%} must be named.",
        points=len(rows),
    )


def _points(power: Power) -> list[Row]:
    return [
        {
            "fault": spaced(power.fault),
            "size": rounded(_relative(size, power.stated)),
            "at": f"{size:g}, {power.what}",
            "named": rounded(named.value),
            "low": rounded(named.low),
            "high": rounded(named.high),
            "says": said_share(named),
        }
        for size, named in sorted(power.named.items())
        if isinstance(named, Estimate)
    ]


def _relative(size: float, stated: float) -> float:
    """A size as a share of the stated one; of a factor, which does nothing at 1, what it is away from that."""
    return (size - 1) / (stated - 1) if stated > 1 else size / stated


def _layers(faults: list[str]) -> list[alt.Chart]:
    title = "named in (share of draws)"
    x = alt.X(
        "size:Q",
        scale=alt.Scale(type="log"),
        axis=alt.Axis(values=list(MARKS), format="~%"),
        title="size of the fault (share of the stated size, log scale)",
    )
    y = alt.Y("named:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=6), title=title)
    color = alt.Color(
        "fault:N",
        scale=alt.Scale(domain=faults, range=[COLORS[place % len(COLORS)] for place in range(len(faults))]),
        legend=alt.Legend(title=None, symbolType="stroke", labelLimit=200),
    )
    dashes = [DASHES[place // len(COLORS) % len(DASHES)] for place in range(len(faults))]
    said = [alt.Tooltip("fault:N"), alt.Tooltip("at:N", title="size"), alt.Tooltip("says:N", title="named in")]
    to_reach = alt.Chart(alt.NamedData(name="to reach")).mark_rule(color=MUTED, strokeDash=[2, 2])
    lines = alt.Chart(alt.NamedData(name="lines")).encode(x=x, color=color)
    return [
        to_reach.encode(y=alt.Y("bar:Q", title=title)),
        lines.mark_rule(strokeWidth=1, opacity=0.5).encode(y=alt.Y("low:Q", title=title), y2="high"),
        lines.mark_line(strokeWidth=2).encode(
            y=y, strokeDash=alt.StrokeDash("fault:N", scale=alt.Scale(domain=faults, range=dashes), legend=None)
        ),
        lines.mark_circle(size=40).encode(y=y, tooltip=said),
    ]
