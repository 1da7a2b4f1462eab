"""Validators as processes agree over TCP, also after one was killed; and what a stranger sends does them no harm."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bizra_lab.components._consensus_messages import Checkpoint, Vote, encode, signed
from bizra_lab.components._consensus_network import _Process, agree_over_tcp
from bizra_lab.components._consensus_process import Journal, Orders
from bizra_lab.components._consensus_signing import ed25519_key
from bizra_lab.errors import CannotMeasure
from tests.components.consensus_worlds import FIRST, START, child_of, key_of

KEY = ed25519_key(key_of(1))


def _orders(folder: Path) -> Orders:
    return Orders(key_of(1).hex(), {KEY.public.hex(): 1}, str(folder / "journal.jsonl"))


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[_Process]:
    process = _Process(_orders(tmp_path))
    yield process
    process.end()


def _exchange(port: int, *frames: bytes) -> list[dict[str, Any]]:
    """The answers to so many messages over one connection, until it is closed."""
    answers = []
    with socket.create_connection(("127.0.0.1", port), 10) as connection, connection.makefile("rb") as incoming:
        for frame in frames:
            connection.sendall(len(frame).to_bytes(4, "big") + frame)
            length = incoming.read(4)
            if len(length) < 4:
                break
            answers.append(json.loads(incoming.read(int.from_bytes(length, "big"))))
    return answers


def test_four_processes_agree_though_one_was_killed_and_came_back() -> None:
    agreement = agree_over_tcp(4, seed=1)
    assert agreement.agreed
    assert 4 == len(agreement.told)
    assert agreement.missed >= 2
    told = agreement.told[agreement.killed]
    assert {8} == {each.blocks for each in agreement.told.values()}
    assert told.votes == max(each.votes for each in agreement.told.values())
    assert {()} == {tuple(each.equivocators) for each in agreement.told.values()}
    assert min(each.fast_final_epoch for each in agreement.told.values()) >= 5


def test_what_strangers_send_is_answered_or_dropped_and_changes_nothing(alone: _Process) -> None:
    hello = json.dumps({"has": []}).encode()
    for frames in (
        (b"no json",),
        (b"[]",),
        (b"{}",),
        (b'{"has": 7}',),
        (hello, b'{"messages": [{}, 7, null]}'),
        (hello, b"no json"),
    ):
        _exchange(alone.port, *frames)
    with socket.create_connection(("127.0.0.1", alone.port), 10) as connection:
        connection.sendall(b"\xff\xff\xff\xff")
        assert b"" == connection.recv(1)
    told = alone.ask({"tell": True})
    assert (FIRST.id.hex(), 1, 0) == (told["head"], told["blocks"], told["votes"])


def test_an_exchange_leaves_both_with_everything(alone: _Process) -> None:
    block = child_of(FIRST)
    vote = signed(Vote(KEY.public, START, Checkpoint(1, block.id)), KEY.sign)
    hello = json.dumps({"has": [block.id.hex()]}).encode()
    sent = json.dumps({"messages": [encode(vote), encode(block)]}).encode()
    assert [{"messages": [], "wants": [block.id.hex()]}, {}] == _exchange(alone.port, hello, sent)
    assert block.id.hex() == alone.ask({"tell": True})["head"]
    (answer,) = _exchange(alone.port, json.dumps({"has": []}).encode())
    assert [encode(block), encode(vote)] == answer["messages"]


def test_a_peer_that_is_not_there_is_left_for_the_next_time(alone: _Process) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        alone.ask({"peers": [free.getsockname()[1]]})
        assert {"reached": 0} == alone.ask({"propose": 1})


def test_one_that_was_killed_before_anybody_heard_it_knows_what_it_had_signed(tmp_path: Path) -> None:
    before = _Process(_orders(tmp_path))
    before.ask({"propose": 1})
    before.ask({"vote": 1})
    told = before.ask({"tell": True})
    before.kill()
    before.end()
    again = _Process(_orders(tmp_path))
    assert (2, 1) == (told["blocks"], told["votes"])
    assert told == again.ask({"tell": True})
    again.ask({"vote": 1})
    assert told == again.ask({"tell": True})
    again.end()


def test_a_journal_forgets_nothing_but_a_line_that_was_cut_short(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    block = child_of(FIRST)
    assert [] == journal.read()
    journal.keep(block)
    journal.keep(child_of(block))
    assert [block, child_of(block)] == journal.read()
    text = (tmp_path / "journal.jsonl").read_text()
    (tmp_path / "journal.jsonl").write_text(text[:-5])
    assert [block] == journal.read()


def test_a_process_ends_when_its_input_does(tmp_path: Path) -> None:
    process = _Process(_orders(tmp_path))
    process.end()
    assert 0 == process._process.returncode


def test_a_process_that_does_not_start_is_one_line() -> None:
    with pytest.raises(CannotMeasure, match="a validator's process has ended by itself"):
        _Process(Orders("not hexadecimal", {}, ""))


@pytest.mark.parametrize("validators", [3, 9])
def test_four_to_eight_processes_are_asked_for(validators: int) -> None:
    with pytest.raises(ValueError, match="expected 4 to 8 validators"):
        agree_over_tcp(validators)
