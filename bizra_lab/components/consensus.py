"""
Weighted-quorum consensus: validators agree on the head of a block graph, whatever the order in which votes arrive.

    view = View(Validators({key: weight, …}), genesis(), ed25519_verify)
    view.receive(block)
    view.receive(vote)          Receipt.NEW, KNOWN or WAITS; Refused for what no honest validator sends
    view.head()                 the block to build on
    view.fast.latest_final      final at 6,700 basis points of the weight; view.economic: at 8,000
    view.evidence               who has contradicted itself, with two votes that show it

Everything that a view tells is a function of the set of what it received: `_consensus_rule` defines it in a page, and
`_consensus_view` tells the same after each message in O(log n). Transport is apart: the same views are run by
`_consensus_simulator` in simulated time under faults, and by `_consensus_network` as processes over TCP.

What holds, and how it is held, is tests/components/test_consensus_invariants.py: agreement, no two conflicting final
blocks while less than 2q - 1 of the weight signs twice, and progress once more than q of it is honest and connected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bizra_lab.components import _consensus_rule as rule
from bizra_lab.components._component import Clock, component, counted, new_tally
from bizra_lab.components._consensus_conflict import Parted, bound, fewest_liars, parted
from bizra_lab.components._consensus_messages import (
    BASIS_POINTS,
    Block,
    Checkpoint,
    Refused,
    SignedVote,
    Validators,
    Verify,
    Vote,
    encode,
    genesis,
    signed,
)
from bizra_lab.components._consensus_naive import NAIVE
from bizra_lab.components._consensus_network import Agreement, Told, agree_over_tcp
from bizra_lab.components._consensus_scenario import (
    HEAD,
    Scenario,
    deals,
    heard,
    new_keys,
    remembering,
    three_validators,
)
from bizra_lab.components._consensus_signing import Key, ed25519_key, ed25519_verify
from bizra_lab.components._consensus_simulator import MIXES, Faults, Outcome, simulate
from bizra_lab.components._consensus_validator import Validator
from bizra_lab.components._consensus_view import ECONOMIC_BPS, FAST_BPS, Receipt, View
from bizra_lab.model import Tally, Workload

__all__ = [
    "ECONOMIC_BPS",
    "FAST_BPS",
    "HEAD",
    "MIXES",
    "NAIVE",
    "Agreement",
    "Block",
    "Checkpoint",
    "Faults",
    "Heads",
    "Key",
    "Outcome",
    "Parted",
    "Receipt",
    "Refused",
    "Settings",
    "SignedVote",
    "Told",
    "Validator",
    "Validators",
    "View",
    "Vote",
    "agree_over_tcp",
    "bound",
    "ed25519_key",
    "ed25519_verify",
    "fewest_liars",
    "genesis",
    "heads_of",
    "parted",
    "remembering",
    "signed",
    "simulate",
    "three_validators",
    "wq_proof",
]

VALIDATORS_MIN = 3  # with fewer, agreement of heads says nothing
VOTES_MAX = 1_000_000  # of all epochs: they are signed beforehand, 30 µs and 1 kB each


# --- three validators, every order


@dataclass(frozen=True, slots=True)
class Heads:
    """
    The heads that validators told in every order of delivery; each deal gave each of them another order.

    `told` is by validator: how often it told which head. `example` is a deal in which they told different heads, where
    there is one.
    """

    told: tuple[Mapping[str, int], ...]
    example: tuple[str, ...]
    orders: int
    deals: int
    deals_agreed: int

    @property
    def right(self) -> int:
        """In how many orders the head was the one that the rule defines."""
        return sum(each.get(HEAD, 0) for each in self.told)


def heads_of(scenario: Scenario, rng: np.random.Generator, make: Callable[[], Any]) -> Heads:
    """What `make()`, anything with `receive` and `head`, tells in every order of the scenario's messages."""
    hands = len(scenario.validators)
    told: list[Counter[str]] = [Counter() for _ in range(hands)]
    example: tuple[str, ...] = ()
    all_deals = agreed = 0
    for deal in deals(scenario.messages, hands, rng):
        names = tuple(scenario.names[heard(make(), order)] for order in deal)
        for counts, name in zip(told, names, strict=True):
            counts[name] += 1
        all_deals += 1
        agrees = len(set(names)) == 1
        agreed += agrees
        if not example or (not agrees and len(set(example)) == 1):
            example = names
    return Heads(tuple(told), example, all_deals * hands, all_deals, agreed)


def wq_proof(seed: int, simulated: int = 3) -> dict[str, Any]:
    """
    A document, plain JSON data, that a stranger can check: what was sent, in how many orders, and every head told.

    `simulated` runs of 3 to 15 validators under all faults at once stand beside it, each with its seed and the digest
    of its deliveries; run again, they bring the same.
    """
    rng = np.random.default_rng(seed)
    scenario = three_validators(rng)
    verify = remembering(ed25519_verify)
    heads = heads_of(scenario, rng, lambda: scenario.view(verify))
    votes = [message.vote for message in scenario.messages if isinstance(message, SignedVote)]
    blocks = {each.id: each for each in (scenario.first, *scenario.messages) if isinstance(each, Block)}
    defined = rule.head(blocks, votes, scenario.validators, scenario.first.id)
    everything, sizes = MIXES["everything at once"], (3, 7, 15)
    runs = [(seed + number, sizes[number % len(sizes)]) for number in range(simulated)]
    return {
        "seed": seed,
        "thresholds_bps": {"fast": FAST_BPS, "economic": ECONOMIC_BPS},
        "first_block": scenario.first.id.hex(),
        "blocks": {name: block.hex() for block, name in scenario.names.items()},
        "messages": [encode(each) for each in scenario.messages],
        "head_by_definition": scenario.names[defined],
        "validators": [
            {"public_key": key.hex(), "weight": weight, "heads": dict(told)}
            for (key, weight), told in zip(scenario.validators.weights.items(), heads.told, strict=True)
        ],
        "orders_tried": heads.orders,
        "repeated": "one message of each order, drawn",
        "heads_agree": heads.right == heads.orders,
        "orders_agree": {"count": heads.deals_agreed, "of": heads.deals},
        "simulations": [_simulation(validators, everything, each) for each, validators in runs],
    }


