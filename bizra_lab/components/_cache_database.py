"""
A database as a layer, through SQLAlchemy: PostgreSQL, or SQLite at `sqlite+pysqlite:///file`.

The table `bizra_cache` is made when it is first used, so a server that is away when the cache starts is a layer that
fails, not a cache that cannot start. `clock` must mean the same to all hosts that share the table (`time.time_ns`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy.dialects import postgresql, sqlite

from bizra_lab.components._cache_keys import CacheError, end_of
from bizra_lab.components._cache_layers import Found, Item
from bizra_lab.components._component import Clock
from bizra_lab.errors import one_line

CONNECTIONS = 16  # of a pool, made when they are needed; further threads wait for one

_TABLE = sqlalchemy.Table(
    "bizra_cache",
    sqlalchemy.MetaData(),
    sqlalchemy.Column("key", sqlalchemy.LargeBinary, primary_key=True),
    sqlalchemy.Column("data", sqlalchemy.LargeBinary, nullable=False),
    sqlalchemy.Column("until_ns", sqlalchemy.BigInteger),
)
_FIND = sqlalchemy.select(_TABLE.c.data, _TABLE.c.until_ns).where(_TABLE.c.key == sqlalchemy.bindparam("wanted"))
_DELETE = sqlalchemy.delete(_TABLE).where(_TABLE.c.key == sqlalchemy.bindparam("wanted"))
_DELETE_BETWEEN = sqlalchemy.delete(_TABLE).where(
    _TABLE.c.key >= sqlalchemy.bindparam("first"), _TABLE.c.key < sqlalchemy.bindparam("end")
)
_DELETE_PAST = sqlalchemy.delete(_TABLE).where(_TABLE.c.until_ns <= sqlalchemy.bindparam("now_ns"))


class _Dialect(NamedTuple):
    """What kinds of database say each in a way of their own: to insert or replace, and how long to wait."""

    insert: Callable[[sqlalchemy.Table], Any]
    waits: Callable[[float], dict[str, Any]]


def _postgresql_waits(timeout_s: float) -> dict[str, Any]:
    """No longer than this for a connection, in whole seconds, nor for an answer."""
    return {"connect_timeout": max(1, round(timeout_s)), "options": f"-c statement_timeout={round(timeout_s * 1000)}"}


def _sqlite_waits(timeout_s: float) -> dict[str, Any]:
    """No longer than this for whoever writes."""
    return {"timeout": timeout_s}


_DIALECTS = {
    "postgresql": _Dialect(postgresql.insert, _postgresql_waits),
    "sqlite": _Dialect(sqlite.insert, _sqlite_waits),
}


class DatabaseLayer:
    """The database at a URL of SQLAlchemy's. Raises CacheError for one of another kind, or without its driver."""

    def __init__(self, url: str, clock: Clock, timeout_s: float = 1.0) -> None:
        self._clock = clock
        try:
            parsed = sqlalchemy.make_url(url)
            dialect = _DIALECTS.get(parsed.get_backend_name())
            if dialect is None:
                raise CacheError(f"a database layer is on {' or '.join(_DIALECTS)}, got {parsed.get_backend_name()}")
            if dialect is _DIALECTS["sqlite"] and not parsed.database:
                raise CacheError("a database in memory is one for each connection; expected a file")
            self._engine = sqlalchemy.create_engine(
                parsed,
                poolclass=sqlalchemy.QueuePool,
                pool_size=CONNECTIONS,
                max_overflow=0,
                pool_timeout=timeout_s,
                connect_args=dialect.waits(timeout_s),
            )
        except (sqlalchemy.exc.ArgumentError, ImportError) as error:
            raise CacheError(f"no database can be reached by this URL: {one_line(error)}") from None
        self._upsert = _upsert(dialect.insert(_TABLE))
        self._is_there = False

    def get(self, key: bytes) -> Found | None:
        self._make_table()
        with self._engine.connect() as connection:
            row = connection.execute(_FIND, {"wanted": key}).one_or_none()
        if row is None:
            return None
        if row.until_ns is None:
            return Found(row.data, None)
        left_ns = row.until_ns - self._clock()
        return Found(row.data, left_ns) if left_ns > 0 else None

    def set(self, items: Sequence[Item]) -> None:
        now_ns = self._clock()
        rows = [
            {"key": key, "data": data, "until_ns": None if ttl_ns is None else now_ns + ttl_ns}
            # In one order, so that two who write the same keys do not wait for each other.
            for key, data, ttl_ns in sorted(items)
        ]
        self._write(self._upsert, rows)

    def delete(self, keys: Sequence[bytes]) -> None:
        self._write(_DELETE, [{"wanted": key} for key in sorted(keys)])

    def delete_prefix(self, prefix: bytes) -> None:
        self._write(_DELETE_BETWEEN, [{"first": prefix, "end": end_of(prefix)}])

    def purge(self) -> None:
        """Delete what is past its time."""
        self._write(_DELETE_PAST, [{"now_ns": self._clock()}])

    def close(self) -> None:
        self._engine.dispose()

    def _write(self, statement: Any, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._make_table()
            with self._engine.begin() as connection:
                connection.execute(statement, rows)

    def _make_table(self) -> None:
        if not self._is_there:
            _TABLE.create(self._engine, checkfirst=True)
            self._is_there = True


def _upsert(insert: Any) -> Any:
    return insert.on_conflict_do_update(
        index_elements=["key"], set_={"data": insert.excluded.data, "until_ns": insert.excluded.until_ns}
    )
