"""
What an auditor that is itself tested says of planted faults and of clean measurements, as tables.

A fault is named when a rule that was written down with it has more than a remark. Of clean measurements nothing should
be said: there the share is that of the ones that any rule doubts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bizra_lab.model import Result, Unavailable
from bizra_lab.reporting.table import Table
from bizra_lab.units import say, say_interval

CLEAN = "clean"  # in the place of a fault, where none was planted

NAMED_MIN = 0.99  # of the draws of a fault at its stated size; what an auditor owes whoever relies on it


@dataclass(frozen=True, slots=True)
class Tried:
    """
    What was said of so many draws of a fault at its stated size, or of clean measurements.

    `expected` are the rules of which at least one must name it, `named` the share of draws in which one does; `spoke`
    counts the draws in which each rule had doubt, whatever about. `by_load` is the share at each load.
    """

    fault: str
    size: str
    expected: tuple[str, ...]
    draws: int
    named: Result
    spoke: Mapping[str, int]
    by_load: Mapping[str, Result] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Power:
    """The share of draws in which a fault is named, by its size; `what` says what is varied, `stated` up to where."""

    fault: str
    what: str
    stated: float
    named: Mapping[float, Result]


def tried_table(tried: Sequence[Tried]) -> Table:
    """Each fault with its size, what must name it, how often that does, and who spoke beside it."""
    return Table(
        "Planted faults, and what the auditor said",
        ("fault", "size", "must be named by", "draws", "named", "others that spoke, in draws"),
        tuple(
            (
                spaced(each.fault),
                each.size,
                " or ".join(each.expected) or "nothing",
                f"{each.draws:,}",
                said_share(each.named),
                _others(each),
            )
            for each in tried
        ),
        empty="nothing was tried",
    )


def power_table(powers: Sequence[Power]) -> Table:
    """How often each fault is named, by its size, from small to stated."""
    return Table(
        "Power: how small a fault is found",
        ("fault", "what is varied", "size", "named"),
        tuple(
            (
                spaced(each.fault),
                each.what,
                f"{size:g} (stated)" if size == each.stated else f"{size:g}",
                said_share(each.named[size]),
            )
            for each in powers
            for size in sorted(each.named)
        ),
        empty="no fault was made smaller",
    )


def spaced(name: str) -> str:
    """A name as it is read: without underscores."""
    return name.replace("_", " ")


def said_share(share: Result) -> str:
    """A share with its interval for a person, or why there is none."""
    if isinstance(share, Unavailable):
        return share.reason
    return f"{say(share.value, 'share')} ({say_interval(share.low, share.high, 'share')})"


def _others(tried: Tried) -> str:
    others = {rule: count for rule, count in tried.spoke.items() if rule not in tried.expected}
    return ", ".join(f"{rule} {others[rule]:,}" for rule in sorted(others, key=lambda each: (-others[each], each)))
