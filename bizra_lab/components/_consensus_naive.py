"""
Heads as they are often computed, each with one mistake: what a test of agreement has to catch.

Each tells the head that the rule tells in some orders of delivery, and another one in others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from bizra_lab.components._consensus_messages import Block, Message, Validators, Vote


class NaiveHead:
    """What the mistakes have in common: every vote counts as it arrives, for the block and all below it."""

    def __init__(self, validators: Validators, first: Block) -> None:
        self._validators = validators
        self._first = first
        self._blocks: dict[bytes, Block] = {}  # in the order in which they came
        self._latest: dict[bytes, Vote] = {}
        self._scores: defaultdict[bytes, float] = defaultdict(int)

    def receive(self, message: Message) -> None:
        """Take note of a message."""
        if isinstance(message, Block):
            self._blocks.setdefault(message.id, message)
        else:
            self._count(message.vote)

    def head(self) -> bytes:
        """The id of the block to build on."""
        at = self._first.id
        while children := [block.id for block in self._blocks.values() if block.parent == at]:
            at = max(children, key=self._rank)
        return at

    def _count(self, vote: Vote) -> None:
        before = self._latest.get(vote.validator)
        if before and not self._is_later(vote, before):
            return
        self._latest[vote.validator] = vote
        if before:
            self._scores[before.target.block] -= self._weight(vote)
        self._scores[vote.target.block] += self._weight(vote)

    def _is_later(self, vote: Vote, before: Vote) -> bool:
        return vote.target.epoch > before.target.epoch

    def _weight(self, vote: Vote) -> float:
        return self._validators.weights[vote.validator]

    def _rank(self, block: bytes) -> tuple[float, bytes]:
        return self._score(block), block

    def _score(self, block: bytes) -> float:
        children = (each.id for each in self._blocks.values() if each.parent == block)
        return self._scores[block] + sum(self._score(child) for child in children)


class LastVoteWins(NaiveHead):
    """Of a validator's votes the one that came last counts, whatever its epoch."""

    def _is_later(self, vote: Vote, before: Vote) -> bool:  # noqa: ARG002 — that it does not look is the mistake
        return True


class DuplicatesAdd(NaiveHead):
    """A vote that is delivered twice counts twice: the head of NODE0, whose weights come without a voter's name."""

    def _count(self, vote: Vote) -> None:
        if self._latest.get(vote.validator) == vote:
            self._scores[vote.target.block] += self._weight(vote)
        else:
            super()._count(vote)


class FirstOfEquals(NaiveHead):
    """Of equally heavy children the one that came first is the head's."""

    def _rank(self, block: bytes) -> tuple[float, bytes]:
        return self._score(block), b""


class FloatWeights(NaiveHead):
    """Weights are shares of one, added and taken away in floating point as votes come."""

    def _weight(self, vote: Vote) -> float:
        return self._validators.weights[vote.validator] / self._validators.total


NAIVE: Mapping[str, Callable[[Validators, Block], NaiveHead]] = {
    "last vote wins": LastVoteWins,
    "duplicates add": DuplicatesAdd,
    "first of equals": FirstOfEquals,
    "float weights": FloatWeights,
}
