"""Our cache beside the ones on PyPI, and its layers beside their bare clients, in the same process, round by round."""

from __future__ import annotations

import asyncio
import gc
import json
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cachebox
import cachetools
import cashews
import lmdb
import redis
import theine

from benchmarks._results import Table
from bizra_lab.components.cache import POLICIES, Cache, CacheSettings, Layer, LmdbLayer, SqliteLayer, layer_at
from bizra_lab.errors import CannotMeasure
from tests.servers import NotInstalled, RedisServer

Get = Callable[[str], Any]

ENTRIES = 10_000
ROUNDS = 31
HITS = 20_000  # a round: 4 ms at the fastest
ASKED = 300  # of a layer, a round
MISSES = 200
TTL_S = 3600.0

TITLE = "Cache: what a hit costs"
EXPLAIN = f"""\
Ours is the whole cache: time to live, layers, statistics, single flight. In memory it holds {ENTRIES:,} entries, and
keys of text are asked for at random, all of which are there; `get_or_load` is given a loader that is never called.
cachebox's `TTLCache`, the reference, has time to live and neither layers, statistics nor loaders. A layer's hit is one
that memory, with room for one entry, does not answer; it is read, decoded, and told to memory. Beside it stand the bare
client and the decoding of the same record. Redis is a server of its own on a Unix socket.

All of a path are timed one after the other in {ROUNDS} rounds, each beginning with another one, garbage collection off;
`ns` is the median round's and includes the loop, `times reference` the median of the ratios within rounds, to a path's
first line."""

COLUMNS = ("path", "library", "ns", "times reference")


def run() -> Table:
    """One row a path and library: ns an operation, and how many times the reference's that is."""
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="bizra-lab-")))
        try:
            server = RedisServer(folder)
        except NotInstalled as missing:
            raise CannotMeasure(f"cache_peers: {missing}") from None
        closing.callback(server.kill)
        keys = [f"item:{number}" for number in range(ENTRIES)]
        asked = random.Random(1).choices(keys, k=HITS)
        gc.collect()
        gc.disable()
        try:
            paths = {
                "hit in memory": _timed(_in_memory(keys, closing), asked),
                "hit in memory, async": asyncio.run(_timed_async(keys, asked)),
                "miss in memory, nothing below": _timed(_missing(closing), [f"no {key}" for key in asked[:MISSES]]),
                "hit in LMDB": _timed(_in_lmdb(folder, closing), asked[:ASKED]),
                "hit in SQLite": _timed(_in_sqlite(folder, closing), asked[:ASKED]),
                "hit in Redis": _timed(_in_redis(server, closing), asked[:ASKED]),
            }
        finally:
            gc.enable()
    return Table(COLUMNS, [row for path, times_ns in paths.items() for row in _rows(path, times_ns)])


def _rows(path: str, times_ns: Mapping[str, list[float]]) -> list[tuple[str | float, ...]]:
    reference = next(iter(times_ns.values()))
    rows: list[tuple[str | float, ...]] = []
    for library, own_ns in times_ns.items():
        ratio = statistics.median(ours / theirs for ours, theirs in zip(own_ns, reference, strict=True))
        rows.append((path, library, round(statistics.median(own_ns), 1), round(ratio, 2)))
    return rows


# --- what is timed


def _record(key: str) -> dict[str, str]:
    return {"key": key, "text": "x" * 128}


def _ours(keys: list[str], closing: ExitStack, **changed: Any) -> Cache[Any]:
    made = closing.enter_context(
        Cache[Any](CacheSettings(l1_entries=ENTRIES, ttl_s=TTL_S, **changed), time.monotonic_ns)
    )
    made.set_many({key: key for key in keys})
    return made


def _in_memory(keys: list[str], closing: ExitStack) -> dict[str, Get]:
    ttl = cachebox.TTLCache[str, str](ENTRIES, TTL_S)
    lru = cachebox.LRUCache[str, str](ENTRIES)
    tools = cachetools.TTLCache[str, str](ENTRIES, TTL_S)
    tools_lru = cachetools.LRUCache[str, str](ENTRIES)
    tiny_lfu = theine.Cache[str, str](ENTRIES)
    for key in keys:
        ttl.insert(key, key)
        lru.insert(key, key)
        tools[key] = tools_lru[key] = key
        tiny_lfu.set(key, key)
    ours = _ours(keys, closing)
    others: dict[str, Get] = {
        f"ours, {policy}": _ours(keys, closing, policy=policy).get for policy in POLICIES if policy != "lru"
    }

    def loading(key: str) -> Any:
        return ours.get_or_load(key, _record)

    return {
        "cachebox TTLCache": ttl.get,
        "ours": ours.get,
        "ours, get_or_load and a call around it": loading,
        **others,
        "dict": dict(zip(keys, keys, strict=True)).get,
        "cachebox LRUCache, no time": lru.get,
        "cachetools TTLCache": tools.get,
        "cachetools LRUCache, no time": tools_lru.get,
        "theine": tiny_lfu.get,
    }


