"""The cache itself: what is done on a hit, on a miss, and when something is replaced. What it promises: `cache`."""

from __future__ import annotations

import asyncio
import enum
import functools
import inspect
import random
import threading
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Generic, NamedTuple, ParamSpec, Protocol, TypeVar, cast

from bizra_lab.components._cache_flights import Flights, Interrupted
from bizra_lab.components._cache_hits import getter, loader
from bizra_lab.components._cache_keys import Absent, BadTtl, BadValue, Key, key_bytes, prefix_bytes
from bizra_lab.components._cache_layers import Found, Guarded, Item, Layer, LayerStats
from bizra_lab.components._cache_memory import NEVER_NS, Memory
from bizra_lab.components._cache_settings import CacheSettings, CacheStats
from bizra_lab.components._cache_values import Codec, JsonCodec, opened, sealed
from bizra_lab.components._component import Clock, counted, new_tally
from bizra_lab.units import SECOND_NS

V = TypeVar("V")
D = TypeVar("D")
P = ParamSpec("P")
R = TypeVar("R")
V_co = TypeVar("V_co", covariant=True)


STRIPES = 64  # locks that keep writers of one key apart; a key's is chosen by its hash


class _Word(enum.Enum):
    """What is said in place of a value."""

    UNKNOWN = enum.auto()
    ABSENT = enum.auto()


UNKNOWN, ABSENT = _Word.UNKNOWN, _Word.ABSENT


_TYPED = object()  # nobody else has it, so no key of a caller's equals an address made with it


class _Unflushed(NamedTuple):
    """What the layers below have yet to learn."""

    known: Any
    data: bytes
    until_ns: int | None


class _Get(Protocol[V_co]):
    def __call__(self, key: Key, default: D = ..., /) -> V_co | D: ...


class _GetOrLoad(Protocol[V]):
    def __call__(self, key: Key, load: Callable[[Any], V], ttl_s: float | None = None, /) -> V: ...


