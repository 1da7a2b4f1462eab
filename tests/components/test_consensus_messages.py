"""What is sent is checked when it is made, and what is received is refused in a sentence or waits for its block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from blake3 import blake3

from bizra_lab.components._consensus_conduct import Conduct
from bizra_lab.components._consensus_graph import BlockGraph
from bizra_lab.components._consensus_messages import (
    NO_PARENT,
    PAYLOAD_BYTES_MAX,
    Block,
    Checkpoint,
    Message,
    Refused,
    SignedVote,
    Validators,
    Vote,
    decode,
    encode,
    genesis,
    signed,
)
from bizra_lab.components._consensus_signing import ed25519_key, ed25519_verify
from bizra_lab.components._consensus_view import Receipt, View
from tests.components.consensus_worlds import FIRST, START, child_of, key_of, trusting, vote

ONE = Validators({key_of(1): 1})

# The id of the first block, as it was when the format was fixed: another one would part every graph there is.
FIRST_ID = "9f968f033c246ec3cd78bb1491993b06173f111eeab8527f14bdebc721c113e4"


def _view(**options: Any) -> View:
    return View(ONE, FIRST, trusting, **options)


# --- ids


def test_the_first_blocks_id_is_fixed() -> None:
    assert FIRST_ID == genesis().id.hex()


# Length of the input; BLAKE3 of it; BLAKE3 of it in the vectors' own context. The input counts 0, 1, …, 250, 0, 1, …
# Source: the BLAKE3 team's test_vectors.json, the first 32 bytes of each; the lengths are where chunks and trees begin.
PUBLISHED = (
    (
        0,
        "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
        "2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d",
    ),
    (
        1,
        "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
        "b3e2e340a117a499c6cf2398a19ee0d29cca2bb7404c73063382693bf66cb06c",
    ),
    (
        1023,
        "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11",
        "74a16c1c3d44368a86e1ca6df64be6a2f64cce8f09220787450722d85725dea5",
    ),
    (
        1024,
        "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
        "7356cd7720d5b66b6d0697eb3177d9f8d73a4a5c5e968896eb6a689684302706",
    ),
    (
        1025,
        "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
        "effaa245f065fbf82ac186839a249707c3bddf6d3fdda22d1b95a3c970379bcb",
    ),
    (
        2049,
        "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030",
        "2ea477c5515cc3dd606512ee72bb3e0e758cfae7232826f35fb98ca1bcbdf273",
    ),
    (
        4097,
        "9b4052b38f1c5fc8b1f9ff7ac7b27cd242487b3d890d15c96a1c25b8aa0fb995",
        "aca51029626b55fda7117b42a7c211f8c6e9ba4fe5b7a8ca922f34299500ead8",
    ),
    (
        6145,
        "f1323a8631446cc50536a9f705ee5cb619424d46887f3c376c695b70e0f0507f",
        "379bcc61d0051dd489f686c13de00d5b14c505245103dc040d9e4dd1facab8e5",
    ),
)


@pytest.mark.parametrize(("length", "plain", "in_context"), PUBLISHED)
def test_ids_are_made_by_a_blake3_that_gives_the_published_vectors(length: int, plain: str, in_context: str) -> None:
    data = bytes(number % 251 for number in range(length))
    assert plain == blake3(data).hexdigest()
    assert in_context == blake3(data, derive_key_context="BLAKE3 2019-12-27 16:29:52 test vectors context").hexdigest()


def test_an_id_is_the_blake3_of_everything_in_a_context_of_its_own() -> None:
    block = Block(FIRST.id, 1, key_of(7), b"hello")
    content = FIRST.id + bytes([1, 0, 0, 0, 0, 0, 0, 0]) + key_of(7) + b"hello"
    assert blake3(content, derive_key_context="bizra_lab wq block id v1").digest() == block.id
    assert blake3(content).digest() != block.id


def test_blocks_that_differ_in_anything_have_different_ids() -> None:
    blocks = [
        child_of(FIRST),
        child_of(FIRST, b"x"),
        Block(FIRST.id, 2, key_of(0)),
        Block(FIRST.id, 1, key_of(1)),
        Block(NO_PARENT, 1, key_of(0)),
        genesis(b"another"),
    ]
    assert len(blocks) == len({each.id for each in blocks})


def test_nothing_signed_as_a_vote_can_be_taken_for_another() -> None:
    one = Vote(key_of(1), START, Checkpoint(1, FIRST.id))
    others = [
        Vote(key_of(2), START, Checkpoint(1, FIRST.id)),
        Vote(key_of(1), START, Checkpoint(2, FIRST.id)),
        Vote(key_of(1), START, Checkpoint(1, key_of(9))),
        Vote(key_of(1), Checkpoint(0, key_of(9)), Checkpoint(1, FIRST.id)),
    ]
    assert 5 == len({one.signed_bytes, *(each.signed_bytes for each in others)})


# --- form


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Block(b"short", 1, key_of(1)), "parent: expected 32 bytes, got 5 bytes"),
        (lambda: Block(FIRST.id, -1, key_of(1)), "height: expected a whole number"),
        (lambda: Block(FIRST.id, 2**64, key_of(1)), "height: expected a whole number"),
        (lambda: Block(FIRST.id, 1, "me"), "proposer: expected 32 bytes, got 'me'"),  # type: ignore[arg-type]
        (lambda: Block(FIRST.id, 1, key_of(1), bytes(PAYLOAD_BYTES_MAX + 1)), "payload: expected at most 16,384 bytes"),
        (lambda: Vote(key_of(1), START, Checkpoint(1.0, FIRST.id)), "epoch: expected a whole number"),  # type: ignore[arg-type]
        (lambda: Vote(key_of(1), START, Checkpoint(True, FIRST.id)), "epoch: expected a whole number"),
        (lambda: Vote(key_of(1), START, Checkpoint("1", FIRST.id)), "epoch: expected a whole number"),  # type: ignore[arg-type]
        (lambda: Vote(key_of(1), START, Checkpoint(1, b"")), "block: expected 32 bytes"),
        (lambda: Vote(b"", START, Checkpoint(1, FIRST.id)), "validator: expected 32 bytes"),
        (lambda: Vote(key_of(1), START, START), "a vote leads to a later epoch; got 0 to 0"),
        (lambda: SignedVote(Vote(key_of(1), START, Checkpoint(1, FIRST.id)), "sig"), "signature: expected bytes"),  # type: ignore[arg-type]
        (lambda: Validators({}), "expected at least one, got none"),
        (lambda: Validators({b"": 1}), "validator: expected 32 bytes"),
        (lambda: _view(fast_bps=5_000), "a threshold lies above one half"),
        (lambda: _view(fast_bps=10_001), "a threshold lies above one half"),
        (lambda: _view(fast_bps=6_700.0), "a threshold lies above one half"),
    ],
)
def test_what_is_malformed_cannot_be_made(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        make()


@pytest.mark.parametrize("message", [child_of(FIRST, b"\0\xff"), vote(1, FIRST, 2**64 - 1)])
def test_a_message_is_itself_again_after_it_was_sent(message: Block | SignedVote) -> None:
    assert message == decode(encode(message))


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        {},
        "block",
        {**encode(child_of(FIRST)), "id": FIRST_ID},
        {**encode(child_of(FIRST)), "parent": "zz"},
        {**encode(child_of(FIRST)), "height": "1"},
        {**encode(child_of(FIRST)), "payload": 7},
        {**encode(vote(1, FIRST, 1)), "source": [0]},
        {**encode(vote(1, FIRST, 1)), "target": [1.5, FIRST_ID]},
        {**encode(vote(1, FIRST, 1)), "signature": None},
    ],
)
def test_what_is_no_message_is_refused(sent: object) -> None:
    with pytest.raises(Refused):
        decode(sent)


# --- where it stands


def test_a_block_stands_one_above_its_parent() -> None:
    with pytest.raises(Refused, match="expected the height 1, got 2"):
        _view().receive(Block(FIRST.id, 2, key_of(0)))


def test_a_block_that_names_itself_cannot_be_found() -> None:
    # Its id is a hash of its parent: whatever it names, it is another block, and that one is not known.
    block = child_of(FIRST)
    assert Receipt.WAITS is _view().receive(Block(block.id, 1, block.proposer, block.payload))


def test_a_vote_for_a_block_that_is_not_on_its_source_is_refused() -> None:
    one, other = child_of(FIRST, b"1"), child_of(FIRST, b"2")
    view = _view()
    view.receive(one)
    view.receive(other)
    for source in (Checkpoint(1, other.id), Checkpoint(1, key_of(9))):
        with pytest.raises(Refused, match="is not on its source"):
            view.receive(vote(1, one, 2, source))
    assert frozenset() == view.votes


def test_whether_a_block_is_on_another_is_told_at_any_distance() -> None:
    chain = [FIRST]
    graph = BlockGraph(FIRST)
    for _ in range(200):
        chain.append(child_of(chain[-1]))
        graph.add(chain[-1])
    aside = child_of(chain[100], b"aside")
    graph.add(aside)
    for height in range(201):
        assert graph.descends(chain[200].id, chain[height].id)
        assert (height <= 100) == graph.descends(aside.id, chain[height].id)
        assert (height == 0) == graph.descends(FIRST.id, chain[height].id)
    assert not graph.descends(aside.id, key_of(1))


# --- signatures


def test_a_forged_vote_is_refused_and_changes_nothing() -> None:
    mine, theirs = ed25519_key(key_of(1)), ed25519_key(key_of(2))
    view = View(Validators({mine.public: 1, theirs.public: 1}), FIRST, ed25519_verify)
    right = Vote(mine.public, START, Checkpoint(1, FIRST.id))
    other = Vote(mine.public, START, Checkpoint(2, FIRST.id))
    for forged in (signed(right, theirs.sign), SignedVote(right, signed(other, mine.sign).signature)):
        with pytest.raises(Refused, match="the signature is not that validator's"):
            view.receive(forged)
    for garbage in (b"", bytes(63), bytes(64), bytes(65)):
        with pytest.raises(Refused, match="the signature is not that validator's"):
            view.receive(SignedVote(right, garbage))
    assert (0, frozenset()) == (view.weight(FIRST.id), view.votes)
    assert Receipt.NEW is view.receive(signed(right, mine.sign))


def test_a_signature_that_was_changed_into_another_of_equal_worth_is_no_signature() -> None:
    key = ed25519_key(key_of(1))
    order = 2**252 + 27742317777372353535851937790883648493
    signature = key.sign(b"message")
    changed = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert ed25519_verify(key.public, b"message", signature)
    assert not ed25519_verify(key.public, b"message", changed)


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(32), b"\xff" * 32])
def test_what_is_no_key_has_signed_nothing(public: bytes) -> None:
    assert not ed25519_verify(public, b"message", bytes(64))


# --- waiting


def test_what_waits_takes_its_place_when_its_block_comes() -> None:
    chain = [child_of(FIRST)]
    for _ in range(1_500):
        chain.append(child_of(chain[-1]))
    view = _view(waiting_max=2_000)
    late = vote(1, chain[-1], 1)
    assert Receipt.WAITS is view.receive(late)
    assert {Receipt.WAITS} == {view.receive(each) for each in reversed(chain[1:])}
    assert (1_501, FIRST.id) == (view.waiting, view.head())
    assert Receipt.KNOWN is view.receive(late)
    assert Receipt.NEW is view.receive(chain[0])
    assert (0, chain[-1].id, 1) == (view.waiting, view.head(), view.weight(FIRST.id))


def test_so_many_wait_and_then_the_oldest_is_forgotten_and_may_come_again() -> None:
    orphans = [child_of(child_of(FIRST, bytes([number]))) for number in range(10)]
    view = _view(waiting_max=4)
    for orphan in orphans:
        view.receive(orphan)
    assert (4, orphans[6:]) == (view.waiting, list(view.messages()))
    assert Receipt.NEW is view.receive(child_of(FIRST, bytes([0])))
    assert Receipt.NEW is view.receive(orphans[0])
    assert 4 == len(view._waiting._for)


def test_two_signatures_of_one_vote_that_waits_are_one_vote() -> None:
    block = child_of(FIRST)
    view = _view()
    waits = vote(1, block, 1)
    view.receive(waits)
    assert Receipt.KNOWN is view.receive(SignedVote(waits.vote, b"another"))
    view.receive(block)
    assert (1, 1) == (view.weight(block.id), view.fast.support(START, Checkpoint(1, block.id)))


def test_what_waited_and_turns_out_wrong_is_dropped() -> None:
    block, other = child_of(FIRST, b"1"), child_of(FIRST, b"2")
    view = _view()
    wrong: tuple[Message, ...] = (vote(1, block, 2, Checkpoint(1, other.id)), Block(block.id, 7, key_of(0)))
    assert {Receipt.WAITS} == {view.receive(each) for each in wrong}
    assert Receipt.NEW is view.receive(block)
    assert (0, block.id, frozenset()) == (view.waiting, view.head(), view.votes)


# --- conduct


def _cast(*votes: tuple[int, int]) -> Conduct:
    conduct = Conduct()
    for source, target in votes:
        conduct.add(Vote(key_of(1), Checkpoint(source, FIRST.id), Checkpoint(target, FIRST.id)))
    return conduct


@pytest.mark.parametrize(
    ("votes", "kind"),
    [
        (((0, 1), (1, 2), (2, 3)), None),
        (((2, 3), (0, 1), (1, 2)), None),
        (((0, 2), (1, 2)), "double"),
        (((1, 2), (0, 3)), "surround"),
        (((0, 3), (1, 2)), "surround"),
        (((0, 1), (1, 4), (4, 5), (2, 3)), "surround"),
        (((0, 1), (2, 3), (3, 4), (1, 5)), "surround"),
        # The same source or the same way along: neither is around the other.
        (((0, 1), (0, 5), (0, 3)), None),
        (((1, 3), (2, 4), (0, 1)), None),
    ],
)
def test_a_double_vote_and_a_vote_around_another_are_found_in_any_order(
    votes: tuple[tuple[int, int], ...], kind: str | None
) -> None:
    for order in (votes, votes[::-1]):
        conduct = _cast(*order)
        assert kind == (conduct.evidence and conduct.evidence.kind)
        assert (kind is None) == (conduct.latest is not None)


def test_evidence_names_the_vote_around_first() -> None:
    for order in (((0, 3), (1, 2)), ((1, 2), (0, 3))):
        evidence = _cast(*order).evidence
        assert evidence
        assert (0, 1) == (evidence.one.source.epoch, evidence.other.source.epoch)
