"""
What validators tell each other, blocks and signed votes, and who may vote with what weight.

A message is checked for its form when it is made, so nothing malformed exists; whether a block stands on its parent and
a vote on its blocks is checked where they are received. Ids and signatures are over bytes of fixed layout, each kind
with a name of its own, so that nothing signed or hashed as one thing can be taken for another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from blake3 import blake3

BASIS_POINTS = 10_000  # of a weight: all of it
ID_BYTES = 32  # of BLAKE3, and of an Ed25519 public key
PAYLOAD_BYTES_MAX = 16_384  # a block that waits for its parent is kept, so it must not be large
NUMBER_MAX = 2**64 - 1  # of an epoch or a height, which are hashed as eight bytes

BLOCK_CONTEXT = "bizra_lab wq block id v1"
VOTE_CONTEXT = b"bizra_lab wq vote v1"

NO_PARENT = bytes(ID_BYTES)  # what the first block names as its parent

Sign = Callable[[bytes], bytes]  # message → signature
Verify = Callable[[bytes, bytes, bytes], bool]  # public key, message, signature


class Refused(ValueError):
    """A message, or a set of validators, that cannot be used: one line, with what was found and what was expected."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block, on its parent; `id` is the BLAKE3 of everything else. Equal where all of it is."""

    parent: bytes
    height: int  # the first block has 0
    proposer: bytes
    payload: bytes = b""
    id: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check_id("parent", self.parent)
        _check_number("height", self.height)
        _check_id("proposer", self.proposer)
        if not isinstance(self.payload, bytes) or len(self.payload) > PAYLOAD_BYTES_MAX:
            raise Refused(f"payload: expected at most {PAYLOAD_BYTES_MAX:,} bytes, got {_said(self.payload)}")
        content = b"".join([self.parent, self.height.to_bytes(8, "little"), self.proposer, self.payload])
        object.__setattr__(self, "id", blake3(content, derive_key_context=BLOCK_CONTEXT).digest())

    def __hash__(self) -> int:
        return hash(self.id)


def genesis(payload: bytes = b"") -> Block:
    """The first block of a graph; another payload makes another graph."""
    return Block(NO_PARENT, 0, NO_PARENT, payload)


class Checkpoint(NamedTuple):
    """
    A block as of an epoch; later ones are greater, of one epoch the one with the greater id.

    A tuple, since votes are looked up by it all the time. It is checked in the vote that it is part of.
    """

    epoch: int
    block: bytes


@dataclass(frozen=True, slots=True)
class Vote:
    """One validator's word that `target` should follow `source`; the target is also where its weight goes."""

    validator: bytes
    source: Checkpoint
    target: Checkpoint

    def __post_init__(self) -> None:
        _check_id("validator", self.validator)
        for epoch, block in (self.source, self.target):
            _check_number("epoch", epoch)
            _check_id("block", block)
        if not self.source.epoch < self.target.epoch:
            raise Refused(f"a vote leads to a later epoch; got {self.source.epoch} to {self.target.epoch}")

    @property
    def signed_bytes(self) -> bytes:
        """What is signed of it."""
        ends = (self.source, self.target)
        return b"".join(
            [VOTE_CONTEXT, self.validator, *(each.epoch.to_bytes(8, "little") + each.block for each in ends)]
        )


@dataclass(frozen=True, slots=True)
class SignedVote:
    """A vote as it is sent. Two signatures of one vote are the same vote."""

    vote: Vote
    signature: bytes = field(compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.signature, bytes):
            raise Refused(f"signature: expected bytes, got {_said(self.signature)}")


Message = Block | SignedVote


def signed(vote: Vote, sign: Sign) -> SignedVote:
    """The vote with its signature."""
    return SignedVote(vote, sign(vote.signed_bytes))


@dataclass(frozen=True)
class Validators:
    """
    Who may vote, by public key, each with a weight of at least 1; in whole numbers, so that no order of adding matters.

    Raises Refused when there is nobody, or a weight is none.
    """

    weights: Mapping[bytes, int]

    def __post_init__(self) -> None:
        if not self.weights:
            raise Refused("validators: expected at least one, got none")
        for key, weight in self.weights.items():
            _check_id("validator", key)
            if type(weight) is not int or weight < 1:
                raise Refused(f"validator {key.hex()[:8]}: expected a weight of at least 1, got {weight!r}")
        # A copy, so that whoever made the mapping cannot change who may vote.
        object.__setattr__(self, "weights", dict(self.weights))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.weights)

    def __len__(self) -> int:
        return len(self.weights)

    @cached_property
    def total(self) -> int:
        """The weight of all of them."""
        return sum(self.weights.values())

    def reaches(self, weight: int, threshold_bps: int) -> bool:
        """Whether a weight is at least so many basis points of the total, exactly."""
        return weight * BASIS_POINTS >= self.total * threshold_bps


# --- as they are sent


def encode(message: Message) -> dict[str, Any]:
    """A message as plain JSON data, bytes in hexadecimal."""
    if isinstance(message, Block):
        return {
            "parent": message.parent.hex(),
            "height": message.height,
            "proposer": message.proposer.hex(),
            "payload": message.payload.hex(),
        }
    vote = message.vote
    return {
        "validator": vote.validator.hex(),
        "source": [vote.source.epoch, vote.source.block.hex()],
        "target": [vote.target.epoch, vote.target.block.hex()],
        "signature": message.signature.hex(),
    }


def decode(sent: Any) -> Message:
    """The message that `encode` made plain data of. Raises Refused for anything else."""
    try:
        match sent:
            case {"parent": parent, "height": height, "proposer": proposer, "payload": payload, **rest} if not rest:
                return Block(_bytes(parent), height, _bytes(proposer), _bytes(payload))
            case {
                "validator": validator,
                "source": [source_epoch, source],
                "target": [target_epoch, target],
                "signature": signature,
                **rest,
            } if not rest:
                ends = Checkpoint(source_epoch, _bytes(source)), Checkpoint(target_epoch, _bytes(target))
                return SignedVote(Vote(_bytes(validator), *ends), _bytes(signature))
    except (TypeError, ValueError) as error:
        raise Refused(f"a message that cannot be read: {error}") from None
    raise Refused(f"a message is a block or a vote; got {_said(sent)}")


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text)


def _check_id(name: str, value: object) -> None:
    if not isinstance(value, bytes) or len(value) != ID_BYTES:
        raise Refused(f"{name}: expected {ID_BYTES} bytes, got {_said(value)}")


def _check_number(name: str, value: object) -> None:
    if type(value) is not int or not 0 <= value <= NUMBER_MAX:
        raise Refused(f"{name}: expected a whole number in 0..2⁶⁴-1, got {_said(value)}")


def _said(value: object) -> str:
    return f"{len(value):,} bytes" if isinstance(value, bytes) else repr(value)[:80]
