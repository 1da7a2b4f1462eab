"""
The names of lines, written at their right ends in their own colours: nobody looks up a legend.

Names of lines that end close together are moved apart, so that each can be read.
"""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt

NAMES = "names"  # the dataset they are drawn from: rows of name, y and color
APART = 0.055  # of the axis: the height of a line of text, and some air


def line_names(y: alt.Y) -> alt.Chart:
    """The layer that writes the names; `y` places the field "y" as the chart places everything else."""
    named: alt.Chart = (
        alt.Chart(alt.NamedData(name=NAMES))
        .mark_text(align="left", baseline="middle", dx=6)
        .encode(x=alt.value("width"), y=y, text=alt.Text("name:N"), color=alt.Color("color:N", scale=None))
    )
    return named


def moved_apart(places: Mapping[str, float]) -> dict[str, float]:
    """Places on an axis (0 to 1) by name, each at least `APART` from the next, in the order they had."""
    moved = dict(sorted(places.items(), key=lambda each: each[1]))
    lowest = 0.0
    for name, place in moved.items():
        moved[name] = max(place, lowest)
        lowest = moved[name] + APART
    highest = 1.0
    for name in reversed(moved):
        moved[name] = min(moved[name], highest)
        highest = moved[name] - APART
    return moved
