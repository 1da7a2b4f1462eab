"""The heaviest leaf, told without walking the tree, is the one that walking finds."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bizra_lab.components._consensus_tree import WeightedTree


class Walked:
    """The same, by walking all of it."""

    def __init__(self, root: bytes) -> None:
        self.children: dict[bytes, list[bytes]] = {root: []}
        self.carries = {root: 0}

    def add(self, block: bytes, parent: bytes) -> None:
        self.children[parent].append(block)
        self.children[block], self.carries[block] = [], 0

    def score(self, block: bytes) -> int:
        return self.carries[block] + sum(self.score(child) for child in self.children[block])

    def head(self, start: bytes) -> bytes:
        while self.children[start]:
            start = max(self.children[start], key=lambda child: (self.score(child), child))
        return start


def _id(number: int) -> bytes:
    return number.to_bytes(2, "big")


@settings(max_examples=60)
@given(st.randoms(use_true_random=False), st.floats(0, 1))
def test_head_and_scores_are_those_of_a_walk(random: Random, straight: float) -> None:
    names = random.sample(range(2**16), 40)
    tree, walked = WeightedTree(_id(names[0])), Walked(_id(names[0]))
    for name in names[1:]:
        parent = list(walked.children)[-1] if random.random() < straight else random.choice(list(walked.children))
        tree.add(_id(name), parent)
        walked.add(_id(name), parent)
        for _ in range(random.randint(0, 3)):
            block = random.choice(list(walked.children))
            amount = random.choice((1, 1, 2, 5, -walked.carries[block], -min(1, walked.carries[block])))
            tree.change(block, amount)
            walked.carries[block] += amount
            start = random.choice(list(walked.children))
            assert (walked.head(start), walked.head(_id(names[0]))) == (tree.head(start), tree.head(_id(names[0])))
            assert walked.score(start) == tree.score(start)


# Blocks are numbers, and a greater number wins a tie. A step is a block (with its parent), or a vote's move.
Step = tuple[str, tuple[int | None, int], int, int]  # what, its two blocks, where to start, and the head afterwards

NO_VOTES: Sequence[Step] = (
    ("block", (0, 2), 0, 2),
    ("block", (0, 1), 0, 2),
    ("block", (1, 3), 0, 2),
    ("block", (2, 4), 0, 4),
    ("block", (4, 5), 0, 5),
    ("block", (4, 5), 5, 5),
    ("block", (5, 6), 0, 6),
)
VOTES: Sequence[Step] = (
    ("block", (0, 2), 0, 2),
    ("block", (0, 1), 0, 2),
    ("vote", (None, 1), 0, 1),
    ("vote", (None, 2), 0, 2),
    ("block", (1, 3), 0, 2),
    ("vote", (1, 3), 0, 2),
    ("vote", (2, 1), 0, 3),
    ("block", (3, 4), 0, 4),
    ("block", (4, 5), 0, 5),
    ("block", (4, 6), 0, 6),
    ("vote", (3, 5), 4, 5),
    ("vote", (1, 5), 0, 5),
    ("block", (5, 7), 0, 7),
    ("block", (7, 8), 0, 8),
    ("block", (8, 9), 5, 9),
    ("vote", (5, 9), 5, 9),
    ("vote", (5, 9), 5, 9),
    ("block", (8, 10), 5, 9),
    ("vote", (None, 10), 5, 9),
    ("vote", (None, 10), 5, 10),
    # Two validators whose balance falls to nothing, and comes back, and who leave.
    ("unvote", (None, 10), 5, 9),
    ("vote", (None, 10), 5, 10),
    ("unvote", (None, 10), 5, 9),
    ("block", (9, 11), 5, 11),
)


@pytest.mark.parametrize("steps", [NO_VOTES, VOTES])
def test_known_answers_of_another_implementation(steps: Sequence[Step]) -> None:
    """
    The fork choice test vectors "no votes" and "votes" of sigp/lighthouse, consensus/proto_array.

    Lighthouse also leaves out blocks by what they justify, which is another rule; the steps that test it are taken
    without.
    """
    tree = WeightedTree(_id(0))
    for what, (first, second), start, head in steps:
        if what == "block" and _id(second) not in tree:
            tree.add(_id(second), _id(first or 0))
        if what in ("vote", "unvote"):
            if first is not None:
                tree.change(_id(first), -1)
            tree.change(_id(second), 1 if what == "vote" else -1)
        assert _id(head) == tree.head(_id(start)), (what, first, second)


def _tree_of(parents: Sequence[int], random: Random) -> tuple[WeightedTree, list[bytes]]:
    ids = [random.randbytes(8) for _ in parents]
    tree = WeightedTree(ids[0])
    for number, parent in enumerate(parents[1:], start=1):
        tree.add(ids[number], ids[parent])
    return tree, ids


SIZE = 4_000
SHAPES = {
    "a chain": [0, *range(SIZE - 1)],
    "a chain with a fork at every block": [0, *(max(0, number - 1 - number % 2) for number in range(1, SIZE))],
    "all on the first block": [0] * SIZE,
    "any on any": [0, *(Random(number).randrange(number) for number in range(1, SIZE))],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_vote_that_moves_anywhere_takes_few_steps_whatever_the_shape(shape: str) -> None:
    random = Random(1)
    tree, ids = _tree_of(SHAPES[shape], random)
    places = [random.choice(ids) for _ in range(200)]
    for place in places:
        tree.change(place, 1)
    before, moves = tree.steps, 1_000
    for number in range(moves):
        tree.change(places[number % 200], -1)
        places[number % 200] = random.choice(ids)
        tree.change(places[number % 200], 1)
        tree.head(ids[0])
    # 4,000 blocks are 12 doublings; a walk down the chain would be 2,000 steps.
    assert (tree.steps - before) / moves < 100


@pytest.mark.parametrize("shape", ["a chain", "a chain with a fork at every block"])
def test_one_vote_that_leaves_and_comes_back_for_ever_takes_few_steps(shape: str) -> None:
    tree, ids = _tree_of(SHAPES[shape], Random(2))
    for number in range(500):
        tree.change(ids[-1], 1 if number % 2 == 0 else -1)
        tree.head(ids[0])
    before = tree.steps
    for number in range(500):
        tree.change(ids[-1], 1 if number % 2 == 0 else -1)
        tree.head(ids[0])
    assert (tree.steps - before) / 500 < 100


def test_a_fork_with_many_children_keeps_few_outdated_entries() -> None:
    tree, ids = _tree_of([0] * 10, Random(3))
    for number in range(1_000):
        tree.change(ids[1 + number % 9], 1)
    assert max(map(len, tree._forks.values())) <= 2 * 9 + 9


def test_weight_below_nothing_and_a_block_added_twice_are_our_own_mistakes() -> None:
    tree = WeightedTree(b"0")
    tree.add(b"1", b"0")
    with pytest.raises(AssertionError, match="no negative weight"):
        tree.change(b"1", -1)
    with pytest.raises(AssertionError, match="added once"):
        tree.add(b"1", b"0")
    assert (2, True, False) == (len(tree), b"1" in tree, b"2" in tree)
