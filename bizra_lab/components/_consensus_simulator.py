"""
Validators on a simulated network that loses, repeats, delays, reorders and parts; some crash, some lie. All by a seed.

Time is in ticks, and nothing happens but deliveries and what validators do once an epoch: propose, vote, and ask
another one for what they lack. The same settings and seed bring the same deliveries, to the byte (`trace`).

A run has two parts. First all faults at once, as far as they are asked for; then calm: the network is whole and fast,
everybody is up, the liars go on lying. After that everybody is told everything, and heads are compared: safety must
hold throughout, agreement and progress from the calm on.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count

import numpy as np
from blake3 import blake3

from bizra_lab.components import _consensus_rule as rule
from bizra_lab.components._consensus_messages import (
    Block,
    Checkpoint,
    Message,
    SignedVote,
    Validators,
    Verify,
    Vote,
    genesis,
    signed,
)
from bizra_lab.components._consensus_scenario import new_keys, remembering
from bizra_lab.components._consensus_signing import Key, ed25519_verify
from bizra_lab.components._consensus_validator import Validator
from bizra_lab.components._consensus_view import Receipt, View

EPOCH = 1_000  # ticks
VOTES_AT, ASKS_AT = 400, 800  # ticks into an epoch
CALM_DELAY = 150  # ticks at most: what is proposed, and passed on, is everywhere before the vote
CALM_EPOCHS = 12  # more than enough to justify, and to make final, after what went before

VALIDATORS_MIN, VALIDATORS_MAX = 3, 50
WEIGHT_MAX = 100  # of a validator; weights are drawn

LIARS_BELOW = 1 / 3  # of the weight, always


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong in the first part of a run; shares are probabilities."""

    epochs: int = 8
    loss: float = 0.0  # of messages
    repeated: float = 0.0  # of messages, once more
    delay: int = CALM_DELAY  # ticks at most; beyond an epoch, messages overtake each other by whole epochs
    partition: bool = False  # two halves, drawn, from the second epoch to the last one with faults
    crashes: float = 0.0  # of validators: down for two epochs, and back with nothing but what they had sent
    liars: float = 0.0  # of the weight: who votes and proposes twice, a different thing to each half

    def __post_init__(self) -> None:
        for name in ("loss", "repeated", "crashes"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be a share in 0..1, got {getattr(self, name)}")
        if not 0 <= self.liars < LIARS_BELOW:
            raise ValueError(f"liars must have less than a third of the weight, got {self.liars}")
        if self.epochs < 1 or self.delay < 1:
            raise ValueError(f"expected at least one epoch and a delay of at least 1 tick, got {self}")


# What the tests and the notebook ask for, from nothing wrong to everything.
MIXES: Mapping[str, Faults] = {
    "no faults": Faults(),
    "late, out of order": Faults(delay=2_500),
    "one in five lost": Faults(loss=0.2),
    "half of them twice": Faults(repeated=0.5),
    "parted, then healed": Faults(partition=True),
    "half of them crash": Faults(crashes=0.5),
    "liars below a third": Faults(liars=0.33),
    "everything at once": Faults(loss=0.1, repeated=0.3, delay=2_000, partition=True, crashes=0.3, liars=0.33),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to; heads are by the honest validator that told them."""

    validators: int
    honest: int
    heads: tuple[bytes, ...]
    by_definition: bytes  # the head that the rule tells of all that anybody knows
    conflicted: (
        bool  # whether anybody honest, or all they know together, holds two final blocks that exclude each other
    )
    reverted: bool  # whether anything final was not final any more for somebody
    final_epochs: tuple[int, ...]  # the latest that is final, by the honest validator that told it
    final_before: int  # the least epoch that is final for an honest validator when the calm begins
    final_after: int  # and when it ends
    exposed: int  # liars that everybody can show to have lied
    liars: int
    deliveries: int
    lost: int
    trace: str  # BLAKE3 of every delivery in order

    @property
    def agreed(self) -> bool:
        """Whether all honest validators told one head."""
        return len(set(self.heads)) == 1

    @property
    def defined(self) -> bool:
        """Whether it is the head that the rule defines."""
        return set(self.heads) == {self.by_definition}

    @property
    def live(self) -> bool:
        """Whether something became final in the calm."""
        return self.final_after > self.final_before


def simulate(validators: int, faults: Faults, seed: int, verify: Verify = ed25519_verify) -> Outcome:
    """
    One run of so many validators, 3 to 50, with weights that are drawn.

    Raises ValueError for another number of them.
    """
    if not VALIDATORS_MIN <= validators <= VALIDATORS_MAX:
        raise ValueError(f"expected {VALIDATORS_MIN} to {VALIDATORS_MAX} validators, got {validators}")
    return _Run(validators, faults, np.random.default_rng(seed), remembering(verify)).outcome()


class _Node:
    """A validator on the network: honest until told otherwise, and up."""

    def __init__(self, number: int, key: Key, view: View) -> None:
        self.number = number
        self.kept: list[Message] = []
        self.validator = Validator(key, view, self.kept.append)
        self.lies = False
        self.up = True

    @property
    def view(self) -> View:
        return self.validator.view


class _Run:
    def __init__(self, validators: int, faults: Faults, rng: np.random.Generator, verify: Verify) -> None:
        self._faults = faults
        self._rng = rng
        keys = new_keys(rng, validators)
        self._weights = Validators({key.public: int(rng.integers(1, WEIGHT_MAX + 1)) for key in keys})
        self._first = genesis()
        self._new_view = partial(View, self._weights, self._first, verify)
        self._nodes = [_Node(number, key, self._new_view()) for number, key in enumerate(keys)]
        self._side = (rng.permutation(validators) % 2).tolist()
        self._calm_at = faults.epochs * EPOCH
        self._now = 0
        self._events: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = count()
        self._trace = blake3()
        self._deliveries = self._lost = 0
        self._reverted = False
        self._final: dict[int, Checkpoint] = {}
        self._choose_liars()
        self._plan()

    def outcome(self) -> Outcome:
        self._run_until(self._calm_at)
        before = self._least_final()
        self._run_until(math.inf)
        after = self._least_final()
        together = self._new_view()
        for node in self._nodes:
            together.merge(node.view)
        for node in self._honest():
            node.view.merge(together)
            self._watch(node)
        blocks = {block.id: block for block in together.graph}
        start = max(rule.final(together.votes, self._weights, self._first.id, together.fast.threshold_bps))
        return Outcome(
            validators=len(self._nodes),
            honest=len(self._honest()),
            heads=tuple(node.view.head() for node in self._honest()),
            by_definition=rule.head(blocks, together.votes, self._weights, start.block),
            conflicted=any(each.fast.conflicted or each.economic.conflicted for each in (together, *self._views())),
            reverted=self._reverted,
            final_epochs=tuple(view.fast.latest_final.epoch for view in self._views()),
            final_before=before,
            final_after=after,
            exposed=len(together.evidence),
            liars=len(self._nodes) - len(self._honest()),
            deliveries=self._deliveries,
            lost=self._lost,
            trace=self._trace.hexdigest(),
        )

    # --- what is planned beforehand

    def _choose_liars(self) -> None:
        """Let validators lie, the lightest chosen at random first to fit, up to the share that is asked for."""
        room = self._faults.liars * self._weights.total
        for number in self._rng.permutation(len(self._nodes)).tolist():
            node = self._nodes[number]
            weight = self._weights.weights[node.validator.key.public]
            if weight <= room:
                node.lies = True
                room -= weight

    def _plan(self) -> None:
        for epoch in range(1, self._faults.epochs + CALM_EPOCHS + 1):
            start = (epoch - 1) * EPOCH
            proposer = self._nodes[int(self._rng.integers(len(self._nodes)))]
            self._at(start, partial(self._propose, proposer, epoch))
            for node in self._nodes:
                self._at(start + VOTES_AT, partial(self._vote, node, epoch))
                self._at(start + ASKS_AT, partial(self._ask, node))
        for node in self._honest():
            if self._rng.random() < self._faults.crashes:
                down = int(self._rng.integers(1, self._calm_at))
                self._at(down, partial(self._crash, node))
                self._at(min(down + 2 * EPOCH, self._calm_at), partial(self._restart, node))

    def _at(self, tick: int, act: Callable[[], object]) -> None:
        heapq.heappush(self._events, (tick, next(self._numbers), act))

    def _run_until(self, tick: float) -> None:
        while self._events and self._events[0][0] < tick:
            self._now, _, act = heapq.heappop(self._events)
            act()

    # --- what validators do

    def _propose(self, node: _Node, epoch: int) -> None:
        if not node.up:
            return
        block = node.validator.propose(epoch)
        if not node.lies:
            self._tell_all(node, block)
            return
        other = Block(block.parent, block.height, block.proposer, block.payload + b"again")
        node.view.receive(other)
        self._tell_halves(node, block, other)

    def _vote(self, node: _Node, epoch: int) -> None:
        if not node.up:
            return
        vote = node.validator.vote(epoch)
        if vote and not node.lies:
            self._tell_all(node, vote)
        elif vote:
            self._tell_halves(node, vote, self._contrary(node, vote.vote))

    def _contrary(self, node: _Node, vote: Vote) -> SignedVote:
        """Another vote for the same epoch, or one around earlier ones, for another block where there is one."""
        blocks = [block.id for block in node.view.graph if node.view.graph.descends(block.id, vote.source.block)]
        target = Checkpoint(vote.target.epoch, blocks[int(self._rng.integers(len(blocks)))])
        source = vote.source
        if target == vote.target:
            source = Checkpoint(0, self._first.id)
        made = signed(Vote(vote.validator, source, target), node.validator.key.sign)
        node.view.receive(made)
        return made

    def _ask(self, node: _Node) -> None:
        """Ask somebody for what one lacks; the answer is of when the question arrives."""
        other = self._nodes[int(self._rng.integers(len(self._nodes)))]
        if node.up and other is not node:
            self._send(node, other, partial(self._answer, other, node))

    def _answer(self, node: _Node, asking: _Node) -> None:
        known = set(asking.view.messages())
        for message in node.view.messages():
            if message not in known:
                self._send(node, asking, partial(self._deliver, asking, message))

    def _crash(self, node: _Node) -> None:
        node.up = False

    def _restart(self, node: _Node) -> None:
        node.up = True
        node.validator = Validator(node.validator.key, self._new_view(), node.kept.append, node.kept[:])
        self._final.pop(node.number, None)

    # --- the network

    def _tell_all(self, node: _Node, message: Message) -> None:
        for other in self._nodes:
            if other is not node:
                self._send(node, other, partial(self._deliver, other, message))

    def _tell_halves(self, node: _Node, one: Message, other: Message) -> None:
        for place, each in enumerate(self._nodes):
            if each is not node:
                self._send(node, each, partial(self._deliver, each, other if place % 2 else one))

    def _send(self, sender: _Node, receiver: _Node, arrive: Callable[[], object]) -> None:
        calm = self._now >= self._calm_at
        for _ in range(1 if calm or self._rng.random() >= self._faults.repeated else 2):
            if not calm and (self._parted(sender, receiver) or self._rng.random() < self._faults.loss):
                self._lost += 1
                continue
            delay = int(self._rng.integers(1, (CALM_DELAY if calm else self._faults.delay) + 1))
            self._at(self._now + delay, partial(self._arrive, receiver, arrive))

    def _parted(self, sender: _Node, receiver: _Node) -> bool:
        return (
            self._faults.partition and self._now >= EPOCH and self._side[sender.number] != self._side[receiver.number]
        )

    def _arrive(self, receiver: _Node, arrive: Callable[[], object]) -> None:
        if receiver.up:
            arrive()
        else:
            self._lost += 1

    def _deliver(self, node: _Node, message: Message) -> None:
        self._deliveries += 1
        told = message.id if isinstance(message, Block) else message.signature
        self._trace.update(self._now.to_bytes(8, "little") + node.number.to_bytes(1, "little") + told)
        if node.view.receive(message) is Receipt.NEW and isinstance(message, Block):
            # Passed on, so that who proposes a different block to each half has told both to everybody.
            self._tell_all(node, message)
        self._watch(node)

    # --- what is looked at

    def _honest(self) -> list[_Node]:
        return [node for node in self._nodes if not node.lies]

    def _views(self) -> Iterator[View]:
        return (node.view for node in self._honest())

    def _watch(self, node: _Node) -> None:
        """See that what was final last is final still."""
        latest = node.view.fast.latest_final
        before = self._final.get(node.number)
        if before and before != latest:
            self._reverted |= not node.view.graph.descends(latest.block, before.block)
        self._final[node.number] = latest

    def _least_final(self) -> int:
        return min(view.fast.latest_final.epoch for view in self._views())
