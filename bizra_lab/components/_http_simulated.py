"""The service in simulated time: no socket, no process, no event loop, and nothing waits."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bizra_lab.components._component import Clock, counted, new_tally
from bizra_lab.components._http_application import Message, application
from bizra_lab.components._http_catalogue import Ask, Catalogue, Load, cache_of, layers_of
from bizra_lab.components._http_requests import Request
from bizra_lab.components._http_settings import Orders
from bizra_lab.components.cache import Cache
from bizra_lab.components.circuit_breaker import CircuitBreaker
from bizra_lab.settings import build

T = TypeVar("T")


class Simulated:
    """The application itself, handed one request after the other. Raises CacheError for a layer it cannot have."""

    def __init__(self, orders: Orders, rng: np.random.Generator, clock: Clock) -> None:
        settings = orders.service
        folder = None if orders.folder is None else Path(orders.folder)
        chance = rng.spawn(1)[0].random
        cache = cache_of(settings.catalogue, *layers_of(settings.catalogue, folder, clock), clock, chance)
        self._catalogue = Catalogue(settings.catalogue, cache, _at_once(cache))
        self._gate = _Counted()
        # A time-out needs an event loop to happen in.
        breaker = CircuitBreaker("work", clock, dataclasses.replace(settings.breaker, call_timeout_s=None))
        self._serve = application(settings, breaker, self._catalogue, self._gate, rng, _no_sleep)
        self._catalogue.fill(orders.filling, settings.answer_bytes, rng)

    def ask(self, request: Request) -> tuple[int, bytes]:
        """Status and body of the answer."""
        path, _, query = request.target.partition("?")
        scope = {"path": path, "query_string": query.encode(), "method": request.method}
        sent = {"type": "http.request", "body": request.body or b""}
        status, body = 0, b""

        async def receive() -> Message:
            return sent

        async def send(message: Message) -> None:
            nonlocal status, body
            status = message.get("status", status)
            body += message.get("body", b"")

        _run(self._serve(scope, receive, send))
        return status, body

    def told(self, path: str, cls: type[T]) -> T:
        """What the service tells of itself at `path`."""
        return build(cls, json.loads(self.ask(Request(path))[1]), path)

    def count(self) -> int:
        """How many requests went through the gate."""
        return self._gate.count()

    def close(self) -> None:
        self._catalogue.close()


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


def _at_once(cache: Cache[bytes]) -> Ask:
    """The cache asked without threads for the layers below; where nobody waits, that is all the difference."""

    async def ask(key: str, load: Load) -> bytes:
        return cache.get_or_load(key, lambda key: _run(load(key)))

    return ask


def _run(waits_for_nothing: Coroutine[Any, Any, T]) -> T:
    try:
        waits_for_nothing.send(None)
    except StopIteration as end:
        returned: T = end.value
        return returned
    raise AssertionError("the application waits where nothing can happen meanwhile")
