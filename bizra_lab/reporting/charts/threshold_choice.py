"""Threshold choice: how far the tail fitted above each threshold is from what was seen; the nearest is chosen."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt

from bizra_lab.model import Result
from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.charts._log_axis import TIME_LABEL, log_axis
from bizra_lab.reporting.charts._over_thresholds import CURVE, choice, estimates, layers, rows
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import compose
from bizra_lab.units import rounded

RESULT = "tail.threshold_ns"


@chart
def threshold_choice(
    distance: Mapping[float, Result],
    title: str,
    *,
    chosen_ns: float | None = None,
    plateau_ns: tuple[float, float] | None = None,
) -> Picture:
    """
    The mean difference in ns between fitted and seen quantiles, by threshold, with its noise as a band.

    Where no tail begins it may be a million times the least, hence the logarithm.
    `chosen_ns`, where it is least, is drawn as a rule; `plateau_ns` shaded: the thresholds that cannot be told from it.
    """
    x = log_axis(distance)
    # The noise may reach below 0, where a logarithm has no place: the band then ends at the lower edge.
    y = log_axis([*(each.value for each in estimates(distance)), *(each.high for each in estimates(distance))])
    held = [row if row["low"] is None else {**row, "low": rounded(y.held(float(row["low"])))} for row in rows(distance)]
    upwards = alt.Y(
        scale=y.scale,
        axis=y.axis(TIME_LABEL),
        title="distance of the fit (ns to s as marked, log scale)",
    )
    across = alt.X("x:Q", scale=x.scale, axis=x.axis(TIME_LABEL), title="threshold (ns to s as marked, log scale)")
    below, above, datasets = choice(x.scale, chosen_ns, plateau_ns)
    return compose(
        [*below, *layers(across, upwards, value="distance"), *above],
        {CURVE: held, **datasets},
        title=title,
        result=RESULT,
        subtitle="How far the tail fitted above each threshold is from what was seen: too low is no tail, too high is "
        "noise.",
        points=len(estimates(distance)),
    )
