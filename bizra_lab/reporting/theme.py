"""
How every chart looks, in one place: size, type, colours, and the heading that names the result.

The colours are told apart in every common form of colour blindness and stand at 4.5 : 1 or more against white, since
lines are labelled in their own colour. Source: M. Okabe, K. Ito (2008), Color Universal Design; orange and
green are darkened here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from bizra_lab.reporting.picture import SCHEMA, Picture

WIDTH = 640  # of the whole picture; a notebook's column is wider, a printed page about as wide
HEIGHT = 380

BLUE = "#0072b2"
ORANGE = "#b84a00"
GREEN = "#00785a"
INK = "#1f2933"
MUTED = "#5b6670"
GRID = "#e5e8eb"
SHADE = "#eef0f2"

TITLE_SIZE = 15
TEXT_SIZE = 12
TITLE_COLUMNS = 74  # characters that fit WIDTH in TITLE_SIZE bold
SUBTITLE_COLUMNS = 112  # characters that fit WIDTH in TEXT_SIZE
LABEL_ROOM = 44  # to the right of the plot, for the labels at the ends of lines

POINTER_REACH = 12  # across, around a point's edge: from how far away a pointer asks for its words

Row = Mapping[str, float | str | None]


def compose(
    layers: Sequence[alt.Chart],
    datasets: Mapping[str, Sequence[Row]],
    *,
    title: str,
    result: str,
    subtitle: str,
    points: int,
    room_right: int = 8,
    height: int = HEIGHT,
) -> Picture:
    """
    The layers on top of each other under one heading, "title · result", as a `Picture` of `points` points.

    The layers name their data; `datasets` holds it, so that the spec reads the same in every process.
    """
    heading = f"{title} · {result}"
    layered = alt.layer(
        *layers,
        title=alt.TitleParams(
            text=textwrap.wrap(heading, TITLE_COLUMNS), subtitle=textwrap.wrap(subtitle, SUBTITLE_COLUMNS)
        ),
        width=WIDTH,
        height=height,
        autosize=alt.AutoSizeParams(type="fit", contains="padding"),
        padding={"left": 8, "top": 8, "right": room_right, "bottom": 8},
        datasets={name: list(rows) for name, rows in datasets.items()},
        config=_config(),
    )
    summary = f"{heading}: {points} points"
    spec: dict[str, Any] = layered.to_dict(validate=True)
    return Picture({**spec, "$schema": SCHEMA, "description": summary}, summary)


def _config() -> alt.Config:
    return alt.Config(
        font="Arial, Helvetica, Liberation Sans, sans-serif",
        background="white",
        view=alt.ViewConfig(stroke=None),
        title=alt.TitleConfig(
            anchor="start",
            frame="bounds",
            offset=14,
            fontSize=TITLE_SIZE,
            color=INK,
            subtitleFontSize=TEXT_SIZE,
            subtitleColor=MUTED,
            subtitlePadding=5,
        ),
        axis=alt.AxisConfig(
            gridColor=GRID,
            domainColor=MUTED,
            tickColor=MUTED,
            labelColor=INK,
            titleColor=INK,
            labelFontSize=TEXT_SIZE - 1,
            titleFontSize=TEXT_SIZE,
            titleFontWeight="normal",
            titlePadding=10,
            labelFlush=False,
        ),
        text=alt.MarkConfig(fontSize=TEXT_SIZE),
        # The border is not seen, but it answers the pointer: a small point is hard to hit.
        circle=alt.MarkConfig(size=16, opacity=1, stroke="transparent", strokeWidth=POINTER_REACH),
    )
