"""
A tree of blocks that carry weight, and the leaf to which the heaviest children lead.

From a block go on to the child whose subtree carries most weight, of equals to the one with the greatest id, until
there is no child: that leaf is the head. To change a weight or to tell the head takes O(log n · log w) steps amortised,
for n blocks and a total weight w, whatever the tree looks like; no path is walked block by block.

How: every block prefers one of its children, and preferred children make paths. Where any child carries weight, the
heaviest is preferred, so the head's path is one of them. Along a path, a search tree (splayed) keeps the sum of what
hangs from it and whether any block on it has a rival: a child that is not preferred and is ahead. A change of weight
climbs from path to path; going up, the weight at least doubles from one to the next, so there are at most log₂ w of
them. Where no child carries weight, any may be preferred: the last one that did, so that weight which leaves a branch
and comes back changes nothing there twice. What follows the last block with weight is found by ids alone.

Source: Y. Sompolinsky, A. Zohar (2015), Financial Cryptography 507-527 (the rule, GHOST); D. D. Sleator, R. E. Tarjan
(1983), J. Computer and System Sciences 26(3), 362-391 (paths), and (1985), JACM 32(3), 652-686 (splaying).
"""

from __future__ import annotations

import heapq

NONE = 0  # no block; what is kept of it says: carries nothing, has no rival
NO_RIVAL = 1  # the least margin of a path in order; at 0 or below, a block on it has a rival
STALE_MAX = 8  # outdated entries of a fork that are kept whatever its size, so that small forks are not tidied for ever


_Entry = tuple[int, int, int]  # (-weight, -order, child): the heaviest first, of equals the one with the greatest id


