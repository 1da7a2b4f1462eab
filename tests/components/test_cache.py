"""What whoever uses the cache may rely on, in one thread, in many, and in an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bizra_lab.components.cache import (
    POLICIES,
    Absent,
    BadKey,
    BadTtl,
    BadValue,
    Cache,
    CacheSettings,
    Found,
    Key,
    LmdbLayer,
    PolicyName,
    SqliteLayer,
    layer_at,
)
from bizra_lab.components.circuit_breaker import CircuitBreakerSettings
from bizra_lab.testing import StepClock
from bizra_lab.units import SECOND_NS
from tests.servers import RedisServer

MB = 2**20
NO_JITTER = CacheSettings(ttl_s=60, absent_ttl_s=5, jitter=0)


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


@pytest.fixture
def layered(clock: StepClock, tmp_path: Path) -> Iterator[Callable[..., Cache[Any]]]:
    """Makes caches over one LMDB file and one SQLite file; a second one sees what the first left there."""
    l2, l3 = LmdbLayer(tmp_path, clock.now_ns, 1000, 16 * MB), SqliteLayer(tmp_path / "l3.sqlite", clock.now_ns)
    yield lambda settings=NO_JITTER, **more: Cache(settings, clock.now_ns, l2=l2, l3=l3, **more)
    l2.close()
    l3.close()


def _name(key: Key) -> str:
    return f"value of {key!r}"


def _never(key: Key) -> Any:
    raise AssertionError(f"{key!r} was loaded")


def _passes_s(clock: StepClock, seconds: float) -> None:
    clock.advance(round(seconds * SECOND_NS))


# --- what is returned, and from where


def test_a_value_is_loaded_once_and_found_afterwards(clock: StepClock) -> None:
    cache = Cache[str](NO_JITTER, clock.now_ns)
    assert cache.get("a") is None
    assert "value of 'a'" == cache.get_or_load("a", _name)
    assert "value of 'a'" == cache.get_or_load("a", _never)
    assert "value of 'a'" == cache.get("a")
    stats = cache.stats()
    assert (2, 2, 1) == (stats.layers[0].hits, stats.layers[0].misses, stats.loads)


def test_none_is_a_value_like_any_other(layered: Callable[..., Cache[Any]]) -> None:
    layered().set("a", None)
    for cache in (layered(), layered()):
        assert cache.get("a", "not there") is None
        assert cache.get_or_load("a", _never) is None


def test_keys_of_different_types_are_different_keys(layered: Callable[..., Cache[Any]]) -> None:
    keys: list[Key] = [
        "1",
        b"1",
        1,
        ("1",),
        (1,),
        (b"1",),
        ("1", ""),
        ("", "1"),
        "",
        b"",
        0,
        (),
        ("",),
        "s1",
        ("a\0", "b"),
    ]
    keys += [
        ("a", "\0b"),
        ("a\0\xff", "b"),
        ("a", "b", "c"),
        ("a", "b\0sc"),
        ("a\1", "b"),
        ("a\1\1",),
        ("a\0",),
        -1,
        10**30,
    ]
    cache = layered()
    for number, key in enumerate(keys):
        cache.set(key, number)
    for asked in (cache, layered()):
        assert list(range(len(keys))) == [asked.get(key) for key in keys]


def test_what_lower_layers_have_moves_up_with_what_is_left_of_its_life(
    layered: Callable[..., Cache[Any]], clock: StepClock
) -> None:
    layered().set("a", "old", ttl_s=10)
    _passes_s(clock, 4)
    cache = layered()
    assert ["old", "old"] == [cache.get("a"), cache.get("a")]
    l1, l2, l3 = cache.stats().layers
    assert (1, 1, 0) == (l1.hits, l2.hits, l3.hits + l3.misses)
    _passes_s(clock, 5.999)
    assert "old" == cache.get("a")
    _passes_s(clock, 0.001)
    assert cache.get("a") is None


def test_what_only_the_last_layer_has_moves_into_both_above(
    layered: Callable[..., Cache[Any]], clock: StepClock
) -> None:
    first = layered()
    first.set("a", "value", ttl_s=10)
    first._layers[0]._layer.delete_prefix(b"cache:")
    _passes_s(clock, 4)
    assert "value" == layered().get("a")
    again = layered()
    assert "value" == again.get("a")
    assert [1, 0] == [layer.hits for layer in again.stats().layers[1:]]
    found = again._layers[0]._layer.get(b"cache:1:sa")
    assert found is not None
    assert 6 * SECOND_NS == found.ttl_ns


def test_another_version_or_namespace_shares_nothing(layered: Callable[..., Cache[Any]]) -> None:
    layered().set("a", 1)
    layered(CacheSettings(version=2)).set("b", 2)
    layered(CacheSettings(namespace="other")).set("c", 3)
    assert [1, None, None] == [layered().get(key) for key in "abc"]
    layered(CacheSettings(version=2)).clear()
    assert [None, None, None] == [layered(CacheSettings(version=2)).get(key) for key in "abc"]
    assert [1, 3] == [layered().get("a"), layered(CacheSettings(namespace="other")).get("c")]


def test_the_codec_is_whatever_one_likes(clock: StepClock, tmp_path: Path) -> None:
    class Reversed:
        def encode(self, value: str) -> bytes:
            return value[::-1].encode()

        def decode(self, data: bytes) -> str:
            return data.decode()[::-1]

    layer = SqliteLayer(tmp_path / "l3.sqlite", clock.now_ns)
    Cache[str](NO_JITTER, clock.now_ns, l3=layer, codec=Reversed()).set("a", "abc")
    assert Found(b"1pcba", 60 * SECOND_NS) == layer.get(b"cache:1:sa")
    assert "abc" == Cache[str](NO_JITTER, clock.now_ns, l3=layer, codec=Reversed()).get("a")
    layer.close()


# --- time


def test_a_life_ends_when_it_is_over(clock: StepClock) -> None:
    cache = Cache[int](NO_JITTER, clock.now_ns)
    cache.set("default", 1)
    cache.set("short", 2, ttl_s=1)
    cache.set("for ever", 3, ttl_s=math.inf)
    _passes_s(clock, 1)
    assert [1, None, 3] == [cache.get(key) for key in ("default", "short", "for ever")]
    _passes_s(clock, 59)
    assert [None, None, 3] == [cache.get(key) for key in ("default", "short", "for ever")]


def test_a_replaced_value_lives_its_own_life(clock: StepClock) -> None:
    cache = Cache[int](NO_JITTER, clock.now_ns)
    cache.set("longer", 1, ttl_s=1)
    cache.set("longer", 2, ttl_s=3)
    cache.set("shorter", 1, ttl_s=3)
    cache.set("shorter", 2, ttl_s=1)
    cache.set("for ever", 1, ttl_s=1)
    cache.set("for ever", 2, ttl_s=math.inf)
    _passes_s(clock, 1)
    assert [2, None, 2] == [cache.get(key) for key in ("longer", "shorter", "for ever")]
    _passes_s(clock, 2)
    assert [None, None, 2] == [cache.get(key) for key in ("longer", "shorter", "for ever")]


def test_what_is_over_leaves_memory_and_so_do_the_times_of_what_was_replaced(clock: StepClock) -> None:
    cache = Cache[int](NO_JITTER, clock.now_ns)
    for number in range(5_000):
        cache.set("often replaced", number)
        clock.advance(1)
    assert len(cache._memory._times) < 200
    cache.set_many({number: number for number in range(100)})
    _passes_s(clock, 60)
    assert cache.get("anything") is None
    assert (0, []) == (cache.stats().layers[0].entries, cache._memory._times)


def test_jitter_shortens_lives_by_up_to_its_share_and_never_lengthens_one(clock: StepClock) -> None:
    settings = CacheSettings(ttl_s=100, jitter=0.2)
    cache = Cache[int](settings, clock.now_ns, chance=random.Random(1).random)
    for number in range(1000):
        cache.set(number, number)
    _passes_s(clock, 79.9)
    assert 1000 == sum(cache.get(number) is not None for number in range(1000))
    _passes_s(clock, 10.1)
    assert 500 == pytest.approx(sum(cache.get(number) is not None for number in range(1000)), abs=60)
    _passes_s(clock, 10)
    assert 0 == sum(cache.get(number) is not None for number in range(1000))


def test_memory_may_forget_sooner_than_the_layers_below(layered: Callable[..., Cache[Any]], clock: StepClock) -> None:
    cache = layered(CacheSettings(ttl_s=60, l1_ttl_s=2, jitter=0))
    cache.set("a", "old")
    layered().set("a", "new")  # as another process would
    assert "old" == cache.get("a")
    _passes_s(clock, 2)
    assert "new" == cache.get("a")


def test_what_the_source_does_not_have_is_remembered_for_a_while(
    layered: Callable[..., Cache[Any]], clock: StepClock
) -> None:
    asked = []

    def search(key: Key) -> str:
        asked.append(key)
        raise Absent(key)

    first, second = layered(), layered()
    for cache in (first, first, second):
        with pytest.raises(Absent, match="nobody"):
            cache.get_or_load("nobody", search)
        assert "default" == cache.get("nobody", "default")
    assert ["nobody"] == asked
    _passes_s(clock, 5)
    assert "found" == first.get_or_load("nobody", lambda _: "found")
    assert "found" == first.get("nobody")


# --- forgetting


def test_what_was_deleted_is_gone_from_every_layer(layered: Callable[..., Cache[Any]]) -> None:
    cache = layered()
    cache.set_many({"a": 1, "b": 2})
    cache.delete("a")
    for asked in (cache, layered()):
        assert [None, 2] == [asked.get("a"), asked.get("b")]


@pytest.mark.parametrize(
    ("prefix", "gone"),
    [
        ("user:", {"user:1", "user:", "user:\uffff"}),
        ("", {"user:1", "user:", "user:\uffff", "user", "a"}),
        (b"us", {b"user"}),
        (b"\xff", {b"\xff", b"\xff\xff"}),
        (("user",), {("user",), ("user", 1), ("user", 1, "name"), ("user", "1")}),
        (("user", 1), {("user", 1), ("user", 1, "name")}),
        ((), {("user",), ("user", 1), ("user", 1, "name"), ("user", "1"), ("users", 1), ("user\0",)}),
    ],
)
def test_a_prefix_forgets_what_begins_with_it_and_nothing_else(
    prefix: Key, gone: set[Key], layered: Callable[..., Cache[Any]]
) -> None:
    keys: list[Key] = [
        "user:1",
        "user:",
        "user:\uffff",
        "user",
        "a",
        b"user",
        ("user",),
        ("user", 1),
        ("user", 1, "name"),
    ]
    keys += [("user", "1"), ("users", 1), ("user\0",), 1, 11, b"\xff", b"\xff\xff"]
    cache = layered()
    cache.set_many(dict.fromkeys(keys, "here"))
    cache.delete_prefix(prefix)
    for asked in (cache, layered()):
        assert gone == {key for key in keys if asked.get(key) is None}


def test_what_is_loaded_while_it_is_deleted_is_returned_and_not_kept(layered: Callable[..., Cache[Any]]) -> None:
    cache = layered()
    for forget in (lambda: cache.delete("a"), lambda: cache.delete_prefix("a"), cache.clear):

        def load(_: Key, forget: Callable[[], None] = forget) -> str:
            forget()
            return "old"

        assert "old" == cache.get_or_load("a", load)
        assert cache.get("a") is None
        assert layered().get("a") is None


def test_what_is_loaded_while_it_is_replaced_does_not_replace_it(layered: Callable[..., Cache[Any]]) -> None:
    cache = layered()

    def load(_: Key) -> str:
        cache.set("a", "new")
        return "old"

    assert "old" == cache.get_or_load("a", load)
    assert "new" == cache.get("a")
    assert "new" == layered().get("a")


@pytest.mark.parametrize("forget", [lambda cache: cache.delete("a"), lambda cache: cache.delete_prefix("a")])
def test_who_comes_after_a_deletion_does_not_get_what_was_asked_for_before_it(
    forget: Callable[[Cache[str]], None], clock: StepClock
) -> None:
    cache = Cache[str](NO_JITTER, clock.now_ns)
    began, deleted = threading.Event(), threading.Event()

    def load_slowly(_: Key) -> str:
        began.set()
        assert deleted.wait(10)
        return "old"

    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(cache.get_or_load, "a", load_slowly)
        assert began.wait(10)
        forget(cache)
        assert "new" == cache.get_or_load("a", lambda _: "new")
        deleted.set()
        assert "old" == before.result(10)
    assert "new" == cache.get("a")


def test_what_is_read_below_while_it_is_replaced_does_not_move_up(clock: StepClock, tmp_path: Path) -> None:
    layer = SqliteLayer(tmp_path / "l3.sqlite", clock.now_ns)
    cache = Cache[str](NO_JITTER, clock.now_ns, l3=layer)
    Cache[str](NO_JITTER, clock.now_ns, l3=layer).set("a", "old")
    read = layer.get

    def replaced_meanwhile(key: bytes) -> Found | None:
        found = read(key)
        layer.get = read  # type: ignore[method-assign]
        cache.set("a", "new")
        return found

    layer.get = replaced_meanwhile  # type: ignore[method-assign]
    assert "old" == cache.get("a")  # it was, when it was asked for
    assert "new" == cache.get("a")
    cache.close()


# --- one load for all


def test_a_thousand_who_miss_one_key_load_it_once(clock: StepClock) -> None:
    cache = Cache[str](NO_JITTER, clock.now_ns)
    threads, loads = 1000, []
    everybody_asks = threading.Barrier(threads)

    def load(key: Key) -> str:
        loads.append(key)
        # Until all but this one wait for it.
        while cache.stats().waited < threads - 1:
            time.sleep(0.001)
        return "value"

    def ask(_: int) -> str:
        everybody_asks.wait()
        return cache.get_or_load("a", load)

    with ThreadPoolExecutor(threads) as pool:
        assert ["value"] * threads == list(pool.map(ask, range(threads)))
    assert ["a"] == loads
    assert (1, threads - 1) == (cache.stats().loads, cache.stats().waited)


def _together(count: int, work: Callable[[], object]) -> list[object]:
    """What `work` returned or raised, by so many threads at a time."""
    ready = threading.Barrier(count)

    def one(_: int) -> object:
        ready.wait()
        try:
            return work()
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_what_a_loader_raises_is_told_to_all_who_wait_and_not_kept(clock: StepClock) -> None:
    cache = Cache[str](NO_JITTER, clock.now_ns)

    def fail(_: Key) -> str:
        while cache.stats().waited < 7:
            time.sleep(0.001)
        raise ConnectionError("the source is away")

    answers = _together(8, lambda: cache.get_or_load("a", fail))
    assert ["the source is away"] * 8 == [str(each) for each in answers]
    assert (1, 1) == (cache.stats().loads, cache.stats().failed_loads)
    assert "value" == cache.get_or_load("a", lambda _: "value")


def test_where_the_one_who_loads_is_interrupted_another_one_loads(clock: StepClock) -> None:
    cache = Cache[str](NO_JITTER, clock.now_ns)
    attempts = itertools.count(1)

    def load(_: Key) -> str:
        if next(attempts) == 1:
            while cache.stats().waited < 3:
                time.sleep(0.001)
            raise KeyboardInterrupt
        return "value"

    def ask() -> str:
        try:
            return cache.get_or_load("a", load)
        except KeyboardInterrupt:
            return "interrupted"

    assert ["interrupted", "value", "value", "value"] == sorted(map(str, _together(4, ask)))


def test_a_loader_may_ask_for_other_keys_and_even_for_its_own(clock: StepClock) -> None:
    cache = Cache[int](NO_JITTER, clock.now_ns)

    def fibonacci(number: int) -> int:
        if number < 2:
            return number
        return cache.get_or_load(number - 1, fibonacci) + cache.get_or_load(number - 2, fibonacci)

    assert 832_040 == cache.get_or_load(30, fibonacci)
    assert 31 == cache.stats().loads
    assert 7 == cache.get_or_load("own", lambda key: cache.get_or_load(key, lambda _: 7))


def test_loaders_of_two_threads_may_ask_for_each_others_keys(clock: StepClock) -> None:
    cache = Cache[str](NO_JITTER, clock.now_ns)
    other = {"a": "b", "b": "c", "c": "a"}
    values: dict[str, str] = {}
    all_load = threading.Barrier(3)

    def load(key: str) -> str:
        all_load.wait(10)
        return f"{key} with {cache.get_or_load(other[key], lambda _: 'alone')}"

    def ask(key: str) -> None:
        values[key] = cache.get_or_load(key, load)

    # Daemons, since those that wait for each other never end.
    threads = [threading.Thread(target=ask, args=(key,), daemon=True) for key in other]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    # Whoever asked last would have waited for himself, and had the other's value loaded once more.
    assert 3 == len(values)
    assert 1 == sum(value.endswith("with alone") and value.count("with") == 1 for value in values.values())
    assert {4} == {cache.stats().loads}


def test_no_loader_runs_under_a_lock(clock: StepClock, tmp_path: Path) -> None:
    cache = Cache[str](NO_JITTER, clock.now_ns, l3=SqliteLayer(tmp_path / "l3.sqlite", clock.now_ns))

    def load(_: Key) -> str:
        with ThreadPoolExecutor(1) as pool:  # whose thread holds none of this one's locks
            pool.submit(cache.set_many, {f"key {number}": "value" for number in range(500)}).result(10)
            pool.submit(cache.delete_prefix, "key").result(10)
            pool.submit(cache.stats).result(10)
        return "loaded"

    assert "loaded" == cache.get_or_load("a", load)
    cache.close()


def test_a_finaliser_may_use_the_cache(clock: StepClock) -> None:
    cache = Cache[Any](CacheSettings(l1_entries=2), clock.now_ns)

    class Farewell:
        def __del__(self) -> None:
            cache.set("last", "words")
            cache.get_or_load("other", _name)

    for number in range(50):
        cache.set(number, Farewell())
    gc.collect()
    assert cache.stats().loads > 0


# --- bounds


@pytest.mark.parametrize("policy", POLICIES)
def test_memory_is_bounded_in_entries(policy: PolicyName, clock: StepClock) -> None:
    cache = Cache[int](CacheSettings(policy=policy, l1_entries=10), clock.now_ns)
    for number in range(1000):
        cache.get_or_load(number % 37, lambda key: key)
        assert cache.stats().layers[0].entries == min(number + 1, 10)
    l1 = cache.stats().layers[0]
    assert l1.misses - 10 == l1.evictions


@pytest.mark.parametrize("policy", POLICIES)
def test_memory_is_bounded_in_bytes_of_keys_and_values(policy: PolicyName, clock: StepClock) -> None:
    cache = Cache[bytes](CacheSettings(policy=policy, l1_bytes=10_000, deflate_above=None), clock.now_ns)
    cache.set("k", bytes(50))
    # cache:1:sk is ten bytes, an envelope two, and one tells that the value is bytes.
    assert 63 == cache.stats().layers[0].bytes
    rng = random.Random(1)
    for _ in range(500):
        cache.set(rng.randrange(100), bytes(rng.randrange(3000)))
        l1 = cache.stats().layers[0]
        assert l1.bytes is not None and l1.entries is not None
        assert 0 < l1.bytes <= 10_000
    assert l1.bytes == sum(size for size, _ in cache._memory._kept.values())
    assert all(cache._memory.peek(address, clock.now_ns(), None) is not None for address in cache._memory._kept)
    cache.set("larger than all", bytes(10))
    cache.set("larger than all", bytes(20_000))
    assert cache.get("larger than all") is None


def test_without_memory_layers_still_answer(layered: Callable[..., Cache[Any]]) -> None:
    cache = layered(CacheSettings(l1_entries=0))
    assert ["value of 'a'"] * 3 == [cache.get_or_load("a", _name) for _ in range(3)]
    assert (1, 2) == (cache.stats().loads, cache.stats().layers[1].hits)


# --- bad input changes nothing


@pytest.mark.parametrize(
    "key",
    [None, True, 1.5, [], ["a"], {}, object(), ("a", None), ("a", ("b",)), ("a", 1.5), "x" * 400, 1 << 2000, "\ud800"],
)
def test_what_is_no_key_is_refused_in_words(key: Any, layered: Callable[..., Cache[Any]]) -> None:
    cache = layered()
    for use in (
        lambda: cache.get(key),
        lambda: cache.get_or_load(key, _never),
        lambda: cache.set(key, 1),
        lambda: cache.delete(key),
        lambda: cache.delete_prefix(key),
    ):
        with pytest.raises(BadKey, match=r"key|prefix"):
            use()
    if type(key).__hash__ is not None:
        with pytest.raises(BadKey):
            cache.set_many({"good": 1, key: 2})
    assert cache.get("good") is None
    assert 0 == cache.stats().layers[0].entries


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        (1, 2),
        {1: "a"},
        [(1,)],
        {"a": {"b": object()}},
        "\ud800",
        [10**5000],
        b"x" * 2000,
        1 + 2j,
        bytearray(),
    ],
)
def test_what_cannot_come_back_as_it_was_is_refused_and_leaves_what_was_there(
    value: Any, layered: Callable[..., Cache[Any]]
) -> None:
    cache = layered(CacheSettings(value_bytes_max=1000))
    cache.set("a", "before")
    with pytest.raises(BadValue):
        cache.set("a", value)
    with pytest.raises(BadValue):
        cache.set_many({"b": "good", "a": value})
    with pytest.raises(BadValue):
        cache.get_or_load("c", lambda _: value)
    for asked in (cache, layered()):
        assert ["before", None, None] == [asked.get(key) for key in "abc"]


def test_values_without_end_are_refused(layered: Callable[..., Cache[Any]]) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(BadValue, match="JSON cannot hold"):
        layered().set("a", loop)


def test_without_layers_any_object_is_a_value(clock: StepClock) -> None:
    thing = object()
    cache = Cache[object](NO_JITTER, clock.now_ns)
    cache.set("a", thing)
    assert thing is cache.get("a")


@pytest.mark.parametrize("ttl_s", [math.nan, 0, -1, -math.inf, True, "60", 1j])
def test_what_is_no_time_is_refused(ttl_s: Any, layered: Callable[..., Cache[Any]]) -> None:
    cache = layered()
    for use in (
        lambda: cache.set("a", 1, ttl_s),
        lambda: cache.get_or_load("a", _never, ttl_s),
        lambda: asyncio.run(cache.get_or_load_async("a", _never, ttl_s)),
    ):
        with pytest.raises(BadTtl, match="ttl_s must be a time above 0"):
            use()
    assert layered().get("a") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"policy": "random"},
        {"write": "around"},
        {"l1_entries": -1},
        {"l1_bytes": -1},
        {"ttl_s": 0.0},
        {"ttl_s": math.nan},
        {"l1_ttl_s": -1.0},
        {"absent_ttl_s": math.inf},
        {"jitter": 1.0},
        {"jitter": math.nan},
        {"namespace": "with:colon"},
        {"namespace": ""},
        {"unflushed_max": -1},
        {"version": -1},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CacheSettings(**wrong)


# --- write-back

BACK = CacheSettings(ttl_s=60, jitter=0, write="back", flush_every_s=3600, unflushed_max=5)


def test_written_back_values_are_found_at_once_and_below_after_a_flush(layered: Callable[..., Cache[Any]]) -> None:
    cache = layered(BACK)
    cache.set("a", 1)
    cache.set("a", 2)
    assert (2, None, 1) == (cache.get("a"), layered().get("a"), cache.stats().unflushed)
    cache.flush()
    assert (2, 2, 0) == (cache.get("a"), layered().get("a"), cache.stats().unflushed)
    cache._flusher.stop()  # type: ignore[union-attr]


def test_what_left_memory_before_it_was_flushed_is_still_found_with_what_is_left_of_its_life(
    layered: Callable[..., Cache[Any]], clock: StepClock
) -> None:
    layered().set("a", "old")
    cache = layered(BACK)
    cache.set("a", "new")
    cache._memory.drop("a")
    _passes_s(clock, 59)
    assert "new" == cache.get("a")
    _passes_s(clock, 1)
    assert cache.get("a") is None
    cache._flusher.stop()  # type: ignore[union-attr]


def test_too_much_that_is_not_flushed_is_flushed_by_whoever_adds_to_it(layered: Callable[..., Cache[Any]]) -> None:
    cache = layered(BACK)
    for number in range(6):
        cache.set(number, number)
    assert 0 == cache.stats().unflushed
    assert list(range(6)) == [layered().get(number) for number in range(6)]
    cache._flusher.stop()  # type: ignore[union-attr]


def test_deleted_values_are_not_flushed(layered: Callable[..., Cache[Any]]) -> None:
    cache = layered(BACK)
    cache.set_many({"a": 1, ("b", 1): 2, "c": 3})
    cache.delete("a")
    cache.delete_prefix(("b",))
    cache.flush()
    assert [None, None, 3] == [layered().get(key) for key in ("a", ("b", 1), "c")]
    cache._flusher.stop()  # type: ignore[union-attr]


def test_they_are_flushed_every_so_often_and_in_the_end(clock: StepClock, tmp_path: Path) -> None:
    path = tmp_path / "l3.sqlite"
    settings = CacheSettings(write="back", flush_every_s=0.01, ttl_s=None)
    with Cache[int](settings, clock.now_ns, l3=SqliteLayer(path, clock.now_ns)) as cache:
        cache.set("a", 1)
        until_s = time.monotonic() + 10
        while cache.stats().unflushed and time.monotonic() < until_s:
            time.sleep(0.001)
        looking = Cache[int](CacheSettings(), clock.now_ns, l3=SqliteLayer(path, clock.now_ns))
        assert 1 == looking.get("a")
        cache.set("b", 2)
    assert 2 == looking.get("b")
    looking.close()


# --- in an event loop


async def _name_async(key: Key) -> str:
    await asyncio.sleep(0)
    return _name(key)


def test_everything_is_there_for_an_event_loop(layered: Callable[..., Cache[Any]]) -> None:
    async def use() -> None:
        cache = layered()
        assert "default" == await cache.get_async("a", "default")
        assert "value of 'a'" == await cache.get_or_load_async("a", _name_async)
        assert "value of 'a'" == await cache.get_or_load_async("a", _never)
        assert "value of 'a'" == await layered().get_async("a")
        await cache.set_async("b", 2)
        assert 2 == await cache.get_async("b")
        await cache.delete_async("a")
        await cache.delete_prefix_async("b")
        assert [None, None] == [await layered().get_async(key) for key in "ab"]

        async def search(key: Key) -> str:
            raise Absent(key)

        for load in (search, _never):
            with pytest.raises(Absent):
                await cache.get_or_load_async("nobody", load)

    asyncio.run(use())


def test_a_thousand_tasks_that_miss_one_key_load_it_once(clock: StepClock) -> None:
    cache = Cache[str](NO_JITTER, clock.now_ns)

    async def load(key: Key) -> str:
        while cache.stats().waited < 999:  # noqa: ASYNC110 — nobody tells when somebody begins to wait
            await asyncio.sleep(0)
        return _name(key)

    async def use() -> list[str]:
        return await asyncio.gather(*(cache.get_or_load_async("a", load) for _ in range(1000)))

    assert {"value of 'a'"} == set(asyncio.run(use()))
    assert 1 == cache.stats().loads


def test_where_the_task_that_loads_is_cancelled_another_one_loads(clock: StepClock) -> None:
    cache = Cache[str](NO_JITTER, clock.now_ns)

    async def use() -> list[str]:
        hangs = asyncio.Event()

        async def hang(_: Key) -> str:
            hangs.set()
            await asyncio.sleep(3600)
            return "never"

        leader = asyncio.create_task(cache.get_or_load_async("a", hang))
        await hangs.wait()
        others = [asyncio.create_task(cache.get_or_load_async("a", _name_async)) for _ in range(3)]
        while cache.stats().waited < 3:  # noqa: ASYNC110 — as above
            await asyncio.sleep(0)
        others[0].cancel()  # which the others do not notice
        await asyncio.sleep(0)
        leader.cancel()
        return await asyncio.gather(*others[1:])

    assert ["value of 'a'"] * 2 == asyncio.run(use())


def test_an_async_loader_may_ask_for_its_own_key_from_a_task_of_its_own(clock: StepClock) -> None:
    cache = Cache[str](NO_JITTER, clock.now_ns)

    async def load(key: Key) -> str:
        return await asyncio.create_task(cache.get_or_load_async(key, _name_async))

    async def use() -> str:
        return await asyncio.wait_for(cache.get_or_load_async("a", load), 10)

    assert "value of 'a'" == asyncio.run(use())


def test_plain_code_in_an_event_loop_does_not_wait_for_a_task_of_the_same_loop(clock: StepClock) -> None:
    cache = Cache[str](NO_JITTER, clock.now_ns)

    async def use() -> list[str]:
        loading, answered = asyncio.Event(), asyncio.Event()

        async def load(_: Key) -> str:
            loading.set()
            await answered.wait()
            return "slowly"

        task = asyncio.create_task(cache.get_or_load_async("a", load))
        await loading.wait()
        at_once = cache.get_or_load("a", lambda _: "at once")
        answered.set()
        return [at_once, await task]

    assert ["at once", "slowly"] == asyncio.run(use())


# --- functions


def test_a_function_is_cached_by_a_decorator(clock: StepClock) -> None:
    cache = Cache[int](NO_JITTER, clock.now_ns)
    calls = []

    @cache.caching(lambda number, *, add=0: ("sum", number, add), ttl_s=10)
    def plus(number: int, *, add: int = 0) -> int:
        """A sum."""
        calls.append(number)
        return number + add

    @cache.caching(lambda number: ("twice", number))
    async def twice(number: int) -> int:
        calls.append(number)
        return 2 * number

    async def use() -> int:
        return await twice(4) + await twice(4)

    assert [3, 3, 1] == [plus(1, add=2), plus(1, add=2), plus(1)]
    assert 16 == asyncio.run(use())
    assert [1, 1, 4] == calls
    assert ("plus", "A sum.") == (plus.__name__, plus.__doc__)
    _passes_s(clock, 10)
    plus(1)
    assert [1, 1, 4, 1] == calls


# --- what it tells


def test_each_layer_tells_what_it_did_and_how_long_it_took(
    layered: Callable[..., Cache[Any]], clock: StepClock
) -> None:
    cache = layered()

    def load(key: Key) -> str:
        clock.advance(7)
        return _name(key)

    cache.get_or_load("a", load)
    cache.get("a")
    below = cache._layers[1]._layer.get

    def slow(key: bytes) -> Found | None:
        clock.advance(5)
        return below(key)

    cache._layers[1]._layer.get = slow  # type: ignore[method-assign]
    cache.get("b")
    stats = cache.stats()
    l1, l2, l3 = stats.layers
    assert ("l1", 1, 2, 1 / 3, 1) == (l1.name, l1.hits, l1.misses, l1.hit_rate, l1.entries)
    assert ("l2", 0, 2, 0.0, None) == (l2.name, l2.hits, l2.misses, l2.hit_rate, l2.mean_ns)
    assert ("l3", 2, 5, 5, 2.5) == (l3.name, l3.misses, l3.asked_ns, l3.slowest_ns, l3.mean_ns)
    assert (3, 1, 7, 7) == (stats.asked, stats.loads, stats.loading_ns, stats.slowest_load_ns)
    assert Cache[str](NO_JITTER, clock.now_ns).stats().layers[0].hit_rate is None


# --- many threads at once


@pytest.mark.parametrize("policy", POLICIES)
def test_eight_threads_get_nothing_but_what_belongs_to_their_key(policy: PolicyName, tmp_path: Path) -> None:
    settings = CacheSettings(policy=policy, l1_entries=20, ttl_s=0.02, absent_ttl_s=0.01)
    now = time.monotonic_ns
    l2, l3 = LmdbLayer(tmp_path, now, 40, 64 * MB), SqliteLayer(tmp_path / "l3.sqlite", now)

    def load(key: Key) -> int:
        if key % 10 == 9:  # type: ignore[operator]
            raise Absent(key)
        return key  # type: ignore[return-value]

    def work(thread: int) -> int:
        rng, wrong = random.Random(thread), 0
        for _ in range(300):
            key = rng.randrange(60)
            match rng.randrange(8):
                case 0:
                    cache.set(key, key)
                case 1:
                    cache.delete(key)
                case 2 if rng.random() < 0.1:
                    cache.clear()
                case 3:
                    wrong += cache.get(key, key) != key
                case _:
                    with contextlib.suppress(Absent):
                        wrong += cache.get_or_load(key, load) != key
        return wrong

    with Cache[int](settings, now, l2=l2, l3=l3) as cache, ThreadPoolExecutor(8) as pool:
        assert [0] * 8 == list(pool.map(work, range(8)))
        l1, *below = cache.stats().layers
        assert l1.entries == len(cache._memory._kept) <= 20
        assert [0, 0] == [layer.failures for layer in below]


def test_readers_never_see_less_than_the_writer_has_finished_writing(clock: StepClock, tmp_path: Path) -> None:
    layer = SqliteLayer(tmp_path / "l3.sqlite", clock.now_ns)
    done = 0

    def write() -> None:
        nonlocal done
        for number in range(1, 200):
            cache.set("counter", number)
            done = number
            if number % 3 == 0:
                cache._memory.drop("counter")  # as if others had needed its place

    def read(_: int) -> int:
        stale = 0
        while done < 199:
            finished = done
            stale += (cache.get("counter") or 0) < finished
        return stale

    with Cache[int](NO_JITTER, clock.now_ns, l3=layer) as cache, ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read, number) for number in range(7)]
        pool.submit(write).result(60)
        assert [0] * 7 == [each.result(60) for each in readers]


def test_redis_killed_and_started_again_under_load_costs_no_wrong_answer(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    breaker = CircuitBreakerSettings(window_size=10, minimum_calls=5, wait_in_open_s=0.05, permitted_in_half_open=1)
    settings = CacheSettings(l1_entries=10, ttl_s=None, breaker=breaker, namespace="under-load")
    now, over = time.monotonic_ns, threading.Event()

    def work(thread: int) -> tuple[int, int]:
        rng, wrong, done = random.Random(thread), 0, 0
        while not over.is_set():
            key = rng.randrange(100)
            wrong += cache.get_or_load(key, lambda key: key) != key
            done += 1
        return wrong, done

    l2, l3 = layer_at(redis_server.url, now), SqliteLayer(tmp_path / "l3.sqlite", now)
    with Cache[int](settings, now, l2=l2, l3=l3) as cache, ThreadPoolExecutor(8) as pool:
        cache.clear()
        working = [pool.submit(work, thread) for thread in range(8)]
        time.sleep(0.2)
        redis_server.kill()
        time.sleep(0.3)
        down = cache.stats().layers[1]
        redis_server.start()
        until_s = time.monotonic() + 10
        while cache.stats().layers[1].hits < down.hits + 100 and time.monotonic() < until_s:
            time.sleep(0.01)
        over.set()
        ended = [each.result(10) for each in working]
        recovered = cache.stats().layers[1]
    assert [0] * 8 == [wrong for wrong, _ in ended]
    assert down.failures > 0 and down.refused > 0
    assert recovered.hits >= down.hits + 100
