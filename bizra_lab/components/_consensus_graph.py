"""
The blocks that are known, each on its parent, and whether one descends from another, in O(log height).

Beside its parent every block keeps one block further down to jump to. The lengths of the jumps are those of the skew
binary numbers, which one block more never changes, so a jump is chosen once and any way down is logarithmic.

Source: E. W. Myers (1983), An applicative random-access stack, Information Processing Letters 17(5), 241-248.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.components._consensus_messages import Block, Refused


class BlockGraph:
    """Blocks by id, on one first block; they are only ever added."""

    def __init__(self, first: Block) -> None:
        self._blocks = {first.id: first}
        self._jumps = {first.id: first.id}

    def __contains__(self, block: bytes) -> bool:
        return block in self._blocks

    def __iter__(self) -> Iterator[Block]:
        """Every block, parents before their children."""
        return iter(self._blocks.values())

    def __len__(self) -> int:
        return len(self._blocks)

    def __getitem__(self, block: bytes) -> Block:
        return self._blocks[block]

    def add(self, block: Block) -> None:
        """Put a block on its parent, which is known. Raises Refused unless it is one higher."""
        parent = self._blocks[block.parent]
        if block.height != parent.height + 1:
            raise Refused(f"block {block.id.hex()[:8]}: expected the height {parent.height + 1}, got {block.height}")
        once = self._blocks[self._jumps[parent.id]]
        twice = self._blocks[self._jumps[once.id]]
        self._blocks[block.id] = block
        self._jumps[block.id] = twice.id if parent.height - once.height == once.height - twice.height else parent.id

    def descends(self, block: bytes, ancestor: bytes) -> bool:
        """Whether one block is on another, or is it; an ancestor that is not known is nobody's."""
        if ancestor not in self._blocks:
            return False
        height = self._blocks[ancestor].height
        at = self._blocks[block]
        while at.height > height:
            jump = self._blocks[self._jumps[at.id]]
            at = jump if jump.height >= height else self._blocks[at.parent]
        return at.id == ancestor