class WeightedTree:
    """Blocks by id below `root`; ids are bytes, all of one length, and weights whole numbers."""

    def __init__(self, root: bytes) -> None:
        self.steps = 0  # rotations so far: the cost of everything, in a unit that no machine changes
        self._number: dict[bytes, int] = {}
        self._id: list[bytes] = [b""]
        self._order: list[int] = [0]  # the id as a number
        self._carries: list[int] = [0]  # own weight
        self._preferred: list[int] = [NONE]
        # The search tree of the block's path, from the block on: what hangs from it, and the links. `up` of the topmost
        # leads to the block above the path.
        self._up: list[int] = [NONE]
        self._left: list[int] = [NONE]
        self._right: list[int] = [NONE]
        self._value: list[int] = [0]  # own weight and that of all children but the preferred one
        self._sum: list[int] = [0]  # of the values in this part of the search tree
        self._margin: list[int] = [NO_RIVAL]  # the least one in this part
        # Children that are not preferred.
        self._light: list[int] = [0]  # what such a child's subtree carries, as its parent knows it
        self._rival: list[int] = [0]  # what the heaviest of a block's carries
        self._tie: list[int] = [1]  # 1 where the preferred child wins against the rival at equal weight
        self._children: list[int] = [0]  # how many a block has
        self._forks: dict[int, list[_Entry]] = {}  # heaps, some of their entries outdated
        self._by_id = _GreatestIds()
        self._new(root)

    def __contains__(self, block: bytes) -> bool:
        return block in self._number

    def __len__(self) -> int:
        return len(self._number)

    def add(self, block: bytes, parent: bytes) -> None:
        """Put a block that is not there below one that is."""
        assert block not in self._number, "a block is added once"
        above = self._number[parent]
        added = self._new(block)
        self._by_id.add(added, above, self._order)
        self._up[added] = above
        self._children[above] += 1
        if not self._preferred[above]:
            self._splay(above)
            self._preferred[above] = self._right[above] = added
            self._pull(above)

    def change(self, block: bytes, amount: int) -> None:
        """Let a block carry so much more, or less; never less than nothing."""
        at = self._number[block]
        self._carries[at] += amount
        assert self._carries[at] >= 0, "a block carries no negative weight"
        self._splay(at)
        self._value[at] += amount
        while True:
            self._pull(at)
            while self._margin[at] < NO_RIVAL:
                at = self._overtaken(at)
                self._prefer_rival(at)
            top = self._first(at)
            at = self._up[top]
            if not at:
                return
            self._splay(at)
            self._note(at, top, self._sum[top])

    def score(self, block: bytes) -> int:
        """What a block and everything below it carry."""
        at = self._number[block]
        self._splay(at)
        return self._value[at] + self._sum[self._right[at]]

    def head(self, start: bytes) -> bytes:
        """The leaf to which the heaviest children lead from `start`."""
        return self._id[self._by_id.last(self._last_with_weight(self._number[start]))]

    # --- preferences

    def _note(self, parent: int, child: int, score: int) -> None:
        """Keep what a child that is not preferred carries now; `parent` is the root of its search tree."""
        self._value[parent] += score - self._light[child]
        self._light[child] = score
        fork = self._forks.setdefault(parent, [])
        if score:
            heapq.heappush(fork, (-score, -self._order[child], child))
        if len(fork) > 2 * self._children[parent] + STALE_MAX:
            fork[:] = sorted({each for each in fork if self._is_current(each)})
        self._find_rival(parent, fork)

    def _find_rival(self, parent: int, fork: list[_Entry]) -> None:
        while fork and not self._is_current(fork[0]):
            heapq.heappop(fork)
        if fork:
            weight, _, child = fork[0]
            self._rival[parent] = -weight
            self._tie[parent] = int(self._order[self._preferred[parent]] > self._order[child])
        else:
            self._rival[parent], self._tie[parent] = 0, 1

    def _prefer_rival(self, parent: int) -> None:
        """Let a block's path go on with its rival; what it went on with becomes a path of its own."""
        fork = self._forks[parent]
        rival = fork[0][2]
        self._splay(rival)
        self._splay(parent)
        former, rest = self._preferred[parent], self._right[parent]
        self._preferred[parent] = self._right[parent] = rival
        self._note(parent, rival, 0)
        self._note(parent, former, self._sum[rest])
        self._pull(parent)

    def _is_current(self, entry: _Entry) -> bool:
        return self._light[entry[2]] == -entry[0]

    def _overtaken(self, at: int) -> int:
        """The last block on the path with a rival that is ahead; `at` is the root of its search tree."""
        after = 0  # what the path carries behind the part that is looked at
        while True:
            right = self._right[at]
            if right and self._margin[right] + 2 * after < NO_RIVAL:
                at = right
                continue
            after += self._sum[right]
            if self._own_margin(at, after) < NO_RIVAL:
                return at
            after += self._value[at]
            at = self._left[at]

    def _own_margin(self, at: int, beyond: int) -> int:
        """How far the preferred child, which carries `beyond`, is ahead of its rival; doubled, so that ids count."""
        return 2 * (beyond - self._rival[at]) + self._tie[at]

    def _last_with_weight(self, at: int) -> int:
        """The last block on the path from `at` on whose subtree carries anything; `at` itself where none does."""
        self._splay(at)
        last, below = at, self._right[at]
        if not self._sum[below]:
            return last
        while True:
            last, right = below, self._right[below]
            if self._sum[right]:
                below = right
            elif self._value[below]:
                break
            else:
                below = self._left[below]
        self._splay(last)
        return last

    # --- search trees

    def _new(self, block: bytes) -> int:
        number = self._number[block] = len(self._id)
        self._id.append(block)
        self._order.append(int.from_bytes(block, "big"))
        self._tie.append(1)
        self._margin.append(NO_RIVAL)
        for nothing in (
            self._carries,
            self._preferred,
            self._children,
            self._up,
            self._left,
            self._right,
            self._value,
            self._sum,
            self._light,
            self._rival,
        ):
            nothing.append(0)
        return number

    def _first(self, at: int) -> int:
        """The first block of the path, made the root of its search tree."""
        while self._left[at]:
            at = self._left[at]
        self._splay(at)
        return at

    def _splay(self, at: int) -> None:
        """Make a block the root of its path's search tree."""
        up, left, right = self._up, self._left, self._right
        while (parent := up[at]) and at in (left[parent], right[parent]):
            above = up[parent]
            if above and parent in (left[above], right[above]):
                same_side = (left[above] == parent) == (left[parent] == at)
                self._rotate(parent if same_side else at)
            self._rotate(at)
        self._pull(at)

    def _rotate(self, at: int) -> None:
        """Swap a block with the one above it in the search tree; its own sums are left to be pulled."""
        up, left, right = self._up, self._left, self._right
        self.steps += 1
        parent = up[at]
        above = up[parent]
        if left[above] == parent:
            left[above] = at
        elif right[above] == parent:
            right[above] = at
        if left[parent] == at:
            inner = left[parent] = right[at]
            right[at] = parent
        else:
            inner = right[parent] = left[at]
            left[at] = parent
        if inner:
            up[inner] = parent
        up[parent] = at
        up[at] = above
        self._pull(parent)

    def _pull(self, at: int) -> None:
        """Take the sums of a part of the search tree from its two halves."""
        left, right = self._left[at], self._right[at]
        beyond = self._sum[right]
        onwards = beyond + self._value[at]
        self._sum[at] = self._sum[left] + onwards
        self._margin[at] = min(self._margin[left] + 2 * onwards, self._own_margin(at, beyond), self._margin[right])


class _GreatestIds:
    """
    Where the greatest ids lead: from each block to its child with the greatest id, down to a leaf.

    Blocks on one such way are one list. A new child that is greater than its siblings parts a list in two; the shorter
    part moves, so each block moves O(log n) times.
    """

    def __init__(self) -> None:
        self._ways: list[list[int]] = [[], [1]]  # by block: the list it is on
        self._greatest: list[int] = [0, 0]  # by block: its child with the greatest id
        self._height: list[int] = [0, 0]

    def last(self, block: int) -> int:
        """The leaf to which the greatest ids lead from a block."""
        return self._ways[block][-1]

    def add(self, block: int, parent: int, order: list[int]) -> None:
        """Put a block below another; `order` is that of the ids."""
        self._height.append(self._height[parent] + 1)
        self._greatest.append(0)
        former = self._greatest[parent]
        if former and order[former] > order[block]:
            self._ways.append([block])
            return
        if former:
            self._part(parent)
        self._greatest[parent] = block
        way = self._ways[parent]
        way.append(block)
        self._ways.append(way)

    def _part(self, block: int) -> None:
        """End a block's list with it."""
        way = self._ways[block]
        kept = self._height[block] - self._height[way[0]] + 1
        if 2 * kept < len(way):
            moved = way[:kept]
            del way[:kept]
        else:
            moved = way[kept:]
            del way[kept:]
        for each in moved:
            self._ways[each] = moved
