"""What the tests of consensus share: small worlds of blocks and votes, honest or not, made by chance that repeats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from bizra_lab.components import _consensus_rule as rule
from bizra_lab.components._consensus_messages import (
    Block,
    Checkpoint,
    Message,
    SignedVote,
    Validators,
    Vote,
    genesis,
)
from bizra_lab.components._consensus_view import ECONOMIC_BPS, FAST_BPS, View

FIRST = genesis()
START = Checkpoint(0, FIRST.id)

EPOCHS = 5


def trusting(public: bytes, message: bytes, signature: bytes) -> bool:
    return True


def key_of(number: int) -> bytes:
    return number.to_bytes(32, "big")


def child_of(parent: Block, name: bytes = b"") -> Block:
    return Block(parent.id, parent.height + 1, key_of(0), name)


def vote(validator: int, target: Block, epoch: int, source: Checkpoint = START) -> SignedVote:
    return SignedVote(Vote(key_of(validator), source, Checkpoint(epoch, target.id)), b"")


@dataclass(frozen=True)
class World:
    """Validators, and everything that any of them sends."""

    validators: Validators
    messages: tuple[Message, ...]

    def view(self, messages: Iterable[Message] = ()) -> View:
        made = View(self.validators, FIRST, trusting)
        for each in messages:
            made.receive(each)
        return made

    @property
    def blocks(self) -> dict[bytes, Block]:
        return {each.id: each for each in (FIRST, *self.messages) if isinstance(each, Block)}

    @property
    def votes(self) -> frozenset[Vote]:
        return frozenset(each.vote for each in self.messages if isinstance(each, SignedVote))


def world(random: Random) -> World:
    """Up to 6 validators, up to 9 blocks, up to 18 votes: many agree, some are late, some are contradictory."""
    validators = Validators({key_of(each): random.randint(1, 4) for each in range(1, random.randint(3, 6) + 1)})
    blocks = [FIRST]
    for number in range(random.randint(1, 9)):
        blocks.append(child_of(random.choice(blocks[-3:]), bytes([number])))
    votes = [_vote(random, validators, blocks) for _ in range(random.randint(0, 12))]
    if random.random() < 0.5:
        votes += _agreed(random, validators, blocks)
    return World(validators, tuple(dict.fromkeys([*blocks[1:], *votes])))


def shuffled(random: Random, messages: Sequence[Message], repeated: bool = False) -> list[Message]:
    """The messages in another order; `repeated`: some of them more than once."""
    order = [*messages, *(random.choices(messages, k=len(messages)) if repeated and messages else ())]
    random.shuffle(order)
    return order


def told(view: View) -> tuple[object, ...]:
    """Everything that a view tells, in a form that can be compared."""
    return (
        view.head(),
        view.tip(),
        frozenset(view.evidence),
        *((each.justified, each.final, each.conflicted) for each in (view.fast, view.economic)),
    )


def defined(world: World) -> tuple[object, ...]:
    """The same by the definition of the rule."""
    finals, justified = {}, {}
    for bps in (FAST_BPS, ECONOMIC_BPS):
        justified[bps] = rule.justified(world.votes, world.validators, FIRST.id, bps)
        finals[bps] = rule.final(world.votes, world.validators, FIRST.id, bps)

    def head(start: Checkpoint) -> bytes:
        return rule.head(world.blocks, world.votes, world.validators, start.block)

    def conflicted(final: Iterable[Checkpoint]) -> bool:
        blocks = [each.block for each in final]
        return any(
            not rule.is_on(world.blocks, one, other) and not rule.is_on(world.blocks, other, one)
            for one in blocks
            for other in blocks
        )

    return (
        head(max(finals[FAST_BPS])),
        head(max(justified[FAST_BPS])),
        rule.equivocators(world.votes),
        *((justified[bps], finals[bps], conflicted(finals[bps])) for bps in (FAST_BPS, ECONOMIC_BPS)),
    )


def _vote(random: Random, validators: Validators, blocks: Sequence[Block]) -> SignedVote:
    """A vote for any block, from any of those below it; mostly from the first one."""
    path = [random.choice(blocks)]
    while path[-1] is not FIRST:
        path.append(next(each for each in blocks if each.id == path[-1].parent))
    epoch = random.randint(1, EPOCHS)
    source = START
    if random.random() < 0.4:
        source = Checkpoint(random.randrange(epoch), random.choice(path).id)
    return SignedVote(Vote(random.choice(list(validators)), source, Checkpoint(epoch, path[0].id)), b"")


def _agreed(random: Random, validators: Validators, blocks: Sequence[Block]) -> list[SignedVote]:
    """Most validators' votes along one chain, now and then over an epoch: something becomes justified, and final."""
    chain = [blocks[-1]]
    while chain[0] is not FIRST:
        chain.insert(0, next(each for each in blocks if each.id == chain[0].parent))
    votes, source = [], START
    for block in chain[1:4]:
        target = Checkpoint(source.epoch + random.choice((1, 1, 2)), block.id)
        votes += [SignedVote(Vote(key, source, target), b"") for key in validators if random.random() < 0.9]
        source = target
    return votes
