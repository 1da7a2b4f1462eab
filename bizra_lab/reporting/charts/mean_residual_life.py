"""Mean residual life: by how much operations slower than a threshold exceed it on average; straight along a tail."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt

from bizra_lab.model import Result
from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.charts._log_axis import TIME_LABEL
from bizra_lab.reporting.charts._over_thresholds import CURVE, choice, estimates, layers, rows
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import compose
from bizra_lab.units import rounded

RESULT = "tail.mean_excess_ns"
HEADROOM = 1.1  # of the largest: the label of the choice has a place above the curve


@chart
def mean_residual_life(
    mean_excess: Mapping[float, Result],
    title: str,
    *,
    chosen_ns: float | None = None,
    plateau_ns: tuple[float, float] | None = None,
) -> Picture:
    """
    The mean excess in ns by threshold in ns, with its interval as a band, on two linear axes.

    A straight line rising is a heavy tail, a level one an exponential tail. `chosen_ns` is drawn as a rule,
    `plateau_ns` shaded: the thresholds that cannot be told from it.
    """
    top = HEADROOM * max((each.high for each in estimates(mean_excess)), default=1.0)
    bottom = min((each.low for each in estimates(mean_excess)), default=0.0)
    across = alt.Scale(
        domain=[rounded(min(mean_excess, default=0.0)), rounded(max(mean_excess, default=1.0))], nice=False
    )
    x = alt.X("x:Q", scale=across, axis=_marks(), title="threshold (ns to s as marked)")
    upwards = alt.Y(
        scale=alt.Scale(domain=[min(0.0, rounded(bottom)), rounded(top)], nice=False),
        axis=_marks(),
        title="mean excess over the threshold (ns to s as marked)",
    )
    below, above, datasets = choice(across, chosen_ns, plateau_ns)
    return compose(
        [*below, *layers(x, upwards, value="mean excess"), *above],
        {CURVE: rows(mean_excess), **datasets},
        title=title,
        result=RESULT,
        subtitle="By how much the operations slower than a threshold exceed it on average: straight where the tail is.",
        points=len(estimates(mean_excess)),
    )


def _marks() -> alt.Axis:
    return alt.Axis(labelExpr=TIME_LABEL, tickCount=6)
