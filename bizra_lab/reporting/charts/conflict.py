"""Conflict: how much of the weight has to sign twice before two blocks that exclude each other are both final."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt

from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import BLUE, INK, MUTED, ORANGE, SHADE, Row, compose
from bizra_lab.units import rounded, say

SHARES = alt.Axis(format="~%", tickCount=6)

BOUND, SEEN, MARKED = "bound", "seen", "marked"  # the datasets


@chart
def conflict(
    seen: Mapping[float, float], bound: Mapping[float, float], title: str, *, marked: Sequence[float] = ()
) -> Picture:
    """
    The least share that signed twice, as a cross for each threshold, over the bound as a line; all are shares in 0..1.

    Below the line no two conflicting blocks can be final. `marked` are thresholds in use, named with their bound.
    """
    upwards = alt.Y("y:Q", scale=_scale(0), axis=SHARES, title="weight that signs twice (share of all weight)")
    across = alt.X("x:Q", scale=_scale(0.5), axis=SHARES, title="threshold q (share of the weight)")
    base = alt.Chart(alt.NamedData(name=BOUND)).encode(x=across, y=upwards)
    crosses = alt.Chart(alt.NamedData(name=SEEN)).encode(
        x=across,
        y=upwards,
        tooltip=[alt.Tooltip("threshold:N"), alt.Tooltip("share:N", title="conflict from")],
    )
    at = alt.Chart(alt.NamedData(name=MARKED)).encode(x=across)
    return compose(
        [
            base.mark_area(color=SHADE),
            at.mark_rule(color=MUTED, strokeWidth=1, strokeDash=[2, 2]),
            base.mark_line(color=BLUE, strokeWidth=2),
            crosses.mark_point(color=INK, shape="cross", filled=True, size=60, opacity=1),
            at.mark_text(color=ORANGE, align="left", dx=9, dy=14).encode(y=upwards, text="says:N"),
        ],
        {
            BOUND: _rows(bound),
            SEEN: _rows(seen),
            MARKED: [{"x": each, "y": rounded(bound[each]), "says": _said(each, bound[each])} for each in marked],
        },
        title=title,
        result="weight that signs twice",
        subtitle="Each cross: the least weight with which two halves of a parted network made conflicting blocks final."
        " In the shade, below 2q − 1, no order and no delay can.",
        points=len(seen),
    )


def _scale(low: float) -> alt.Scale:
    return alt.Scale(domain=[low, 1], nice=False)


def _rows(shares: Mapping[float, float]) -> list[Row]:
    return [
        {
            "x": rounded(threshold),
            "y": rounded(shares[threshold]),
            "threshold": say(threshold, "share"),
            "share": say(shares[threshold], "share"),
        }
        for threshold in sorted(shares)
    ]


def _said(threshold: float, share: float) -> str:
    return f"q = {threshold * 100:.4g} %: from {share * 100:.4g} % on"
