"""Threshold stability: the shape of the tail fitted above each threshold; level from where the tail begins."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt

from bizra_lab.model import Result
from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.charts._log_axis import TIME_LABEL, log_axis
from bizra_lab.reporting.charts._over_thresholds import CURVE, choice, estimates, layers, rows
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import INK, MUTED, compose
from bizra_lab.units import rounded

RESULT = "tail.shape"
ALWAYS_SHOWN = (-0.5, 1.0)  # a shape below ends abruptly, one above has no mean: between them lies what can be used
LANDMARKS = {0.0: "0: exponential", 1.0: "1: no mean"}


@chart
def threshold_stability(
    shape: Mapping[float, Result],
    title: str,
    *,
    chosen_ns: float | None = None,
    plateau_ns: tuple[float, float] | None = None,
) -> Picture:
    """
    The shape ξ by threshold in ns, with its interval as a band.

    Where it stays level any threshold tells the same; the lowest of them uses the most operations. `chosen_ns` is drawn
    as a rule, `plateau_ns` shaded: the thresholds that cannot be told from it.
    """
    x = log_axis(shape)
    low = min([ALWAYS_SHOWN[0], *(each.low for each in estimates(shape))])
    high = max([ALWAYS_SHOWN[1], *(each.high for each in estimates(shape))])
    heights = alt.Scale(domain=[rounded(low), rounded(high)], nice=False)
    upwards = alt.Y(scale=heights, title="shape ξ of the tail (ratio)")
    across = alt.X("x:Q", scale=x.scale, axis=x.axis(TIME_LABEL), title="threshold (ns to s as marked, log scale)")
    below, above, datasets = choice(x.scale, chosen_ns, plateau_ns)
    return compose(
        [*below, *_landmarks(heights), *layers(across, upwards, value="shape"), *above],
        {CURVE: rows(shape), "landmarks": [{"y": y, "says": says} for y, says in LANDMARKS.items()], **datasets},
        title=title,
        result=RESULT,
        subtitle="The tail fitted to operations slower than each threshold: level where it makes no difference.",
        points=len(estimates(shape)),
    )


def _landmarks(heights: alt.Scale) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData(name="landmarks")).encode(y=alt.Y("y:Q", scale=heights))
    return [
        base.mark_rule(color=MUTED, strokeWidth=1),
        base.mark_text(color=INK, align="right", dx=-4, dy=-8).encode(x=alt.value("width"), text="says:N"),
    ]
