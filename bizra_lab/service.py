"""
The process that serves `components/http_service.py`: `python -m bizra_lab.service '{"port": 8080}'`.

It is told its `Orders` as JSON, binds a port of the loopback, writes the port's number as a line to its standard
output, and serves until its standard input ends or the process that started it is gone: it never outlives it. Started
by hand, it ends with Control-D.

The server is uvicorn with asyncio's loop and httptools' parser, both named, so that figures do not depend on what else
is installed. One thread serves, and hands an answer to the kernel before it goes on: the gate is left when the answer
is on its way, not when another thread is to send it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import select
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import uvicorn

from bizra_lab.components.cache import CacheError
from bizra_lab.components.circuit_breaker import CircuitBreaker
from bizra_lab.components.http_service import HOST, Application, Catalogue, Orders, application, cache_of, layers_of
from bizra_lab.errors import COULD_NOT_RUN, LabError
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.recorder import choose
from bizra_lab.settings import build, parse_yaml

ORPHAN_POLL_S = 1.0  # the pipe tells at once, unless a forked child of the parent still holds its other end

KEEP_ALIVE_S = 3600  # no measured connection is closed for being idle


def main(argv: Sequence[str]) -> int:
    """Serve what the orders ask for, until nobody needs it any more; the exit code."""
    parent = os.getppid()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        orders = build(Orders, parse_yaml(argv[0] if argv else "{}", "orders"), "orders")
        catalogue = _catalogue(orders)
    except (LabError, CacheError) as error:
        sys.stderr.write(f"{error}\n")
        return COULD_NOT_RUN
    with contextlib.closing(catalogue), contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(orders, catalogue))
    return 0


def _end_with(parent: int) -> None:
    """End this process, stalled or not, when its standard input ends or its parent is no longer `parent`."""
    while os.getppid() == parent:
        if select.select([sys.stdin.fileno()], (), (), ORPHAN_POLL_S)[0] and not os.read(sys.stdin.fileno(), 4096):
            break
    os._exit(0)


async def _serve(orders: Orders, catalogue: Catalogue) -> None:
    with _listening(orders.port) as listening:
        server = uvicorn.Server(
            uvicorn.Config(
                _application(orders, catalogue),
                loop="asyncio",
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S,
            )
        )
        # Whoever connects from now on is kept by the kernel until the server is ready.
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        stalling = asyncio.create_task(_stall(orders))
        await server.serve([listening])
        stalling.cancel()


def _listening(port: int) -> socket.socket:
    # Named as TCP: asyncio sends small writes at once (TCP_NODELAY) only where the socket says so. An answer is two
    # writes, and the second would wait 40 ms for the client to acknowledge the first.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((HOST, port))
    made.listen()
    return made


def _catalogue(orders: Orders) -> Catalogue:
    """Raises CacheError for a layer that cannot be made."""
    settings, now_ns = orders.service.catalogue, MonotonicClock.now_ns
    folder = None if orders.folder is None else Path(orders.folder)
    return Catalogue(settings, cache_of(settings, *layers_of(settings, folder, now_ns), now_ns, random.random))


def _application(orders: Orders, catalogue: Catalogue) -> Application:
    settings, rng = orders.service, np.random.default_rng(orders.seed)
    breaker = CircuitBreaker("work", MonotonicClock.now_ns, settings.breaker)
    made = application(settings, breaker, catalogue, choose().gate(), rng, asyncio.sleep)
    catalogue.fill(orders.filling, settings.answer_bytes, rng)
    return made


async def _stall(orders: Orders) -> None:
    """Block the one thread that serves, as a collection or a page-in would, again and again."""
    stall_s = orders.service.stall_ms / 1000
    while stall_s:
        await asyncio.sleep(orders.service.stall_every_s - stall_s)
        MonotonicClock.sleep(stall_s)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
