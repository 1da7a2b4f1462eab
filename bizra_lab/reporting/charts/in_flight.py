"""Little's Law over time: L, the operations in flight, and λW, rate times wait, of each slice of the window."""

from __future__ import annotations

import altair as alt

from bizra_lab.model import Timeline
from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.charts._line_names import NAMES, line_names, moved_apart
from bizra_lab.reporting.charts._over_time import across, slices_said
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import BLUE, INK, LABEL_ROOM, MUTED, ORANGE, SHADE, Row, compose
from bizra_lab.units import rounded

RESULT = "littles_law.ratio"
COLORS = {"L": BLUE, "λW": ORANGE}
HEADROOM = 1.25  # of the highest value: what cannot be has a place above it


@chart
def in_flight(slices: Timeline, title: str, *, workers: int | None) -> Picture:
    """
    L as a broad line and λW as a thin one upon it: where both say the same, one lies on the other.

    `workers` is what is declared of a closed load: above it nothing can be in flight. None where there is no limit.
    """
    top = HEADROOM * max(float(slices.in_flight.max()), float(slices.arrival_times_wait.max()), workers or 0, 1e-9)
    layers = _lines(slices, top)
    datasets = {"slices": _rows(slices), NAMES: _names(slices, top)}
    if workers is not None:
        layers = [*_limit(top), *layers]
        datasets["limit"] = _limit_rows(workers, top)
    return compose(
        layers,
        datasets,
        title=title,
        result=RESULT,
        subtitle=(
            "L: operations in flight. λW: operations that finished per second times their mean latency; "
            f"one that outlasts its slice counts where it finished. {slices_said(slices).capitalize()}."
        ),
        points=len(slices.time_s),
        room_right=LABEL_ROOM,
    )


def _lines(slices: Timeline, top: float) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData(name="slices")).encode(x=across(slices))
    said = [
        alt.Tooltip("time:Q", title="time (s)"),
        alt.Tooltip("L:Q", format=".4~r"),
        alt.Tooltip("λW:Q", format=".4~r"),
    ]
    return [
        base.mark_line(color=BLUE, strokeWidth=7, opacity=0.35).encode(y=_upwards("L", top)),
        base.mark_line(color=ORANGE, strokeWidth=1.5).encode(y=_upwards("λW", top)),
        base.mark_circle(color=ORANGE).encode(y=_upwards("λW", top), tooltip=said),
        line_names(_upwards("y", top)),
    ]


def _limit(top: float) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData(name="limit"))
    return [
        base.mark_rect(color=SHADE).encode(y=_upwards("workers", top), y2="top"),
        base.mark_rule(color=MUTED, strokeWidth=1).encode(y=_upwards("workers", top)),
        # At the top, which the headroom keeps free of lines.
        base.mark_text(color=INK, align="left").encode(x=alt.value(8), y=alt.value(12), text="says:N"),
    ]


def _limit_rows(workers: int, top: float) -> list[Row]:
    counted = "1 worker" if workers == 1 else f"{workers:,} workers"
    return [{"workers": workers, "top": rounded(top), "says": f"{counted} declared: no more can be in flight"}]


def _upwards(field: str, top: float) -> alt.Y:
    scale = alt.Scale(domain=[0, rounded(top)], nice=False)
    return alt.Y(f"{field}:Q", scale=scale, title="operations in flight (number)")


def _rows(slices: Timeline) -> list[Row]:
    columns = zip(
        *(each.tolist() for each in (slices.time_s, slices.in_flight, slices.arrival_times_wait)), strict=True
    )
    return [
        {"time": rounded(time_s), "L": rounded(in_flight), "λW": rounded(rate_times_wait)}
        for time_s, in_flight, rate_times_wait in columns
    ]


def _names(slices: Timeline, top: float) -> list[Row]:
    ends = {"L": float(slices.in_flight[-1]), "λW": float(slices.arrival_times_wait[-1])}
    places = moved_apart({name: end / top for name, end in ends.items()})
    return [{"name": name, "y": rounded(place * top), "color": COLORS[name]} for name, place in places.items()]
