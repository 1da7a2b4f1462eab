"""The cache beside a dictionary: whatever is done, whatever fails, it answers as the dictionary does or not at all."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bizra_lab.components._cache_keys import end_of, key_bytes, prefix_bytes
from bizra_lab.components.cache import (
    POLICIES,
    Absent,
    Cache,
    CacheSettings,
    Found,
    Item,
    JsonCodec,
    Key,
    Layer,
    LmdbLayer,
    SqliteLayer,
)
from bizra_lab.components.circuit_breaker import CircuitBreakerSettings
from bizra_lab.testing import StepClock
from bizra_lab.units import SECOND_NS

KEYS: list[Key] = ["a", "ab", "b", b"a", 1, "1", ("a",), ("a", 1), ("a", "b"), ("ab",)]
PREFIXES: list[Key] = ["", "a", "ab", b"a", (), ("a",), ("a", "b")]

keys = st.sampled_from(KEYS)
lives_s = st.sampled_from([1.0, 3.0, 10.0, math.inf])


class _Failing:
    """A layer that fails whenever it is told to."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self.fails = False

    def _works(self) -> Layer:
        if self.fails:
            raise ConnectionError("away")
        return self._layer

    def get(self, key: bytes) -> Found | None:
        return self._works().get(key)

    def set(self, items: Any) -> None:
        self._works().set(items)

    def delete(self, keys: Any) -> None:
        self._works().delete(keys)

    def delete_prefix(self, prefix: bytes) -> None:
        self._works().delete_prefix(prefix)

    def close(self) -> None:
        self._layer.close()


