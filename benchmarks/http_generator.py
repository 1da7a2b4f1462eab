"""Our HTTP client beside wrk and hey, against the same servers: how many requests a second each can make."""

from __future__ import annotations

import contextlib
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks._results import Table
from bizra_lab.components.http_service import Settings, prepare
from bizra_lab.harness.peers import Peer, Printed, run_peer
from bizra_lab.model import Workload

ROUNDS = 3  # of six servers and numbers of connections, and three clients: about half a minute
CONNECTIONS = (1, 2, 8)
OURS_S = 0.5
HEY_S = 0.5
WRK_S = 1.0  # it counts whole seconds
START_PATIENCE_S = 10.0  # nginx starts in milliseconds
REFERENCE = "wrk"

TITLE = "HTTP: how many requests a second the client makes"
EXPLAIN = f"""\
A closed load: every connection stays open and sends its next request when the last is answered. Ours has a thread a
connection, each calling its `operate` in a plain Python loop, without a recorder; wrk and hey run with one thread, or
on one CPU. All ask the same server for the same small answer, one client after the other in {ROUNDS} rounds, each round
beginning with another client, {OURS_S:g}, {WRK_S:g} and {HEY_S:g} s each. `requests/s` is the median round's, `times
{REFERENCE}` the median of the ratios within rounds. Behind our own service the server is the limit, and the clients
share its rate; nginx answers from its configuration, with one worker process, so that the client is. Server and client
share this machine's CPUs, so `CPU, µs a request`, what the client's process used with the kernel's part, median round,
is the figure that other programs disturb least."""

COLUMNS = ("server", "connections", "client", "requests/s", f"times {REFERENCE}", "CPU, µs a request")
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Round:
    """What one client did in one round."""

    rate_per_s: float
    cpu_us: float  # a request, its own and the kernel's for it


Client = Callable[[str, int], Round]  # from a url and a number of connections

_RATE = re.compile(r"Requests/sec:\s+([0-9.]+)")  # both peers word it so

NGINX = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{}}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder};
  proxy_temp_path {folder};
  fastcgi_temp_path {folder};
  uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port};
    location / {{ default_type application/json; return 200 '{{"item":1}}'; }}
  }}
}}
"""


def run() -> Table:
    """One row a server, number of connections and client: requests per second, and how many times wrk's that is."""
    with contextlib.ExitStack() as stack:
        servers = {"our service": stack.enter_context(_our_service())}
        if shutil.which("nginx"):
            servers["nginx"] = stack.enter_context(_nginx())
        rows = [
            row
            for server, url in servers.items()
            for connections in CONNECTIONS
            for row in _rows(server, connections, _rounds(url, connections))
        ]
    return Table(COLUMNS, rows)


def _rounds(url: str, connections: int) -> dict[str, list[Round]]:
    clients = {"ours": _ours} | {name: each for name, each in PEERS.items() if shutil.which(name)}
    order = list(clients)
    seen: dict[str, list[Round]] = {name: [] for name in order}
    for number in range(ROUNDS):
        first = number % len(order)
        for name in order[first:] + order[:first]:
            seen[name].append(clients[name](url, connections))
    return seen


def _rows(server: str, connections: int, seen: Mapping[str, list[Round]]) -> Iterator[tuple[str | float, ...]]:
    for client, rounds in seen.items():
        rate_per_s = round(statistics.median(each.rate_per_s for each in rounds))
        cpu_us = round(statistics.median(each.cpu_us for each in rounds), 1)
        yield server, connections, client, rate_per_s, _times(rounds, seen.get(REFERENCE)), cpu_us


def _times(rounds: Sequence[Round], reference: Sequence[Round] | None) -> str | float:
    if reference is None:
        return NOTHING
    pairs = zip(rounds, reference, strict=True)
    return round(statistics.median(own.rate_per_s / theirs.rate_per_s for own, theirs in pairs), 2)


# --- the clients


def _ours(url: str, connections: int) -> Round:
    workload = prepare(Settings(url=url), np.random.default_rng(1), time.monotonic_ns)
    try:
        return _loops(workload, connections)
    finally:
        workload.close()


def _loops(workload: Workload, connections: int) -> Round:
    assert workload.of_worker is not None
    done = [0] * connections

    def loop(worker: int, operate: Callable[[], object]) -> None:
        until_s = time.monotonic() + OURS_S
        while time.monotonic() < until_s:
            operate()
            done[worker] += 1

    threads = [
        threading.Thread(target=loop, args=(worker, workload.of_worker(worker))) for worker in range(connections)
    ]
    began_s, cpu_began_s = time.monotonic(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall_s, cpu_s = time.monotonic() - began_s, time.process_time() - cpu_began_s
    return Round(sum(done) / wall_s, cpu_s / sum(done) * 1e6)


def _peer(peer: Peer, duration_s: float) -> Client:
    def client(url: str, connections: int) -> Round:
        cpu_began_s = _children_cpu_s()
        printed = run_peer(peer, url, connections, duration_s)
        cpu_s = _children_cpu_s() - cpu_began_s
        assert isinstance(printed, Printed), printed
        found = _RATE.search(printed.text)
        assert found is not None, printed
        rate_per_s = float(found[1])
        return Round(rate_per_s, cpu_s / (rate_per_s * duration_s) * 1e6)

    return client


def _children_cpu_s() -> float:
    """Of the programs that have ended: the servers have not."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


PEERS: Mapping[str, Client] = {"wrk": _peer("wrk", WRK_S), "hey": _peer("hey", HEY_S)}


# --- the servers


@contextlib.contextmanager
def _our_service() -> Iterator[str]:
    argv = [sys.executable, "-m", "bizra_lab.service"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        # Leaving the block closes its input, which ends it.
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/work?item=1"


@contextlib.contextmanager
def _nginx() -> Iterator[str]:
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "nginx.conf").write_text(NGINX.format(folder=folder, port=port), encoding="utf-8")
        with subprocess.Popen(["nginx", "-p", folder, "-c", f"{folder}/nginx.conf", "-e", "stderr"]) as process:
            try:
                _wait_until_it_listens(port)
                yield f"http://127.0.0.1:{port}/"
            finally:
                process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as asked:
        port: int = asked.getsockname()[1]
        return port


def _wait_until_it_listens(port: int) -> None:
    until_s = time.monotonic() + START_PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), START_PATIENCE_S).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.01)
