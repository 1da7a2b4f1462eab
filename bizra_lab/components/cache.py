"""
A cache of three layers: objects in memory, bytes somewhere near, bytes somewhere safe.

    users = Cache(CacheSettings(ttl_s=60), time.monotonic_ns, l2=layer_at("redis://127.0.0.1", time.time_ns))

    user = users.get_or_load(("user", 7), lambda key: database.user(key[1]))

`get_or_load` answers from memory (L1), else from the layers below (L2, L3), else from the loader, and whatever was
asked on the way down learns the answer. A thousand who miss one key together load it once; what a loader raises is told
to all of them and not kept, except `Absent`, which is remembered for `absent_ttl_s`. `get` never loads.

    set, set_many                   replace; under `write: back` the layers below learn it later, by `flush`
    delete, delete_prefix, clear    forget, in every layer; a load under way is not kept, who comes later begins anew
    get_async, …                    the same in an event loop: memory is asked at once, layers in a thread
    caching                         a decorator for functions, plain or async
    stats                           what each layer did

Guarantees: a value is returned only under its own key, of its own type (1 is not "1" and not True), and before its time
is over; jitter shortens a life and never lengthens it, and what moves up keeps what is left of its life. After `set`
or `delete` has returned, this cache never answers with what was there before, not even where a layer was away meanwhile
and comes back with its old memory (`_cache_layers`). A bad key, value or time raises `CacheError` and changes nothing.
What a layer raises is counted, not raised: the cache goes on without it, and its breaker asks again after a while.
Loaders never run under a lock.

What it does not do: tell other processes. What they hold in memory they keep until `l1_ttl_s` is over; and a process
that was forked makes a cache of its own. Values are handed out of memory as they are, not copied: change none.

Cost: a hit in memory is one lookup, one reading of the clock and one step of a tally, in C where it was built
(`_cache_hits`). It is not timed, since a second reading would cost as much as the hit. Keys of str are found directly;
others are written as bytes first.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import math
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import lmdb
import numpy as np

from bizra_lab.components._cache_keys import Absent, BadKey, BadTtl, BadValue, CacheError, Key
from bizra_lab.components._cache_layered import Cache
from bizra_lab.components._cache_layers import Found, Item, Layer, LayerStats
from bizra_lab.components._cache_lmdb import LmdbLayer
from bizra_lab.components._cache_policies import POLICIES, PolicyName
from bizra_lab.components._cache_requests import (
    hits_of,
    ledger_requests,
    looped_requests,
    optimal_hits,
    zipf_requests,
)
from bizra_lab.components._cache_settings import CacheSettings, CacheStats
from bizra_lab.components._cache_sqlite import SqliteLayer
from bizra_lab.components._cache_values import Codec, JsonCodec
from bizra_lab.components._component import Clock, component
from bizra_lab.errors import CannotMeasure, one_line
from bizra_lab.model import Ints, Tally, Workload

__all__ = [
    "POLICIES",
    "Absent",
    "BadKey",
    "BadTtl",
    "BadValue",
    "Cache",
    "CacheError",
    "CacheSettings",
    "CacheStats",
    "Codec",
    "Found",
    "Item",
    "JsonCodec",
    "Key",
    "Layer",
    "LayerStats",
    "LmdbLayer",
    "PolicyName",
    "Settings",
    "SqliteLayer",
    "hits_of",
    "layer_at",
    "ledger_requests",
    "looped_requests",
    "optimal_hits",
    "planned_requests",
    "prepare",
    "zipf_requests",
]

LAYER_BYTES_MAX = 2**30  # of an LMDB file, unless asked for otherwise: address space, not memory, until it is used
LAYER_ENTRIES_MAX = 1_000_000


def layer_at(url: str, clock: Clock) -> Layer:
    """
    The layer at `redis://`, `rediss://`, `unix://`, `lmdb:///folder`, `sqlite:///file`, or a URL of SQLAlchemy's.

    Of SQLAlchemy's are `postgresql+psycopg://` and `sqlite+pysqlite:///file`, which takes several times as long as
    `sqlite:`. `clock` is `time.time_ns` wherever what is kept outlives this process. Raises CacheError for a URL that
    leads nowhere, or whose library is not installed.
    """
    parts = urlsplit(url)
    try:
        match parts.scheme:
            case "lmdb":
                return LmdbLayer(Path(parts.path), clock, LAYER_ENTRIES_MAX, LAYER_BYTES_MAX)
            case "sqlite":
                return SqliteLayer(Path(parts.path), clock)
            case "redis" | "rediss" | "unix":
                return cast("Layer", _optional("_cache_redis").RedisLayer(url))
            case _:
                return cast("Layer", _optional("_cache_database").DatabaseLayer(url, clock))
    except (ValueError, OSError, lmdb.Error, sqlite3.Error) as error:
        raise CacheError(f"no cache layer can be reached at {parts.scheme}: {one_line(error)}") from None


def _optional(module: str) -> Any:
    try:
        return importlib.import_module(f"{__package__}.{module}")
    except ImportError as error:
        raise CacheError(f"{one_line(error)}; expected bizra-lab installed with its extra `cache`") from None


# --- the study

# The plan is drawn beforehand, and repeats when it is over; so many requests fill the cache before it is handed over.
PLAN_LENGTH = 600_000
FILLING = 300_000

FEW_KEYS = 1009  # for a layer that is to answer every request; more than fit above it

Answer = Literal["mixed", "l1", "l2", "l3", "load"]
LAYERS: tuple[Answer, ...] = ("l1", "l2", "l3", "load")


@dataclass(frozen=True, slots=True)
class Settings(CacheSettings):
    """
    A cache before a catalogue, and who asks it: Zipf's law over `keys`, or requests that one layer answers.

    `l2` and `l3` are embedded (LMDB, SQLite, in a folder of their own), left out, or at a URL.
    """

    keys: int = 100_000
    alpha: float = 1.2  # the exponent: 0 asks for all alike
    answer: Answer = "mixed"
    value_bytes: int = 128  # of text in each record
    l2: str | None = "embedded"
    l2_entries: int = 20_000  # where it is embedded
    l3: str | None = "embedded"

    def __post_init__(self) -> None:
        CacheSettings.__post_init__(self)
        if self.keys < 1 or self.l2_entries < 1 or self.value_bytes < 0:
            raise ValueError(
                "keys and l2_entries must be at least 1 and value_bytes at least 0, "
                f"got {self.keys}, {self.l2_entries} and {self.value_bytes}"
            )
        if not 0 <= self.alpha < math.inf:
            raise ValueError(f"alpha must be at least 0, got {self.alpha}")
        if self.answer in ("l2", "l3") and getattr(self, self.answer) is None:
            raise ValueError(f"answer is {self.answer}, and there is none; expected {self.answer} embedded or at a URL")


def planned_requests(settings: Settings, rng: np.random.Generator) -> Ints:
    """The numbers of the keys that the study asks for, in order; `FILLING` of them come before it is measured."""
    return zipf_requests(settings.keys, settings.alpha, PLAN_LENGTH, rng)


@component(settings=Settings)
def prepare(settings: Settings, rng: np.random.Generator, clock: Clock) -> Workload:
    """
    One operation asks for one key by `get_or_load`; which layer answers is what comes out, unless `answer` names one.

    The layers begin as they are after `FILLING` requests. The tallies: `hit_l1`, `hit_l2` and `hit_l3` of what each
    layer was asked for, and of all requests `answered_l2`, `answered_l3`, `answered_load`. Raises CannotMeasure when a
    layer does not answer.
    """
    folder = tempfile.TemporaryDirectory(prefix="bizra-lab-cache-")
    with ExitStack() as undo:
        undo.callback(folder.cleanup)
        cache: Cache[Any] = _cache_of(settings, Path(folder.name), clock, rng)
        undo.callback(cache.close)
        cache.clear()
        load = functools.partial(_record, "x" * settings.value_bytes)
        requests = _requests(settings, rng, cache, load)
        _check_answers(cache)
        undo.pop_all()
    account = _Account(cache)

    def operate() -> object:
        return cache.get_or_load(next(requests), load)

    def close() -> None:
        with ExitStack() as closing:
            closing.callback(folder.cleanup)
            closing.callback(cache.close)
            cache.clear()

    return Workload(
        "cache" if settings.answer == "mixed" else f"cache.{settings.answer}",
        operate,
        count=lambda: cache.stats().asked,
        tallies=account.tallies,
        mark=account.begin,
        close=close,
    )


def _record(text: str, key: str) -> dict[str, str]:
    """What the catalogue has under a key; the source is so near that loading costs nothing but this."""
    return {"key": key, "text": text}


def _cache_of(settings: Settings, folder: Path, clock: Clock, rng: np.random.Generator) -> Cache[Any]:
    settings = _that_answers(settings)
    l2 = _layer(settings.l2, lambda: LmdbLayer(folder, clock, settings.l2_entries, LAYER_BYTES_MAX), clock)
    l3 = _layer(settings.l3, lambda: SqliteLayer(folder / "l3.sqlite", clock), clock)
    if settings.answer == "l3" and l2 is not None:
        l2 = _Forgetful(l2)
    # Chance of its own, so that the requests are those of the seed whatever is drawn for jitter.
    return Cache(settings, clock, l2=l2, l3=l3, chance=rng.spawn(1)[0].random)


def _that_answers(settings: Settings) -> Settings:
    """With room for few keys in the layer that is to answer, and for none in memory above it."""
    match settings.answer:
        case "l1":
            return replace(settings, l1_entries=max(FEW_KEYS, settings.l1_entries))
        case "l2" | "l3":
            return replace(settings, l1_entries=1, l2_entries=max(FEW_KEYS, settings.l2_entries))
        case _:
            return settings


def _layer(place: str | None, embedded: Callable[[], Layer], clock: Clock) -> Layer | None:
    if place is None:
        return None
    try:
        return embedded() if place == "embedded" else layer_at(place, clock)
    except CacheError as error:
        raise CannotMeasure(f"cache: {one_line(error)}") from None


class _Forgetful:
    """A layer that is asked and told as ever, and finds nothing: the one below has to answer."""

    def __init__(self, layer: Layer) -> None:
        self._ask = layer.get
        self.set = layer.set
        self.delete = layer.delete
        self.delete_prefix = layer.delete_prefix
        self.close = layer.close

    def get(self, key: bytes) -> None:
        self._ask(key)


def _requests(
    settings: Settings, rng: np.random.Generator, cache: Cache[Any], load: Callable[[str], Any]
) -> Iterator[str]:
    """The keys to ask for, without end, once the layers hold what they are to hold."""
    match settings.answer:
        case "mixed":
            names = [f"item:{number}" for number in range(settings.keys)]
            plan = [names[number] for number in planned_requests(settings, rng).tolist()]
            filling = plan[:FILLING]
            # In one go what these requests would leave in the layers below, then memory as they leave it.
            cache.set_many({key: load(key) for key in dict.fromkeys(filling)})
            for key in filling:
                cache.get_or_load(key, load)
            return itertools.chain(plan[FILLING:], itertools.cycle(plan))
        case "load":
            return map("new:{}".format, itertools.count())
        case _:
            few = [f"item:{number}" for number in range(FEW_KEYS)]
            cache.set_many({key: load(key) for key in few})
            return itertools.cycle(few)


def _check_answers(cache: Cache[Any]) -> None:
    for layer in cache.stats().layers:
        if layer.failures:
            raise CannotMeasure(f"cache: {layer.name} does not answer; expected its server to run")


class _Account:
    """What the cache did since the window opened."""

    def __init__(self, cache: Cache[Any]) -> None:
        self._cache = cache
        self.begin()

    def begin(self) -> None:
        self._before = self._cache.stats()

    def tallies(self) -> dict[str, Tally]:
        before, now = self._before, self._cache.stats()
        asked = now.asked - before.asked
        found: dict[str, Tally] = {}
        for earlier, layer in zip(before.layers, now.layers, strict=True):
            hits, misses = layer.hits - earlier.hits, layer.misses - earlier.misses
            found[f"hit_{layer.name}"] = Tally(hits, hits + misses)
            if layer.name != "l1":
                found[f"answered_{layer.name}"] = Tally(hits, asked)
        return found | {"answered_load": Tally(now.loads - before.loads, asked)}
