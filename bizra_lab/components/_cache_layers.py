"""
A layer below the first: bytes under bytes, somewhere that may be slow, away, or both.

`Guarded` stands before each. It asks through a circuit breaker, answers "not here" when the layer fails, and counts.
What could not be written or forgotten there is owed: until that is made up for, the key is not asked for there, since
the layer may hold what has been replaced meanwhile. So one that comes back with its old memory serves nothing stale.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from bizra_lab.components._component import Clock
from bizra_lab.components.circuit_breaker import CallRefused, CircuitBreaker, CircuitBreakerSettings, State

A = TypeVar("A")
T = TypeVar("T")

OWED_MAX = 10_000  # keys; beyond it everything of the namespace is forgotten there, which is cheaper
SETTLED_TOGETHER = 500  # keys that are made up for at a time, so that no single caller waits for all

_log = logging.getLogger(__name__)


class Found(NamedTuple):
    """What a layer holds under a key, and how long it may still be used; None: for ever."""

    data: bytes
    ttl_ns: int | None


class Item(NamedTuple):
    """What a layer is to hold."""

    key: bytes
    data: bytes
    ttl_ns: int | None


class Layer(Protocol):
    """
    Where a cache keeps what is not in memory. Any number of threads call it, and whatever it raises is a failure.

    Nothing is returned after its time; `set` replaces; `delete` and `delete_prefix` take what is not there for done.
    """

    def get(self, key: bytes) -> Found | None: ...
    def set(self, items: Sequence[Item]) -> None: ...
    def delete(self, keys: Sequence[bytes]) -> None: ...
    def delete_prefix(self, prefix: bytes) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LayerStats:
    """What one layer did since the cache was made; the first layer fails never, and is not timed: see `Cache`."""

    name: str
    hits: int
    misses: int
    failures: int = 0  # calls that raised
    refused: int = 0  # calls that the breaker did not let through
    garbled: int = 0  # hits that were no value of ours, and counted as misses
    evictions: int = 0
    entries: int | None = None  # None: not known without asking
    bytes: int | None = None
    asked_ns: int = 0  # what its hits and misses took together
    slowest_ns: int = 0
    state: State | None = None  # of its breaker

    @property
    def hit_rate(self) -> float | None:
        """Hits among what it was asked for; None when it was not asked."""
        return self.hits / (self.hits + self.misses) if self.hits + self.misses else None

    @property
    def mean_ns(self) -> float | None:
        """What asking it took on average; None when it was not asked, or is not timed."""
        return self.asked_ns / (self.hits + self.misses) if self.asked_ns else None


class Guarded:
    """One layer behind its breaker. `namespace` is what all keys of this cache begin with."""

    def __init__(
        self, name: str, layer: Layer, namespace: bytes, clock: Clock, breaker: CircuitBreakerSettings
    ) -> None:
        self.name = name
        self.breaker = CircuitBreaker(name, clock, breaker)
        self._layer = layer
        self._namespace = namespace
        self._clock = clock
        self._lock = threading.RLock()  # re-entrant, as everywhere: a finaliser may use the cache
        self._owed: dict[bytes, int] = {}  # key → number of the debt, so that a newer one outlives an older one's end
        self._owes_all = 0  # the number of the debt that is the whole namespace
        self._debts = 0
        self._hits = self._misses = self._failures = self._refused = self._garbled = 0
        self._asked_ns = self._slowest_ns = 0

    def find(self, key: bytes) -> Found | None:
        """What is there and may be used; None also when the layer fails, or is not asked."""
        if (self._owed or self._owes_all) and not self._may_ask(key):
            return None
        began_ns = self._clock()
        answered, found = self._try(self._layer.get, key)
        if answered:
            took_ns = self._clock() - began_ns
            with self._lock:
                self._hits += found is not None
                self._misses += found is None
                self._asked_ns += took_ns
                self._slowest_ns = max(self._slowest_ns, took_ns)
        return found

    def store(self, items: Sequence[Item], *, replaces: bool) -> None:
        """Keep them there; `replaces`: what is there now is wrong, and owed where it cannot be overwritten."""
        stored, _ = self._try(self._layer.set, items)
        if not stored and replaces:
            self._owe([each.key for each in items])

    def drop(self, key: bytes) -> None:
        """Forget what is there, now or as soon as it can be."""
        dropped, _ = self._try(self._layer.delete, (key,))
        if not dropped:
            self._owe((key,))

    def drop_prefix(self, prefix: bytes) -> None:
        """Forget all that begins so, now or as soon as it can be."""
        dropped, _ = self._try(self._layer.delete_prefix, prefix)
        if not dropped:
            self._owe_all()

    def garbled(self, key: bytes) -> None:
        """What was found is no value of ours: a miss, and it goes."""
        with self._lock:
            self._hits -= 1
            self._misses += 1
            self._garbled += 1
        self._try(self._layer.delete, (key,))

    def stats(self) -> LayerStats:
        with self._lock:
            return LayerStats(
                self.name,
                self._hits,
                self._misses,
                self._failures,
                self._refused,
                self._garbled,
                asked_ns=self._asked_ns,
                slowest_ns=self._slowest_ns,
                state=self.breaker.state,
            )

    def close(self) -> None:
        self._layer.close()

    def _try(self, ask: Callable[[A], T], what: A) -> tuple[bool, T | None]:
        """Whether it was done, and what came of it."""
        try:
            return True, self.breaker.call(ask, what)
        except CallRefused:
            with self._lock:
                self._refused += 1
        except Exception as error:
            with self._lock:
                self._failures += 1
            _log.warning("cache layer %s failed: %s: %s", self.name, type(error).__name__, error)
        return False, None

    # --- what is owed

    def _owe(self, keys: Sequence[bytes]) -> None:
        with self._lock:
            for key in keys:
                self._debts += 1
                self._owed[key] = self._debts
            if len(self._owed) > OWED_MAX:
                self._owe_all()

    def _owe_all(self) -> None:
        with self._lock:
            self._debts += 1
            self._owes_all = self._debts
            self._owed.clear()

    def _may_ask(self, key: bytes) -> bool:
        """Make up for what is owed, or some of it; whether nothing is owed under `key` then."""
        self._settle()
        with self._lock:
            return not self._owes_all and key not in self._owed

    def _settle(self) -> None:
        with self._lock:
            owes_all = self._owes_all
            some = list(self._owed.items())[:SETTLED_TOGETHER]
        if owes_all:
            done, _ = self._try(self._layer.delete_prefix, self._namespace)
        else:
            done, _ = self._try(self._layer.delete, [key for key, _ in some])
        if not done:
            return
        with self._lock:
            if self._owes_all == owes_all:
                self._owes_all = 0
            for key, debt in some:
                if self._owed.get(key) == debt:
                    del self._owed[key]
