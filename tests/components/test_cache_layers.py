"""Every layer keeps the same promises, whatever it is made of; and servers that die and come back."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bizra_lab.components._cache_layers import Found, Guarded, Item, Layer
from bizra_lab.components._cache_redis import RedisLayer
from bizra_lab.components.cache import (
    Cache,
    CacheError,
    CacheSettings,
    LmdbLayer,
    SqliteLayer,
    layer_at,
)
from bizra_lab.components.circuit_breaker import CircuitBreakerSettings, State
from bizra_lab.testing import StepClock
from bizra_lab.units import SECOND_NS
from tests.servers import PostgresServer, RedisServer

MB = 2**20
HOUR_NS = 3600 * SECOND_NS

KINDS = ("lmdb", "sqlite", "sqlite by SQLAlchemy", "redis", "postgresql")


def _made(kind: str, folder: Path, request: pytest.FixtureRequest) -> Layer:
    match kind:
        case "lmdb":
            return LmdbLayer(folder, time.time_ns, 1000, 616 * MB)
        case "sqlite":
            return SqliteLayer(folder / "cache.sqlite", time.time_ns)
        case "sqlite by SQLAlchemy":
            return layer_at(f"sqlite+pysqlite:///{folder}/cache.sqlite", time.time_ns)
        case "redis":
            server: RedisServer = request.getfixturevalue("redis_server")
            return layer_at(server.url, time.time_ns)
        case _:
            postgres: PostgresServer = request.getfixturevalue("postgres_server")
            return layer_at(postgres.url, time.time_ns)


@pytest.fixture(params=KINDS)
def layer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Layer]:
    made = _made(request.param, tmp_path, request)
    made.delete_prefix(b"n:")
    yield made
    made.close()


def _data(found: Found | None) -> bytes | None:
    return None if found is None else found.data


class TestALayer:
    def test_has_what_it_was_given_and_nothing_else(self, layer: Layer) -> None:
        layer.set([Item(b"n:a", b"\x00\xff bytes", None)])
        assert Found(b"\x00\xff bytes", None) == layer.get(b"n:a")
        assert layer.get(b"n:b") is None

    def test_replaces_what_it_has(self, layer: Layer) -> None:
        layer.set([Item(b"n:a", b"old", HOUR_NS), Item(b"n:b", b"kept", None)])
        layer.set([Item(b"n:a", b"new", None)])
        assert Found(b"new", None) == layer.get(b"n:a")
        assert Found(b"kept", None) == layer.get(b"n:b")

    def test_tells_how_long_something_may_still_be_used(self, layer: Layer) -> None:
        layer.set([Item(b"n:a", b"value", HOUR_NS)])
        found = layer.get(b"n:a")
        assert found is not None and found.ttl_ns is not None
        assert HOUR_NS - 60 * SECOND_NS < found.ttl_ns <= HOUR_NS

    def test_has_nothing_that_was_over_before_it_came(self, layer: Layer) -> None:
        layer.set([Item(b"n:a", b"old", None)])
        layer.set([Item(b"n:a", b"new", 0)])
        assert layer.get(b"n:a") is None

    def test_forgets_keys_and_takes_those_that_are_not_there_for_forgotten(self, layer: Layer) -> None:
        layer.set([Item(b"n:a", b"value", None), Item(b"n:b", b"value", None)])
        layer.delete([b"n:a", b"n:never"])
        layer.delete([])
        assert layer.get(b"n:a") is None
        assert b"value" == _data(layer.get(b"n:b"))

    def test_forgets_what_begins_with_a_prefix_and_takes_signs_of_patterns_for_what_they_are(
        self, layer: Layer
    ) -> None:
        beginning = [b"n:*[a-z]?\\^", b"n:*[a-z]?\\^more", b"n:*[a-z]?\\^\xff\xff"]
        others = [b"n:*[a-z]?\\", b"n:*a", b"n:", b"n:*[a-z]?\\_"]
        layer.set([Item(key, key, None) for key in (*beginning, *others)])
        layer.delete_prefix(b"n:*[a-z]?\\^")
        assert [None] * len(beginning) == [layer.get(key) for key in beginning]
        assert others == [_data(layer.get(key)) for key in others]

    def test_forgets_a_prefix_of_thousands(self, layer: Layer) -> None:
        layer.set([Item(b"n:%d" % number, b"", None) for number in range(2500)])
        layer.delete_prefix(b"n:")
        assert not any(layer.get(b"n:%d" % number) for number in range(2500))

    def test_serves_many_threads(self, layer: Layer) -> None:
        def work(thread: int) -> list[bytes | None]:
            seen = []
            for number in range(20):
                key = b"n:%d:%d" % (thread, number)
                layer.set([Item(key, key, None)])
                seen.append(_data(layer.get(key)))
            return seen

        with ThreadPoolExecutor(8) as pool:
            for thread, seen in enumerate(pool.map(work, range(8))):
                assert [b"n:%d:%d" % (thread, number) for number in range(20)] == seen

    def test_has_large_values(self, layer: Layer) -> None:
        large = bytes(range(256)) * 4096
        layer.set([Item(b"n:a", large, None)])
        assert large == _data(layer.get(b"n:a"))


# --- bounds and files


def test_lmdb_holds_so_many_and_lets_the_first_go(tmp_path: Path) -> None:
    layer = LmdbLayer(tmp_path, StepClock().now_ns, 3, 16 * MB)
    layer.set([Item(b"%d" % number, b"", None) for number in range(3)])
    layer.set([Item(b"0", b"again", None)])  # which is now the youngest
    layer.set([Item(b"3", b"", None)])
    assert [b"again", None, b"", b""] == [_data(layer.get(b"%d" % number)) for number in range(4)]
    layer.close()


def test_lmdb_goes_on_when_its_file_is_full(tmp_path: Path) -> None:
    layer = LmdbLayer(tmp_path, StepClock().now_ns, 1_000_000, 16 * MB)
    layer.set([Item(b"first", b"", None)])
    rng = random.Random(1)
    # In no order, so that few of them change many pages.
    for size, count in ((50, 100_000), (1_000, 20_000), (20_000, 1_500)):
        keys = [b"n:%d of %d" % (rng.randrange(10**6), size) for _ in range(count)]
        layer.set([Item(key, bytes(rng.randrange(2 * size)), None) for key in keys])
        assert layer.get(keys[-1]) is not None
    assert layer.get(b"first") is None
    assert (tmp_path / "data.mdb").stat().st_size <= 16 * MB
    layer.delete_prefix(b"n:")
    assert not any(layer.get(key) for key in keys)
    layer.close()


def test_lmdb_lets_everything_go_where_it_finds_no_room_side_by_side(tmp_path: Path) -> None:
    layer = LmdbLayer(tmp_path, StepClock().now_ns, 1_000_000, 16 * MB)
    rng = random.Random(1)
    for number in range(300):
        sizes = [rng.choice([10, 1_000, 20_000, 1_000_000]) for _ in range(rng.randrange(1, 40))]
        items = [Item(b"n:%d" % rng.randrange(10**6), bytes(rng.randrange(size)), None) for size in sizes]
        layer.set(items)
        assert layer.get(items[-1].key) is not None
        if number % 10 == 0:
            layer.delete([each.key for each in items])
            assert not any(layer.get(each.key) for each in items)
    layer.close()


def test_lmdb_does_not_keep_what_is_too_large_for_its_file_nor_what_that_replaces(tmp_path: Path) -> None:
    layer = LmdbLayer(tmp_path, StepClock().now_ns, 1_000, 16 * MB)
    layer.set([Item(b"large", b"old", None), Item(b"small", b"value", None)])
    layer.set([Item(b"large", bytes(5 * MB), None)])
    assert [None, b"value"] == [_data(layer.get(key)) for key in (b"large", b"small")]
    layer.close()


@pytest.mark.parametrize(("entries", "size"), [(0, 16 * MB), (1, 16 * MB - 1)])
def test_an_lmdb_file_that_could_hold_nothing_is_refused(entries: int, size: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="an LMDB file holds at least"):
        LmdbLayer(tmp_path, StepClock().now_ns, entries, size)


def test_lmdb_does_not_keep_what_is_larger_than_its_file_nor_what_that_replaces(tmp_path: Path) -> None:
    layer = LmdbLayer(tmp_path, StepClock().now_ns, 1_000, 16 * MB)
    layer.set([Item(b"large", b"old", None), Item(b"small", b"value", None)])
    layer.set([Item(b"large", bytes(5 * MB), None)])
    assert [None, b"value"] == [_data(layer.get(key)) for key in (b"large", b"small")]
    layer.close()


@pytest.mark.parametrize("kind", ["lmdb", "sqlite"])
def test_files_outlive_whoever_wrote_them_and_so_do_their_times(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    first = _made(kind, tmp_path, request)
    first.set([Item(b"n:long", b"value", HOUR_NS), Item(b"n:short", b"value", 1)])
    first.close()
    second = _made(kind, tmp_path, request)
    assert b"value" == _data(second.get(b"n:long"))
    assert second.get(b"n:short") is None
    second.close()


@pytest.mark.parametrize("kind", ["sqlite", "sqlite by SQLAlchemy", "postgresql"])
def test_a_database_drops_what_is_past_its_time_when_told_to(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    layer: Any = _made(kind, tmp_path, request)
    layer.set([Item(b"n:past", b"", 1), Item(b"n:not yet", b"", HOUR_NS), Item(b"n:never", b"", None)])
    layer.purge()
    layer._clock = StepClock(0).now_ns  # to which nothing is past its time
    assert [None, b"", b""] == [_data(layer.get(key)) for key in (b"n:past", b"n:not yet", b"n:never")]
    layer.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "no database can be reached by this URL"),
        ("mysql://localhost/x", "a database layer is on postgresql or sqlite, got mysql"),
        ("sqlite+pysqlite://", "a database in memory is one for each connection; expected a file"),
        ("redis://localhost:port/", "no cache layer can be reached at redis"),
        ("sqlite:///nowhere/at/all.sqlite", "no cache layer can be reached at sqlite: unable to open database file"),
        ("lmdb:///nowhere/at/all", "no cache layer can be reached at lmdb"),
    ],
)
def test_a_url_that_leads_nowhere_is_told_in_one_line(url: str, told: str) -> None:
    with pytest.raises(CacheError, match=told) as refused:
        layer_at(url, time.time_ns)
    assert "\n" not in str(refused.value)


def test_redis_answers_the_next_question_after_one_that_broke_off(redis_server: RedisServer) -> None:
    layer = RedisLayer(redis_server.url, timeout_s=0.05)
    layer.set([Item(b"n:a", b"of a", None), Item(b"n:b", b"of b", None)])
    layer.get(b"n:a")
    redis_server.pause()
    with pytest.raises(Exception, match=r"[Tt]imeout"):
        layer.get(b"n:a")
    redis_server.go_on()
    assert b"of b" == _data(layer.get(b"n:b"))
    layer.close()


# --- servers that die, stand still and come back

QUICK = CircuitBreakerSettings(window_size=4, minimum_calls=2, wait_in_open_s=1.0, permitted_in_half_open=1)


def _numbered(key: str) -> int:
    return int(key.removeprefix("item:"))


def test_with_redis_killed_the_cache_goes_on_and_recovers_by_itself(redis_server: RedisServer, tmp_path: Path) -> None:
    clock = StepClock()
    settings = CacheSettings(l1_entries=4, ttl_s=None, breaker=QUICK, namespace="killed")
    l3 = SqliteLayer(tmp_path / "l3.sqlite", clock.now_ns)
    loaded: list[str] = []

    def load(key: str) -> int:
        loaded.append(key)
        return _numbered(key)

    def all_right(first: int, end: int) -> bool:
        return all(number == cache.get_or_load(f"item:{number}", load) for number in range(first, end))

    with Cache[int](settings, clock.now_ns, l2=layer_at(redis_server.url, time.time_ns), l3=l3) as cache:
        assert all_right(0, 40)
        l2_before = cache.stats().layers[1]
        redis_server.kill()
        assert all_right(0, 60)  # of which 40 are in L3, and 20 new
        assert 60 == len(loaded)
        cache.set("item:0", 1000)
        l2_down = cache.stats().layers[1]
        assert State.OPEN is l2_down.state
        assert l2_down.failures > 0 < l2_down.refused
        assert l2_before.hits == l2_down.hits
        redis_server.start()
        clock.advance(2 * SECOND_NS)
        assert 1000 == cache.get("item:0")
        assert all_right(1, 60)
        assert 60 == len(loaded)
        assert all_right(1, 60)  # from Redis, which has learnt them again
        l2_after = cache.stats().layers[1]
        assert State.CLOSED is l2_after.state
        assert l2_down.hits + 50 <= l2_after.hits


def test_a_redis_that_stood_still_serves_nothing_that_was_replaced_meanwhile(redis_server: RedisServer) -> None:
    clock = StepClock()
    settings = CacheSettings(l1_entries=0, ttl_s=None, breaker=QUICK, namespace="paused")
    l2 = RedisLayer(redis_server.url, timeout_s=0.05)
    with Cache[str](settings, clock.now_ns, l2=l2) as cache:
        for key in ("replaced", "deleted", "user:1", "kept"):
            cache.set(key, "old")
        redis_server.pause()
        cache.set("replaced", "new")
        cache.delete("deleted")
        redis_server.go_on()
        clock.advance(2 * SECOND_NS)
        assert [None, None, "old"] == [cache.get(key) for key in ("replaced", "deleted", "kept")]
        redis_server.pause()
        cache.delete_prefix("user:")
        redis_server.go_on()
        clock.advance(2 * SECOND_NS)
        assert cache.get("user:1") is None


def test_with_postgresql_killed_the_cache_goes_on_and_recovers_by_itself(postgres_server: PostgresServer) -> None:
    clock = StepClock()
    settings = CacheSettings(l1_entries=0, ttl_s=None, breaker=QUICK)
    with Cache[int](settings, clock.now_ns, l3=layer_at(postgres_server.url, time.time_ns)) as cache:
        cache.set("item:1", 1)
        assert 1 == cache.get("item:1")
        postgres_server.kill()
        assert [7, 7, 7] == [cache.get_or_load("item:7", _numbered) for _ in range(3)]
        assert 3 == cache.stats().loads
        postgres_server.start()
        clock.advance(2 * SECOND_NS)
        cache.set("item:2", 2)
        assert [1, 2] == [cache.get("item:1"), cache.get("item:2")]
        assert State.CLOSED is cache.stats().layers[1].state


# --- what is owed to a layer that failed


class _Shelf:
    """A layer that fails while it is told to, and shows what it has."""

    def __init__(self) -> None:
        self.has: dict[bytes, bytes] = {}
        self.fails = False

    def _check(self) -> None:
        if self.fails:
            raise ConnectionError("away")

    def get(self, key: bytes) -> Found | None:
        self._check()
        return Found(self.has[key], None) if key in self.has else None

    def set(self, items: list[Item]) -> None:
        self._check()
        self.has |= {key: data for key, data, _ in items}

    def delete(self, keys: list[bytes]) -> None:
        self._check()
        for key in keys:
            self.has.pop(key, None)

    def delete_prefix(self, prefix: bytes) -> None:
        self._check()
        self.has = {key: data for key, data in self.has.items() if not key.startswith(prefix)}

    def close(self) -> None:
        pass


def _guarded(shelf: _Shelf) -> Guarded:
    always = CircuitBreakerSettings(minimum_calls=1_000_000, window="time")
    return Guarded("l2", shelf, b"n:", StepClock().now_ns, always)  # type: ignore[arg-type]


def test_what_could_not_be_replaced_is_not_asked_for_until_it_is_forgotten() -> None:
    shelf = _Shelf()
    shelf.has = {b"n:a": b"old", b"n:b": b"kept"}
    guarded = _guarded(shelf)
    shelf.fails = True
    guarded.store([Item(b"n:a", b"new", None)], replaces=True)
    assert guarded.find(b"n:a") is None
    shelf.fails = False
    assert guarded.find(b"n:a") is None
    assert {b"n:b": b"kept"} == shelf.has
    guarded.store([Item(b"n:a", b"newer", None)], replaces=True)
    assert [b"newer", b"kept"] == [_data(guarded.find(key)) for key in (b"n:a", b"n:b")]


def test_what_was_only_read_or_loaded_is_not_owed() -> None:
    shelf = _Shelf()
    shelf.has = {b"n:a": b"old"}
    guarded = _guarded(shelf)
    shelf.fails = True
    guarded.store([Item(b"n:a", b"as old", None)], replaces=False)
    shelf.fails = False
    assert b"old" == _data(guarded.find(b"n:a"))


def test_a_prefix_that_could_not_be_forgotten_takes_its_namespace_with_it_and_no_other() -> None:
    shelf = _Shelf()
    shelf.has = {b"n:a": b"old", b"other:a": b"theirs"}
    guarded = _guarded(shelf)
    shelf.fails = True
    guarded.drop_prefix(b"n:a")
    shelf.fails = False
    assert guarded.find(b"n:a") is None
    assert {b"other:a": b"theirs"} == shelf.has
    guarded.store([Item(b"n:a", b"new", None)], replaces=True)
    assert b"new" == _data(guarded.find(b"n:a"))


def test_many_debts_become_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bizra_lab.components._cache_layers.OWED_MAX", 3)
    shelf = _Shelf()
    shelf.has = {b"n:%d" % number: b"old" for number in range(10)}
    guarded = _guarded(shelf)
    shelf.fails = True
    for number in range(4):
        guarded.drop(b"n:%d" % number)
    shelf.fails = False
    assert guarded.find(b"n:9") is None
    assert {} == shelf.has


def test_a_debt_made_while_an_older_one_is_settled_stays() -> None:
    shelf = _Shelf()
    shelf.has = {b"n:a": b"old"}
    guarded = _guarded(shelf)
    shelf.fails = True
    guarded.drop(b"n:a")
    shelf.fails = False
    forget: Callable[[list[bytes]], None] = shelf.delete

    def meanwhile(keys: list[bytes]) -> None:
        forget(keys)
        shelf.has[b"n:a"] = b"stale"
        shelf.fails = True
        guarded.store([Item(b"n:a", b"new", None)], replaces=True)
        shelf.fails = False
        shelf.delete = forget  # type: ignore[assignment]

    shelf.delete = meanwhile  # type: ignore[method-assign]
    assert guarded.find(b"n:a") is None
    assert guarded.find(b"n:a") is None
    assert {} == shelf.has


def test_what_no_cache_of_ours_wrote_is_a_miss_and_goes() -> None:
    shelf = _Shelf()
    clock = StepClock()
    with Cache[object](CacheSettings(), clock.now_ns, l2=shelf) as cache:  # type: ignore[arg-type]
        cache.set("a", [1])
        (name,) = shelf.has
        for bad in (b"", b"1", b"2pj1", b"1zjunk", b"1pj{", b"1pj" + b"[" * 100_000, b"1pq", b"\x80\x04K\x01.", b"1nx"):
            shelf.has[name] = bad
            cache._memory.drop("a")
            assert cache.get("a") is None
            assert {} == shelf.has
        assert 9 == cache.stats().layers[1].garbled
        assert 0 == cache.stats().layers[1].hits


def test_deflated_values_cannot_be_larger_than_any_value_may_be() -> None:
    shelf = _Shelf()
    big = CacheSettings(l1_entries=0, value_bytes_max=MB)
    small = CacheSettings(l1_entries=0, value_bytes_max=MB // 2)
    clock = StepClock()
    text = "x" * (MB - 10)
    Cache[object](big, clock.now_ns, l2=shelf).set("a", text)  # type: ignore[arg-type]
    (envelope,) = shelf.has.values()
    assert len(envelope) < 10_000
    assert text == Cache[object](big, clock.now_ns, l2=shelf).get("a")  # type: ignore[arg-type]
    assert Cache[object](small, clock.now_ns, l2=shelf).get("a") is None  # type: ignore[arg-type]


def test_a_deflated_value_that_was_cut_short_is_a_miss() -> None:
    shelf = _Shelf()
    cache = Cache[object](CacheSettings(l1_entries=0), StepClock().now_ns, l2=shelf)  # type: ignore[arg-type]
    cache.set("a", b"".join(b"%d " % number for number in range(2000)))
    ((name, envelope),) = shelf.has.items()
    for whole_but in (1, 5, 1000):
        shelf.has[name] = envelope[:-whole_but]
        assert cache.get("a") is None
    shelf.has[name] = envelope + b"more"
    assert cache.get("a") is None


def test_small_and_incompressible_values_are_kept_as_they_are() -> None:
    shelf = _Shelf()
    with Cache[object](CacheSettings(), StepClock().now_ns, l2=shelf) as cache:  # type: ignore[arg-type]
        cache.set("small", {"id": 1})
        noise = random.Random(1).randbytes(2000)
        cache.set("noise", noise)
        small, kept = shelf.has.values()
    assert b"1pj" + json.dumps({"id": 1}, separators=(",", ":")).encode() == small
    assert b"1pb" + noise == kept
