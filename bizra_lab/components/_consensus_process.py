"""
One validator as a process of its own: `python -m bizra_lab.components._consensus_process`.

It reads its `Orders` as a line of JSON from standard input, listens on a free port of the loopback, and writes the
port's number as a line. From then on each line of standard input is a command, answered with one line:

    {"peers": [port, …]}   whom it tells and asks from now on
    {"propose": epoch}     make a block, and exchange with every peer
    {"vote": epoch}        vote, and exchange with every peer
    {"exchange": true}     exchange with every peer
    {"tell": true}         say what it knows: head, final epochs, how many blocks and votes, who contradicted itself

It ends when its standard input does. What it signs is in its journal, on the disk, before anybody else has it, so that
it can be killed at any moment.

To exchange, one connects and says what it has, is answered with what it lacks and what the other wants, and sends that;
afterwards both know the same. Messages are JSON with their length before them. A peer that cannot be reached, or does
not answer in time, is left for the next time.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3

from bizra_lab.components._consensus_messages import Block, Message, Refused, Validators, decode, encode, genesis
from bizra_lab.components._consensus_signing import ed25519_key, ed25519_verify
from bizra_lab.components._consensus_validator import Validator
from bizra_lab.components._consensus_view import View

HOST = "127.0.0.1"
LENGTH_BYTES = 4  # before each message
FRAME_BYTES_MAX = 16 * 2**20  # of a message: what waits at most, and what a length of chance would ask for at least
PATIENCE_S = 5.0  # for one exchange on the loopback: a thousand times what it takes

VOTE_ID_CONTEXT = "bizra_lab wq vote id v1"


@dataclass(frozen=True, slots=True)
class Orders:
    """Who a validator is, who the others are, and where its journal lies; bytes in hexadecimal."""

    seed: str
    weights: dict[str, int]
    journal: str


class Journal:
    """What a validator has signed or proposed, one message a line; a last line that was cut short is not there."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Message]:
        """Every message, in the order in which it was kept."""
        if not self._path.exists():
            return []
        whole, _, _ = self._path.read_text(encoding="utf-8").rpartition("\n")
        return [decode(json.loads(line)) for line in whole.splitlines()]

    def keep(self, message: Message) -> None:
        """Write a message, and return when it is on the disk."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(encode(message)) + "\n")
            file.flush()
            os.fsync(file.fileno())


class Peer:
    """A validator and its connections."""

    def __init__(self, orders: Orders) -> None:
        journal = Journal(Path(orders.journal))
        weights = Validators({bytes.fromhex(key): weight for key, weight in orders.weights.items()})
        view = View(weights, genesis(), ed25519_verify)
        self._validator = Validator(ed25519_key(bytes.fromhex(orders.seed)), view, journal.keep, journal.read())
        self._view = view
        self._ports: list[int] = []

    async def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do what a command says, and the answer to it."""
        match command:
            case {"peers": ports}:
                self._ports = list(ports)
                return {}
            case {"propose": epoch}:
                self._validator.propose(epoch)
                return await self._exchange_with_all()
            case {"vote": epoch}:
                self._validator.vote(epoch)
                return await self._exchange_with_all()
            case {"exchange": _}:
                return await self._exchange_with_all()
            case {"tell": _}:
                return self._told()
        raise Refused(f"no command: {command!r}")

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One exchange that somebody else began."""
        with contextlib.closing(writer), contextlib.suppress(OSError, EOFError, TimeoutError, Refused):
            async with asyncio.timeout(PATIENCE_S):
                theirs = _ids(await _read(reader), "has")
                ours = _by_id(self._view.messages())
                lacking = [encode(message) for key, message in ours.items() if key not in theirs]
                await _write(writer, {"messages": lacking, "wants": sorted(theirs - ours.keys())})
                self._receive(await _read(reader))
                await _write(writer, {})

    async def _exchange_with_all(self) -> dict[str, Any]:
        reached = await asyncio.gather(*(self._exchange(port) for port in self._ports))
        return {"reached": sum(reached)}

    async def _exchange(self, port: int) -> bool:
        """Whether an exchange with a peer went through to its end."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                reader, writer = await asyncio.open_connection(HOST, port)
                with contextlib.closing(writer):
                    ours = _by_id(self._view.messages())
                    await _write(writer, {"has": list(ours)})
                    answer = await _read(reader)
                    self._receive(answer)
                    wanted = _ids(answer, "wants")
                    await _write(writer, {"messages": [encode(each) for key, each in ours.items() if key in wanted]})
                    await _read(reader)
        except (OSError, EOFError, TimeoutError, Refused):
            return False
        return True

    def _receive(self, sent: dict[str, Any]) -> None:
        for each in _list(sent, "messages"):
            # One message that is refused says nothing about the next.
            with contextlib.suppress(Refused):
                self._view.receive(decode(each))

    def _told(self) -> dict[str, Any]:
        view = self._view
        return {
            "head": view.head().hex(),
            "fast_final_epoch": view.fast.latest_final.epoch,
            "economic_final_epoch": view.economic.latest_final.epoch,
            "blocks": len(view.graph),
            "votes": len(view.votes),
            "equivocators": sorted(key.hex() for key in view.evidence),
        }


async def serve(orders: Orders) -> None:
    """Be the validator until standard input ends."""
    peer = Peer(orders)
    server = await asyncio.start_server(peer.answer, HOST, 0)
    async with server:
        _say(server.sockets[0].getsockname()[1])
        while line := await asyncio.to_thread(sys.stdin.readline):
            _say(await peer.obey(json.loads(line)))


def _by_id(messages: Iterable[Message]) -> dict[str, Message]:
    return {_id(message): message for message in messages}


def _id(message: Message) -> str:
    if isinstance(message, Block):
        return message.id.hex()
    return blake3(message.vote.signed_bytes, derive_key_context=VOTE_ID_CONTEXT).hexdigest()


def _ids(sent: dict[str, Any], name: str) -> set[str]:
    return {each for each in _list(sent, name) if isinstance(each, str)}


def _list(sent: dict[str, Any], name: str) -> list[Any]:
    listed = sent.get(name)
    if not isinstance(listed, list):
        raise Refused(f"{name}: expected a list, got {type(listed).__name__}")
    return listed


async def _read(reader: asyncio.StreamReader) -> dict[str, Any]:
    length = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
    if length > FRAME_BYTES_MAX:
        raise Refused(f"a message of {length:,} bytes; expected at most {FRAME_BYTES_MAX:,}")
    try:
        read = json.loads(await reader.readexactly(length))
    except ValueError as error:
        raise Refused(f"a message that is no JSON: {error}") from None
    if not isinstance(read, dict):
        raise Refused(f"expected an object, got {type(read).__name__}")
    return read


async def _write(writer: asyncio.StreamWriter, content: dict[str, Any]) -> None:
    data = json.dumps(content).encode()
    writer.write(len(data).to_bytes(LENGTH_BYTES, "big") + data)
    await writer.drain()


def _say(content: object) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(Orders(**json.loads(sys.stdin.readline()))))
