"""
The items of the service, each under its number, behind the cache.

An answer says which layer had it. The cache does not tell its callers, so the layers do: each is asked in the context
of a request, and leaves word there when it had the answer. Requests for the same key that are under way together are
one load to the cache, and so they share that word. What nobody left word of was in memory.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from bizra_lab.components._component import Clock
from bizra_lab.components._http_settings import EMBEDDED, CatalogueSettings
from bizra_lab.components.cache import (
    LAYER_BYTES_MAX,
    Absent,
    Cache,
    CacheStats,
    Found,
    Layer,
    LmdbLayer,
    SqliteLayer,
    layer_at,
    zipf_requests,
)

MEMORY, LOADED = "l1", "load"

Load = Callable[[str], Coroutine[Any, Any, bytes]]
Ask = Callable[[str, Load], Awaitable[bytes]]


class _Word:
    """Who had the answer, as far as anybody has said; kept for as long as somebody waits for it."""

    __slots__ = ("__weakref__", "layer")

    def __init__(self) -> None:
        self.layer = MEMORY


_word: ContextVar[_Word | None] = ContextVar("bizra_lab.http_service.word", default=None)


class _Telling:
    """A layer that leaves word when it has an answer."""

    def __init__(self, name: str, layer: Layer) -> None:
        self._name = name
        self._ask = layer.get
        self.set = layer.set
        self.delete = layer.delete
        self.delete_prefix = layer.delete_prefix
        self.close = layer.close

    def get(self, key: bytes) -> Found | None:
        found = self._ask(key)
        word = _word.get()
        if found is not None and word is not None:
            word.layer = self._name
        return found


def item_of(number: int, answer_bytes: int) -> bytes:
    """The item as JSON, padded to so many bytes."""
    return (b'{"item":%d}' % number).ljust(answer_bytes)


def cache_of(
    settings: CatalogueSettings, l2: Layer | None, l3: Layer | None, clock: Clock, chance: Callable[[], float]
) -> Cache[bytes]:
    """The cache for a catalogue, over these layers."""
    telling_l2 = None if l2 is None else _Telling("l2", l2)
    telling_l3 = None if l3 is None else _Telling("l3", l3)
    return Cache(settings, clock, l2=telling_l2, l3=telling_l3, chance=chance)


def layers_of(settings: CatalogueSettings, folder: Path | None, clock: Clock) -> tuple[Layer | None, Layer | None]:
    """L2 and L3 as they are asked for; `folder` is for embedded ones. Raises CacheError for one that cannot be made."""

    def layer(place: str | None, embedded: Callable[[Path], Layer]) -> Layer | None:
        if place is None:
            return None
        if place != EMBEDDED:
            return layer_at(place, clock)
        assert folder is not None
        return embedded(folder)

    return (
        layer(settings.l2, lambda folder: LmdbLayer(folder, clock, settings.l2_entries, LAYER_BYTES_MAX)),
        layer(settings.l3, lambda folder: SqliteLayer(folder / "l3.sqlite", clock)),
    )


class Catalogue:
    """
    What is asked for by number, for one event loop. Keys are numbers in decimal, those below its `keys` are there.

    `ask` is the cache's `get_or_load_async`, unless nothing may wait. Close it when done: that closes the cache.
    """

    def __init__(self, settings: CatalogueSettings, cache: Cache[bytes], ask: Ask | None = None) -> None:
        self._settings = settings
        self._cache = cache
        self._ask: Ask = ask or cache.get_or_load_async
        self._words: WeakValueDictionary[str, _Word] = WeakValueDictionary()

    async def get(self, key: str, load: Callable[[int], Awaitable[bytes]]) -> tuple[bytes | None, str]:
        """The item, or None where there is none, and which layer had it, `load` among them. Raises what `load` does."""
        word = self._words.setdefault(key, _Word())

        async def loading(key: str) -> bytes:
            word.layer = LOADED
            number = int(key)
            item = await load(number)
            if number >= self._settings.keys:
                raise Absent(key)
            return item

        before = _word.set(word)
        try:
            return await self._ask(key, loading), word.layer
        except Absent:
            return None, word.layer
        finally:
            _word.reset(before)

    def fill(self, requests: int, answer_bytes: int, rng: np.random.Generator) -> None:
        """
        Leave the cache as it is after so many requests and no others; the handler is not troubled with them.

        What a layer at a URL still holds of an earlier service goes: its times are of that service's clock.
        """

        def load(key: str) -> bytes:
            return item_of(int(key), answer_bytes)

        self._cache.clear()
        keys = [str(number) for number in zipf_requests(self._settings.keys, self._settings.alpha, requests, rng)]
        # In one go what these requests would leave in the layers below, then memory as they leave it.
        self._cache.set_many({key: load(key) for key in dict.fromkeys(keys)})
        for key in keys:
            self._cache.get_or_load(key, load)

    def stats(self) -> CacheStats:
        """What the cache has counted, filling included."""
        return self._cache.stats()

    def close(self) -> None:
        self._cache.close()
