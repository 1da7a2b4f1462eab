"""
LMDB as a layer: a file that is mapped into memory, bounded in entries and in bytes, shared by the processes of a host.

What came first leaves first when there is no more room. LMDB writes every change beside what it changes, and frees the
old when no reader sees it any more; a file that is full cannot even be emptied. So half of it is left for that, and
where this was not enough, everything goes.

Writing does not wait for the disk: a crash of the machine may lose the file, which is a cache and no more. `clock` must
mean the same to all who open the file, and after a restart too (`time.time_ns`), unless nobody does.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import lmdb

from bizra_lab.components._cache_keys import end_of
from bizra_lab.components._cache_layers import Found, Item
from bizra_lab.components._component import Clock

FOR_EVER = 2**63 - 1

READERS_MAX = 1024  # at the same time, of all processes

LIVE_SHARE_MAX = 0.5  # of the file; the rest is for what is written beside it, and for what readers still see
VALUE_SHARE_MAX = 1 / 16  # of the file: a larger one is not kept, since few such find free pages side by side
CHANGED_SHARE_MAX = 0.25  # of the file, in one transaction: what it replaces stays until it ends
CHANGED_BYTES = 8 * 4096  # by one item beside its data: a path of pages in each of two trees, and as much for who goes
DROPPED_TOGETHER = 16  # when there is no more room, so that not everybody who writes has to make some

FILE_BYTES_MIN = 16 * 2**20  # a page is a few KB, and every change copies several

_HEAD = struct.Struct(">qQ")  # until when, and the number under which `order` has the key
_NUMBER = struct.Struct(">Q")


class LmdbLayer:
    """A folder with an LMDB file of `bytes_max`, half of it used, for at most `entries_max`, none above a sixteenth."""

    def __init__(self, folder: Path, clock: Clock, entries_max: int, bytes_max: int) -> None:
        if entries_max < 1 or bytes_max < FILE_BYTES_MIN:
            raise ValueError(
                f"an LMDB file holds at least 1 entry and {FILE_BYTES_MIN} bytes, got {entries_max} and {bytes_max}"
            )
        self._clock = clock
        self._entries_max = entries_max
        self._bytes_max = bytes_max
        self._environment = lmdb.open(
            str(folder), map_size=bytes_max, max_dbs=2, max_readers=READERS_MAX, sync=False, metasync=False
        )
        self._values = self._environment.open_db(b"values")
        self._order = self._environment.open_db(b"order")  # number → key, oldest first

    def get(self, key: bytes) -> Found | None:
        with self._environment.begin(self._values) as reading:
            kept = reading.get(key)
        if kept is None:
            return None
        until_ns, _ = _HEAD.unpack_from(kept)
        if until_ns == FOR_EVER:
            return Found(kept[_HEAD.size :], None)
        left_ns = until_ns - self._clock()
        return Found(kept[_HEAD.size :], left_ns) if left_ns > 0 else None

    def set(self, items: Sequence[Item]) -> None:
        now_ns = self._clock()
        for some in self._in_parts(items):
            try:
                self._put_all(some, now_ns)
            except lmdb.MapFullError:
                # The free pages lie too far apart for a large value, or readers keep too many.
                self._forget_everything()
                self._put_all(some, now_ns)

    def delete(self, keys: Sequence[bytes]) -> None:
        for first in range(0, len(keys), self._changes_max):
            try:
                with self._environment.begin(write=True) as writing:
                    for key in keys[first : first + self._changes_max]:
                        self._forget(writing, key)
            except lmdb.MapFullError:
                self._forget_everything()

    def delete_prefix(self, prefix: bytes) -> None:
        while some := self._beginning(prefix, end_of(prefix)):
            self.delete(some)

    def close(self) -> None:
        self._environment.close()

    @property
    def _changes_max(self) -> int:
        """So many items may be changed in one transaction, their data aside."""
        return max(1, int(self._bytes_max * CHANGED_SHARE_MAX / CHANGED_BYTES))

    def _beginning(self, prefix: bytes, end: bytes) -> list[bytes]:
        """The first keys from `prefix` on and before `end`, as many as are forgotten in one go."""
        with self._environment.begin(self._values) as reading:
            cursor = reading.cursor()
            if not cursor.set_range(prefix):
                return []
            some = itertools.islice(cursor.iternext(values=False), self._changes_max)
            return list(itertools.takewhile(lambda key: key < end, some))

    def _in_parts(self, items: Sequence[Item]) -> Iterator[list[Item]]:
        part: list[Item] = []
        limit = self._bytes_max * CHANGED_SHARE_MAX
        changed = 0
        for item in items:
            part.append(item)
            changed += CHANGED_BYTES + len(item.data)
            if changed > limit:
                yield part
                part, changed = [], 0
        if part:
            yield part

    def _put_all(self, items: Sequence[Item], now_ns: int) -> None:
        with self._environment.begin(write=True) as writing:
            last = writing.cursor(self._order)
            number = _NUMBER.unpack(last.key())[0] if last.last() else 0
            for item in items:
                number += 1
                self._put(writing, item, now_ns, number)

    def _put(self, writing: lmdb.Transaction[bytes], item: Item, now_ns: int, number: int) -> None:
        self._forget(writing, item.key)
        if len(item.data) > self._bytes_max * VALUE_SHARE_MAX:
            return
        limit = self._bytes_max * LIVE_SHARE_MAX
        while self._live_bytes(writing) + len(item.data) > limit and self._drop_oldest(writing):
            pass
        until_ns = FOR_EVER if item.ttl_ns is None else now_ns + item.ttl_ns
        writing.put(item.key, _HEAD.pack(until_ns, number) + item.data, db=self._values)
        writing.put(_NUMBER.pack(number), item.key, db=self._order, append=True)
        while writing.stat(self._values)["entries"] > self._entries_max:
            self._drop_oldest(writing, 1)

    def _live_bytes(self, writing: lmdb.Transaction[bytes]) -> int:
        stats = (writing.stat(self._values), writing.stat(self._order))
        return sum(
            (each["branch_pages"] + each["leaf_pages"] + each["overflow_pages"]) * each["psize"] for each in stats
        )

    def _forget_everything(self) -> None:
        with self._environment.begin(write=True) as writing:
            writing.drop(self._values, delete=False)
            writing.drop(self._order, delete=False)
        # What a transaction frees is not used by the next one, but by the one after it.
        with self._environment.begin(write=True) as writing:
            writing.put(_NUMBER.pack(0), b"", db=self._order)
            writing.delete(_NUMBER.pack(0), db=self._order)

    def _forget(self, writing: lmdb.Transaction[bytes], key: bytes) -> None:
        kept = writing.pop(key, db=self._values)
        if kept is not None:
            writing.delete(_NUMBER.pack(_HEAD.unpack_from(kept)[1]), db=self._order)

    def _drop_oldest(self, writing: lmdb.Transaction[bytes], count: int = DROPPED_TOGETHER) -> bool:
        """Drop so many, or all there are; whether there was any."""
        oldest = writing.cursor(self._order)
        for dropped in range(count):
            if not oldest.first():
                return dropped > 0
            self._forget(writing, oldest.value())
        return True
