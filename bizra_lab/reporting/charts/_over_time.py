"""The axis of charts over the measured window, in seconds from its beginning, and the words for its slices."""

from __future__ import annotations

import altair as alt

from bizra_lab.model import Timeline
from bizra_lab.units import SECOND_NS, rounded, say

TICKS = 8  # about: as many as can be read at a glance


def across(slices: Timeline) -> alt.X:
    """The whole window from left to right, also where the first or last slices are empty."""
    end_s = rounded(float(slices.time_s[-1]) + _slice_s(slices) / 2)
    return alt.X(
        "time:Q",
        scale=alt.Scale(domain=[0, end_s], nice=False),
        axis=alt.Axis(tickCount=TICKS),
        title="time in the measured window (s)",
    )


def slices_said(slices: Timeline) -> str:
    """How many slices, and how long: "60 slices of 2.000 s"."""
    return f"{len(slices.time_s)} slices of {say(_slice_s(slices) * SECOND_NS, 'ns')}"


def _slice_s(slices: Timeline) -> float:
    return 2 * float(slices.time_s[0])  # the first slice begins with the window, and its middle is given
