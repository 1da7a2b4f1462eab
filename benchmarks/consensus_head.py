"""The head after each vote, ours beside the two usual ways, as the graph grows: what one vote costs."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from benchmarks._results import Table
from bizra_lab.components._consensus_tree import WeightedTree

SIZES = (100, 1_000, 10_000, 100_000)  # blocks
VALIDATORS = 1_000
VALIDATORS_MOST = 10_000
VOTES = 2_000  # timed, at most; of the slow ways as many as go into the time below
PATIENCE_S = 1.0
ROUNDS = 5
ID_BYTES = 32

TITLE = "Consensus: the head after each vote"
EXPLAIN = f"""\
A vote moves its validator's weight of 1 from one block to another, and the head is told. `walk` keeps a sum in each
block and adds along the way down to the first block, then goes up by the heaviest children; `pass` goes over all blocks
once, from the last to the first, as proto-array does for a batch of votes, here for a batch of one. All three told the
same heads. A chain has a fork at every second block; a bush has each block on one of the last fifty. Votes fall on
blocks anywhere, or near the tips: on one of the last ten. {VALIDATORS:,} validators, or as many as are named; {ROUNDS}
rounds in turns, garbage collection off; `µs a vote` is the median round's median. Signatures are not part of it."""

COLUMNS = ("graph", "votes fall", "blocks", "ours, µs a vote", "walk, µs a vote", "pass, µs a vote", "walk / ours")


class Heads(Protocol):
    """What is timed."""

    def add(self, block: bytes, parent: bytes) -> None: ...
    def change(self, block: bytes, amount: int) -> None: ...
    def head(self, start: bytes) -> bytes: ...


class Walk:
    """Sums kept in each block, and added along the whole way down."""

    def __init__(self, root: bytes) -> None:
        self._parent: dict[bytes, bytes | None] = {root: None}
        self._children: dict[bytes, list[bytes]] = {root: []}
        self._sum = {root: 0}

    def add(self, block: bytes, parent: bytes) -> None:
        self._parent[block] = parent
        self._children[parent].append(block)
        self._children[block] = []
        self._sum[block] = 0

    def change(self, block: bytes, amount: int) -> None:
        at: bytes | None = block
        while at is not None:
            self._sum[at] += amount
            at = self._parent[at]

    def head(self, start: bytes) -> bytes:
        sums = self._sum
        while children := self._children[start]:
            start = max(children, key=lambda child: (sums[child], child))
        return start


class Pass:
    """Own weights only; every head goes over all blocks once."""

    def __init__(self, root: bytes) -> None:
        self._number = {root: 0}
        self._ids = [root]
        self._parent = [0]
        self._own = [0]

    def add(self, block: bytes, parent: bytes) -> None:
        self._number[block] = len(self._ids)
        self._ids.append(block)
        self._parent.append(self._number[parent])
        self._own.append(0)

    def change(self, block: bytes, amount: int) -> None:
        self._own[self._number[block]] += amount

    def head(self, start: bytes) -> bytes:
        parent, ids, sums = self._parent, self._ids, self._own[:]
        best = list(range(len(ids)))  # by block: the leaf above it
        of_best = [(-1, b"")] * len(ids)  # by block: its best child's sum and id
        for at in range(len(ids) - 1, self._number[start], -1):
            below, mine = parent[at], (sums[at], ids[at])
            sums[below] += sums[at]
            if mine > of_best[below]:
                of_best[below] = mine
                best[below] = best[at]
        return ids[best[self._number[start]]]


WAYS: dict[str, Callable[[bytes], Heads]] = {"ours": WeightedTree, "walk": Walk, "pass": Pass}


def run() -> Table:
    """One row a graph, place of votes and size."""
    gc.collect()
    gc.disable()
    try:
        rows = [
            _row(shape, near, blocks, VALIDATORS) for shape in ("chain", "bush") for near in (0, 10) for blocks in SIZES
        ]
        rows.append(_row("bush", 0, SIZES[-1], VALIDATORS_MOST))
    finally:
        gc.enable()
    return Table(COLUMNS, rows)


def _row(shape: str, near: int, blocks: int, validators: int) -> tuple[str | float, ...]:
    chance = random.Random(blocks)
    ids = [chance.randbytes(ID_BYTES) for _ in range(blocks)]
    ways = {name: _built(make, shape, ids) for name, make in WAYS.items()}
    votes = [list(islice(_moves(ids, near, validators, random.Random(1)), validators + VOTES * ROUNDS))] * len(ways)
    times_us: dict[str, list[float]] = {name: [] for name in ways}
    streams = {name: iter(each) for name, each in zip(ways, votes, strict=True)}
    heads = {name: _started(way, islice(streams[name], validators), ids[0]) for name, way in ways.items()}
    assert 1 == len(set(heads.values())), "all ways tell one head"
    for _ in range(ROUNDS):
        for name, way in ways.items():
            times_us[name].append(_median_us(way, streams[name], ids[0]))
    ours, walk, whole = (statistics.median(times_us[name]) for name in WAYS)
    where = "near the tips" if near else "anywhere"
    who = "" if validators == VALIDATORS else f", {validators:,} validators"
    return shape + who, where, blocks, round(ours, 2), round(walk, 2), round(whole, 2), round(walk / ours, 2)


def _built(make: Callable[[bytes], Heads], shape: str, ids: Sequence[bytes]) -> Heads:
    chance = random.Random(2)
    way = make(ids[0])
    for number in range(1, len(ids)):
        back = 1 + number % 2 if shape == "chain" else chance.randint(1, 50)
        way.add(ids[number], ids[max(0, number - back)])
    return way


Move = tuple[bytes | None, bytes]


def _moves(ids: Sequence[bytes], near: int, validators: int, chance: random.Random) -> Iterator[Move]:
    """Without end: from which block to which each vote moves, validators in turns."""
    places: list[bytes | None] = [None] * validators
    while True:
        for number, before in enumerate(places):
            place = chance.randrange(max(0, len(ids) - near) if near else 0, len(ids))
            places[number] = ids[place]
            yield before, ids[place]


def _started(way: Heads, votes: Iterator[Move], start: bytes) -> bytes:
    """The head after everybody's first vote."""
    for _, block in votes:
        way.change(block, 1)
    return way.head(start)


def _median_us(way: Heads, votes: Iterator[Move], start: bytes) -> float:
    times_ns: list[int] = []
    until_ns = time.perf_counter_ns() + round(PATIENCE_S / ROUNDS * 1e9)
    for before, block in islice(votes, VOTES):
        began_ns = time.perf_counter_ns()
        if before is not None:
            way.change(before, -1)
        way.change(block, 1)
        way.head(start)
        ended_ns = time.perf_counter_ns()
        times_ns.append(ended_ns - began_ns)
        if ended_ns > until_ns:
            break
    return statistics.median(times_ns) / 1e3
