"""
The service as an ASGI application, which reads no clock and opens no socket.

What it answers with, besides 200: 201 for a record that was stored; 400 for what cannot be read as what was expected,
404, 405, 413 and, for what can be read and is not as declared, 422; 500 for a failure of the plan's, 503 where the
breaker refuses, 504 where it gives up. What is the client's fault is no call through the breaker. Every answer that is
no success is one JSON object with the sentence `error`, and with every one of the `faults` of a body.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple, Protocol

import numpy as np

from bizra_lab.components._http_catalogue import LOADED, Catalogue, item_of
from bizra_lab.components._http_records import Records, status_of
from bizra_lab.components._http_settings import ServiceSettings
from bizra_lab.components.cache import CacheError
from bizra_lab.components.circuit_breaker import PLAN_LENGTH, CallRefused, CallTimedOut, CircuitBreaker
from bizra_lab.components.validation import Integer, Invalid, Record, Validator
from bizra_lab.model import GateReading
from bizra_lab.settings import canonical

BODY_BYTES_MAX = 65_536  # of a request: a hundred times what one needs
BODY_BYTES_DROPPED_MAX = 2**20  # then whoever goes on sending is answered all the same

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Coroutine[Any, Any, None]]
Sleep = Callable[[float], Awaitable[None]]


class Gate(Protocol):
    """The server's door: who went in, who came out, and the integral of the number inside."""

    def enter(self) -> None: ...
    def leave(self) -> None: ...
    def read(self) -> tuple[int, int, int, int]:
        """The fields of a `GateReading`, in their order."""
        ...


class Answer(NamedTuple):
    """What is sent back, besides what every answer has."""

    status: int
    body: bytes
    cache_status: bytes | None = None


class _InjectedFailure(Exception):
    """The plan says that this request fails."""


