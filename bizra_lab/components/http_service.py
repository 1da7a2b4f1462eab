"""
An HTTP service in a process of its own, measured over keep-alive connections on the loopback.

    /work        GET ?item=<number>, or POST {"item": <number>}; guarded by the circuit breaker
    /in_flight   the gate at the server's door, as JSON: who is in /work as the server itself sees it
    /health      the breaker's state, as JSON

`application` is the service as an ASGI application; it reads no clock and opens no socket. The process that serves it
is `bizra_lab.service`, started here by name; it ends with the process that started it.

The client is a blocking socket a worker. An operation sends the same request, made beforehand, and reads the whole
answer; anything but an answer of 2xx raises what becomes its outcome. No request is ever sent twice, so what the server
counts can be held against what was recorded. A connection that failed, or that the server said it would close, is
replaced by the next operation, whose time includes connecting.

What the gate does not see: requests that wait in a socket while the server's one thread is busy or stalls. They are in
flight for the client only, and the difference between the two is the queue before the server's door.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import http.client
import itertools
import json
import math
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import httptools
import numpy as np

from bizra_lab.components._component import Clock, component, counted, new_tally
from bizra_lab.components.circuit_breaker import (
    PLAN_LENGTH,
    CallRefused,
    CallTimedOut,
    CircuitBreaker,
    CircuitBreakerSettings,
)
from bizra_lab.errors import CannotMeasure, one_line
from bizra_lab.model import GateReading, Workload
from bizra_lab.settings import canonical
from bizra_lab.units import SECOND_NS

HOST = "127.0.0.1"

ANSWER_BYTES_MAX = 16 * 2**20  # beyond it the loopback's bandwidth is measured, not a service
BODY_BYTES_MAX = 65_536  # of a request: a thousand times what one needs

START_PATIENCE_S = 30.0  # an interpreter with numpy starts in half a second, or the machine is in trouble
END_PATIENCE_S = 5.0  # the service ends at once when its pipe is closed; then it is killed

READ_BYTES = 65_536  # at a time, of an answer: most come as one

TIMEOUT_S_MAX = 3600.0  # what nobody waits for any more

# Servers that close idle connections wait for longer than this. To look whether it has ended takes 2 µs.
IDLE_NS = SECOND_NS


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """What the service does with a request, and what is wrong with it; all inputs of a study, none a result."""

    service_ms: float = 0.0  # awaited by the handler; an event loop's timer adds up to 1 ms
    stall_ms: float = 0.0  # the whole server stands still for so long; 0: never
    stall_every_s: float = 2.0
    failure_share: float = 0.0  # of what the breaker lets through, to one in 10,007: answered with 500
    answer_bytes: int = 128  # at least: the body is padded to it
    breaker: CircuitBreakerSettings = field(default_factory=CircuitBreakerSettings)

    def __post_init__(self) -> None:
        for name in ("service_ms", "stall_ms"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a time of at least 0, got {getattr(self, name)}")
        if not self.stall_ms / 1000 < self.stall_every_s < math.inf:
            raise ValueError(
                f"stall_every_s must be a time above stall_ms, got {self.stall_every_s} s and {self.stall_ms} ms"
            )
        if not 0 <= self.failure_share <= 1:
            raise ValueError(f"failure_share must be a share in 0..1, got {self.failure_share}")
        if not 0 <= self.answer_bytes <= ANSWER_BYTES_MAX:
            raise ValueError(f"answer_bytes must be in 0..{ANSWER_BYTES_MAX}, got {self.answer_bytes}")


@dataclass(frozen=True, slots=True)
class Settings(ServiceSettings):
    """The service, or the `url` of one that already runs, and what the client sends: a GET, or a POST of `body`."""

    url: str | None = None  # of a host that you may load
    body: str | None = None
    timeout_s: float = 5.0  # for any one wait; an operation ends within twice as long, plus connecting

    def __post_init__(self) -> None:
        ServiceSettings.__post_init__(self)
        if not 0 < self.timeout_s <= TIMEOUT_S_MAX:
            raise ValueError(f"timeout_s must be above 0 and at most {TIMEOUT_S_MAX:g}, got {self.timeout_s}")
        if self.url is not None:
            _target(self.url)
            if self.service != ServiceSettings():
                raise ValueError("url is of a service that already runs; expected no setting of what it does")

    @property
    def service(self) -> ServiceSettings:
        """The part that the service's process is told."""
        return ServiceSettings(**{each.name: getattr(self, each.name) for each in dataclasses.fields(ServiceSettings)})


