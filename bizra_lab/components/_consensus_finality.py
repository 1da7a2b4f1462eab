"""
Which checkpoints are justified and which are final, by the votes for links between them; O(1) a vote, amortised.

A link from a source to a target that carries a quorum justifies its target once its source is justified; and where it
leads to the very next epoch, it makes its source final. Everybody's votes count, also those of validators who have
contradicted themselves: both sets only ever grow, so what is final stays final, whatever comes to light later. Two
conflicting blocks can both become final only if validators with at least 2q - 1 of the weight have signed for both.

Source: V. Buterin, V. Griffith (2017), Casper the Friendly Finality Gadget, arXiv:1710.09437, sections 2 and 3.
"""

from __future__ import annotations

from collections import defaultdict

from bizra_lab.components._consensus_graph import BlockGraph
from bizra_lab.components._consensus_messages import BASIS_POINTS, Checkpoint, Refused, Validators, Vote


class Finality:
    """What so many basis points of the weight have made final, from the first block on."""

    def __init__(self, graph: BlockGraph, first: bytes, validators: Validators, threshold_bps: int) -> None:
        if type(threshold_bps) is not int or not BASIS_POINTS // 2 < threshold_bps <= BASIS_POINTS:
            raise Refused(f"a threshold lies above one half and at most at {BASIS_POINTS}, got {threshold_bps!r}")
        start = Checkpoint(0, first)
        self.threshold_bps = threshold_bps
        self.latest_justified = start
        self.latest_final = start
        self.conflicted = False  # whether two final blocks exclude each other
        self._graph = graph
        self._validators = validators
        self._justified = {start}
        self._final = {start}
        self._highest = first  # of the final blocks
        self._support: defaultdict[tuple[Checkpoint, Checkpoint], int] = defaultdict(int)
        self._linked: defaultdict[Checkpoint, list[Checkpoint]] = defaultdict(list)  # targets by source, with a quorum

    @property
    def justified(self) -> frozenset[Checkpoint]:
        """Every justified checkpoint."""
        return frozenset(self._justified)

    @property
    def final(self) -> frozenset[Checkpoint]:
        """Every final checkpoint."""
        return frozenset(self._final)

    def support(self, source: Checkpoint, target: Checkpoint) -> int:
        """The weight that has voted for a link."""
        return self._support.get((source, target), 0)

    def count(self, vote: Vote) -> None:
        """Count a vote that was not counted before; its source is an ancestor of its target."""
        link = vote.source, vote.target
        before = self._support[link]
        after = self._support[link] = before + self._validators.weights[vote.validator]
        reaches = self._validators.reaches
        if reaches(after, self.threshold_bps) and not reaches(before, self.threshold_bps):
            self._linked[vote.source].append(vote.target)
            if vote.source in self._justified:
                self._follow(vote.source, vote.target)

    def _follow(self, source: Checkpoint, target: Checkpoint) -> None:
        """Take a link with a quorum from a justified source, and every one that can be taken from there on."""
        links = [(source, target)]
        while links:
            source, target = links.pop()
            if target.epoch == source.epoch + 1:
                self._make_final(source)
            if target not in self._justified:
                self._justified.add(target)
                self.latest_justified = max(self.latest_justified, target)
                links += [(target, further) for further in self._linked[target]]

    def _make_final(self, checkpoint: Checkpoint) -> None:
        self._final.add(checkpoint)
        self.latest_final = max(self.latest_final, checkpoint)
        # As long as final blocks are one chain, one that agrees with the highest agrees with all.
        if self._graph.descends(checkpoint.block, self._highest):
            self._highest = checkpoint.block
        elif not self._graph.descends(self._highest, checkpoint.block):
            self.conflicted = True
