"""Tables of validators and what they told: which heads, in how many orders, and who came back from a crash."""

from __future__ import annotations

from collections.abc import Mapping

from bizra_lab.model import Estimate, Result, Results
from bizra_lab.reporting.table import DIGEST_SHOWN, Table
from bizra_lab.units import say


def heads_table(title: str, of: Mapping[str, tuple[str, Mapping[str, int], Results]]) -> Table:
    """By head rule: the heads that validators told in one deal, how often each was told in all, and what agreed."""
    return Table(
        title,
        ("head rule", "one deal", "heads told", "of the orders, right", "of the deals, agreed"),
        tuple(
            (
                rule,
                deal,
                ", ".join(f"{head} {count:,} times" for head, count in told.items()),
                _share(results["share.heads_agree"]),
                _share(results["share.orders_agree"]),
            )
            for rule, (deal, told, results) in of.items()
        ),
        empty="nobody told a head",
    )


def validators_table(title: str, told: Mapping[str, tuple[str, int, str]]) -> Table:
    """What each validator told at the end: the beginning of its head, the last final epoch, and what happened to it."""
    return Table(
        title,
        ("validator", "head", "final epoch", "meanwhile"),
        tuple((name, head[:DIGEST_SHOWN], f"{epoch:,}", meanwhile) for name, (head, epoch, meanwhile) in told.items()),
        empty="nobody told anything",
    )


def _share(result: Result) -> str:
    return f"{say(result.value, result.unit)} of {result.n:,}" if isinstance(result, Estimate) else result.reason
