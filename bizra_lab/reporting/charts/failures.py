"""How a planner goes wrong: the cases that failed, by kind of failure."""

from __future__ import annotations

import altair as alt

from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.planning import Planned
from bizra_lab.reporting.theme import BLUE, INK, Row, compose
from bizra_lab.units import rounded, say

RESULT = "share.failure_*"
TICKS = 6  # about: the words at the bars say the values
HEADROOM = 1.4  # of the longest bar: its words stand behind its end


@chart
def failures(planned: Planned, title: str) -> Picture:
    """
    A bar for each kind of failure that occurred, the longest on top; its words are how many cases, and their share.

    Without failures there is no bar, and the subtitle says so.
    """
    rows = _rows(planned)
    return compose(
        _bars(rows),
        {"failures": rows},
        title=title,
        result=RESULT,
        subtitle=_subtitle(planned),
        points=len(rows),
    )


def _rows(planned: Planned) -> list[Row]:
    # Kinds that are as frequent keep the order in which a planner's answer is looked at.
    kinds = sorted(
        (kind for kind, count in planned.failures.items() if count), key=lambda kind: -planned.failures[kind]
    )
    return [
        {
            "kind": _words(kind),
            "cases": planned.failures[kind],
            "says": f"{_counted(planned.failures[kind])} · {say(planned.failures[kind] / planned.cases, 'share')}",
        }
        for kind in kinds
    ]


def _bars(rows: list[Row]) -> list[alt.Chart]:
    longest = max((float(row["cases"] or 0) for row in rows), default=0.0)
    scale = alt.Scale(domain=[0, rounded(HEADROOM * longest) or 1.0], nice=False)
    base = alt.Chart(alt.NamedData(name="failures")).encode(
        x=alt.X(
            "cases:Q",
            scale=scale,
            axis=alt.Axis(tickCount=TICKS, tickMinStep=1, format="d"),
            title="cases that failed (number)",
        ),
        y=alt.Y(
            "kind:N",
            sort=[str(row["kind"]) for row in rows],
            title="first fault of the answer (kind)",
            axis=alt.Axis(grid=False, labelLimit=200),
        ),
    )
    return [
        base.mark_bar(height=alt.RelativeBandSize(band=0.6), color=BLUE),
        base.mark_text(align="left", dx=6, color=INK).encode(text="says:N"),
    ]


def _subtitle(planned: Planned) -> str:
    failed = sum(planned.failures.values())
    if not failed:
        return f"{planned.name}: none of {_counted(planned.cases)} failed."
    absent = ", ".join(_words(kind) for kind, count in planned.failures.items() if not count)
    return f"{planned.name}: {failed:,} of {_counted(planned.cases)} failed; none as: {absent or '-'}."


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _counted(cases: int) -> str:
    return "1 case" if cases == 1 else f"{cases:,} cases"
