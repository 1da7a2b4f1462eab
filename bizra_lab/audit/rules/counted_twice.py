"""
What stands in two lists is one thing.

Claim: so many checks passed, of so many lists together.
Reason: lists that are added up may share entries. Their sum then counts those twice, and a score weighs them twice, for
    better or worse; where their values differ from list to list, the same check has passed on two figures.
Threshold: doubted when the lists have entries of one name in common; the number of different ones is what there is.
Source: the principle of inclusion and exclusion.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bizra_lab.audit._published import UNCLAIMED
from bizra_lab.audit._rule import rule
from bizra_lab.model import Claim, Finding, NotChecked, Weight


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    sets = claim.stated.sets
    if not sets:
        yield UNCLAIMED
        return
    counted = Counter(name for names in sets.values() for name in names)
    twice = [name for name, times in counted.items() if times > 1]
    if twice:
        yield Finding(
            Weight.DOUBT,
            f"{' + '.join(f'{len(names)} {which}' for which, names in sets.items())} are {counted.total()} counted and "
            f"{len(counted)} different; counted more than once: {', '.join(twice)}; "
            "it takes each of them once",
        )
