"""
A Merkle tree over what is to be kept: one hash stands for all of it, and a few hashes prove a part of it.

A leaf's hash is SHA-256 over a zero byte and its data, a node's over a one byte and its two children, so that neither
can be taken for the other. The larger left part of a tree is always full: a tree that grows keeps what it was inside
itself, which is what a proof of consistency shows.

Everything but `leaf_hash` takes leaf hashes, 32 bytes each, in their order.

Source: RFC 9162 (2021), section 2.1; the same tree as RFC 6962 (2013).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

LEAF = b"\x00"
NODE = b"\x01"


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf that holds `data`, 32 bytes."""
    return hashlib.sha256(LEAF + data).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The hash of the whole tree, 32 bytes; of a tree without leaves, the hash of nothing."""
    if not leaves:
        return hashlib.sha256().digest()
    level = leaves
    while len(level) > 1:
        level = _above(level)
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The hashes that lead from the leaf at `index` to the root, lowest first. Raises ValueError for no such leaf."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"there is no leaf {index} among {len(leaves)}")
    proof: list[bytes] = []
    level = leaves
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):  # the last of an odd number has none beside it, and goes up as it is
            proof.append(level[beside])
        level, index = _above(level), index // 2
    return tuple(proof)


@dataclass(frozen=True, slots=True)
class Step:
    """One step up a tree: the hash that stands `beside`, on the left or not, and the node that both make."""

    beside: bytes
    on_the_left: bool
    node: bytes


def climb(size: int, leaf: bytes, index: int, proof: Sequence[bytes]) -> tuple[Step, ...]:
    """
    The way from `leaf`, at `index` of `size` leaves, to a root, with the hashes of `proof` beside it.

    Raises ValueError when the proof has another length than the way.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} among {size}")
    steps: list[Step] = []
    reached, last = leaf, size - 1
    left = list(proof)
    while last:
        if index % 2 or index < last:  # it has one beside it
            if not left:
                raise ValueError(f"a proof of {len(proof)} hashes ends below the root")
            beside = left.pop(0)
            reached = _node(beside, reached) if index % 2 else _node(reached, beside)
            steps.append(Step(beside, bool(index % 2), reached))
        index, last = index // 2, last // 2
    if left:
        raise ValueError(f"a proof of {len(proof)} hashes goes on beyond the root")
    return tuple(steps)


def includes(root_hash: bytes, size: int, leaf: bytes, index: int, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `size` leaves with this root has `leaf` at `index`, as `proof` says it does."""
    try:
        steps = climb(size, leaf, index, proof)
    except ValueError:
        return False
    return root_hash == (steps[-1].node if steps else leaf)


def consistency_proof(leaves: Sequence[bytes], size: int) -> tuple[bytes, ...]:
    """
    The hashes that show that the tree of the first `size` leaves is the beginning of this one.

    Raises ValueError unless it has at least one leaf and at most as many as this one.
    """
    if not 0 < size <= len(leaves):
        raise ValueError(f"a tree of {size} leaves is no beginning of one of {len(leaves)}")
    return tuple(_between(leaves, size, whole=True))


def continues(old_root: bytes, old_size: int, new_root: bytes, new_size: int, proof: Sequence[bytes]) -> bool:
    """Whether the newer tree begins with the older one, as `proof` says it does."""
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    left = list(proof)
    index, last = old_size - 1, new_size - 1
    while index % 2:  # up to the highest full tree that the older one ends with
        index, last = index // 2, last // 2
    if index and not left:
        return False
    old = new = left.pop(0) if index else old_root  # an older tree that is full is not sent along
    while last:
        if index % 2 or index < last:
            if not left:
                return False
            beside = left.pop(0)
            if index % 2:
                old, new = _node(beside, old), _node(beside, new)
            else:
                new = _node(new, beside)
        index, last = index // 2, last // 2
    return not left and old == old_root and new == new_root


def _above(level: Sequence[bytes]) -> list[bytes]:
    sha256 = hashlib.sha256
    pairs = zip(level[::2], level[1::2], strict=False)
    above = [sha256(NODE + left + right).digest() for left, right in pairs]
    if len(level) % 2:
        above.append(level[-1])
    return above


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()


def _between(leaves: Sequence[bytes], size: int, *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162; `whole`: the first `size` leaves are all of the older tree, whose root is known."""
    if size == len(leaves):
        return [] if whole else [root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if size <= split:
        return [*_between(leaves[:split], size, whole=whole), root(leaves[split:])]
    return [*_between(leaves[split:], size - split, whole=False), root(leaves[:split])]
