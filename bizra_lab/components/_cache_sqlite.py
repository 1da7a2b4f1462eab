"""
SQLite as a layer, over Python's own module: the database that needs no server.

One connection behind a lock: an answer takes microseconds, fewer than opening a file. The journal is a write-ahead log
that is not waited for, so a crash of the machine may lose the last writes and damages nothing. `clock` as for LMDB.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from bizra_lab.components._cache_keys import end_of
from bizra_lab.components._cache_layers import Found, Item
from bizra_lab.components._component import Clock

_SETUP = """
PRAGMA journal_mode = wal;
PRAGMA synchronous = off;
CREATE TABLE IF NOT EXISTS bizra_cache (key BLOB PRIMARY KEY, data BLOB NOT NULL, until_ns INTEGER) WITHOUT ROWID;
"""


class SqliteLayer:
    """The database in the file at `path`, made when it is not there. What is past its time stays until `purge`."""

    def __init__(self, path: Path, clock: Clock, timeout_s: float = 1.0) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # Without transactions of the module's own; `_write` begins and ends them.
        self._database = sqlite3.connect(path, timeout=timeout_s, check_same_thread=False, isolation_level=None)
        self._database.executescript(_SETUP)

    def get(self, key: bytes) -> Found | None:
        with self._lock:
            row = self._database.execute("SELECT data, until_ns FROM bizra_cache WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        data, until_ns = row
        if until_ns is None:
            return Found(data, None)
        left_ns = until_ns - self._clock()
        return Found(data, left_ns) if left_ns > 0 else None

    def set(self, items: Sequence[Item]) -> None:
        now_ns = self._clock()
        rows = [(key, data, None if ttl_ns is None else now_ns + ttl_ns) for key, data, ttl_ns in items]
        self._write("INSERT OR REPLACE INTO bizra_cache VALUES (?, ?, ?)", rows)

    def delete(self, keys: Sequence[bytes]) -> None:
        self._write("DELETE FROM bizra_cache WHERE key = ?", [(key,) for key in keys])

    def delete_prefix(self, prefix: bytes) -> None:
        self._write("DELETE FROM bizra_cache WHERE key >= ? AND key < ?", [(prefix, end_of(prefix))])

    def purge(self) -> None:
        """Delete what is past its time."""
        self._write("DELETE FROM bizra_cache WHERE until_ns <= ?", [(self._clock(),)])

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany(statement, rows)
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
