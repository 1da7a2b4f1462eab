"""
The client: a blocking socket a worker, over which one request after the other is sent and the whole answer is read.

No request is ever sent twice, so what the server counts can be held against what was recorded. A connection that
failed, or that the server said it would close, is replaced by the next operation, whose time includes connecting.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httptools

from bizra_lab.components._component import Clock
from bizra_lab.components._http_outcomes import Failed, Garbage, Judge, Refused, Reset, TimedOut, Unreachable
from bizra_lab.components._http_requests import Plan, Request
from bizra_lab.units import SECOND_NS

READ_BYTES = 65_536  # at a time, of an answer: most come as one

# Servers that close idle connections wait for longer than this. To look whether it has ended takes 2 µs.
IDLE_NS = SECOND_NS


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL points to."""

    host: str
    port: int
    path: str  # and its query
    authority: str  # as the Host header has it


def target_of(url: str) -> Target:
    """Raises ValueError for what is not a plain http URL."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.username is not None or not url.isascii():
        raise ValueError(f"url must be like http://127.0.0.1:8080/path, got {url!r}")
    if any(character.isspace() for character in url):
        raise ValueError(f"url must have no spaces, got {url!r}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = http.client.HTTP_PORT if parts.port is None else parts.port
    return Target(parts.hostname, port, path, parts.netloc)


def _written(request: Request, authority: str) -> bytes:
    """A request as it is sent."""
    head = f"{request.method} {request.target} HTTP/1.1\r\nHost: {authority}\r\n"
    if request.body is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(request.body)}\r\n"
    return f"{head}\r\n".encode() + (request.body or b"")


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


_Written = tuple[bytes, Judge]


class _Connection:
    """
    One worker's keep-alive connection, used by one thread at a time; `order` says which of `requests` is next.

    Waits are the kernel's (`SO_RCVTIMEO`): with a socket's own time-out, Python would poll before each call.
    """

    def __init__(
        self, target: Target, requests: Sequence[_Written], timeout_s: float, clock: Clock, order: Iterator[int]
    ) -> None:
        self._target = target
        self._requests = requests
        self._order = order
        self._timeout_s = timeout_s
        self._timeout_ns = round(timeout_s * SECOND_NS)
        self._clock = clock
        self._began_ns = 0
        self._socket: socket.socket | None = None
        self._answers = _Answers()

    def operate(self) -> int:
        """The status of the answer when all of it has come, if that is right. Raises Failed."""
        request, judge = self._requests[next(self._order)]
        try:
            status = self._exchange(request)
        except BaseException as error:
            self.close()
            outcome = _outcome(error)
            if outcome is None:
                raise
            raise outcome from None
        return judge(status)

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

    def _exchange(self, request: bytes) -> int:
        now_ns = self._clock()
        if now_ns - self._began_ns > IDLE_NS:
            self._close_if_ended()
        self._began_ns = now_ns
        connected = self._socket or self.connect()
        connected.sendall(request)
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


class Connections:
    """Every worker's connection, made when it asks for one, and one for whoever has no number."""

    def __init__(self, target: Target, plan: Plan, timeout_s: float, clock: Clock) -> None:
        self._plan = plan
        requests = [(_written(each, target.authority), each.judge) for each in plan.requests]
        self._make = functools.partial(_Connection, target, requests, timeout_s, clock)
        self._shared = self._make(plan.of_worker(0))
        self._of: dict[int, _Connection] = {}

    @property
    def operate(self) -> Callable[[], int]:
        """The operation of one who is alone; its first one connects."""
        return self._shared.operate

    def of_worker(self, worker: int) -> Callable[[], int]:
        """The operation of one worker, connected already if that can be; if not, its first one tells."""
        connection = self._of[worker] = self._make(self._plan.of_worker(worker))
        with contextlib.suppress(OSError):
            connection.connect()
        return connection.operate

    def leave(self, worker: int) -> None:
        self._of.pop(worker).close()

    def close(self) -> None:
        self._shared.close()
        while self._of:
            self._of.popitem()[1].close()
