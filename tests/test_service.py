"""The service's process: it tells its port, serves, stands still when asked to, and ends with its standard input."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bizra_lab import service
from bizra_lab.components.http_service import HOST, Orders, ServiceSettings
from bizra_lab.errors import COULD_NOT_RUN
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.settings import canonical

PATIENCE_S = 20.0  # after which a test that waits fails instead of hanging; never reached otherwise


@contextmanager
def running(*orders: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "bizra_lab.service", *orders],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def told_port(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def got(connection: http.client.HTTPConnection, path: str) -> tuple[int, dict[str, Any]]:
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_by_hand_it_serves_on_the_port_it_tells_and_ends_with_its_standard_input() -> None:
    with running() as process:
        connection = http.client.HTTPConnection(HOST, told_port(process), timeout=PATIENCE_S)
        assert (200, {"item": 12}) == got(connection, "/work?item=12")
        assert (200, {"breaker": "closed"}) == got(connection, "/health")
        status, gate = got(connection, "/in_flight")
        assert (200, 1, 1) == (status, gate["entered"], gate["left"])
        assert ["at_ns", "entered", "integral_ns", "left"] == sorted(gate)
        connection.close()
        assert process.stdin is not None
        process.stdin.close()
        assert 0 == process.wait(PATIENCE_S)


def test_a_cache_that_is_to_be_filled_is_so_when_it_tells_its_port() -> None:
    orders = Orders(ServiceSettings(service_ms=1000 * PATIENCE_S), filling=200)
    with running(canonical(orders).decode()) as process:
        connection = http.client.HTTPConnection(HOST, told_port(process), timeout=PATIENCE_S)
        status, cache = got(connection, "/cache")
        (memory,) = cache["layers"]
        assert (200, 200) == (status, memory["hits"] + memory["misses"])
        # The most popular key is there, and the handler was not troubled with it.
        assert (200, {"item": 0}) == got(connection, "/items/0")
        connection.close()


def test_what_it_reads_before_the_end_of_its_input_does_not_end_it() -> None:
    with running() as process:
        port = told_port(process)
        assert process.stdin is not None
        process.stdin.write("hello\n")
        process.stdin.flush()
        connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_S)
        for _ in range(3):
            assert (200, {"item": 1}) == got(connection, "/work?item=1")
        connection.close()


def test_it_ends_with_its_input_while_it_stands_still() -> None:
    stalling = ServiceSettings(stall_ms=1000 * PATIENCE_S, stall_every_s=PATIENCE_S + 0.001)
    with running(canonical(Orders(stalling)).decode()) as process:
        told_port(process)
        assert process.stdin is not None
        process.stdin.close()
        assert 0 == process.wait(PATIENCE_S)


@pytest.mark.parametrize(
    ("orders", "sentence"),
    [
        ('{"prot": 1}', "orders.prot: unknown setting; did you mean 'port'?"),
        ('{"service": {"stall_ms": -1}}', "orders.service: stall_ms must be a time of at least 0, got -1.0"),
        ('{"filling": -1}', "orders: filling must be at least 0, got -1"),
        ('{"service": {"catalogue": {"l2": "embedded"}}}', "orders: a layer of the catalogue is embedded; expected"),
        (
            '{"service": {"catalogue": {"l3": "sqlite:///no/such/folder/l3"}}}',
            "no cache layer can be reached at sqlite: unable",
        ),
        ("{", "orders: line 1, column 2:"),
    ],
)
def test_orders_that_make_no_sense_are_refused_in_one_line(orders: str, sentence: str) -> None:
    with running(orders) as process:
        assert process.stderr is not None
        assert COULD_NOT_RUN == process.wait(PATIENCE_S)
        (line,) = process.stderr.read().splitlines()
        assert line.startswith(sentence)


def test_it_stands_still_for_as_long_and_as_often_as_ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[tuple[str, float]] = []

    class Clock:
        @staticmethod
        def sleep(seconds: float) -> None:
            passed.append(("blocks", seconds))
            if len(passed) == 4:
                raise InterruptedError

    async def wait(seconds: float) -> None:
        passed.append(("waits", seconds))

    monkeypatch.setattr(service, "MonotonicClock", Clock)
    monkeypatch.setattr(asyncio, "sleep", wait)
    with pytest.raises(InterruptedError):
        asyncio.run(service._stall(Orders(ServiceSettings(stall_ms=200, stall_every_s=2.0))))
    assert [("waits", 1.8), ("blocks", 0.2)] * 2 == passed


def test_without_a_stall_nothing_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    def blocked(_: float) -> None:
        raise AssertionError("the server stood still")

    monkeypatch.setattr(MonotonicClock, "sleep", blocked)
    asyncio.run(asyncio.wait_for(service._stall(Orders()), PATIENCE_S))


def test_the_second_half_of_an_answer_is_not_held_back_for_the_first_to_be_acknowledged() -> None:
    # asyncio turns TCP_NODELAY on only for a socket that says that it is of TCP.
    with service._listening(0) as listening:
        assert socket.IPPROTO_TCP == listening.proto
        assert HOST == listening.getsockname()[0]
