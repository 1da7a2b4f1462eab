"""
What one validator knows, and what follows from it: the head, what is final, and who has contradicted itself.

Everything known is two sets that only grow, of blocks and of votes; everything told is a function of those sets alone.
So it cannot matter in which order messages came, nor how often: whoever has received the same tells the same.

    head         from the latest final block, ever on to the heaviest child, of equals to the one with the greatest id
    a weight     goes to the target of its validator's latest vote; that of one who contradicted itself goes nowhere
    final        by the votes of all, at two thresholds: fast, which the head starts from, and economic

A block whose parent is not known yet, or a vote whose target is not, waits for it. So many messages may wait; then the
oldest is forgotten, as if it had not been received, and can be received again. A message that no honest validator sends
raises Refused and changes nothing.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterator

from bizra_lab.components._consensus_conduct import Conduct, Evidence
from bizra_lab.components._consensus_finality import Finality
from bizra_lab.components._consensus_graph import BlockGraph
from bizra_lab.components._consensus_messages import Block, Message, Refused, SignedVote, Validators, Verify, Vote
from bizra_lab.components._consensus_tree import WeightedTree

FAST_BPS = 6_700  # of the weight, in basis points: conflict takes 34 % of it to sign twice
ECONOMIC_BPS = 8_000  # conflict takes 60 %

WAITING_MAX = 1_024  # messages: with the largest payloads, 16 MiB


class Receipt(enum.StrEnum):
    """What became of a message."""

    NEW = "new"
    KNOWN = "known"  # received before; nothing changed
    WAITS = "waits"  # for a block that is not known yet


class View:
    """The state of one validator; `verify` checks signatures. Not for several threads at a time."""

    def __init__(
        self,
        validators: Validators,
        first: Block,
        verify: Verify,
        *,
        fast_bps: int = FAST_BPS,
        economic_bps: int = ECONOMIC_BPS,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self.validators = validators
        self.graph = BlockGraph(first)
        self.fast = Finality(self.graph, first.id, validators, fast_bps)
        self.economic = Finality(self.graph, first.id, validators, economic_bps)
        self._first = first
        self._verify = verify
        self._tree = WeightedTree(first.id)
        self._votes: dict[Vote, SignedVote] = {}
        self._conduct: defaultdict[bytes, Conduct] = defaultdict(Conduct)
        self._waiting = _Waiting(waiting_max)

    # --- what follows from it

    def head(self) -> bytes:
        """The id of the block to build on."""
        return self._tree.head(self.fast.latest_final.block)

    def tip(self) -> bytes:
        """
        The id of the block to vote for: the head as seen from the latest justified block.

        Once a quorum has justified a block, whoever goes on voting beside it may have to contradict itself later.
        """
        return self._tree.head(self.fast.latest_justified.block)

    def weight(self, block: bytes) -> int:
        """The weight of a block and all that is on it."""
        return self._tree.score(block)

    @property
    def evidence(self) -> dict[bytes, Evidence]:
        """Who has contradicted itself, by public key, with two votes that show it."""
        return {key: conduct.evidence for key, conduct in self._conduct.items() if conduct.evidence}

    @property
    def steps(self) -> int:
        """How many steps the head's bookkeeping has taken so far, in a unit that no machine changes."""
        return self._tree.steps

    # --- what is known

    @property
    def votes(self) -> frozenset[Vote]:
        """Every vote that counts."""
        return frozenset(self._votes)

    @property
    def waiting(self) -> int:
        """How many messages wait for a block."""
        return len(self._waiting)

    def messages(self) -> Iterator[Message]:
        """Everything received, what waits as well: another view that receives it knows the same."""
        yield from (block for block in self.graph if block is not self._first)
        yield from self._votes.values()
        yield from self._waiting

    def merge(self, other: View) -> None:
        """Receive all that another view has received."""
        for message in other.messages():
            self.receive(message)

    def receive(self, message: Message) -> Receipt:
        """Take note of a message, and of all that waited for it. Raises Refused for one that cannot be right."""
        return self._receive_block(message) if isinstance(message, Block) else self._receive_vote(message)

    def _receive_block(self, block: Block) -> Receipt:
        if block.id in self.graph:
            return Receipt.KNOWN
        if block.parent not in self.graph:
            return self._waiting.add(block, block.parent)
        self._add_block(block)
        arrived = [block.id]
        while arrived:
            for waited in self._waiting.take(arrived.pop()):
                try:
                    if isinstance(waited, Block):
                        self._add_block(waited)
                        arrived.append(waited.id)
                    else:
                        self._add_vote(waited)
                except Refused:
                    continue  # whoever sent it cannot be told any more
        return Receipt.NEW

    def _receive_vote(self, message: SignedVote) -> Receipt:
        vote = message.vote
        if vote in self._votes:
            return Receipt.KNOWN
        if vote.validator not in self.validators.weights:
            raise Refused(f"vote by {vote.validator.hex()[:8]}: no validator has that key")
        if not self._verify(vote.validator, vote.signed_bytes, message.signature):
            raise Refused(f"vote by {vote.validator.hex()[:8]}: the signature is not that validator's")
        if vote.target.block not in self.graph:
            return self._waiting.add(message, vote.target.block)
        self._add_vote(message)
        return Receipt.NEW

    def _add_block(self, block: Block) -> None:
        self.graph.add(block)
        self._tree.add(block.id, block.parent)

    def _add_vote(self, message: SignedVote) -> None:
        vote = message.vote
        if not self.graph.descends(vote.target.block, vote.source.block):
            raise Refused(
                f"vote by {vote.validator.hex()[:8]}: block {vote.target.block.hex()[:8]} is not on its source "
                f"{vote.source.block.hex()[:8]}"
            )
        self._votes[vote] = message
        conduct = self._conduct[vote.validator]
        before = conduct.latest
        conduct.add(vote)
        self._move(self.validators.weights[vote.validator], before, conduct.latest)
        self.fast.count(vote)
        self.economic.count(vote)

    def _move(self, weight: int, before: Vote | None, after: Vote | None) -> None:
        """Take a validator's weight from where its latest vote had put it to where it puts it now."""
        if before is after:
            return
        if before:
            self._tree.change(before.target.block, -weight)
        if after:
            self._tree.change(after.target.block, weight)


class _Waiting:
    """Messages by the block that they wait for; beyond `most`, the oldest is forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._missing: dict[Message, bytes] = {}  # in the order in which they came
        self._for: defaultdict[bytes, dict[Message, None]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._missing)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._missing)

    def add(self, message: Message, missing: bytes) -> Receipt:
        if message in self._missing:
            return Receipt.KNOWN
        self._missing[message] = missing
        self._for[missing][message] = None
        if len(self._missing) > self._most:
            oldest = next(iter(self._missing))
            awaited = self._missing.pop(oldest)
            del self._for[awaited][oldest]
            if not self._for[awaited]:
                del self._for[awaited]
        return Receipt.WAITS

    def take(self, arrived: bytes) -> list[Message]:
        """What waited for a block, in the order in which it came; it waits no longer."""
        released = list(self._for.pop(arrived, ()))
        for each in released:
            del self._missing[each]
        return released
