"""
A planner behind an OpenAI-compatible endpoint: `POST <base URL>/chat/completions` with the tools on offer.

Base URL and key come from the environment and go nowhere but there: the key is in no message, no error and no
transcript, a redirect is not followed, and no proxy is asked. Each try has a connection and a deadline of its own. What
may pass by itself (429, 5xx, no connection, no answer in time) is tried again after a wait that doubles, or after what
the server asks for.

Source of the protocol: OpenAI, API reference, "Create chat completion".
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import math
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from bizra_lab.components._component import Clock
from bizra_lab.components._planner_cases import Answer, Call, Case, Tool
from bizra_lab.errors import SettingsError, one_line
from bizra_lab.settings import canonical
from bizra_lab.units import SECOND_NS, printable

ANSWER_BYTES_MAX = 16 * 2**20  # a thousand times what a call takes
READ_BYTES = 65_536
WAIT_S_MAX = 60.0  # between tries, whatever the server asks for
TOKENS_PRICED = 1_000_000  # prices are for so many
SAID_MAX = 200  # characters of what a server says about an error

_WIRE_NAME_MAX = 64  # characters of a tool's name that the protocol takes
_NOT_IN_WIRE_NAME = re.compile(r"[^a-zA-Z0-9_-]")


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """What is asked for, and how patiently; prices are in USD a million tokens, and without them there is no cost."""

    model: str = ""  # as the server calls it
    url_variable: str = "OPENAI_BASE_URL"  # the environment's name of the base URL,
    key_variable: str = "OPENAI_API_KEY"  # and of the key, which need not be there
    temperature: float = 0.0
    max_tokens: int = 1024
    timeout_s: float = 60.0  # a try
    retries: int = 2
    retry_wait_s: float = 1.0  # before the first of them
    concurrency: int = 4  # requests under way at a time, whoever calls
    usd_input: float | None = None
    usd_output: float | None = None

    def __post_init__(self) -> None:
        for name in ("timeout_s", "retry_wait_s"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a time above 0, got {getattr(self, name)}")
        for name, least in (("max_tokens", 1), ("concurrency", 1), ("retries", 0), ("temperature", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")


class EndpointFailed(Exception):
    """No answer came; the name of the class is the operation's outcome, the message one line without the key."""


class EndpointUnreachable(EndpointFailed):
    """No connection could be made, or it ended before the answer did."""


class EndpointTimedOut(EndpointFailed):
    """The answer did not come in time."""


class EndpointGarbled(EndpointFailed):
    """What came is not an answer of the protocol."""


class EndpointStatus(EndpointFailed):
    """An answer that is no success; each status has a class of its own, `EndpointStatus429` and the like."""


@functools.cache
def _status(status: int) -> type[EndpointStatus]:
    return type(f"EndpointStatus{status}", (EndpointStatus,), {"__doc__": f"The server answered with {status}."})


def request_body(case: Case, settings: EndpointSettings) -> dict[str, Any]:
    """What is sent for a case: the same for the same case and settings, so its digest finds the answer again."""
    names = wire_names(case.tools)
    return {
        "model": settings.model,
        "messages": [{"role": each.role, "content": each.content} for each in case.messages],
        "tools": [
            {
                "type": "function",
                "function": {"name": wire, "description": tool.description, "parameters": tool.parameters},
            }
            for wire, tool in zip(names, case.tools, strict=True)
        ],
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
    }


def wire_names(tools: tuple[Tool, ...]) -> tuple[str, ...]:
    """The tools' names as the protocol takes them, each once: "math.hypot" becomes "math_hypot"."""
    names: list[str] = []
    for tool in tools:
        plain = _NOT_IN_WIRE_NAME.sub("_", tool.name)[:_WIRE_NAME_MAX]
        name, number = plain, 1
        while name in names:
            number += 1
            name = f"{plain[: _WIRE_NAME_MAX - len(str(number)) - 1]}_{number}"
        names.append(name)
    return tuple(names)


@dataclass(frozen=True, slots=True)
class _Received:
    status: int
    retry_after_s: float | None
    body: bytes