class CacheBesideADictionary(RuleBasedStateMachine):
    """
    The model knows what was last written under each key and until when.

    The cache may have forgotten anything, since memory is small and layers fail; but what it returns is what the model
    has. While every layer works and none is full, it forgets nothing.
    """

    @initialize(
        policy=st.sampled_from(POLICIES),
        l1_entries=st.sampled_from([0, 1, 3, 100]),
        write=st.sampled_from(["through", "back"]),
        layered=st.booleans(),
    )
    def make(self, policy: Any, l1_entries: int, write: Any, layered: bool) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = StepClock()
        now, folder = self.clock.now_ns, Path(self.folder.name)
        self.layers = [
            _Failing(LmdbLayer(folder, now, 100, 16 * 2**20)),
            _Failing(SqliteLayer(folder / "l3.sqlite", now)),
        ]
        settings = CacheSettings(
            policy=policy,
            l1_entries=l1_entries if layered else 100,
            ttl_s=None,
            jitter=0,
            absent_ttl_s=2,
            write=write,
            flush_every_s=3600,
            unflushed_max=3,
            breaker=CircuitBreakerSettings(window_size=2, minimum_calls=1, wait_in_open_s=1, permitted_in_half_open=1),
        )
        l2, l3 = self.layers if layered else (None, None)
        self.cache = Cache[int](settings, now, l2=l2, l3=l3)
        self.model: dict[Key, tuple[int | None, float]] = {}  # what, or None for absent, and until when
        self.count = 0
        self.has_failed = False

    def teardown(self) -> None:
        if hasattr(self, "cache"):
            self.cache.close()
            for layer in self.layers:
                layer.close()
            self.folder.cleanup()

    def _known(self, key: Key) -> tuple[bool, int | None]:
        value, until_ns = self.model.get(key, (None, 0))
        return self.clock.now_ns() < until_ns, value

    def _remember(self, key: Key, value: int | None, ttl_s: float) -> None:
        self.model[key] = value, self.clock.now_ns() + ttl_s * SECOND_NS

    @rule(key=keys, ttl_s=lives_s)
    def write(self, key: Key, ttl_s: float) -> None:
        self.count += 1
        self.cache.set(key, self.count, ttl_s)
        self._remember(key, self.count, ttl_s)

    @rule(some=st.sets(keys), ttl_s=lives_s)
    def write_many(self, some: set[Key], ttl_s: float) -> None:
        self.count += 1
        self.cache.set_many(dict.fromkeys(some, self.count), ttl_s)
        for key in some:
            self._remember(key, self.count, ttl_s)

    @rule(key=keys)
    def get(self, key: Key) -> None:
        here, value = self._known(key)
        found = self.cache.get(key)
        if self.has_failed:
            assert found is None or (here and value == found)
        else:
            assert (value if here else None) == found

    @rule(key=keys, ttl_s=lives_s, absent=st.booleans())
    def get_or_load(self, key: Key, ttl_s: float, absent: bool) -> None:
        self.count += 1
        loaded = False

        def load(_: Key) -> int:
            nonlocal loaded
            loaded = True
            if absent:
                raise Absent(key)
            return self.count

        here, value = self._known(key)
        try:
            found: int | None = self.cache.get_or_load(key, load, ttl_s)
        except Absent:
            found = None
        assert self.has_failed or loaded is not here
        if loaded:
            assert found == (None if absent else self.count)
            self._remember(key, found, 2 if absent else ttl_s)
        else:
            assert (here, value) == (True, found)

    @rule(key=keys)
    def delete(self, key: Key) -> None:
        self.cache.delete(key)
        self.model.pop(key, None)

    @rule(prefix=st.sampled_from(PREFIXES))
    def delete_prefix(self, prefix: Key) -> None:
        self.cache.delete_prefix(prefix)
        self.model = {key: kept for key, kept in self.model.items() if not _begins(key, prefix)}

    @rule()
    def clear(self) -> None:
        self.cache.clear()
        self.model.clear()

    @rule()
    def flush(self) -> None:
        self.cache.flush()

    @rule(seconds=st.sampled_from([0.5, 1.0, 2.5]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(round(seconds * SECOND_NS))

    @rule(which=st.integers(0, 1))
    def a_layer_goes_away(self, which: int) -> None:
        self.layers[which].fails = self.has_failed = True

    @rule(which=st.integers(0, 1))
    def a_layer_comes_back(self, which: int) -> None:
        self.layers[which].fails = False

    @invariant()
    def memory_is_bounded(self) -> None:
        if hasattr(self, "cache"):
            entries = self.cache.stats().layers[0].entries
            assert entries is not None and entries <= self.cache.settings.l1_entries


def _begins(key: Key, prefix: Key) -> bool:
    if isinstance(prefix, tuple):
        return isinstance(key, tuple) and key[: len(prefix)] == prefix
    return type(key) is type(prefix) and key.startswith(prefix)  # type: ignore[union-attr, arg-type]


TestCacheBesideADictionary = CacheBesideADictionary.TestCase
TestCacheBesideADictionary.settings = hypothesis.settings(max_examples=40, stateful_step_count=25, deadline=None)


# --- keys and values as bytes

parts = st.one_of(st.text(max_size=6), st.binary(max_size=6), st.integers(-300, 300))
any_keys = st.one_of(parts, st.lists(parts, max_size=3).map(tuple))


@hypothesis.given(any_keys, any_keys)
def test_two_keys_are_the_same_bytes_only_when_they_are_the_same_key(a: Key, b: Key) -> None:
    assert (type(a) is type(b) and a == b) is (key_bytes(a) == key_bytes(b))


@hypothesis.given(any_keys, any_keys)
def test_bytes_begin_alike_where_keys_do_and_only_there(key: Key, prefix: Key) -> None:
    if type(prefix) is int:
        return
    begun = prefix_bytes(prefix)
    assert _begins(key, prefix) is key_bytes(key).startswith(begun)
    assert _begins(key, prefix) is (begun <= key_bytes(key) < end_of(begun))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@hypothesis.given(values | st.binary())
def test_what_the_codec_writes_it_gives_back_as_it_was(value: Any) -> None:
    back = JsonCodec().decode(JsonCodec().encode(value))
    assert (type(value), repr(value)) == (type(back), repr(back))


@hypothesis.given(st.binary())
def test_whatever_bytes_a_layer_holds_reading_them_raises_nothing(data: bytes) -> None:
    class Holds:
        def get(self, key: bytes) -> Found | None:
            return Found(data, None)

        def set(self, items: list[Item]) -> None:
            pass

        def delete(self, keys: list[bytes]) -> None:
            pass

    cache = Cache[Any](CacheSettings(), StepClock().now_ns, l2=Holds())  # type: ignore[arg-type]
    cache.get("a")
