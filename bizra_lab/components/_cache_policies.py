"""
Who has to go when memory is full: policies of one shape, ours beside those of cachebox.

    lru, lfu, fifo   cachebox, in Rust
    s3_fifo          three queues: newcomers wait in a small one, and whoever is not asked for again leaves from there
    sieve            one queue and a hand that passes over whoever was asked for since it last came by
    w_tinylfu        a small LRU window before a segmented LRU, which a newcomer enters when it was asked for more often

No policy is best on every workload. lru keeps what was asked for last and loses everything to a long scan; lfu, sieve
and w_tinylfu stay with what was popular once; s3_fifo is seldom best and seldom far from it.

To ask, `policy[key]`, is open to any number of threads at any time; `peek` asks without being seen to. Whatever changes
the set of keys is called under one lock. `popitem` chooses the victim; it is called before a newcomer is inserted, so
that the newcomer is never chosen.

Source: J. Yang et al., FIFO queues are all you need for cache eviction (SOSP 2023) for s3_fifo; Y. Zhang et al., SIEVE
is simpler than LRU (NSDI 2024); G. Einziger et al., TinyLFU: a highly efficient cache admission policy (2017).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Literal, Protocol, get_args

import cachebox

PolicyName = Literal["lru", "lfu", "fifo", "s3_fifo", "sieve", "w_tinylfu"]
POLICIES: tuple[PolicyName, ...] = get_args(PolicyName)

SMALL_SHARE = 0.1  # of s3_fifo's entries, for newcomers: the paper's
FREQUENCY_MAX = 3  # of s3_fifo, two bits

WINDOW_SHARE = 0.01  # of w_tinylfu's entries, for newcomers
PROTECTED_SHARE = 0.8  # of the others, for those that were asked for again
SAMPLE_PER_ENTRY = 32  # requests after which counts are halved: the past fades; as many as libCacheSim takes


class Policy(Protocol):
    """What holds entries and chooses the one to go; of cachebox's shape."""

    def __getitem__(self, key: Any, /) -> Any: ...
    def peek(self, key: Any, default: Any) -> Any: ...
    def insert(self, key: Any, value: Any) -> object: ...
    def pop(self, key: Any, default: Any) -> Any: ...
    def popitem(self) -> tuple[Any, Any]: ...
    def clear(self) -> object: ...


class _S3Node:
    __slots__ = ("frequency", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.frequency = 0


class S3Fifo:
    """The policy `s3_fifo` for so many entries. A hit advances one small number and takes no lock."""

    def __init__(self, capacity: int) -> None:
        self._small_max = max(1, round(capacity * SMALL_SHARE))
        self._ghosts_max = max(1, capacity - self._small_max)
        self._nodes: dict[Hashable, _S3Node] = {}
        self._small: OrderedDict[Hashable, None] = OrderedDict()
        self._main: OrderedDict[Hashable, None] = OrderedDict()
        self._ghosts: OrderedDict[Hashable, None] = OrderedDict()  # who left `small` lately, by key alone

    def __getitem__(self, key: Hashable) -> Any:
        node = self._nodes[key]
        if node.frequency < FREQUENCY_MAX:
            node.frequency += 1
        return node.value

    def peek(self, key: Hashable, default: Any) -> Any:
        node = self._nodes.get(key)
        return default if node is None else node.value

    def insert(self, key: Hashable, value: Any) -> None:
        node = self._nodes.get(key)
        if node is not None:
            node.value = value
            return
        self._nodes[key] = _S3Node(value)
        if key in self._ghosts:
            del self._ghosts[key]
            self._main[key] = None
        else:
            self._small[key] = None

    def pop(self, key: Hashable, default: Any) -> Any:
        node = self._nodes.pop(key, None)
        if node is None:
            return default
        del (self._small if key in self._small else self._main)[key]
        return node.value

    def popitem(self) -> tuple[Hashable, Any]:
        while True:
            if len(self._small) >= self._small_max or not self._main:
                key, _ = self._small.popitem(last=False)
                node = self._nodes[key]
                if node.frequency > 1:
                    node.frequency = 0
                    self._main[key] = None
                    continue
                self._remember(key)
            else:
                key, _ = self._main.popitem(last=False)
                node = self._nodes[key]
                if node.frequency:
                    node.frequency -= 1
                    self._main[key] = None
                    continue
            del self._nodes[key]
            return key, node.value

    def clear(self) -> None:
        for each in (self._nodes, self._small, self._main, self._ghosts):
            each.clear()

    def _remember(self, key: Hashable) -> None:
        self._ghosts[key] = None
        if len(self._ghosts) > self._ghosts_max:
            self._ghosts.popitem(last=False)


class _SieveNode:
    __slots__ = ("key", "newer", "older", "value", "visited")

    def __init__(self, key: Hashable, value: Any) -> None:
        self.key = key
        self.value = value
        self.visited = False
        self.newer: _SieveNode = self
        self.older: _SieveNode = self


class Sieve:
    """The policy `sieve`. A hit sets one flag and takes no lock."""

    def __init__(self) -> None:
        self._nodes: dict[Hashable, _SieveNode] = {}
        # In a ring: what is newer than `_end` is the oldest, what is older than it the newest.
        self._end = _SieveNode(None, None)
        self._hand = self._end

    def __getitem__(self, key: Hashable) -> Any:
        node = self._nodes[key]
        node.visited = True
        return node.value

    def peek(self, key: Hashable, default: Any) -> Any:
        node = self._nodes.get(key)
        return default if node is None else node.value

    def insert(self, key: Hashable, value: Any) -> None:
        node = self._nodes.get(key)
        if node is not None:
            node.value = value
            return
        node = self._nodes[key] = _SieveNode(key, value)
        newest = self._end.older
        node.older, node.newer = newest, self._end
        newest.newer = self._end.older = node

    def pop(self, key: Hashable, default: Any) -> Any:
        node = self._nodes.get(key)
        if node is None:
            return default
        self._leave(node)
        return node.value

    def popitem(self) -> tuple[Hashable, Any]:
        node = self._hand
        while node is self._end or node.visited:
            node.visited = False
            node = node.newer
        self._hand = node
        self._leave(node)
        return node.key, node.value

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]

    def _leave(self, node: _SieveNode) -> None:
        if self._hand is node:
            self._hand = node.newer
        node.older.newer, node.newer.older = node.newer, node.older
        del self._nodes[node.key]


