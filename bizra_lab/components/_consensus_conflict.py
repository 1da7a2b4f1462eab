"""
How much of the weight has to sign twice before two blocks that exclude each other can both become final.

The worst case, made on purpose: honest validators are parted in two halves that never hear of each other, and the rest
votes in both. At a threshold q each half needs q of the weight; together they have the whole and, once more, those who
sign twice: 2q - 1 of it. Below that no order and no delay can do it. When the halves meet, everybody can name them.

Source: V. Buterin, V. Griffith (2017), arXiv:1710.09437, theorem 1 (accountable safety), for any quorum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bizra_lab.components._consensus_messages import (
    BASIS_POINTS,
    Block,
    Checkpoint,
    SignedVote,
    Validators,
    Vote,
    genesis,
)
from bizra_lab.components._consensus_view import View

EPOCHS = (1, 2)  # enough to make the block of the first one final


@dataclass(frozen=True, slots=True)
class Parted:
    """What came of a partition: whether each half made its own block final, and what everybody can show afterwards."""

    conflicted: bool
    exposed: int  # validators that both halves together can show to have signed twice


def parted(validators: int, liars: int, threshold_bps: int) -> Parted:
    """So many validators of equal weight, of which the first `liars` vote in both halves."""
    keys = [number.to_bytes(32, "big") for number in range(1, validators + 1)]
    weights = Validators(dict.fromkeys(keys, 1))
    first = genesis()
    honest = (validators - liars) // 2
    middle = liars + honest
    halves = ([*keys[:liars], *keys[liars:middle]], [*keys[:liars], *keys[middle:]])
    views = [
        _after(half, Block(first.id, 1, half[0], bytes([place])), first, weights, threshold_bps)
        for place, half in enumerate(halves)
    ]
    both_final = all(view.fast.latest_final.epoch for view in views)
    views[0].merge(views[1])
    assert views[0].fast.conflicted == both_final, "two halves that each made a block final cannot agree"
    return Parted(both_final, len(views[0].evidence))


def fewest_liars(validators: int, threshold_bps: int) -> int:
    """The smallest number of validators of equal weight that makes two conflicting blocks final by signing twice."""
    low, high = 0, validators
    while low < high:
        middle = (low + high) // 2
        if parted(validators, middle, threshold_bps).conflicted:
            high = middle
        else:
            low = middle + 1
    return low


def bound(threshold_bps: int) -> float:
    """The share of the weight below which no conflict is possible: 2q - 1."""
    return (2 * threshold_bps - BASIS_POINTS) / BASIS_POINTS


def _after(half: Sequence[bytes], block: Block, first: Block, weights: Validators, threshold_bps: int) -> View:
    """The view of one half after it has voted for its block in two epochs."""
    view = View(weights, first, _anything, fast_bps=threshold_bps, economic_bps=threshold_bps)
    view.receive(block)
    for vote in _votes(half, block, first):
        view.receive(vote)
    return view


def _votes(half: Sequence[bytes], block: Block, first: Block) -> Iterable[SignedVote]:
    source = Checkpoint(0, first.id)
    for epoch in EPOCHS:
        target = Checkpoint(epoch, block.id)
        yield from (SignedVote(Vote(key, source, target), b"") for key in half)
        source = target


def _anything(public: bytes, message: bytes, signature: bytes) -> bool:  # noqa: ARG001 — takes what a verifier takes
    """Nobody forges here: what is asked is what signed votes can do."""
    return True
