"""What a planner makes of its cases, in tables: shares by category, and how many cases gates still need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bizra_lab.model import Estimate, Result, Unavailable
from bizra_lab.reporting.table import Table
from bizra_lab.units import say, say_interval


@dataclass(frozen=True, slots=True)
class Planned:
    """
    What a planner made of so many `cases`, once each; `name` says which planner and which cases.

    `shares` are by metric, `by_category` is tool-call success in each category, `failures` how many cases went wrong in
    which way, all ways listed.
    """

    name: str
    cases: int
    shares: Mapping[str, Result]
    by_category: Mapping[str, Result]
    failures: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Need:
    """What a gate about a share asks for, what was seen, and how many cases it takes at that share."""

    gate: str
    limit: float
    seen: Result
    needed: Result

    @property
    def met(self) -> bool:
        """Whether there were as many cases as it takes."""
        seen, needed = self.seen, self.needed
        return isinstance(seen, Estimate) and isinstance(needed, Estimate) and seen.low >= self.limit


def planned_table(planned: Sequence[Planned], empty: str = "nothing was planned") -> Table:
    """Each share with its interval and the cases behind it, a column for each set of cases; empty where it has none."""
    metrics = dict.fromkeys(metric for each in planned for metric in each.shares)
    categories = dict.fromkeys(category for each in planned for category in each.by_category)
    return Table(
        "How often the planner is right",
        ("share of", *(each.name for each in planned)),
        (
            *((_words(metric), *(_cell(each.shares.get(metric)) for each in planned)) for metric in metrics),
            *(
                (f"right in {_words(name)}", *(_cell(each.by_category.get(name)) for each in planned))
                for name in categories
            ),
        ),
        empty=empty,
    )


def needs_table(needs: Sequence[Need]) -> Table:
    """Each gate about a share: the cases it had and those it takes, at the share that was seen."""
    return Table(
        "How many cases the gates need",
        ("gate", "limit", "seen", "cases", "needed", "enough"),
        tuple(
            (
                each.gate,
                f"at least {say(each.limit, 'share')}",
                _seen(each.seen),
                f"{each.seen.n:,}" if isinstance(each.seen, Estimate) else "",
                f"{each.needed.n:,}" if isinstance(each.needed, Estimate) else each.needed.reason,
                "yes" if each.met else "no",
            )
            for each in needs
        ),
        empty="no gate is about a share of cases",
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _cell(result: Result | None) -> str:
    match result:
        case None:
            return ""
        case Unavailable(reason):
            return reason
        case Estimate(n=n):
            return f"{_seen(result)} of {n:,}"


def _seen(result: Result) -> str:
    if isinstance(result, Unavailable):
        return result.reason
    return f"{say(result.value, 'share')} ({say_interval(result.low, result.high, 'share')})"