class Endpoint:
    """The planner; call it from any number of threads, of which `concurrency` are served at a time."""

    def __init__(
        self,
        settings: EndpointSettings,
        environment: Mapping[str, str],
        clock: Clock,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """`wait` sleeps so many seconds between tries. Raises SettingsError for a URL that is missing or none."""
        url = environment.get(settings.url_variable, "")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise SettingsError(
                f"{settings.url_variable}: expected a base URL like https://host/v1 in the environment, "
                f"got {'nothing' if not url else 'something else'}"
            )
        self._settings = settings
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = f"{parts.path.rstrip('/')}/chat/completions"
        self._key = environment.get(settings.key_variable, "")
        self._clock = clock
        self._wait = threading.Event().wait if wait is None else wait
        self._free = threading.BoundedSemaphore(settings.concurrency)

    def __repr__(self) -> str:
        return f"<Endpoint {self._settings.model!r}>"

    def __call__(self, case: Case) -> Answer:
        """The answer to a case. Raises EndpointFailed when there is none after the last try."""
        body = canonical(request_body(case, self._settings))
        with self._free:
            began_ns = self._clock()
            received, attempts = self._patiently(body)
            latency_ns = self._clock() - began_ns
        return replace(self._answer(received, case), latency_ns=latency_ns, attempts=attempts)

    def _patiently(self, body: bytes) -> tuple[bytes, int]:
        """The body of the answer, and how many tries it took."""
        wait_s = self._settings.retry_wait_s
        for attempt in range(1, self._settings.retries + 2):
            last = attempt > self._settings.retries
            asked_s: float | None = None
            try:
                received = self._exchange(body)
            except (EndpointUnreachable, EndpointTimedOut):
                if last:
                    raise
            else:
                if 200 <= received.status < 300:
                    return received.body, attempt
                if last or not (received.status == http.client.TOO_MANY_REQUESTS or received.status >= 500):
                    raise _status(received.status)(self._said(received))
                asked_s = received.retry_after_s
            self._wait(min(wait_s if asked_s is None else asked_s, WAIT_S_MAX))
            wait_s *= 2
        raise AssertionError("the last try returns or raises")

    def _exchange(self, body: bytes) -> _Received:
        """One request, sent once. Raises EndpointUnreachable, EndpointTimedOut or EndpointGarbled."""
        until_ns = self._clock() + round(self._settings.timeout_s * SECOND_NS)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        try:
            with contextlib.closing(kind(self._host, self._port, timeout=self._settings.timeout_s)) as connection:
                connection.request("POST", self._path, body, headers)
                response = connection.getresponse()
                return _Received(response.status, _seconds(response), self._read(response, until_ns))
        except TimeoutError:
            raise EndpointTimedOut(f"no answer within {self._settings.timeout_s:g} s") from None
        except http.client.IncompleteRead:
            raise EndpointUnreachable("the connection ended before the answer did") from None
        except OSError as error:
            raise EndpointUnreachable(self._without_key(one_line(error))) from None
        except (http.client.HTTPException, ValueError) as error:
            raise EndpointGarbled(self._without_key(one_line(error))) from None

    def _read(self, response: http.client.HTTPResponse, until_ns: int) -> bytes:
        """The whole body. A socket's time-out is for each wait, so that one who drips is stopped by the clock."""
        body = bytearray()
        while received := response.read1(READ_BYTES):
            body += received
            if self._clock() > until_ns:
                raise TimeoutError
            if len(body) > ANSWER_BYTES_MAX:
                raise ValueError(f"the answer is longer than {ANSWER_BYTES_MAX} bytes")
        if response.length:  # what was announced and did not come
            raise http.client.IncompleteRead(bytes(body), response.length)
        return bytes(body)

    def _answer(self, body: bytes, case: Case) -> Answer:
        try:
            value = json.loads(self._without_key(body.decode()))
            message = value["choices"][0]["message"]
            calls = tuple(_call(each["function"], case) for each in message.get("tool_calls") or ())
            text = _text(message.get("content") or message.get("refusal") or "")
            usage = value.get("usage") or {}
            sent, made = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
        except (KeyError, IndexError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise EndpointGarbled(
                f"not an answer of the protocol: {type(error).__name__}: {printable(one_line(error))[:SAID_MAX]}"
            ) from None
        return Answer(calls, text, sent, made, self._cost_usd(sent, made))

    def _cost_usd(self, sent: int | None, made: int | None) -> float | None:
        prices = self._settings.usd_input, self._settings.usd_output
        if sent is None or made is None or prices[0] is None or prices[1] is None:
            return None
        return (sent * prices[0] + made * prices[1]) / TOKENS_PRICED

    def _said(self, received: _Received) -> str:
        said = printable(self._without_key(received.body.decode(errors="replace")))
        return f"the server answered {received.status}: {said[:SAID_MAX]}"

    def _without_key(self, text: str) -> str:
        # A server may repeat the key that it does not accept.
        return text.replace(self._key, "…") if self._key else text


def _seconds(response: http.client.HTTPResponse) -> float | None:
    """What the server asks to be waited for; None where it asks for nothing, or names a date."""
    asked = response.getheader("Retry-After", "")
    return float(asked) if asked.isdigit() else None


def _text(content: Any) -> str:
    if not isinstance(content, str):
        raise TypeError("content is no text")
    return content


def _count(tokens: Any) -> int | None:
    return tokens if isinstance(tokens, int) else None


def _call(function: Any, case: Case) -> Call:
    """A call with the tool's own name; arguments are text in the protocol, and some servers send an object."""
    names = dict(zip(wire_names(case.tools), (each.name for each in case.tools), strict=True))
    name, arguments = function["name"], function["arguments"]
    return Call(names.get(_text(name), name), arguments if isinstance(arguments, str) else json.dumps(arguments))
