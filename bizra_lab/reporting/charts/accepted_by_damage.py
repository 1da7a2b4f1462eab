"""What each rule lets through of records with one thing wrong, by what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt

from bizra_lab.model import Estimate, Results
from bizra_lab.reporting.charts._chart import chart
from bizra_lab.reporting.picture import Picture
from bizra_lab.reporting.theme import BLUE, GREEN, INK, ORANGE, Row, compose
from bizra_lab.units import rounded, say_interval

RESULT = "share.accepted_bad"
COLORS = (ORANGE, BLUE, GREEN)  # of the rules, in the order given
APART = 5  # pixels between the lines of two rules, so that each can be seen where both let nothing through
NAMES_ABOVE = 14  # pixels from the first line to the names of the rules
POINT = 40  # square pixels: seen beside its line, which is short where n is large
NAMES = "names"  # the dataset they are drawn from
LABEL_GAP = 10  # between a kind and the plot: a point at its left edge reaches into it


@chart
def accepted_by_damage(of: Mapping[str, Results], title: str) -> Picture:
    """
    A line from end to end of each rule's share accepted of each kind, and a point at the share itself.

    Kinds stand in the order in which the first rule lets them through, most first; a share without an interval leaves
    a gap. At most three rules are told apart.
    """
    kinds = _kinds(of)
    rows = {rule: _rows(results, kinds, color) for (rule, results), color in zip(of.items(), COLORS, strict=False)}
    names: list[Row] = [{**each[0], "rule": rule} for rule, each in rows.items() if each]
    y = alt.Y(
        "kind:N",
        sort=[_words(kind) for kind in kinds],
        title="damage (kind)",
        axis=alt.Axis(labelColor=INK, grid=False, labelPadding=LABEL_GAP),
    )
    lines = [layer for number, rule in enumerate(rows) for layer in _lines(rule, y, (number - (len(rows) - 1) / 2))]
    return compose(
        [*lines, _names(y)],
        {**rows, NAMES: names},
        title=title,
        result=RESULT,
        subtitle="Points: the share of records with this damage that a rule accepts; lines: its interval. 0 is right.",
        points=sum(map(len, rows.values())),
    )


def _kinds(of: Mapping[str, Results]) -> list[str]:
    """The kinds of damage, those first that the first rule lets through."""
    first = next(iter(of.values()), {})
    shares = {
        name.removeprefix(f"{RESULT}."): result.value if isinstance(result, Estimate) else 0.0
        for name, result in first.items()
        if name.startswith(f"{RESULT}.")
    }
    return sorted(shares, key=lambda kind: -shares[kind])


def _rows(results: Results, kinds: Sequence[str], color: str) -> list[Row]:
    shares = [(kind, results.get(f"{RESULT}.{kind}")) for kind in kinds]
    return [
        {
            "kind": _words(kind),
            "share": rounded(share.value),
            "low": rounded(share.low),
            "high": rounded(share.high),
            "says": say_interval(share.low, share.high, share.unit),
            "color": color,
        }
        for kind, share in shares
        if isinstance(share, Estimate)
    ]


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _share(field: str) -> alt.X:
    return alt.X(
        f"{field}:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"), title="accepted (share of records)"
    )


def _lines(rule: str, y: alt.Y, place: float) -> list[alt.Chart]:
    base = alt.Chart(alt.NamedData(name=rule)).encode(y=y, color=alt.Color("color:N", scale=None))
    return [
        base.mark_rule(strokeWidth=2, yOffset=place * APART).encode(x=_share("low"), x2="high"),
        base.mark_circle(yOffset=place * APART, size=POINT).encode(x=_share("share"), tooltip=["kind:N", "says:N"]),
    ]


def _names(y: alt.Y) -> alt.Chart:
    """Each rule's name above its first point."""
    base = alt.Chart(alt.NamedData(name=NAMES)).encode(y=y, x=_share("share"), text="rule:N")
    named: alt.Chart = base.mark_text(dy=-NAMES_ABOVE).encode(color=alt.Color("color:N", scale=None))
    return named