@dataclass(frozen=True, slots=True)
class Orders:
    """What the service's process is told, as JSON; port 0 is any that is free."""

    service: ServiceSettings = field(default_factory=ServiceSettings)
    seed: int = 0
    port: int = 0


# --- the service

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


class _InjectedFailure(Exception):
    """The plan says that this request fails."""


class _Unusable(Exception):
    """The request is answered with a status and a sentence, and was no call through the breaker."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


# The whole request, so that nothing unexpected can hide in it; JSON knows no leading zero.
_QUERY = re.compile(rb"item=([0-9]{1,18})")
_BODY = re.compile(rb'\s*\{\s*"item"\s*:\s*(0|[1-9][0-9]{0,17})\s*\}\s*')


def application(
    settings: ServiceSettings, breaker: CircuitBreaker, gate: Gate, rng: np.random.Generator, sleep: Sleep
) -> Application:
    """
    The service as an ASGI application for one event loop.

    A request to /work is inside the gate from when the server calls the application until the last byte of the answer
    was handed to the server. The plan of failures is drawn here and repeats.
    """
    work = breaker(_handler(settings, rng, sleep))

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        match scope["path"]:
            case "/work":
                gate.enter()
                try:
                    await _respond(send, *await _worked(work, scope, receive))
                finally:
                    gate.leave()
            case "/in_flight":
                await _respond(send, 200, canonical(GateReading(*gate.read())))
            case "/health":
                await _respond(send, 200, canonical({"breaker": breaker.state}))
            case path:
                await _respond(send, 404, _sentence(f"nothing is at {path}"))

    return serve


def _handler(settings: ServiceSettings, rng: np.random.Generator, sleep: Sleep) -> Callable[[int], Awaitable[bytes]]:
    fails = itertools.cycle((rng.permutation(PLAN_LENGTH) < round(settings.failure_share * PLAN_LENGTH)).tolist())
    service_s = settings.service_ms / 1000
    answer_bytes = settings.answer_bytes

    async def handle(item: int) -> bytes:
        if service_s:
            await sleep(service_s)
        if next(fails):
            raise _InjectedFailure
        return (b'{"item":%d}' % item).ljust(answer_bytes)

    return handle


async def _worked(work: Callable[[int], Awaitable[bytes]], scope: Message, receive: Receive) -> tuple[int, bytes]:
    """Status and body of the answer to a request to /work."""
    try:
        return 200, await work(await _item(scope, receive))
    except _Unusable as error:
        return error.status, _sentence(str(error))
    except _InjectedFailure:
        return 500, _sentence("injected by the plan")
    except CallRefused as error:
        return 503, _sentence(str(error))
    except CallTimedOut as error:
        return 504, _sentence(str(error))


async def _item(scope: Message, receive: Receive) -> int:
    """The number that is asked for. Raises _Unusable."""
    match scope["method"]:
        case "GET":
            found = _QUERY.fullmatch(scope["query_string"])
        case "POST":
            found = None if scope["query_string"] else _BODY.fullmatch(await _body(receive))
        case method:
            raise _Unusable(405, f"expected GET or POST, got {method}")
    if found is None:
        raise _Unusable(400, 'expected ?item= with 1 to 18 digits, or a POST of {"item": <number>} and nothing else')
    return int(found[1])


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise _Unusable(400, "the client has gone")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > BODY_BYTES_MAX:
            raise _Unusable(413, f"expected at most {BODY_BYTES_MAX} bytes")
    return bytes(body)


def _sentence(error: str) -> bytes:
    return canonical({"error": error})


async def _respond(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


# --- what becomes of an operation


class Failed(Exception):
    """The operation got no answer of 2xx; the name of the class is its outcome."""


class Refused(Failed):
    """Nobody listens there."""


class Unreachable(Failed):
    """No connection could be made, for a reason of the network's, of the name's or of this host's."""


