"""Who doubts what: for each planted fault the share of draws in which each rule had doubt."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.self_test import CLEAN, Tried, spaced
from bizra_lab.reporting.theme import BLUE, ORANGE, SHADE, Row, compose
from bizra_lab.units import rounded, say

RESULT = "rules by fault"
ROW = 17  # pixels a fault: its name can be read
AROUND = 190  # pixels for the names of the rules, the heading and the axis


@chart
def confusion(tried: Sequence[Tried], title: str) -> Picture:
    """
    A cell for each fault and each rule that had doubt, the darker the more draws; those that must speak are framed.

    Of clean measurements, in the first row, no rule should have any.
    """
    rules = sorted({rule for each in tried for rule in (*each.spoke, *each.expected)})
    spoke = [row for each in tried for row in _spoke(each)]
    expected: list[Row] = [{"fault": spaced(each.fault), "rule": rule} for each in tried for rule in each.expected]
    clean = sum(each.draws for each in tried if each.fault == CLEAN)
    return compose(
        _layers([spaced(each.fault) for each in tried], rules),
        {"spoke": spoke, "expected": expected},
        title=title,
        result=RESULT,
        subtitle=(
            f"Framed: a rule of which one at least must speak. {clean:,} clean measurements are in the first row, "
            "which should be empty."
        ),
        points=len(spoke),
        height=AROUND + ROW * len(tried),
    )


def _spoke(tried: Tried) -> list[Row]:
    return [
        {
            "fault": spaced(tried.fault),
            "rule": rule,
            "share": rounded(count / tried.draws),
            "says": f"{count:,} of {tried.draws:,} draws, {say(count / tried.draws, 'share')}",
        }
        for rule, count in sorted(tried.spoke.items())
    ]


def _layers(faults: list[str], rules: list[str]) -> list[alt.Chart]:
    x = alt.X(
        "rule:N",
        scale=alt.Scale(domain=rules),
        axis=alt.Axis(labelAngle=-45, labelLimit=140, grid=False),
        title="rule that had doubt (name)",
    )
    y = alt.Y(
        "fault:N",
        scale=alt.Scale(domain=faults),
        axis=alt.Axis(labelLimit=160, grid=False),
        title="planted fault (name)",
    )
    color = alt.Color(
        "share:Q",
        scale=alt.Scale(domain=[0, 1], range=[SHADE, BLUE]),
        legend=alt.Legend(title="share of draws", format="%", gradientLength=120),
    )
    said = [alt.Tooltip("fault:N"), alt.Tooltip("rule:N"), alt.Tooltip("says:N", title="spoke in")]
    cells = alt.Chart(alt.NamedData(name="spoke")).mark_rect(stroke="white")
    frames = alt.Chart(alt.NamedData(name="expected")).mark_rect(filled=False, stroke=ORANGE, strokeWidth=1.5)
    return [cells.encode(x=x, y=y, color=color, tooltip=said), frames.encode(x=x, y=y)]
