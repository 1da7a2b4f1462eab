"""
How one validator has voted: its latest vote, and whether it has contradicted itself.

Two different votes with one target epoch are a double vote. A vote whose source is earlier and whose target is later
than another's surrounds it. An honest validator does neither, in whatever order its votes arrive: by rising target, its
sources never fall, and that is how a new vote is checked, against its two neighbours only.

Source: V. Buterin, V. Griffith (2017), arXiv:1710.09437, section 2.2 (the two slashing conditions).
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

from bizra_lab.components._consensus_messages import Vote


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two votes of one validator that contradict each other."""

    kind: Literal["double", "surround"]
    one: Vote
    other: Vote


class Conduct:
    """The votes of a validator until it contradicts itself; from then on nothing more has to be known of it."""

    def __init__(self) -> None:
        self.evidence: Evidence | None = None
        self._epochs: list[int] = []  # of the targets, rising
        self._votes: list[Vote] = []  # in that order

    @property
    def latest(self) -> Vote | None:
        """The vote with the latest target; None before the first, and of one who contradicted itself."""
        return self._votes[-1] if self._votes else None

    def add(self, vote: Vote) -> None:
        """Take note of a vote that was not there before."""
        if self.evidence:
            return
        place = bisect_left(self._epochs, vote.target.epoch)
        self.evidence = self._contradiction(vote, place)
        if self.evidence:
            self._epochs, self._votes = [], []
        else:
            self._epochs.insert(place, vote.target.epoch)
            self._votes.insert(place, vote)

    def _contradiction(self, vote: Vote, place: int) -> Evidence | None:
        following = self._votes[place] if place < len(self._votes) else None
        before = self._votes[place - 1] if place else None
        if following and following.target.epoch == vote.target.epoch:
            return Evidence("double", following, vote)
        if following and following.source.epoch < vote.source.epoch:
            return Evidence("surround", following, vote)
        if before and vote.source.epoch < before.source.epoch:
            return Evidence("surround", vote, before)
        return None