class _Unusable(Exception):
    """The request is answered with a status and a sentence, and was no call through the breaker."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


# Numbers of 1 to 18 digits, which 64 bits hold. The whole query, so that nothing unexpected can hide in it.
_QUERY = re.compile(rb"item=([0-9]{1,18})")
_ITEM = Validator(Record({"item": Integer(0, 10**18 - 1)}))

# One way to write a number, so that a key has one place in the cache.
_KEY = re.compile("0|[1-9][0-9]{0,17}")


def application(
    settings: ServiceSettings,
    breaker: CircuitBreaker,
    catalogue: Catalogue,
    gate: Gate,
    rng: np.random.Generator,
    sleep: Sleep,
) -> Application:
    """
    The service as an ASGI application for one event loop.

    A request is inside the gate from when the server calls the application until the last byte of the answer was handed
    to the server, unless it asks what the server sees. The plan of failures is drawn here and repeats.
    """
    service = _Service(breaker(_handler(settings, rng, sleep)), catalogue)
    seen: dict[str, Callable[[], object]] = {
        "/in_flight": lambda: GateReading(*gate.read()),
        "/judged": service.records.judged,
        "/cache": catalogue.stats,
        "/health": lambda: {"breaker": breaker.state},
    }

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        look = seen.get(scope["path"])
        if look is not None:
            await _respond(send, _found(look()))
            return
        gate.enter()
        try:
            await _respond(send, await _tried(service.answer(scope, receive)))
        finally:
            gate.leave()

    return serve


def _handler(settings: ServiceSettings, rng: np.random.Generator, sleep: Sleep) -> Callable[[int], Awaitable[bytes]]:
    fails = itertools.cycle((rng.permutation(PLAN_LENGTH) < round(settings.failure_share * PLAN_LENGTH)).tolist())
    service_s = settings.service_ms / 1000
    answer_bytes = settings.answer_bytes

    async def handle(number: int) -> bytes:
        if service_s:
            await sleep(service_s)
        if next(fails):
            raise _InjectedFailure
        return item_of(number, answer_bytes)

    return handle


class _Service:
    """What each request is answered with. `work` is the handler behind its breaker: all that can fail here."""

    def __init__(self, work: Callable[[int], Awaitable[bytes]], catalogue: Catalogue) -> None:
        self._work = work
        self._catalogue = catalogue
        self.records = Records()

    async def answer(self, scope: Message, receive: Receive) -> Answer:
        """The answer to what is asked for at this path. Raises what `_tried` knows an answer to."""
        match scope["path"].split("/"):
            case ["", "work"]:
                return await self._work_at(scope, receive)
            case ["", "records"]:
                return await self._new_record(scope, receive)
            case ["", "records", number]:
                return self._record(scope, number)
            case ["", "items", key]:
                return await self._item(scope, key)
        raise _Unusable(404, f"nothing is at {scope['path']}")

    async def _work_at(self, scope: Message, receive: Receive) -> Answer:
        """The item that is asked for, by a query or in a body."""
        match scope["method"]:
            case "GET":
                found = _QUERY.fullmatch(scope["query_string"])
                if found is None:
                    raise _Unusable(400, "expected ?item= with 1 to 18 digits")
                return Answer(200, await self._work(int(found[1])))
            case "POST":
                _check_no_query(scope)
                return Answer(200, await self._work(_ITEM.read(await _body(receive))["item"]))
            case method:
                raise _Unusable(405, f"expected GET or POST, got {method}")

    async def _new_record(self, scope: Message, receive: Receive) -> Answer:
        """A record, stored if it is as declared and the handler does its work."""
        _check_method(scope, "POST")
        _check_no_query(scope)
        record = self.records.read(await _body(receive))
        await self._work(0)
        return Answer(201, canonical({"record": self.records.store(record)}))

    def _record(self, scope: Message, number: str) -> Answer:
        """A record that was stored."""
        _check_method(scope, "GET")
        _check_no_query(scope)
        record = self.records.get(int(_key(number)))
        if record is None:
            raise _Unusable(404, f"there is no record {number}, or not any more")
        return _found(record)

    async def _item(self, scope: Message, key: str) -> Answer:
        """An item of the catalogue, by its key; through the cache, from the handler where no layer has it."""
        _check_method(scope, "GET")
        _check_no_query(scope)
        item, layer = await self._catalogue.get(_key(key), self._work)
        # As RFC 9211 has it: who had the answer, or that nobody had.
        cache_status = b"l1; fwd=miss" if layer == LOADED else f"{layer}; hit".encode()
        if item is None:
            return _refusal(404, f"there is no item {key}")._replace(cache_status=cache_status)
        return Answer(200, item, cache_status)


async def _tried(answering: Coroutine[Any, Any, Answer]) -> Answer:
    """The answer, also where there is none to give."""
    try:
        return await answering
    except _Unusable as error:
        return _refusal(error.status, str(error))
    except Invalid as error:
        return _faulty(error)
    except _InjectedFailure:
        return _refusal(500, "injected by the plan")
    except CacheError as error:
        return _refusal(500, str(error))
    except CallRefused as error:
        return _refusal(503, str(error))
    except CallTimedOut as error:
        return _refusal(504, str(error))


def _check_method(scope: Message, expected: str) -> None:
    if scope["method"] != expected:
        raise _Unusable(405, f"expected {expected}, got {scope['method']}")


def _check_no_query(scope: Message) -> None:
    if scope["query_string"]:
        raise _Unusable(400, "expected no query")


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise _Unusable(400, "expected a number of 1 to 18 digits at the end of the path, without leading zeros")
    return text


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    received = 0
    more = True
    # What is too large is read and dropped: a client that is still sending would not read the answer.
    while more and received <= BODY_BYTES_DROPPED_MAX:
        message = await receive()
        if message["type"] != "http.request":
            raise _Unusable(400, "the client has gone")
        piece = message.get("body", b"")
        more = message.get("more_body", False)
        received += len(piece)
        if received <= BODY_BYTES_MAX:
            body += piece
    if received > BODY_BYTES_MAX:
        raise _Unusable(413, f"expected at most {BODY_BYTES_MAX} bytes")
    return bytes(body)


def _found(value: object) -> Answer:
    return Answer(200, canonical(value))


def _refusal(status: int, error: str) -> Answer:
    return Answer(status, canonical({"error": error}))


def _faulty(invalid: Invalid) -> Answer:
    faults = [{"path": each.pointer, "code": each.code, "message": each.message} for each in invalid.faults]
    return Answer(status_of(invalid), canonical({"error": str(invalid), "faults": faults}))


async def _respond(send: Send, answer: Answer) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer.body))]
    if answer.cache_status is not None:
        headers.append((b"cache-status", answer.cache_status))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
