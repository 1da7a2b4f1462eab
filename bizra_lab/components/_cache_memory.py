"""
The first layer: objects in memory, bounded in entries and in bytes, each until its time.

Times are kept apart from values, in a heap: nothing that is held is over before `until`, so a hit compares the clock
with this one number and touches nothing but the value. Once the clock has reached it, whoever asks or writes drops what
is over first. Sizes and times are kept beside the policy by whoever holds the lock; they also say who is here, which no
policy can be asked while others read.
"""

from __future__ import annotations

import heapq
import itertools
import sys
import threading
from collections.abc import Callable, Hashable
from typing import Any

from bizra_lab.components._cache_hits import Until
from bizra_lab.components._cache_policies import PolicyName, make_policy

NEVER_NS = sys.maxsize  # a reading no clock reaches

# A key that is replaced leaves its old time behind. With so many more times than keys, they are sorted out.
TIMES_PER_KEY_MAX = 2
TIMES_MIN = 100

_Kept = tuple[int, int]  # size in bytes, and until when


class Memory:
    """So many entries of at most so many bytes together, by the sizes they are put with."""

    def __init__(self, policy: PolicyName, entries_max: int, bytes_max: int | None) -> None:
        # For a hit, which reads `until`, then `held[key]`, then the clock, in this order: what it finds was then in
        # its time at some moment of the call, whatever others drop or put meanwhile.
        self.held = make_policy(policy, entries_max)
        self.until = Until(NEVER_NS)
        self._entries_max = entries_max
        self._bytes_max = bytes_max
        self._lock = threading.RLock()  # re-entrant: the finaliser of an evicted value may use the cache
        self._kept: dict[Hashable, _Kept] = {}
        self._times: list[tuple[int, int, Hashable]] = []  # a heap of until when, a number of its own, and of whom
        self._numbers = itertools.count()
        self._bytes = 0
        self._evictions = 0

    @property
    def entries(self) -> int:
        """How many are here, those among them that are over since nobody has asked for anything."""
        return len(self._kept)

    @property
    def bytes(self) -> int:
        """The sum of their sizes."""
        return self._bytes

    @property
    def evictions(self) -> int:
        """How many had to go for others, so far."""
        return self._evictions

    def find(self, address: Hashable, now_ns: int, default: Any) -> Any:
        """The value, or `default`; the policy takes it for a request."""
        self._drop_over(now_ns)
        try:
            return self.held[address]
        except KeyError:
            return default

    def peek(self, address: Hashable, now_ns: int, default: Any) -> Any:
        """The same, which the policy does not notice."""
        self._drop_over(now_ns)
        return self.held.peek(address, default)

    def put(self, address: Hashable, value: Any, until_ns: int, now_ns: int, size: int) -> None:
        """Keep `value`, others going as the policy chooses; what is larger than all memory is not kept."""
        with self._lock:
            self._drop_over(now_ns)
            if not self._entries_max or (self._bytes_max is not None and size > self._bytes_max):
                self.drop(address)
                return
            if address not in self._kept:
                self._make_room(size, self._entries_max - 1)
            self._note_time(address, until_ns)
            self.held.insert(address, value)
            self._bytes += size - self._kept.get(address, (0, 0))[0]
            self._kept[address] = size, until_ns
            self._make_room(0, self._entries_max)  # a replaced one may have grown

    def drop(self, address: Hashable) -> None:
        """Forget one, if it is here."""
        with self._lock:
            if address in self._kept:
                self.held.pop(address, None)
                self._bytes -= self._kept.pop(address)[0]

    def drop_where(self, is_meant: Callable[[Hashable], bool]) -> None:
        """Forget all whose address is meant."""
        with self._lock:
            for address in [each for each in self._kept if is_meant(each)]:
                self.drop(address)

    def _make_room(self, size: int, entries_max: int) -> None:
        while len(self._kept) > entries_max or (self._bytes_max is not None and self._bytes + size > self._bytes_max):
            victim, _ = self.held.popitem()
            self._bytes -= self._kept.pop(victim)[0]
            self._evictions += 1

    def _note_time(self, address: Hashable, until_ns: int) -> None:
        if until_ns == NEVER_NS:
            return
        if len(self._times) > TIMES_MIN + TIMES_PER_KEY_MAX * len(self._kept):
            self._times = [
                (until_ns, next(self._numbers), each)
                for each, (_, until_ns) in self._kept.items()
                if until_ns != NEVER_NS
            ]
            heapq.heapify(self._times)
        heapq.heappush(self._times, (until_ns, next(self._numbers), address))
        self.until.ns = min(self.until.ns, until_ns)

    def _drop_over(self, now_ns: int) -> None:
        if now_ns < self.until.ns:
            return
        with self._lock:
            times = self._times
            while times and times[0][0] <= now_ns:
                until_ns, _, address = heapq.heappop(times)
                if self._kept.get(address, (0, NEVER_NS))[1] == until_ns:  # unless it was replaced
                    self.drop(address)
            self.until.ns = times[0][0] if times else NEVER_NS
