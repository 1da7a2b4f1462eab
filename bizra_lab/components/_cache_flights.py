"""
One load for all who miss the same key at the same time.

The first to come leads and loads; the others wait for what it finds. Nobody waits for himself: a loader may ask the
cache for anything, its own key among it, and loaders of two threads may ask for each other's keys. Whoever would wait
for a flight that, over any number of others, waits for him, is sent to load on his own.

    flight, leads = flights.join(key, blocks_thread=True)
    with flights.leading(key, flight): flight.land(load())      who leads
    flight.wait()                                               who does not

A leader that is interrupted (KeyboardInterrupt, asyncio.CancelledError) has found out nothing: those who waited begin
again, and one of them leads.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any


class Interrupted(Exception):
    """The leader was interrupted; begin again."""


class Flight:
    """One load under way."""

    __slots__ = ("_outcome", "needs", "thread")

    def __init__(self) -> None:
        self.thread = threading.get_ident()  # which cannot go on loading while it waits
        self._outcome: Future[Any] = Future()
        self.needs: set[Flight] = set()  # flights without which this one does not land

    def land(self, value: object) -> None:
        """What the leader found."""
        self._outcome.set_result(value)

    def crash(self, error: BaseException) -> None:
        """What the leader failed with; of an interruption nobody else is told."""
        if not self.landed:  # interrupted right after it landed
            self._outcome.set_exception(error if isinstance(error, Exception) else Interrupted())

    def wait(self) -> Any:
        """What the leader found. Raises what it failed with, or Interrupted."""
        return self._outcome.result()

    async def wait_async(self) -> Any:
        """The same. Whoever is cancelled meanwhile leaves the others waiting."""
        return await asyncio.shield(asyncio.wrap_future(self._outcome))

    @property
    def landed(self) -> bool:
        """Whether it is over, well or not."""
        return self._outcome.done()

    def needs_any_of(self, others: tuple[Flight, ...]) -> bool:
        """Whether it cannot land before one of `others` does."""
        seen: set[Flight] = set()
        left = [self]
        while left:
            flight = left.pop()
            if flight in others:
                return True
            if flight not in seen and not flight.landed:
                seen.add(flight)
                left.extend(flight.needs)
        return False


# The flights that whoever runs here is loading for, outermost first; tasks that a loader makes inherit them.
_loading: ContextVar[tuple[Flight, ...]] = ContextVar("bizra_lab.cache.loading", default=())


class Flights:
    """The loads under way, by key."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # re-entrant: a finaliser may use the cache while its own thread is in here
        self._under_way: dict[Hashable, Flight] = {}

    def join(self, key: Hashable, *, blocks_thread: bool) -> tuple[Flight | None, bool]:
        """
        The flight of `key` and whether the caller leads it; no flight where waiting for it would never end.

        `blocks_thread`: the caller would wait without letting its thread do anything else.
        """
        with self._lock:
            mine = _loading.get()
            flight = self._under_way.get(key)
            leads = flight is None
            if flight is None:
                flight = self._under_way[key] = Flight()
            elif (blocks_thread and flight.thread == threading.get_ident()) or flight.needs_any_of(mine):
                return None, True
            if mine:
                mine[-1].needs.add(flight)
            return flight, leads

    def part(self, key: Hashable, flight: Flight | None = None) -> None:
        """Whoever comes from now on begins a new flight; only if the present one is `flight`, where one is named."""
        with self._lock:
            if flight is None or self._under_way.get(key) is flight:
                self._under_way.pop(key, None)

    def part_where(self, is_meant: Callable[[Hashable], bool]) -> None:
        """The same for all keys that are meant."""
        with self._lock:
            for key in [each for each in self._under_way if is_meant(each)]:
                del self._under_way[key]

    @contextmanager
    def leading(self, key: Hashable, flight: Flight) -> Iterator[None]:
        """The block in which the leader loads; it lands the flight, or the flight crashes with what it raises."""
        before = _loading.set((*_loading.get(), flight))
        try:
            yield
        except BaseException as error:
            # First parted, then told: who begins again must not join what has crashed.
            self.part(key, flight)
            flight.crash(error)
            raise
        finally:
            _loading.reset(before)
            self.part(key, flight)