class Cache(Generic[V]):
    """
    One cache, for any number of threads and event loops.

    `clock` returns ns (`time.monotonic_ns`). `chance` returns numbers in [0, 1) for the jitter. `codec` writes values
    for the layers below and weighs them for `l1_bytes`; without either, any object is a value. Close it when done: that
    closes its layers too.

    `get(key, default=None)` gives the value of `key`, or `default` where no layer has one or it is known to be absent.

    `get_or_load(key, load, ttl_s=None)` gives it too, from `load(key)` where no layer has it. Raises Absent where the
    source has none, whatever else `load` raises, BadValue for what it returned; `ttl_s` as for `set`.
    """

    def __init__(
        self,
        settings: CacheSettings,
        clock: Clock,
        *,
        l2: Layer | None = None,
        l3: Layer | None = None,
        codec: Codec[V] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._chance = chance
        self._codec = codec or cast("Codec[V]", JsonCodec())
        self._namespace = f"{settings.namespace}:{settings.version}:".encode()
        self._memory = Memory(settings.policy, settings.l1_entries, settings.l1_bytes)
        self._layers = tuple(
            Guarded(name, layer, self._namespace, clock, settings.breaker)
            for name, layer in (("l2", l2), ("l3", l3))
            if layer is not None
        )
        self._encodes = bool(self._layers) or settings.l1_bytes is not None
        self._flights = Flights()
        # Who writes a key, or moves it up, holds its stripe; a version tells whether somebody wrote since it was read.
        # Re-entrant: a finaliser may use the cache while its own thread is in here.
        self._stripes = tuple(threading.RLock() for _ in range(STRIPES))
        self._versions = [0] * STRIPES
        self._counting = threading.RLock()
        self._hits, self._misses, self._waited, self._loads = new_tally(), new_tally(), new_tally(), new_tally()
        self._failed_loads = self._loading_ns = self._slowest_load_ns = 0
        self._unflushed: dict[bytes, _Unflushed] = {}
        self._flusher = _Flusher(self.flush, settings.flush_every_s) if settings.write == "back" else None
        self.get: _Get[V] = getter(self._memory, clock, self._hits, ABSENT, self._get_below)
        self.get_or_load: _GetOrLoad[V] = loader(self._memory, clock, self._hits, ABSENT, self._load_below)

    def __enter__(self) -> Cache[V]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- asking

    async def get_async(self, key: Key, default: D | None = None) -> V | D | None:
        """`get`, which in an event loop would keep everybody waiting for a layer."""
        address, name = self._address(key)
        known = self._in_memory(address, asked=False)
        if known is UNKNOWN and self._layers:
            known = await asyncio.to_thread(self._below, address, name)
        return default if isinstance(known, _Word) else known

    async def get_or_load_async(self, key: Key, load: Callable[[Any], Awaitable[V]], ttl_s: float | None = None) -> V:
        """`get_or_load` with an async loader. Who waits may be cancelled; where who loads is, another one loads."""
        ttl_ns = self._ttl_ns(ttl_s)
        address, name = self._address(key)
        known = self._in_memory(address, asked=False)
        while known is UNKNOWN:
            flight, leads = self._flights.join(address, blocks_thread=False)
            if flight is None:
                known = await self._find_or_load_async(key, address, name, load, ttl_ns)
            elif leads:
                with self._flights.leading(address, flight):
                    known = await self._find_or_load_async(key, address, name, load, ttl_ns)
                    flight.land(known)
            else:
                next(self._waited)
                try:
                    known = await flight.wait_async()
                except Interrupted:
                    continue
        return self._told(key, known)

    def caching(self, key: Callable[P, Key], ttl_s: float | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Decorator: the function's result under `key(*arguments)`, from the cache if it is there; async of async."""

        def decorate(function: Callable[P, R]) -> Callable[P, R]:
            @functools.wraps(function)
            def cached(*args: P.args, **kwargs: P.kwargs) -> Any:
                return self.get_or_load(key(*args, **kwargs), lambda _: cast(V, function(*args, **kwargs)), ttl_s)

            @functools.wraps(function)
            async def cached_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                return await self.get_or_load_async(
                    key(*args, **kwargs), lambda _: cast("Awaitable[V]", function(*args, **kwargs)), ttl_s
                )

            return cast("Callable[P, R]", cached_async if inspect.iscoroutinefunction(function) else cached)

        return decorate

    # --- writing

    def set(self, key: Key, value: V, ttl_s: float | None = None) -> None:
        """
        Let `value` be what `key` has, for `ttl_s` (`math.inf`: for ever; None: as the settings say).

        Raises BadKey, BadValue and BadTtl, having changed nothing.
        """
        self._set(((key, value),), ttl_s)

    def set_many(self, values: Mapping[Key, V], ttl_s: float | None = None) -> None:
        """`set` for several at once, which costs layers one trip; all or, where one is bad, none."""
        self._set(values.items(), ttl_s)

    async def set_async(self, key: Key, value: V, ttl_s: float | None = None) -> None:
        """`set`, in a thread where there are layers to tell."""
        await self._aside(lambda: self.set(key, value, ttl_s))

    def delete(self, key: Key) -> None:
        """Forget what `key` has, in every layer."""
        address, name = self._address(key)
        with self._replacing({name: address}):
            self._unflushed.pop(name, None)
            self._memory.drop(address)
            for layer in self._layers:
                layer.drop(name)

    async def delete_async(self, key: Key) -> None:
        """`delete`, in a thread where there are layers to tell."""
        await self._aside(lambda: self.delete(key))

    def delete_prefix(self, prefix: Key) -> None:
        """
        Forget all keys that begin so: of text those that begin with this text, of tuples those with these first parts.

        Raises BadKey for an int, with which nothing begins.
        """
        self._delete_beginning(prefix_bytes(prefix))

    async def delete_prefix_async(self, prefix: Key) -> None:
        """`delete_prefix`, in a thread where there are layers to tell."""
        await self._aside(lambda: self.delete_prefix(prefix))

    def clear(self) -> None:
        """Forget everything of this namespace and version, in every layer."""
        self._delete_beginning(b"")

    def flush(self) -> None:
        """Under `write: back`, tell the layers below what they have yet to learn."""
        for name in list(self._unflushed):
            with self._stripes[hash(name) % STRIPES]:
                pending = self._unflushed.get(name)
                if pending is not None:
                    self._tell(((name, pending.data),), self._left_ns(pending.until_ns), replaces=True)
                    # Not before: whoever asks meanwhile must not be answered from below.
                    del self._unflushed[name]

    def close(self) -> None:
        """Flush, and close every layer; the cache is not used any more."""
        if self._flusher is not None:
            self._flusher.stop()
        self.flush()
        for layer in self._layers:
            layer.close()

    # --- looking at it

    def stats(self) -> CacheStats:
        """What was counted, at this moment."""
        memory = self._memory
        l1 = LayerStats(
            "l1",
            counted(self._hits),
            counted(self._misses),
            evictions=memory.evictions,
            entries=memory.entries,
            bytes=memory.bytes if self._encodes else None,
        )
        with self._counting:
            return CacheStats(
                layers=(l1, *(layer.stats() for layer in self._layers)),
                loads=counted(self._loads),
                failed_loads=self._failed_loads,
                waited=counted(self._waited),
                loading_ns=self._loading_ns,
                slowest_load_ns=self._slowest_load_ns,
                unflushed=len(self._unflushed),
            )

    # --- what a miss in memory leads to

    def _get_below(self, key: Key, default: Any) -> Any:
        address, name = self._address(key)
        known = self._in_memory(address, asked=address is key)
        if known is UNKNOWN:
            known = self._below(address, name)
        return default if isinstance(known, _Word) else known

    def _load_below(self, key: Key, load: Callable[[Any], V], ttl_s: float | None) -> V:
        ttl_ns = self._ttl_ns(ttl_s)
        address, name = self._address(key)
        known = self._in_memory(address, asked=address is key)
        while known is UNKNOWN:
            flight, leads = self._flights.join(address, blocks_thread=True)
            if flight is None:
                known = self._find_or_load(key, address, name, load, ttl_ns)
            elif leads:
                with self._flights.leading(address, flight):
                    known = self._find_or_load(key, address, name, load, ttl_ns)
                    flight.land(known)
            else:
                next(self._waited)
                try:
                    known = flight.wait()
                except Interrupted:
                    continue
        return self._told(key, known)

    def _told(self, key: Key, known: V | _Word) -> V:
        if isinstance(known, _Word):
            raise Absent(key)
        return known

    def _in_memory(self, address: Hashable, *, asked: bool) -> V | _Word:
        """What memory has, counted as a hit or a miss; `asked`: the policy has noticed the request already."""
        look = self._memory.peek if asked else self._memory.find
        known: V | _Word = look(address, self._clock(), UNKNOWN)
        next(self._misses if known is UNKNOWN else self._hits)
        return known

    def _find_or_load(
        self, key: Key, address: Hashable, name: bytes, load: Callable[[Any], V], ttl_ns: int | None
    ) -> V | _Word:
        # Somebody may have landed with it between this caller's miss and his turn.
        known: V | _Word = self._memory.peek(address, self._clock(), UNKNOWN)
        if known is UNKNOWN:
            known = self._below(address, name)
        if known is UNKNOWN:
            version = self._versions[hash(name) % STRIPES]
            with self._loading():
                try:
                    known = load(key)
                except Absent:
                    known = ABSENT
            self._keep_loaded(address, name, known, ttl_ns, version)
        return known

    async def _find_or_load_async(
        self, key: Key, address: Hashable, name: bytes, load: Callable[[Any], Awaitable[V]], ttl_ns: int | None
    ) -> V | _Word:
        known: V | _Word = self._memory.peek(address, self._clock(), UNKNOWN)
        if known is UNKNOWN and self._layers:
            known = await asyncio.to_thread(self._below, address, name)
        if known is UNKNOWN:
            version = self._versions[hash(name) % STRIPES]
            with self._loading():
                try:
                    known = await load(key)
                except Absent:
                    known = ABSENT
            loaded = known
            await self._aside(lambda: self._keep_loaded(address, name, loaded, ttl_ns, version))
        return known

    @contextmanager
    def _loading(self) -> Iterator[None]:
        next(self._loads)
        began_ns = self._clock()
        failed = True
        try:
            yield
            failed = False
        finally:
            took_ns = self._clock() - began_ns
            with self._counting:
                self._failed_loads += failed
                self._loading_ns += took_ns
                self._slowest_load_ns = max(self._slowest_load_ns, took_ns)

    def _below(self, address: Hashable, name: bytes) -> V | _Word:
        """What the layers below have, moved up; UNKNOWN where none has it."""
        stripe = hash(name) % STRIPES
        version = self._versions[stripe]
        pending = self._unflushed.get(name)
        if pending is not None and (pending.until_ns is None or self._clock() < pending.until_ns):
            kept = Found(pending.data, self._left_ns(pending.until_ns))
            self._move_up(stripe, version, address, name, pending.known, kept, ())
            return cast("V | _Word", pending.known)
        for depth, layer in enumerate(self._layers):
            found = layer.find(name)
            if found is None:
                continue
            try:
                known = self._opened(found.data)
            except Exception:  # a codec raises what it likes
                layer.garbled(name)
                continue
            self._move_up(stripe, version, address, name, known, found, self._layers[:depth])
            return known
        return UNKNOWN

    def _move_up(
        self,
        stripe: int,
        version: int,
        address: Hashable,
        name: bytes,
        known: V | _Word,
        found: Found,
        above: Sequence[Guarded],
    ) -> None:
        """Tell the layers above, unless somebody writes the key, or has written it since it was read."""
        lock = self._stripes[stripe]
        if not lock.acquire(blocking=False):
            return
        try:
            if self._versions[stripe] == version:
                for layer in above:
                    layer.store((Item(name, *found),), replaces=False)
                self._memorise(address, known, found.ttl_ns, len(name) + len(found.data))
        finally:
            lock.release()

    # --- what is kept

    def _set(self, values: Iterable[tuple[Key, V]], ttl_s: float | None) -> None:
        ttl_ns = self._ttl_ns(ttl_s)
        items = [(*self._address(key), value, self._sealed(value)) for key, value in values]
        with self._replacing({name: address for address, name, _, _ in items}):
            self._keep(items, ttl_ns, replaces=True)

    def _keep_loaded(self, address: Hashable, name: bytes, known: V | _Word, ttl_ns: int | None, version: int) -> None:
        if known is ABSENT:
            ttl_ns = self._shortened(round(self.settings.absent_ttl_s * SECOND_NS))
        data = self._sealed(known)
        stripe = hash(name) % STRIPES
        with self._stripes[stripe]:
            # Who replaced or deleted the key while it was loaded knows better.
            if self._versions[stripe] == version:
                self._keep(((address, name, known, data),), ttl_ns, replaces=False)

    def _keep(
        self,
        items: Sequence[tuple[Hashable, bytes, V | _Word, bytes]],
        ttl_ns: int | None,
        *,
        replaces: bool,
    ) -> None:
        """Into every layer; whoever calls holds the stripes."""
        if self._flusher is None:
            self._tell([(name, data) for _, name, _, data in items], ttl_ns, replaces=replaces)
        else:
            until_ns = None if ttl_ns is None else self._clock() + ttl_ns
            self._unflushed |= {name: _Unflushed(known, data, until_ns) for _, name, known, data in items}
        for address, name, known, data in items:
            self._memorise(address, known, ttl_ns, len(name) + len(data))

    def _tell(self, items: Sequence[tuple[bytes, bytes]], ttl_ns: int | None, *, replaces: bool) -> None:
        told = [Item(name, data, ttl_ns) for name, data in items]
        for layer in self._layers:
            layer.store(told, replaces=replaces)

    def _memorise(self, address: Hashable, known: V | _Word, ttl_ns: int | None, size: int) -> None:
        l1_ttl_s = self.settings.l1_ttl_s
        if l1_ttl_s is not None:
            ttl_ns = min(NEVER_NS if ttl_ns is None else ttl_ns, round(l1_ttl_s * SECOND_NS))
        now_ns = self._clock()
        until_ns = NEVER_NS if ttl_ns is None else now_ns + ttl_ns
        self._memory.put(address, known, until_ns, now_ns, size if self._encodes else 0)

    @contextmanager
    def _replacing(self, names: Mapping[bytes, Hashable] | None) -> Iterator[None]:
        """
        The block in which the only writer of these keys, or of all, replaces what they have.

        Whatever was read or loaded before its end may be old: it is not kept, and nobody joins a load that began then.
        """
        chosen = range(STRIPES) if names is None else sorted({hash(name) % STRIPES for name in names})
        with ExitStack() as held:
            for stripe in chosen:
                held.enter_context(self._stripes[stripe])
            try:
                yield
            finally:
                for stripe in chosen:
                    self._versions[stripe] += 1
                if names is not None:
                    for address in names.values():
                        self._flights.part(address)
        if len(self._unflushed) > self.settings.unflushed_max:
            self.flush()

    def _delete_beginning(self, prefix: bytes) -> None:
        def is_meant(address: Hashable) -> bool:
            return _written(address).startswith(prefix)

        with self._replacing(None):
            for name in [each for each in self._unflushed if each.startswith(self._namespace + prefix)]:
                del self._unflushed[name]
            self._memory.drop_where(is_meant)
            for layer in self._layers:
                layer.drop_prefix(self._namespace + prefix)
            self._flights.part_where(is_meant)

    # --- keys, values and times

    def _address(self, key: Key) -> tuple[Hashable, bytes]:
        """Where a key is in memory, and what it is called below. Raises BadKey."""
        written = key_bytes(key)
        return (key if type(key) is str else (_TYPED, written)), self._namespace + written

    def _sealed(self, known: V | _Word) -> bytes:
        """Its envelope; empty where nobody needs one. Raises BadValue."""
        if not self._encodes:
            return b""
        if isinstance(known, _Word):
            return sealed(None, None)
        try:
            data = self._codec.encode(known)
        except BadValue:
            raise
        except Exception as error:
            raise BadValue(f"a value that its codec cannot write: {type(error).__name__}: {error}") from error
        if len(data) > self.settings.value_bytes_max:
            raise BadValue(f"a value takes at most {self.settings.value_bytes_max} bytes, got {len(data)}")
        return sealed(data, self.settings.deflate_above)

    def _opened(self, envelope: bytes) -> V | _Word:
        data = opened(envelope, self.settings.value_bytes_max)
        return ABSENT if data is None else self._codec.decode(data)

    def _ttl_ns(self, ttl_s: float | None) -> int | None:
        """How long to keep something, jitter included; None: for ever. Raises BadTtl."""
        chosen = self.settings.ttl_s if ttl_s is None else ttl_s
        if chosen is None:
            return None
        if isinstance(chosen, bool) or not isinstance(chosen, int | float) or not chosen > 0:
            raise BadTtl(f"ttl_s must be a time above 0, got {chosen!r}")
        return None if chosen >= NEVER_NS // SECOND_NS else self._shortened(round(chosen * SECOND_NS))

    def _shortened(self, ttl_ns: int) -> int:
        jitter = self.settings.jitter
        return max(1, ttl_ns - int(ttl_ns * jitter * self._chance())) if jitter else max(1, ttl_ns)

    def _left_ns(self, until_ns: int | None) -> int | None:
        return None if until_ns is None else max(0, until_ns - self._clock())

    async def _aside(self, work: Callable[[], None]) -> None:
        if self._layers:
            await asyncio.to_thread(work)
        else:
            work()


def _written(address: Hashable) -> bytes:
    return key_bytes(address) if isinstance(address, str) else cast("tuple[object, bytes]", address)[1]


class _Flusher:
    """A thread that flushes every so often until it is stopped."""

    def __init__(self, flush: Callable[[], None], every_s: float) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(flush, every_s), name="cache flush", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self, flush: Callable[[], None], every_s: float) -> None:
        while not self._stopped.wait(every_s):
            flush()
