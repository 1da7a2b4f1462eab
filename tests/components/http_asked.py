"""The HTTP service's application with nothing around it: no socket, no process, no server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np

from bizra_lab.components.cache import Layer
from bizra_lab.components.circuit_breaker import CircuitBreaker
from bizra_lab.components.http_service import (
    Application,
    Catalogue,
    Message,
    ServiceSettings,
    application,
    cache_of,
)
from bizra_lab.harness.clock import StepClock
from bizra_lab.harness.inflight import PythonGate


async def no_sleep(_: float) -> None:
    pass


class Answered:
    """What the application sent to one request."""

    def __init__(self) -> None:
        self.status = 0
        self.body = b""
        self.headers: dict[bytes, bytes] = {}

    async def send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.headers |= dict(message.get("headers", ()))
        self.body += message.get("body", b"")

    @property
    def said(self) -> Any:
        """The body, which always is JSON."""
        return json.loads(self.body)


class Asked:
    """The application with nothing around it, asked one request after the other."""

    def __init__(self, sleep: Any = no_sleep, l2: Layer | None = None, **settings: Any) -> None:
        wanted = ServiceSettings(**settings)
        clock = StepClock().now_ns
        self.breaker = CircuitBreaker("work", clock, wanted.breaker)
        self.catalogue = Catalogue(wanted.catalogue, cache_of(wanted.catalogue, l2, None, clock, lambda: 0.0))
        self.gate = PythonGate()
        self.serve: Application = application(
            wanted, self.breaker, self.catalogue, self.gate, np.random.default_rng(1), sleep
        )

    async def ask(self, method: str, path: str, query: bytes = b"", *pieces: bytes) -> Answered:
        """The answer to one request, its body in pieces."""
        answered = Answered()
        left = list(pieces)

        async def receive() -> Message:
            return {"type": "http.request", "body": left.pop(0) if left else b"", "more_body": bool(left)}

        await self.serve({"method": method, "path": path, "query_string": query}, receive, answered.send)
        return answered

    def __call__(self, method: str, path: str, query: bytes = b"", *pieces: bytes) -> Answered:
        answered = asyncio.run(self.ask(method, path, query, *pieces))
        assert self.gate.entered == self.gate.left
        return answered


def asked(method: str, path: str, query: bytes = b"", *pieces: bytes, **settings: Any) -> Answered:
    return Asked(**settings)(method, path, query, *pieces)
