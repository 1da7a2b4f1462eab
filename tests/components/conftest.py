"""Servers that layers of the cache are tried on; a test that finds none installed fails, and says what to install."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import NotInstalled, PostgresServer, RedisServer


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    # Not pytest's folder: the path of a Unix socket has a hundred characters at most.
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        try:
            server = RedisServer(Path(folder))
        except NotInstalled as missing:
            pytest.fail(str(missing), pytrace=False)
        yield server
        server.kill()


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[PostgresServer]:
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        try:
            server = PostgresServer(Path(folder))
        except NotInstalled as missing:
            pytest.fail(str(missing), pytrace=False)
        yield server
        server.kill()