def _simulation(validators: int, faults: Faults, seed: int) -> dict[str, Any]:
    outcome = simulate(validators, faults, seed)
    return {
        "seed": seed,
        "validators": validators,
        "faults": asdict(faults),
        "head": sorted({each.hex() for each in outcome.heads}),
        "agreed": outcome.agreed,
        "by_definition": outcome.defined,
        "conflicted": outcome.conflicted,
        "live": outcome.live,
        "trace": outcome.trace,
    }


# --- the workload


@dataclass(frozen=True, slots=True)
class Settings:
    """What a validator is sent: in each epoch a block, or two that compete for the votes, and everybody's vote."""

    validators: int = 100
    epochs: int = 50  # then a new view begins with the same messages, so that memory stays bounded
    fork_share: float = 0.2  # of epochs: two blocks on one parent, and each vote for one of them, drawn
    verify: bool = True  # the signature of each vote: most of what a vote costs
    fast_bps: int = FAST_BPS
    economic_bps: int = ECONOMIC_BPS

    def __post_init__(self) -> None:
        if self.validators < VALIDATORS_MIN:
            raise ValueError(f"validators must be at least {VALIDATORS_MIN}, got {self.validators}")
        if self.epochs < 1 or self.epochs * self.validators > VOTES_MAX:
            raise ValueError(f"epochs must be at least 1, and bring at most {VOTES_MAX:,} votes, got {self.epochs}")
        if not 0 <= self.fork_share <= 1:
            raise ValueError(f"fork_share must be a share in 0..1, got {self.fork_share}")
        for name in ("fast_bps", "economic_bps"):
            if not BASIS_POINTS // 2 < getattr(self, name) <= BASIS_POINTS:
                raise ValueError(
                    f"{name} must be above {BASIS_POINTS // 2} and at most {BASIS_POINTS}, got {getattr(self, name)}"
                )


Turn = tuple[Sequence[Block], SignedVote]  # a vote, and the blocks that came before it since the last one


class _Stream:
    """The messages of a workload, made beforehand, and new views for them."""

    def __init__(self, settings: Settings, rng: np.random.Generator) -> None:
        keys = new_keys(rng, settings.validators)
        self._settings = settings
        self._validators = Validators({key.public: 1 for key in keys})
        self._first = genesis()
        self._turns = list(self._made(keys, rng))

    def view(self, verify: Verify) -> View:
        return View(
            self._validators,
            self._first,
            verify,
            fast_bps=self._settings.fast_bps,
            economic_bps=self._settings.economic_bps,
        )

    def again_and_again(self) -> Iterator[tuple[View, Sequence[Block], SignedVote]]:
        """Every turn with the view that it is for, without end; one view for each time through."""
        verify = ed25519_verify if self._settings.verify else _unverified
        while True:
            view = self.view(verify)
            for blocks, vote in self._turns:
                yield view, blocks, vote

    def _made(self, keys: Sequence[Key], rng: np.random.Generator) -> Iterator[Turn]:
        seen = self.view(_unverified)
        for epoch in range(1, self._settings.epochs + 1):
            parent = seen.graph[seen.tip()]
            competing = 2 if rng.random() < self._settings.fork_share else 1
            blocks = [Block(parent.id, parent.height + 1, keys[each].public, b"") for each in range(competing)]
            source = seen.fast.latest_justified
            votes = [
                signed(Vote(keys[each].public, source, Checkpoint(epoch, blocks[choice].id)), keys[each].sign)
                for each, choice in zip(
                    rng.permutation(len(keys)).tolist(), rng.integers(0, competing, len(keys)).tolist(), strict=True
                )
            ]
            for block in blocks:
                seen.receive(block)
            for vote in votes:
                seen.receive(vote)
            yield blocks, votes[0]
            yield from (((), vote) for vote in votes[1:])


def _unverified(public: bytes, message: bytes, signature: bytes) -> bool:  # noqa: ARG001 — takes what a verifier takes
    return True


@component(settings=Settings)
def prepare(settings: Settings, rng: np.random.Generator, clock: Clock) -> Workload:  # noqa: ARG001 — needs no time
    """
    One operation is one vote received by a validator, which then tells the head; an epoch's first brings its blocks.

    Every worker is a validator with a view of its own. The tallies are of three validators and every order of delivery:
    `heads_agree` of the heads told, `orders_agree` of the times that the three were dealt an order each.
    """
    stream = _Stream(settings, rng)
    scenario = three_validators(rng)
    seed = int(rng.integers(2**32))
    received = new_tally()

    def of_worker(_: int) -> Callable[[], bytes]:
        turns = stream.again_and_again()

        def operate() -> bytes:
            next(received)
            view, blocks, vote = next(turns)
            for block in blocks:
                view.receive(block)
            view.receive(vote)
            return view.head()

        return operate

    def tallies() -> Mapping[str, Tally]:
        verify = remembering(ed25519_verify)
        heads = heads_of(scenario, np.random.default_rng(seed), lambda: scenario.view(verify))
        return {
            "heads_agree": Tally(heads.right, heads.orders, complete=True),
            "orders_agree": Tally(heads.deals_agreed, heads.deals, complete=True),
        }

    return Workload("consensus", of_worker(0), of_worker=of_worker, count=lambda: counted(received), tallies=tallies)
