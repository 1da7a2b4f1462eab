"""
Three validators, three blocks, four votes: every order of delivery, and the head that each leads to.

B1 stands on the first block, B2 and B3 on B1. The third validator moves from B2 to B1, which leaves one vote of equal
weight on B2 and one on B3: the tie is broken by the greater id, which is B3's. In any order, with messages repeated or
not, all heads must be B3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count, permutations
from typing import Protocol

import numpy as np

from bizra_lab.components._consensus_messages import (
    Block,
    Checkpoint,
    Message,
    Validators,
    Verify,
    Vote,
    genesis,
    signed,
)
from bizra_lab.components._consensus_signing import SEED_BYTES, Key, ed25519_key, ed25519_verify
from bizra_lab.components._consensus_view import View

WEIGHTS = (3_332, 3_332, 3_336)  # 0.3332 + 0.3336 - 0.3336 is more than 0.3332 in floating point, and breaks the tie
HEAD = "B3"


class Told(Protocol):
    """Whatever receives messages and tells a head."""

    def receive(self, message: Message) -> object: ...
    def head(self) -> bytes: ...


@dataclass(frozen=True)
class Scenario:
    """The validators, the first block, what is sent, and what the blocks are called."""

    validators: Validators
    first: Block
    messages: tuple[Message, ...]
    names: Mapping[bytes, str]

    def view(self, verify: Verify = ed25519_verify) -> View:
        """An empty view of it."""
        return View(self.validators, self.first, verify)


def three_validators(rng: np.random.Generator) -> Scenario:
    """The scenario with keys that are drawn."""
    keys = new_keys(rng, len(WEIGHTS))
    one, two, three = keys
    first = genesis()
    start = Checkpoint(0, first.id)
    b1 = Block(first.id, 1, one.public, b"B1")
    b2 = Block(b1.id, 2, two.public, b"B2")
    b3 = next(each for each in _variants(b1, three.public) if each.id > b2.id)
    votes = (
        (one, Checkpoint(2, b2.id)),
        (two, Checkpoint(2, b3.id)),
        (three, Checkpoint(1, b2.id)),
        (three, Checkpoint(2, b1.id)),
    )
    return Scenario(
        Validators(dict(zip((key.public for key in keys), WEIGHTS, strict=True))),
        first,
        (b1, b2, b3, *(signed(Vote(key.public, start, target), key.sign) for key, target in votes)),
        {first.id: "B0", b1.id: "B1", b2.id: "B2", b3.id: "B3"},
    )


def new_keys(rng: np.random.Generator, validators: int) -> list[Key]:
    """So many keys, drawn."""
    return [ed25519_key(rng.bytes(SEED_BYTES)) for _ in range(validators)]


def remembering(verify: Verify) -> Verify:
    """The same verifier for many views of the same messages: what was verified once is not verified again."""
    return cache(verify)


def _variants(parent: Block, proposer: bytes) -> Iterator[Block]:
    return (Block(parent.id, parent.height + 1, proposer, b"B3" + bytes([number])) for number in count())


def deals(messages: Sequence[Message], hands: int, rng: np.random.Generator) -> Iterator[list[list[Message]]]:
    """
    Every order of the messages, once; each deal gives so many validators one order each, with one message twice.

    Which orders meet in a deal, and which message comes again and when, is drawn. Orders that do not make a whole deal
    are left over.
    """
    orders = list(permutations(messages))
    mixed = rng.permutation(len(orders)).tolist()
    for start in range(0, len(orders) - hands + 1, hands):
        yield [_with_one_twice(orders[each], rng) for each in mixed[start : start + hands]]


def _with_one_twice(order: Sequence[Message], rng: np.random.Generator) -> list[Message]:
    which, place = int(rng.integers(len(order))), int(rng.integers(len(order) + 1))
    return [*order[:place], order[which], *order[place:]]


def heard(told: Told, messages: Sequence[Message]) -> bytes:
    """The head after so many messages in that order."""
    for each in messages:
        told.receive(each)
    return told.head()