class WTinyLfu:
    """The policy `w_tinylfu` for so many entries, with exact counts where the paper has a sketch; a hit locks."""

    def __init__(self, capacity: int) -> None:
        self._window_max = max(1, round(capacity * WINDOW_SHARE))
        self._protected_max = max(1, round((capacity - self._window_max) * PROTECTED_SHARE))
        self._sample = capacity * SAMPLE_PER_ENTRY
        self._counts: dict[Hashable, int] = {}
        self._counted = 0
        self._window: OrderedDict[Hashable, Any] = OrderedDict()  # each from the least recently used
        self._probation: OrderedDict[Hashable, Any] = OrderedDict()
        self._protected: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.RLock()

    def __getitem__(self, key: Hashable) -> Any:
        with self._lock:
            self._count(key)
            if key in self._protected:
                self._protected.move_to_end(key)
                return self._protected[key]
            if key in self._window:
                self._window.move_to_end(key)
                return self._window[key]
            value = self._protected[key] = self._probation.pop(key)
            if len(self._protected) > self._protected_max:
                demoted, its_value = self._protected.popitem(last=False)
                self._probation[demoted] = its_value
            return value

    def peek(self, key: Hashable, default: Any) -> Any:
        with self._lock:
            for segment in (self._window, self._probation, self._protected):
                if key in segment:
                    return segment[key]
            return default

    def insert(self, key: Hashable, value: Any) -> None:
        with self._lock:
            for segment in (self._protected, self._probation):
                if key in segment:
                    segment[key] = value
                    return
            self._window[key] = value
            if len(self._window) > self._window_max:
                # Nobody had to go yet, so the oldest newcomer need not prove itself.
                oldest, its_value = self._window.popitem(last=False)
                self._probation[oldest] = its_value

    def pop(self, key: Hashable, default: Any) -> Any:
        with self._lock:
            for segment in (self._window, self._probation, self._protected):
                if key in segment:
                    return segment.pop(key)
            return default

    def popitem(self) -> tuple[Hashable, Any]:
        with self._lock:
            main = self._probation or self._protected
            if not main or len(self._window) < self._window_max:
                return (main or self._window).popitem(last=False)
            candidate, victim = next(iter(self._window)), next(iter(main))
            if self._counts.get(candidate, 0) <= self._counts.get(victim, 0):
                return self._window.popitem(last=False)
            self._probation[candidate] = self._window.pop(candidate)
            return victim, main.pop(victim)

    def clear(self) -> None:
        with self._lock:
            for each in (self._window, self._probation, self._protected, self._counts):
                each.clear()
            self._counted = 0

    def _count(self, key: Hashable) -> None:
        self._counts[key] = self._counts.get(key, 0) + 1
        self._counted += 1
        if self._counted >= self._sample:
            self._counts = {each: count // 2 for each, count in self._counts.items() if count > 1}
            self._counted //= 2


class _Fifo(cachebox.FIFOCache[Any, Any]):
    """cachebox's, which changes nothing when it is asked, and so has no `peek`."""

    peek = cachebox.FIFOCache.get


# cachebox's own bound is left open: it evicts without saying whom.
_MAKE: dict[PolicyName, Callable[[int], Policy]] = {
    "lru": lambda _: cachebox.LRUCache(0),
    "lfu": lambda _: cachebox.LFUCache(0),
    "fifo": lambda _: _Fifo(0),
    "s3_fifo": S3Fifo,
    "sieve": lambda _: Sieve(),
    "w_tinylfu": WTinyLfu,
}


def make_policy(name: PolicyName, capacity: int) -> Policy:
    """A new policy that is to hold so many entries."""
    return _MAKE[name](capacity)
