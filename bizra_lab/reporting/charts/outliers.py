"""What the slowest operations lost their time to: the excess of those beyond the fence, by cause."""

from __future__ import annotations

import altair as alt

from bizra_lab.model import Outliers
from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import BLUE, INK, MUTED, Row, compose
from bizra_lab.units import SECOND_NS, rounded, say

RESULT = "outliers.excess"
UNTOLD = ("unexplained", "not_looked_at")  # what is no cause is drawn in another colour
TICKS = 6  # about: the words at the bars say the values
HEADROOM = 1.75  # of the longest bar: its words stand behind its end


@chart
def outliers(found: Outliers, title: str) -> Picture:
    """
    A bar for each cause that any outlier has, the longest on top; its words are the share, the time and how many.

    Without outliers there is no bar, and the subtitle says so.
    """
    rows = _rows(found)
    return compose(
        _bars(rows),
        {"causes": rows},
        title=title,
        result=RESULT,
        subtitle=_subtitle(found),
        points=len(rows),
    )


def _rows(found: Outliers) -> list[Row]:
    total_ns = sum(found.excess_ns.values())
    causes = sorted((cause for cause, count in found.counts.items() if count), key=lambda each: -found.excess_ns[each])
    return [
        {
            "cause": cause.replace("_", " "),
            "excess": rounded(found.excess_ns[cause] / SECOND_NS),
            "says": f"{say(found.excess_ns[cause] / total_ns, 'share')} · {say(found.excess_ns[cause], 'ns')} "
            f"of {_counted(found.counts[cause])}",
            "color": MUTED if cause in UNTOLD else BLUE,
        }
        for cause in causes
    ]


def _bars(rows: list[Row]) -> list[alt.Chart]:
    longest = max((float(row["excess"] or 0) for row in rows), default=0.0)
    scale = alt.Scale(domain=[0, rounded(HEADROOM * longest) or 1.0], nice=False)
    base = alt.Chart(alt.NamedData(name="causes")).encode(
        x=alt.X(
            "excess:Q",
            scale=scale,
            axis=alt.Axis(tickCount=TICKS),
            title="time beyond the median, all outliers (s)",
        ),
        y=alt.Y(
            "cause:N",
            sort=[str(row["cause"]) for row in rows],
            title="what happened meanwhile (cause)",
            axis=alt.Axis(grid=False, labelLimit=200),
        ),
    )
    return [
        base.mark_bar(height=alt.RelativeBandSize(band=0.6)).encode(color=alt.Color("color:N", scale=None)),
        base.mark_text(align="left", dx=6, color=INK).encode(text="says:N"),
    ]


def _subtitle(found: Outliers) -> str:
    beyond = f"{say(found.fence_ns, 'ns')}, far out for a median of {say(found.median_ns, 'ns')}"
    count = sum(found.counts.values())
    if not count:
        return f"None of {_counted(found.operations)} took longer than {beyond}."
    lost_ns = sum(found.excess_ns.values())
    return (
        f"{count:,} of {_counted(found.operations)} took longer than {beyond}. Together they took "
        f"{say(lost_ns, 'ns')} more than the median, {say(lost_ns / found.service_ns, 'share')} of all service time."
    )


def _counted(operations: int) -> str:
    return "1 operation" if operations == 1 else f"{operations:,} operations"
