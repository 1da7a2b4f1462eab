"""
The rule of consensus as it is defined: functions of a set of blocks and a set of votes, worked out from scratch.

Nothing here is fast and nothing is kept. `_consensus_view` tells the same from what changed alone, and is checked
against this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from itertools import combinations

from bizra_lab.components._consensus_messages import Block, Checkpoint, Validators, Vote

Blocks = Mapping[bytes, Block]
Link = tuple[Checkpoint, Checkpoint]


def head(blocks: Blocks, votes: Collection[Vote], validators: Validators, start: bytes) -> bytes:
    """From `start` ever on to the heaviest child, of equals to the one with the greatest id."""
    placed = placed_weights(votes, validators)
    at = start
    while children := [block.id for block in blocks.values() if block.parent == at]:
        at = max(children, key=lambda child: (score(blocks, placed, child), child))
    return at


def score(blocks: Blocks, placed: Mapping[bytes, int], block: bytes) -> int:
    """The weight that is placed on a block and on all that stand on it."""
    return sum(weight for target, weight in placed.items() if is_on(blocks, target, block))


def placed_weights(votes: Collection[Vote], validators: Validators) -> dict[bytes, int]:
    """By block, the weight of the validators whose latest vote it has; without those that contradict themselves."""
    placed: defaultdict[bytes, int] = defaultdict(int)
    latest = {vote.validator: vote for vote in sorted(votes, key=lambda vote: vote.target)}
    for validator in latest.keys() - equivocators(votes):
        placed[latest[validator].target.block] += validators.weights[validator]
    return placed


def equivocators(votes: Collection[Vote]) -> frozenset[bytes]:
    """Who has voted twice for one epoch, or around a vote of its own."""
    by_validator: defaultdict[bytes, list[Vote]] = defaultdict(list)
    for vote in votes:
        by_validator[vote.validator].append(vote)
    return frozenset(
        validator
        for validator, cast in by_validator.items()
        if any(_double(*pair) or _surrounds(*pair) or _surrounds(*reversed(pair)) for pair in combinations(cast, 2))
    )


def justified(
    votes: Collection[Vote], validators: Validators, first: bytes, threshold_bps: int
) -> frozenset[Checkpoint]:
    """The checkpoints to which links with a quorum lead from the first block."""
    links = quorums(votes, validators, threshold_bps)
    found = {Checkpoint(0, first)}
    while more := {target for source, target in links if source in found} - found:
        found |= more
    return frozenset(found)


def final(votes: Collection[Vote], validators: Validators, first: bytes, threshold_bps: int) -> frozenset[Checkpoint]:
    """The first block, and every justified checkpoint from which a link with a quorum leads to the very next epoch."""
    known = justified(votes, validators, first, threshold_bps)
    links = quorums(votes, validators, threshold_bps)
    left = {source for source, target in links if source in known and target.epoch == source.epoch + 1}
    return frozenset({Checkpoint(0, first)} | left)


def quorums(votes: Collection[Vote], validators: Validators, threshold_bps: int) -> frozenset[Link]:
    """The links for which enough of the weight has voted, whoever else it has voted for."""
    supporters: defaultdict[Link, set[bytes]] = defaultdict(set)
    for vote in votes:
        supporters[vote.source, vote.target].add(vote.validator)
    return frozenset(
        link
        for link, those in supporters.items()
        if validators.reaches(sum(validators.weights[each] for each in those), threshold_bps)
    )


def is_on(blocks: Blocks, block: bytes, ancestor: bytes) -> bool:
    """Whether a block stands on an ancestor, or is it."""
    while block in blocks:
        if block == ancestor:
            return True
        block = blocks[block].parent
    return False


def _double(one: Vote, other: Vote) -> bool:
    return one.target.epoch == other.target.epoch


def _surrounds(one: Vote, other: Vote) -> bool:
    return one.source.epoch < other.source.epoch and other.target.epoch < one.target.epoch
