"""
Redis as a layer, over redis-py; hiredis reads its answers where it is installed.

A value and its remaining time are asked for in one packet, over redis-py's own connections, kept here for that: through
its client it would be two trips, or a pipeline, either of which costs more than the server takes. Redis keeps the time,
so hosts need not agree on it. How much is kept is the server's `maxmemory`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bizra_lab.components._cache_layers import Found, Item

MS_NS = 1_000_000
NO_EXPIRY, NO_KEY = -1, -2  # what PTTL says instead of a time

DELETED_TOGETHER = 1000  # keys of a prefix, found and deleted at a time: the server serves nobody else meanwhile

# Both questions as the server reads them (RESP): that is packed in a tenth of the time that redis-py takes for it.
_ASK = b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n*2\r\n$4\r\nPTTL\r\n$%d\r\n%b\r\n"

CONNECTIONS_MAX = 1000  # of threads that write at the same time

_GLOB = re.compile(rb"([*?\[\]\\^-])")


class RedisLayer:
    """The server at `url`: `redis://`, `rediss://` or `unix://`. No wait lasts longer than `timeout_s`."""

    def __init__(self, url: str, timeout_s: float = 0.25) -> None:
        # Neither patience nor a second try: the breaker decides whether it is worth asking again.
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            max_connections=CONNECTIONS_MAX,
        )
        self._idle: deque[Any] = deque()  # connections that wait for nothing, the last one used first

    def get(self, key: bytes) -> Found | None:
        question = _ASK % (len(key), key, len(key), key)
        while True:
            try:
                connection, is_new = self._idle.pop(), False
            except IndexError:
                pool = self._client.connection_pool
                connection, is_new = pool.connection_class(**pool.connection_kwargs), True
            try:
                return self._ask(connection, question)
            except redis.ConnectionError:
                # The server has ended the connection since it was used last; asking again changes nothing there.
                if is_new:
                    raise

    def set(self, items: Sequence[Item]) -> None:
        commands = self._client.pipeline(transaction=False)
        for key, data, ttl_ns in items:
            if ttl_ns is None:
                commands.set(key, data)
            elif ttl_ns >= MS_NS:
                commands.set(key, data, px=ttl_ns // MS_NS)
            else:  # over before it is there
                commands.delete(key)
        commands.execute()

    def delete(self, keys: Sequence[bytes]) -> None:
        if keys:
            self._client.unlink(*keys)

    def delete_prefix(self, prefix: bytes) -> None:
        pattern = _GLOB.sub(rb"\\\1", prefix) + b"*"
        some: list[bytes] = []
        for key in self._client.scan_iter(match=pattern, count=DELETED_TOGETHER):
            some.append(key)
            if len(some) >= DELETED_TOGETHER:
                self._client.unlink(*some)
                some.clear()
        self.delete(some)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().disconnect()
        self._client.close()

    def _ask(self, connection: Any, question: bytes) -> Found | None:
        try:
            connection.send_packed_command((question,))
            data = connection.read_response()
            ttl_ms = connection.read_response()
        except BaseException:
            # An answer may still come, and would be taken for that of the next question.
            connection.disconnect()
            raise
        self._idle.append(connection)
        if data is None or ttl_ms == NO_KEY:  # it may end between the two
            return None
        return Found(data, None if ttl_ms == NO_EXPIRY else ttl_ms * MS_NS)