def _missing(closing: ExitStack) -> dict[str, Get]:
    return {
        "cachebox TTLCache": cachebox.TTLCache[str, str](ENTRIES, TTL_S).get,
        "ours": _ours([], closing).get,
    }


def _in_layer(layer: Layer, closing: ExitStack) -> Get:
    """One hit in the layer, which memory with room for one entry is then told."""
    ours = closing.enter_context(Cache[Any](CacheSettings(l1_entries=1, ttl_s=TTL_S), time.monotonic_ns, l2=layer))
    ours.set_many({f"item:{number}": _record(f"item:{number}") for number in range(ENTRIES)})
    return ours.get


def _in_lmdb(folder: Path, closing: ExitStack) -> dict[str, Get]:
    bare_folder, our_folder = folder / "bare", folder / "ours"
    our_folder.mkdir()
    bare = closing.enter_context(lmdb.open(str(bare_folder), map_size=2**28))
    with bare.begin(write=True) as writing:
        for number in range(ENTRIES):
            writing.put(b"item:%d" % number, json.dumps(_record(f"item:{number}")).encode())

    def get(key: str) -> Any:
        with bare.begin() as reading:
            found = reading.get(key.encode())
        return json.loads(found) if found else None

    layer = LmdbLayer(our_folder, time.monotonic_ns, 2 * ENTRIES, 2**28)
    return {"lmdb and json": get, "ours": _in_layer(layer, closing)}


def _in_sqlite(folder: Path, closing: ExitStack) -> dict[str, Get]:
    layer = SqliteLayer(folder / "cache.sqlite", time.monotonic_ns)
    return {"ours": _in_layer(layer, closing)}


def _in_redis(server: RedisServer, closing: ExitStack) -> dict[str, Get]:
    bare = redis.Redis.from_url(server.url)
    closing.callback(bare.close)
    bare.mset({f"item:{number}": json.dumps(_record(f"item:{number}")) for number in range(ENTRIES)})

    def get(key: str) -> Any:
        found = bare.get(key)
        return json.loads(found) if found else None

    def get_with_time(key: str) -> Any:
        asking = bare.pipeline(transaction=False)
        asking.get(key)
        asking.pttl(key)
        found, _ = asking.execute()
        return json.loads(found) if found else None

    return {
        "redis-py and json": get,
        "ours": _in_layer(layer_at(server.url, time.time_ns), closing),
        "redis-py and json, remaining time too": get_with_time,
    }


# --- how it is timed


def _timed(gets: Mapping[str, Get], asked: list[str]) -> dict[str, list[float]]:
    """For each name its ns an operation, one a round."""
    names = list(gets)
    times_ns: dict[str, list[float]] = {name: [] for name in names}
    for number in range(ROUNDS):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            get = gets[name]
            began_ns = time.perf_counter_ns()
            for key in asked:
                get(key)
            times_ns[name].append((time.perf_counter_ns() - began_ns) / len(asked))
    return times_ns


async def _timed_async(keys: list[str], asked: list[str]) -> dict[str, list[float]]:
    theirs = cashews.Cache()
    theirs.setup("mem://", size=ENTRIES)
    with ExitStack() as closing:
        ours = _ours(keys, closing)
        for key in keys:
            await theirs.set(key, key, expire=TTL_S)
        gets: dict[str, Callable[[str], Awaitable[Any]]] = {"cashews, in memory": theirs.get, "ours": ours.get_async}
        times_ns: dict[str, list[float]] = {name: [] for name in gets}
        for number in range(ROUNDS):
            for name in list(gets)[:: 1 if number % 2 else -1]:
                get = gets[name]
                began_ns = time.perf_counter_ns()
                for key in asked[: HITS // 10]:
                    await get(key)
                times_ns[name].append((time.perf_counter_ns() - began_ns) / (HITS // 10))
        await theirs.close()
    return times_ns
