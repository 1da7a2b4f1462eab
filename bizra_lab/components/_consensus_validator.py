"""
What an honest validator does: it builds on what it would vote for, votes once an epoch, and never contradicts itself.

What it has sent it keeps through a crash, since nobody else may have received it yet; whatever else it knew it can be
told again. Without its blocks and votes it could sign a second vote for an epoch; or wait for ever for something to be
justified of which its own lost vote was the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bizra_lab.components._consensus_messages import Block, Checkpoint, Message, SignedVote, Vote, signed
from bizra_lab.components._consensus_signing import Key
from bizra_lab.components._consensus_view import View


class Validator:
    """
    One validator with its key and its view.

    `keep` is called with each message of its own before anybody else can have it; `kept` is what it was called with
    before a crash, in that order.
    """

    def __init__(self, key: Key, view: View, keep: Callable[[Message], object], kept: Iterable[Message] = ()) -> None:
        self.key = key
        self.view = view
        self._keep = keep
        self._last: Vote | None = None
        for message in kept:
            self.view.receive(message)
            if isinstance(message, SignedVote):
                self._last = message.vote

    def propose(self, epoch: int) -> Block:
        """A new block, already in its own view."""
        parent = self.view.graph[self.view.tip()]
        block = Block(parent.id, parent.height + 1, self.key.public, epoch.to_bytes(8, "little"))
        self._keep(block)
        self.view.receive(block)
        return block

    def vote(self, epoch: int) -> SignedVote | None:
        """Its vote for an epoch, already in its own view; None where it would contradict itself."""
        source = self.view.fast.latest_justified
        if epoch <= source.epoch or (self._last and not self._may_follow(self._last, source, epoch)):
            return None
        self._last = Vote(self.key.public, source, Checkpoint(epoch, self.view.tip()))
        made = signed(self._last, self.key.sign)
        self._keep(made)
        self.view.receive(made)
        return made

    @staticmethod
    def _may_follow(last: Vote, source: Checkpoint, epoch: int) -> bool:
        return last.target.epoch < epoch and last.source.epoch <= source.epoch
