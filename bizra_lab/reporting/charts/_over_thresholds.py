"""What charts over a threshold share: a line with its interval as a band, and the threshold that was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt

from bizra_lab.model import Estimate, Result, Unavailable
from bizra_lab.reporting.theme import BLUE, ORANGE, SHADE, Row
from bizra_lab.units import rounded, say, say_interval

CURVE, CHOSEN, PLATEAU = "curve", "chosen", "plateau"  # the datasets


def rows(results: Mapping[float, Result]) -> list[Row]:
    """A row a threshold, rising; where the result is unavailable it has no height, so that the line has a gap."""
    return [_row(threshold_ns, results[threshold_ns]) for threshold_ns in sorted(results)]


def estimates(results: Mapping[float, Result]) -> list[Estimate]:
    """The results that are available."""
    return [each for each in results.values() if isinstance(each, Estimate)]


def layers(x: alt.X, upwards: alt.Y, *, value: str) -> list[alt.Chart]:
    """The band, the line and its points; `value` is what a pointer is told the height is."""
    base = alt.Chart(alt.NamedData(name=CURVE)).encode(x=x)
    said = [
        alt.Tooltip("threshold:N"),
        alt.Tooltip("value:N", title=value),
        alt.Tooltip("interval:N"),
        alt.Tooltip("exceedances:Q", title="operations above", format=","),
    ]
    return [
        base.mark_area(color=BLUE, opacity=0.2).encode(y=_of(upwards, "low"), y2="high"),
        base.mark_line(color=BLUE, strokeWidth=2).encode(y=_of(upwards, "y")),
        base.mark_circle(color=BLUE).encode(y=_of(upwards, "y"), tooltip=said),
    ]


def choice(
    x: alt.Scale, chosen_ns: float | None, plateau_ns: tuple[float, float] | None
) -> tuple[list[alt.Chart], list[alt.Chart], dict[str, Sequence[Row]]]:
    """Layers to lie below the curve and above it, and their data: the plateau as a shade, the choice as a rule."""
    below: list[alt.Chart] = []
    above: list[alt.Chart] = []
    datasets: dict[str, Sequence[Row]] = {}
    if plateau_ns is not None:
        datasets[PLATEAU] = [{"from": plateau_ns[0], "to": plateau_ns[1]}]
        base = alt.Chart(alt.NamedData(name=PLATEAU))
        below.append(base.mark_rect(color=SHADE).encode(x=alt.X("from:Q", scale=x), x2="to"))
    if chosen_ns is not None:
        datasets[CHOSEN] = [{"x": chosen_ns, "says": f"chosen {say(chosen_ns, 'ns')}"}]
        base = alt.Chart(alt.NamedData(name=CHOSEN)).encode(x=alt.X("x:Q", scale=x))
        above = [
            base.mark_rule(color=ORANGE, strokeWidth=2, strokeDash=[6, 4]),
            base.mark_text(color=ORANGE, align="left", dx=7).encode(y=alt.value(8), text="says:N"),
        ]
    return below, above, datasets


def _row(threshold_ns: float, result: Result) -> Row:
    named: dict[str, float | str | None] = {"x": rounded(threshold_ns), "threshold": say(threshold_ns, "ns")}
    if isinstance(result, Unavailable):
        return {**named, "y": None, "low": None, "high": None}
    return {
        **named,
        "y": rounded(result.value),
        "low": rounded(result.low),
        "high": rounded(result.high),
        "value": say(result.value, result.unit),
        "interval": say_interval(result.low, result.high, result.unit),
        "exceedances": result.n,
    }


def _of(upwards: alt.Y, column: str) -> alt.Y:
    placed: alt.Y = upwards.copy()
    placed["shorthand"] = f"{column}:Q"
    return placed
