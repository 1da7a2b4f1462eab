"""
Whether validators agree, and what it costs: in every order of delivery, under faults, as processes, and at any size.

Where conflict becomes possible is asked of the worst case, which is made on purpose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import cycle, islice
from typing import Any

import numpy as np

from bizra_lab.analysis.quantiles import probability, quantiles
from bizra_lab.analysis.shares import share, tallied
from bizra_lab.components.consensus import (
    FAST_BPS,
    MIXES,
    NAIVE,
    Block,
    Checkpoint,
    SignedVote,
    Validators,
    View,
    Vote,
    agree_over_tcp,
    bound,
    ed25519_verify,
    fewest_liars,
    genesis,
    heads_of,
    remembering,
    simulate,
    three_validators,
)
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.model import Estimate, Result, Results, Tally
from bizra_lab.study import Study

__all__ = ["Conflict", "Growth", "conflict_bounds", "every_order", "head_growth", "over_network", "under_faults"]

RULE = "the rule, as received"

SIZES = (3, 4, 7, 10)  # validators of the simulated runs, in turns

NETWORK_VALIDATORS = 4  # three of them are three quarters, and go on when one is killed

BLOCKS = (100, 1_000, 10_000, 100_000)
VALIDATORS = (100, 1_000, 10_000)
FIXED = 1_000  # validators while blocks grow, and blocks while validators do
PARENTS = 8  # a new block stands on one of so many before it: a chain with a fork at almost every block
TIMED = 2_000  # votes, after every validator has voted once
SHOWN = (probability(0.5), probability(0.99))

THRESHOLDS_BPS = (5_100, *range(5_500, 10_001, 500), FAST_BPS)
CONFLICT_VALIDATORS = 100  # of equal weight, so that shares are whole percents


def every_order(seed: int, confidence: float = 0.95) -> Mapping[str, tuple[str, Mapping[str, int], Results]]:
    """
    The three-validator scenario by head rule: heads of one deal, how often each head was told, and the shares.

    Each deal gives each validator an order of its own and one message twice; together they try every order. The deal
    shown is one in which heads differ, where there is one.
    """
    scenario = three_validators(np.random.default_rng(seed))
    verify = remembering(ed25519_verify)
    rules: dict[str, Callable[[], Any]] = {
        RULE: lambda: scenario.view(verify),
        **{name: partial(make, scenario.validators, scenario.first) for name, make in NAIVE.items()},
    }
    told = {name: heads_of(scenario, np.random.default_rng(seed), make) for name, make in rules.items()}
    return {
        name: (
            "/".join(heads.example),
            dict(sorted(sum(map(Counter, heads.told), Counter()).items())),
            {
                "share.heads_agree": tallied(Tally(heads.right, heads.orders, complete=True), confidence),
                "share.orders_agree": tallied(Tally(heads.deals_agreed, heads.deals, complete=True), confidence),
            },
        )
        for name, heads in told.items()
    }


def under_faults(seed: int, runs: int = 12, confidence: float = 0.95) -> Mapping[str, Results]:
    """
    What simulated runs came to, by what went wrong: shares of the runs, with their intervals.

    Runs are of 3, 4, 7 and 10 validators in turns, and each has a seed of its own.
    """
    sizes = list(islice(cycle(SIZES), runs))
    found = {}
    for mix, faults in MIXES.items():
        outcomes = [simulate(size, faults, seed + number) for number, size in enumerate(sizes)]
        counted = {
            "heads agree": sum(each.agreed for each in outcomes),
            "as defined": sum(each.defined for each in outcomes),
            "conflicting finals": sum(each.conflicted for each in outcomes),
            "reverted": sum(each.reverted for each in outcomes),
            "progress after healing": sum(each.live for each in outcomes),
        }
        found[mix] = {name: share(count, runs, confidence) for name, count in counted.items()}
        deliveries = float(sum(each.deliveries for each in outcomes))
        found[mix]["messages"] = Estimate(deliveries, deliveries, deliveries, "", runs)
    return found


def over_network(study: Study) -> Mapping[str, tuple[str, int, str]]:
    """
    What four validators tell at the end, one of which crashed and came back: (head, final epoch, what happened to it).

    On a real clock they are processes that talk over TCP and one is killed; in simulated time they are simulated.
    Raises CannotMeasure where a process does not start or does not answer.
    """
    if study.profile.clock == "virtual":
        outcome = simulate(NETWORK_VALIDATORS, MIXES["half of them crash"], study.seed)
        return {
            f"V{number}": (head.hex(), epoch, "simulated")
            for number, (head, epoch) in enumerate(zip(outcome.heads, outcome.final_epochs, strict=True), start=1)
        }
    agreement = agree_over_tcp(NETWORK_VALIDATORS, study.seed)
    return {
        f"V{number}": (
            told.head,
            told.fast_final_epoch,
            f"killed, and back {agreement.missed} blocks behind" if key == agreement.killed else "up throughout",
        )
        for number, (key, told) in enumerate(agreement.told.items(), start=1)
    }


@dataclass(frozen=True, slots=True)
class Growth:
    """
    What receiving a vote and telling the head costs, by line and size; `unit` is "ns", or "steps" in simulated time.

    A step is a rotation in the head's search trees: the work itself, which no machine makes faster or slower.
    """

    lines: Mapping[str, Mapping[int, Result]]
    unit: str


def head_growth(study: Study) -> Growth:
    """
    The cost of a vote with ever more blocks, and with ever more validators: the median, and the 99th percentile.

    Signatures are not checked here: that costs the same at any size. Votes fall on blocks anywhere, forks are
    everywhere, and nothing is final, so the head is looked for from the first block on.
    """
    unit = "steps" if study.profile.clock == "virtual" else "ns"
    by_blocks = {size: _costs(study, size, FIXED, unit) for size in BLOCKS}
    by_validators = {size: _costs(study, FIXED, size, unit) for size in VALIDATORS}
    return Growth(
        {
            f"{what}, {name}": {size: costs[p] for size, costs in found.items()}
            for what, found in (("blocks", by_blocks), ("validators", by_validators))
            for p, name in zip(SHOWN, ("median", "p99"), strict=True)
        },
        unit,
    )


def _costs(study: Study, blocks: int, validators: int, unit: str) -> Mapping[Fraction, Result]:
    rng = np.random.default_rng(study.seed)
    keys = [number.to_bytes(32, "big") for number in range(validators)]
    view = View(Validators(dict.fromkeys(keys, 1)), genesis(), _unverified)
    ids = _grow(view, blocks, rng)
    votes = _votes(keys, ids, validators + TIMED, rng)
    for vote in votes[:validators]:
        view.receive(vote)
    now = MonotonicClock.now_ns if unit == "ns" else lambda: view.steps
    costs = np.empty(TIMED, dtype=np.int64)
    for place, vote in enumerate(votes[validators:]):
        began = now()
        view.receive(vote)
        view.head()
        costs[place] = now() - began
    return quantiles(costs, SHOWN, study.analysis.confidence, unit)


def _grow(view: View, blocks: int, rng: np.random.Generator) -> Sequence[bytes]:
    """The ids of so many new blocks, each on one of the last few before it."""
    ids = [block.id for block in view.graph]
    for back in rng.integers(1, PARENTS + 1, blocks).tolist():
        parent = view.graph[ids[max(len(ids) - back, 0)]]
        block = Block(parent.id, parent.height + 1, parent.proposer, len(ids).to_bytes(8, "little"))
        view.receive(block)
        ids.append(block.id)
    return ids


def _votes(keys: Sequence[bytes], ids: Sequence[bytes], votes: int, rng: np.random.Generator) -> Sequence[SignedVote]:
    """Votes of all validators in turns, each turn in a later epoch, for blocks that are drawn."""
    start = Checkpoint(0, ids[0])
    return [
        SignedVote(Vote(keys[number % len(keys)], start, Checkpoint(1 + number // len(keys), ids[target])), b"")
        for number, target in enumerate(rng.integers(0, len(ids), votes).tolist())
    ]


def _unverified(public: bytes, message: bytes, signature: bytes) -> bool:  # noqa: ARG001 — takes what a verifier takes
    return True


@dataclass(frozen=True, slots=True)
class Conflict:
    """By threshold, both as shares of the weight: the least that has to sign twice, as `seen` and by the `bound`."""

    seen: Mapping[float, float]
    bound: Mapping[float, float]


def conflict_bounds(validators: int = CONFLICT_VALIDATORS) -> Conflict:
    """How much of the weight makes two conflicting blocks final by signing twice, of validators of equal weight."""
    thresholds = sorted(THRESHOLDS_BPS)
    return Conflict(
        seen={each / 10_000: fewest_liars(validators, each) / validators for each in thresholds},
        bound={each / 10_000: bound(each) for each in thresholds},
    )