class Reset(Failed):
    """The connection ended before the answer did; also one that the server had closed without saying so."""


class TimedOut(Failed):
    """The answer, or the connection, did not come in time."""


class Garbage(Failed):
    """What came is not one HTTP answer."""


class BadStatus(Failed):
    """An answer that is no success; each status has a class of its own, `Status503` and the like."""


@functools.cache
def bad_status(status: int) -> type[BadStatus]:
    """The class of outcomes of one status."""
    return type(f"Status{status}", (BadStatus,), {"__doc__": f"The server answered with {status}."})


# --- the client


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a URL points to."""

    host: str
    port: int
    path: str
    authority: str  # as the Host header has it


def _target(url: str) -> _Target:
    """Raises ValueError for what is not a plain http URL."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.username is not None or not url.isascii():
        raise ValueError(f"url must be like http://127.0.0.1:8080/path, got {url!r}")
    if any(character.isspace() for character in url):
        raise ValueError(f"url must have no spaces, got {url!r}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = http.client.HTTP_PORT if parts.port is None else parts.port
    return _Target(parts.hostname, port, path, parts.netloc)


def _request(target: _Target, body: str | None) -> bytes:
    if body is None:
        return f"GET {target.path} HTTP/1.1\r\nHost: {target.authority}\r\n\r\n".encode()
    sent = body.encode()
    head = (
        f"POST {target.path} HTTP/1.1\r\nHost: {target.authority}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
    )
    return head.encode() + sent


class _Answers:
    """What the parser tells of the answers that come over one connection; one at a time is under way."""

    __slots__ = ("complete", "headed", "keeps_alive", "limited", "parser", "status")

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.begin()

    def begin(self) -> None:
        """Another answer is waited for."""
        self.complete = 0
        self.headed = False
        self.limited = False
        self.keeps_alive = False
        self.status = 0

    @property
    def ends_with_connection(self) -> bool:
        """Whether the end of the connection is the answer's regular end."""
        return self.headed and not self.limited

    def on_header(self, name: bytes, _: bytes) -> None:
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self.limited = True

    def on_headers_complete(self) -> None:
        self.headed = True
        self.status = self.parser.get_status_code()

    def on_message_complete(self) -> None:
        if self.status < 200:  # a word in between; the answer follows
            self.begin()
            return
        self.complete += 1
        # Asked for here, because the parser forgets it when it returns.
        self.keeps_alive = self.parser.should_keep_alive()


def _outcome(error: BaseException) -> type[Failed] | None:
    """What an exchange that was stopped by `error` is recorded as; None when that is no outcome."""
    match error:
        case Failed():
            return type(error)
        case ConnectionRefusedError():
            return Refused
        case BlockingIOError() | TimeoutError():
            return TimedOut
        case ConnectionError():
            return Reset
        case OSError():
            return Unreachable
        case httptools.HttpParserError() | httptools.HttpParserUpgrade():
            return Garbage
    return None


def _success(status: int) -> int:
    if not 200 <= status < 300:
        raise bad_status(status)
    return status


class _Connection:
    """
    One worker's keep-alive connection, used by one thread at a time.

    Waits are the kernel's (`SO_RCVTIMEO`): with a socket's own time-out, Python would poll before each call.
    """

    def __init__(self, target: _Target, request: bytes, timeout_s: float, clock: Clock) -> None:
        self._target = target
        self._request = request
        self._timeout_s = timeout_s
        self._timeout_ns = round(timeout_s * SECOND_NS)
        self._clock = clock
        self._began_ns = 0
        self._socket: socket.socket | None = None
        self._answers = _Answers()

    def operate(self) -> int:
        """The status of the answer, 2xx, when all of it has come. Raises Failed."""
        try:
            status = self._exchange()
        except BaseException as error:
            self.close()
            outcome = _outcome(error)
            if outcome is None:
                raise
            raise outcome from None
        return _success(status)

    def connect(self) -> socket.socket:
        """A new connection. Raises OSError."""
        made = socket.create_connection((self._target.host, self._target.port), self._timeout_s)
        made.settimeout(None)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        seconds, part = divmod(self._timeout_ns, SECOND_NS)
        wait = struct.pack("@ll", seconds, max(part // 1000, 1))  # zero would wait for ever
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, wait)
        self._socket = made
        self._answers = _Answers()
        return made

    def close(self) -> None:
        """End the connection; whoever waits for an answer over it is woken."""
        # Taken first: who is woken closes it too.
        ended, self._socket = self._socket, None
        if ended is not None:
            with contextlib.suppress(OSError):
                ended.shutdown(socket.SHUT_RDWR)
            ended.close()

    def _exchange(self) -> int:
        now_ns = self._clock()
        if now_ns - self._began_ns > IDLE_NS:
            self._close_if_ended()
        self._began_ns = now_ns
        connected = self._socket or self.connect()
        connected.sendall(self._request)
        answers = self._answers
        answers.begin()
        while not answers.complete:
            received = connected.recv(READ_BYTES)
            if not received:
                return self._ended()
            answers.parser.feed_data(received)
            if self._clock() - now_ns > self._timeout_ns and not answers.complete:
                raise TimedOut
        if answers.complete > 1:
            raise Garbage
        if not answers.keeps_alive:
            self.close()
        return answers.status

    def _ended(self) -> int:
        if not self._answers.ends_with_connection:
            raise Reset
        self.close()
        return self._answers.status

    def _close_if_ended(self) -> None:
        """Before a request nothing can have come but the end of the connection, or what nobody asked for."""
        if self._socket is None:
            return
        try:
            self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except ConnectionError:
            pass
        self.close()


class _Connections:
    """Every worker's connection, made when it asks for one, and one for whoever has no number."""

    def __init__(self, target: _Target, body: str | None, timeout_s: float, clock: Clock) -> None:
        self._make = functools.partial(_Connection, target, _request(target, body), timeout_s, clock)
        self._shared = self._make()
        self._of: dict[int, _Connection] = {}

    @property
    def operate(self) -> Callable[[], int]:
        """The operation of one who is alone; its first one connects."""
        return self._shared.operate

    def of_worker(self, worker: int) -> Callable[[], int]:
        """The operation of one worker, connected already if that can be; if not, its first one tells."""
        connection = self._of[worker] = self._make()
        with contextlib.suppress(OSError):
            connection.connect()
        return connection.operate

    def leave(self, worker: int) -> None:
        self._of.pop(worker).close()

    def close(self) -> None:
        self._shared.close()
        while self._of:
            self._of.popitem()[1].close()


# --- the service's process


class _Process:
    """
    A running service, and the connection over which it is asked what it sees.

    It ends when its standard input does: with `end`, or with this process, however that ends.
    """

    def __init__(self, orders: Orders, timeout_s: float) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 — it is closed when the process has ended
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bizra_lab.service", canonical(orders).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            # Control-C is for this process, which ends the service when it is done.
            start_new_session=True,
        )
        try:
            self.port = self._told_port()
        except BaseException:
            self.end()
            raise
        self._asking = http.client.HTTPConnection(HOST, self.port, timeout_s)

    def reading(self) -> GateReading:
        """The server's gate. Raises CannotMeasure when it does not answer."""
        try:
            self._asking.request("GET", "/in_flight")
            return GateReading(**json.loads(self._asking.getresponse().read()))
        except (OSError, http.client.HTTPException, ValueError, TypeError) as error:
            self._asking.close()
            raise CannotMeasure(
                f"http_service: the server does not tell what is in flight: {one_line(error)}"
            ) from None

    def end(self) -> None:
        """End the process, at once."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(END_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def close(self) -> None:
        self._asking.close()
        self.end()

    def _told_port(self) -> int:
        told = self._process.stdout
        assert told is not None
        ready = select.poll()
        ready.register(told, select.POLLIN)
        if not ready.poll(START_PATIENCE_S * 1000):
            raise CannotMeasure(f"http_service: the server told no port in {START_PATIENCE_S:g} s")
        line = told.readline()
        if not line:
            raise CannotMeasure(f"http_service: the server did not start: {self._last_words()}")
        return int(line)

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "it said nothing")


# --- the workload


def prepare_simulated(settings: Settings, rng: np.random.Generator, clock: Clock) -> Workload:
    """
    One operation is one request, handed to the application itself: no socket, no process, and nothing waits.

    How long it takes is drawn by the harness; stalls are among what it draws. Raises CannotMeasure for a `url`.
    """
    if settings.url is not None:
        raise CannotMeasure(f"http_service: {settings.url} is not here to be simulated; expected no url")
    seen = _Counted()
    # A time-out needs an event loop to happen in, and where nothing waits there is none.
    breaker = CircuitBreaker("work", clock, dataclasses.replace(settings.breaker, call_timeout_s=None))
    serve = application(settings, breaker, seen, rng, _no_sleep)
    scope: Message = {"path": "/work", "query_string": b"", "method": "POST"}
    if settings.body is None:
        scope |= {"query_string": b"item=1", "method": "GET"}
    sent = {"type": "http.request", "body": (settings.body or "").encode()}

    def operate() -> int:
        status = 0

        async def receive() -> Message:
            return sent

        async def send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)

        _run(serve(scope, receive, send))
        return _success(status)

    return Workload("http_service", operate, count=seen.count, scope="simulated")


class _Counted:
    """A gate for simulated time, in which nobody stays inside: it only counts."""

    def __init__(self) -> None:
        self._entered = new_tally()

    def enter(self) -> None:
        next(self._entered)

    def leave(self) -> None:
        pass

    def read(self) -> tuple[int, int, int, int]:
        return 0, 0, self.count(), self.count()

    def count(self) -> int:
        return counted(self._entered)


async def _no_sleep(_: float) -> None:
    pass


def _run(waits_for_nothing: Coroutine[Any, Any, None]) -> None:
    for _ in waits_for_nothing.__await__():
        raise AssertionError("the application waits where nothing can happen meanwhile")


@component(settings=Settings, simulated=prepare_simulated)
def prepare(settings: Settings, rng: np.random.Generator, clock: Clock) -> Workload:
    """
    One operation is one request over the worker's own connection; what is not answered with 2xx raises `Failed`.

    The service starts here, and listens when this returns; of one that already runs (`url`), nothing is known from
    inside. Made again in another process, the workload is of the same service. Raises CannotMeasure when it does not
    start.
    """
    if settings.url is not None:
        return _of_running(settings, settings.url, clock)
    process = _Process(Orders(settings.service, int(rng.integers(2**32))), settings.timeout_s)
    path = "/work?item=1" if settings.body is None else "/work"
    running = _of_running(settings, f"http://{HOST}:{process.port}{path}", clock)

    def close() -> None:
        running.close()
        process.close()

    return dataclasses.replace(running, count=lambda: process.reading().entered, inside=process.reading, close=close)


def _of_running(settings: Settings, url: str, clock: Clock) -> Workload:
    connections = _Connections(_target(url), settings.body, settings.timeout_s, clock)
    return Workload(
        "http_service",
        connections.operate,
        of_worker=connections.of_worker,
        leave=connections.leave,
        remake=functools.partial(_of_running, settings, url, clock),
        address=url,
        close=connections.close,
        scope="http",
    )
