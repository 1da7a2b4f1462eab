"""What becomes of a request: every way a server can fail has its outcome, none hangs, and the server's count agrees."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import re
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import cloudpickle
import numpy as np
import psutil
import pytest

from bizra_lab.components import COMPONENTS, http_service
from bizra_lab.components.circuit_breaker import PLAN_LENGTH, CircuitBreakerSettings
from bizra_lab.components.http_service import (
    BODY_BYTES_MAX,
    IDLE_NS,
    Failed,
    Garbage,
    Message,
    Refused,
    Reset,
    Settings,
    TimedOut,
    Unreachable,
    bad_status,
    prepare,
    prepare_simulated,
)
from bizra_lab.errors import CannotMeasure, SettingsError
from bizra_lab.harness.clock import MonotonicClock, StepClock
from bizra_lab.model import GateReading, Workload
from bizra_lab.settings import build
from bizra_lab.units import SECOND_NS
from tests.components.http_asked import Answered, Asked, asked

PATIENCE_S = 20.0  # after which a test that waits fails instead of hanging; never reached otherwise
SHORT_S = 0.2  # a time-out that is meant to pass

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
UNTIL_THE_END = b"HTTP/1.1 200 OK\r\n\r\nhello"
INTERIM = b"HTTP/1.1 103 Early Hints\r\n\r\n"

Script = Callable[[socket.socket], None]  # what a server does with one connection


class Server:
    """A listening socket whose every connection is served by a script, in a thread; nothing in it waits for ever."""

    def __init__(self, script: Script) -> None:
        self.accepted = 0
        self._script = script
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(PATIENCE_S)
        self.port = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        # A thread that is accepting is woken by this, not by closing.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.accepted += 1
                self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_S)
        with connection, contextlib.suppress(OSError):
            self._script(connection)


@pytest.fixture
def serving() -> Iterator[Callable[[Script], Server]]:
    servers: list[Server] = []

    def start(script: Script) -> Server:
        servers.append(Server(script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def client() -> Iterator[Callable[..., Workload]]:
    """Makes the workload against a port of this machine, and closes it."""
    made: list[Workload] = []

    def make(port: int, clock: Callable[[], int] = MonotonicClock.now_ns, **settings: Any) -> Workload:
        given: dict[str, Any] = {"url": f"http://127.0.0.1:{port}/", "timeout_s": PATIENCE_S} | settings
        made.append(prepare(Settings(**given), np.random.default_rng(1), clock))
        return made[-1]

    yield make
    # Before the servers, whose threads wait for the next request.
    for workload in made:
        workload.close()


def answering(*answers: bytes) -> Script:
    """To each request the next of these, the last again and again."""

    def script(connection: socket.socket) -> None:
        left = list(answers)
        while connection.recv(4096):
            connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return script


def once(answer: bytes) -> Script:
    """To the first request this, and then the end of the connection."""

    def script(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    return script


def outcomes(operate: Callable[[], object], times: int) -> list[str]:
    return [outcome(operate) for _ in range(times)]


def outcome(operate: Callable[[], object]) -> str:
    try:
        operate()
    except Failed as failed:
        return type(failed).__qualname__
    return "ok"


# --- how servers fail


def test_a_server_that_refuses_is_an_outcome_until_it_listens_again(
    serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        operate = client(reserved.getsockname()[1]).operate
        assert ["Refused", "Refused"] == outcomes(operate, 2)
        reserved.listen()
        reserved.settimeout(PATIENCE_S)

        def accept() -> None:
            with reserved.accept()[0] as connection:
                once(WHOLE)(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        assert "ok" == outcome(operate)
        thread.join(PATIENCE_S)


def test_an_answer_that_is_reset_half_way_is_an_outcome_and_the_next_has_a_new_connection(
    serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(WHOLE[:-2])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    server = serving(reset)
    assert ["Reset", "Reset", "Reset"] == outcomes(client(server.port).operate, 3)
    assert 3 == server.accepted


@pytest.mark.parametrize("answer", [b"", WHOLE[:-1], WHOLE[:20], CHUNKED[:-5], UNTIL_THE_END[:17]])
def test_an_answer_that_ends_too_early_is_a_reset(
    answer: bytes, serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    assert ["Reset", "Reset"] == outcomes(client(serving(once(answer)).port).operate, 2)


def test_an_answer_that_comes_too_late_is_timed_out_and_not_taken_for_the_next(
    serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    late = threading.Event()
    first = threading.Event()

    def slow_once(connection: socket.socket) -> None:
        connection.recv(4096)
        if not first.is_set():
            first.set()
            late.wait(PATIENCE_S)
        connection.sendall(WHOLE.replace(b"200", b"500") if late.is_set() else WHOLE)

    server = serving(slow_once)
    operate = client(server.port, timeout_s=SHORT_S).operate
    assert "TimedOut" == outcome(operate)
    assert "ok" == outcome(operate)
    late.set()
    assert 2 == server.accepted


def test_an_answer_that_trickles_is_timed_out_though_every_byte_comes_in_time(
    serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    ended = threading.Event()

    def trickle(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        for _ in range(100):
            if ended.wait(SHORT_S / 10):
                return
            connection.sendall(b"x")

    operate = client(serving(trickle).port, timeout_s=SHORT_S).operate
    assert "TimedOut" == outcome(operate)
    ended.set()


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        WHOLE + WHOLE,
        WHOLE + b"and more",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    ],
)
def test_what_is_not_one_http_answer_is_garbage(
    answer: bytes, serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    server = serving(answering(answer))
    assert ["Garbage", "Garbage"] == outcomes(client(server.port).operate, 2)
    assert 2 == server.accepted


@pytest.mark.parametrize("status", [301, 404, 500, 503])
def test_each_bad_status_is_an_outcome_of_its_own_and_keeps_the_connection(
    status: int, serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    server = serving(answering(WHOLE.replace(b"200", b"%d" % status)))
    assert [f"Status{status}"] * 3 == outcomes(client(server.port).operate, 3)
    assert 1 == server.accepted
    assert bad_status(status) is bad_status(status)


def test_a_name_that_cannot_be_resolved_is_unreachable(
    client: Callable[..., Workload], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "create_connection", unknown)
    with pytest.raises(Unreachable):
        client(1).operate()


# --- how servers answer


@pytest.mark.parametrize("answer", [WHOLE, CHUNKED, INTERIM + WHOLE, INTERIM + INTERIM + CHUNKED])
@pytest.mark.parametrize("piece_bytes", [1, 7, 1000])
def test_a_whole_answer_is_read_however_it_is_cut_and_leaves_the_connection_to_the_next(
    answer: bytes, piece_bytes: int, serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    def in_pieces(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while connection.recv(4096):
            for first in range(0, len(answer), piece_bytes):
                connection.sendall(answer[first : first + piece_bytes])

    server = serving(in_pieces)
    assert ["ok"] * 3 == outcomes(client(server.port).operate, 3)
    assert 1 == server.accepted


@pytest.mark.parametrize("answer", [CLOSING, UNTIL_THE_END, WHOLE.replace(b"1.1", b"1.0")])
def test_a_server_that_closes_after_each_answer_as_it_says_fails_nothing(
    answer: bytes, serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    server = serving(once(answer))
    assert ["ok"] * 4 == outcomes(client(server.port).operate, 4)
    assert 4 == server.accepted


def test_a_connection_that_was_closed_while_idle_is_made_anew(
    serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    clock = StepClock()
    closed = threading.Event()

    def close_unannounced(connection: socket.socket) -> None:
        once(WHOLE)(connection)
        connection.close()
        closed.set()

    server = serving(close_unannounced)
    operate = client(server.port, clock.now_ns).operate
    assert "ok" == outcome(operate)
    assert closed.wait(PATIENCE_S)
    clock.advance(IDLE_NS + 1)
    assert "ok" == outcome(operate)
    assert 2 == server.accepted


def test_a_connection_that_was_idle_and_still_stands_is_used_again(
    serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    clock = StepClock()
    server = serving(answering(WHOLE))
    operate = client(server.port, clock.now_ns).operate
    for _ in range(3):
        assert "ok" == outcome(operate)
        clock.advance(IDLE_NS + 1)
    assert 1 == server.accepted


def test_a_request_is_never_sent_twice(serving: Callable[[Script], Server], client: Callable[..., Workload]) -> None:
    requests: list[bytes] = []

    def swallow(connection: socket.socket) -> None:
        while request := connection.recv(4096):
            requests.append(request)
            if len(requests) == 2:  # the second over this connection: seen, and never answered
                return
            connection.sendall(WHOLE)

    operate = client(serving(swallow).port).operate
    assert ["ok", "Reset"] == outcomes(operate, 2)
    assert 2 == len(requests)


def test_a_body_is_posted_as_it_is_and_the_path_keeps_its_query(
    serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    seen: list[bytes] = []

    def keep(connection: socket.socket) -> None:
        seen.append(connection.recv(4096))
        connection.sendall(CLOSING)

    port = serving(keep).port
    url = f"http://127.0.0.1:{port}/a/b?c=d"
    assert "ok" == outcome(client(port, url=url, body="köln").operate)
    assert "ok" == outcome(client(port, url=url).operate)
    host = b"Host: 127.0.0.1:%d\r\n" % port
    posted, got = seen
    assert posted.startswith(b"POST /a/b?c=d HTTP/1.1\r\n" + host)
    assert posted.endswith(b"Content-Length: 5\r\n\r\nk\xc3\xb6ln")
    assert b"GET /a/b?c=d HTTP/1.1\r\n" + host + b"\r\n" == got


def test_each_worker_has_a_connection_of_its_own(
    serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    server = serving(answering(WHOLE))
    workload = client(server.port)
    assert workload.of_worker is not None
    operations = [workload.of_worker(worker) for worker in range(3)]
    for operate in operations * 2:
        assert "ok" == outcome(operate)
    assert 3 == server.accepted


def test_a_worker_that_leaves_closes_its_connection_and_no_other(
    serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    ended = threading.Semaphore(0)

    def until_it_ends(connection: socket.socket) -> None:
        answering(WHOLE)(connection)
        ended.release()

    server = serving(until_it_ends)
    workload = client(server.port)
    assert workload.of_worker is not None and workload.leave is not None
    leaving, staying = workload.of_worker(0), workload.of_worker(1)
    assert ["ok", "ok"] == [outcome(leaving), outcome(staying)]
    workload.leave(0)
    assert ended.acquire(timeout=PATIENCE_S)
    assert "ok" == outcome(staying)
    assert 2 == server.accepted


def test_closing_wakes_an_operation_that_waits(
    serving: Callable[[Script], Server], client: Callable[..., Workload]
) -> None:
    asked = threading.Event()

    def silent(connection: socket.socket) -> None:
        connection.recv(4096)
        asked.set()
        connection.recv(4096)

    workload = client(serving(silent).port)
    seen: list[str] = []
    waiting = threading.Thread(target=lambda: seen.append(outcome(workload.operate)), daemon=True)
    waiting.start()
    assert asked.wait(PATIENCE_S)
    workload.close()
    waiting.join(PATIENCE_S)
    assert seen in (["Reset"], ["Unreachable"])  # it was reading, or just about to


def test_of_a_service_that_already_runs_nothing_is_known_from_inside(client: Callable[..., Workload]) -> None:
    foreign = client(1)
    assert foreign.count is None
    assert foreign.inside is None
    assert "http" == foreign.scope


# --- the service in its process


@pytest.fixture
def service() -> Iterator[Callable[..., Workload]]:
    """Starts the service with settings, and ends it."""
    started: list[Workload] = []

    def start(**settings: Any) -> Workload:
        wanted = Settings(**{"timeout_s": PATIENCE_S} | settings)
        started.append(prepare(wanted, np.random.default_rng(1), MonotonicClock.now_ns))
        return started[-1]

    yield start
    for workload in started:
        workload.close()


def reading(workload: Workload) -> GateReading:
    assert workload.inside is not None
    return workload.inside()


def reading_when(workload: Workload, enough: Callable[[GateReading], bool]) -> GateReading:
    """The first reading that is enough; fails when none comes."""
    for _ in range(round(PATIENCE_S / 0.01)):
        seen = reading(workload)
        if enough(seen):
            return seen
        MonotonicClock.sleep(0.01)
    raise AssertionError(f"the gate still reads {seen}")


def in_threads(
    workload: Workload, workers: int, work: Callable[[Callable[[], object]], object]
) -> list[threading.Thread]:
    assert workload.of_worker is not None
    threads = [
        threading.Thread(target=work, args=(workload.of_worker(worker),), daemon=True) for worker in range(workers)
    ]
    for thread in threads:
        thread.start()
    return threads


def process() -> psutil.Process:
    """The service that this process has started last."""
    return max(psutil.Process().children(), key=psutil.Process.create_time)


def test_a_thousand_requests_over_eight_connections_lose_none(service: Callable[..., Workload]) -> None:
    workload = service()
    seen: list[str] = []
    for thread in in_threads(workload, 8, lambda operate: seen.extend(outcomes(operate, 125))):
        thread.join(PATIENCE_S)
    assert ["ok"] * 1000 == seen
    assert workload.count is not None
    assert 1000 == workload.count()
    assert 1000 == reading_when(workload, lambda gate: gate.left == gate.entered).left


def test_made_again_in_another_process_the_workload_is_of_the_same_service(service: Callable[..., Workload]) -> None:
    workload = service()
    assert workload.remake is not None and workload.count is not None
    remade = pickle.loads(cloudpickle.dumps(workload.remake))()
    assert ["ok", "ok"] == [outcome(remade.operate), outcome(workload.operate)]
    assert 2 == workload.count()
    assert remade.count is None  # it would count what all the others do
    assert remade.inside is None
    remade.close()
    assert "ok" == outcome(workload.operate)


def test_blocked_requests_are_in_flight_at_the_server(service: Callable[..., Workload]) -> None:
    workload = service(service_ms=1000 * PATIENCE_S)
    threads = in_threads(workload, 5, lambda operate: outcomes(operate, 1))
    blocked = reading_when(workload, lambda gate: gate.entered == 5)
    assert (5, 0) == (blocked.entered, blocked.left)
    later = reading(workload)
    assert 5 * (later.at_ns - blocked.at_ns) == later.integral_ns - blocked.integral_ns
    workload.close()
    for thread in threads:
        thread.join(PATIENCE_S)


def test_the_integral_at_the_server_is_the_time_that_requests_were_held(service: Callable[..., Workload]) -> None:
    workload = service(service_ms=50)
    before = reading(workload)
    for thread in in_threads(workload, 4, lambda operate: outcomes(operate, 2)):
        thread.join(PATIENCE_S)
    after = reading_when(workload, lambda gate: gate.left == 8)
    held_ns = after.integral_ns - before.integral_ns
    assert 8 * 50_000_000 <= held_ns <= 4 * (after.at_ns - before.at_ns)


def test_the_breaker_opens_under_failures_and_answers_503(service: Callable[..., Workload]) -> None:
    breaker = CircuitBreakerSettings(window_size=10, minimum_calls=10)
    workload = service(failure_share=1.0, breaker=breaker)
    assert ["Status500"] * 10 + ["Status503"] * 5 == outcomes(workload.operate, 15)
    assert workload.count is not None
    assert 15 == workload.count()


def test_an_answer_has_as_many_bytes_as_asked_for(service: Callable[..., Workload]) -> None:
    workload = service(answer_bytes=100_000, body='{"item": 7}')
    assert 200 == workload.operate()
    port = process().net_connections("inet4")[0].laddr.port
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as raw:
        raw.sendall(b"GET /work?item=7 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        head, _, body = b"".join(iter(lambda: raw.recv(65536), b"")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'{"item":7}' == body.rstrip()
    assert 100_000 == len(body)


def test_a_server_that_is_killed_is_an_outcome_and_tells_nothing_any_more(service: Callable[..., Workload]) -> None:
    workload = service()
    assert "ok" == outcome(workload.operate)
    killed = process()
    killed.kill()
    killed.wait(PATIENCE_S)
    assert ["Reset", "Refused"] == outcomes(workload.operate, 2)
    with pytest.raises(CannotMeasure, match="http_service: the server tells nothing at /in_flight: "):
        reading(workload)


def test_closing_ends_the_process_even_while_it_holds_requests(service: Callable[..., Workload]) -> None:
    workload = service(service_ms=1000 * PATIENCE_S)
    threads = in_threads(workload, 2, lambda operate: outcomes(operate, 1))
    reading_when(workload, lambda gate: gate.entered == 2)
    served = process()
    workload.close()
    assert not served.is_running()
    for thread in threads:
        thread.join(PATIENCE_S)


@pytest.mark.parametrize("forks", [False, True], ids=["alone", "with a forked child that holds the pipe"])
def test_the_process_ends_when_its_parent_is_killed(forks: bool) -> None:
    parent_code = (
        "import os, time, numpy, psutil; from bizra_lab.components.http_service import Settings, prepare;"
        "prepare(Settings(), numpy.random.default_rng(1), time.monotonic_ns);"
        "served = psutil.Process().children()[0].pid;"
        f"child = os.fork() if {forks} else -1;"
        f"print(served, child, flush=True) if child else None; time.sleep({PATIENCE_S * 2})"
    )
    with subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        served, child = map(int, parent.stdout.readline().split())
        service_process = psutil.Process(served)
        assert "bizra_lab.service" in service_process.cmdline()
        parent.kill()
        try:
            gone, _ = psutil.wait_procs([service_process], PATIENCE_S)
        finally:
            if forks:
                psutil.Process(child).kill()
    assert [service_process] == gone


def test_a_service_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_service, "Orders", lambda *_, **__: {"seed": "x"})
    expected = "http_service: the server did not start: orders.seed: expected int, got 'x'"
    with pytest.raises(CannotMeasure, match=re.escape(expected)):
        prepare(Settings(), np.random.default_rng(1), MonotonicClock.now_ns)


# --- the application by itself


@pytest.mark.parametrize(
    ("status", "method", "query", "body"),
    [
        (200, "GET", b"item=0", b""),
        (200, "GET", b"item=123456789012345678", b""),
        (400, "GET", b"", b""),
        (400, "GET", b"item=", b""),
        (400, "GET", b"item=-1", b""),
        (400, "GET", b"item=1\n", b""),
        (400, "GET", b"item=1&item=2", b""),
        (400, "GET", b"item=1234567890123456789", b""),
        (400, "GET", b"other=1", b""),
        (200, "POST", b"", b'{"item": 1}'),
        (200, "POST", b"", b'\r\n{ "item" : 10 }\n'),
        (400, "POST", b"", b""),
        (400, "POST", b"", b"item=1"),
        (400, "POST", b"", b'{"item": 01}'),
        (422, "POST", b"", b'{"item": 1.0}'),
        (422, "POST", b"", b'{"item": true}'),
        (400, "POST", b"", b'{"item": 1, "item": 2}'),
        (400, "POST", b"", b'{"item": 1}}'),
        (400, "POST", b"", b'\x0b{"item": 1}'),
        (400, "POST", b"", b'{"item": "\xff"}'),
        (422, "POST", b"", b'{"item": 1, "more": 2}'),
        (422, "POST", b"", b'{"item": 1000000000000000000}'),
        (422, "POST", b"", b"[1]"),
        (400, "POST", b"", b"[" * 10_000),
        (400, "POST", b"item=1", b'{"item": 1}'),
        (413, "POST", b"", b" " * (BODY_BYTES_MAX + 1)),
        (405, "PUT", b"item=1", b""),
        (405, "HEAD", b"item=1", b""),
    ],
)
def test_a_request_is_exactly_one_item_or_is_refused(status: int, method: str, query: bytes, body: bytes) -> None:
    assert status == asked(method, "/work", query, body).status


def test_a_body_that_comes_in_pieces_is_one_body() -> None:
    assert b'{"item":42}' == asked("POST", "/work", b"", b'{"it', b'em": 4', b"2}").body.rstrip()


def test_an_unusable_request_says_what_was_expected_and_is_no_call_through_the_breaker() -> None:
    answered = asked("GET", "/work", b"item=x", failure_share=1.0)
    assert 400 == answered.status
    assert b"expected ?item= with 1 to 18 digits" in answered.body


def test_a_path_that_is_not_there_is_404_and_health_tells_the_breakers_state() -> None:
    assert 404 == asked("GET", "/wrok").status
    assert b'{"breaker":"closed"}' == asked("GET", "/health").body


def test_a_client_that_leaves_while_it_sends_leaves_the_gate_too() -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    service = Asked()
    asyncio.run(service.serve({"method": "POST", "path": "/work", "query_string": b""}, gone, Answered().send))
    assert (1, 1) == (service.gate.entered, service.gate.left)


def test_who_asks_what_the_server_sees_is_not_seen() -> None:
    service = Asked()
    for path in ("/in_flight", "/judged", "/cache", "/health"):
        assert 200 == service("GET", path).status
    assert 0 == service.gate.entered
    service("GET", "/items/1")
    assert 1 == service.gate.entered


def test_a_call_that_takes_too_long_is_504() -> None:
    async def never(_: float) -> None:
        await asyncio.Event().wait()

    breaker = CircuitBreakerSettings(call_timeout_s=0.001)
    assert 504 == asked("GET", "/work", b"item=1", sleep=never, service_ms=1, breaker=breaker).status


# --- simulated time


def simulated(seed: int = 1, **settings: Any) -> Workload:
    return prepare_simulated(Settings(**settings), np.random.default_rng(seed), StepClock().now_ns)


def test_simulated_operations_fail_as_often_as_planned_and_are_counted() -> None:
    workload = simulated(failure_share=0.01, service_ms=10)
    seen = outcomes(workload.operate, PLAN_LENGTH)
    assert 100 == seen.count("Status500")
    assert PLAN_LENGTH - 100 == seen.count("ok")
    assert workload.count is not None
    assert PLAN_LENGTH == workload.count()


def test_the_same_seed_simulates_the_same_failures() -> None:
    assert outcomes(simulated(1, failure_share=0.1).operate, 300) == outcomes(
        simulated(1, failure_share=0.1).operate, 300
    )
    assert outcomes(simulated(1, failure_share=0.1).operate, 300) != outcomes(
        simulated(2, failure_share=0.1).operate, 300
    )


def test_the_breaker_opens_in_simulated_time_too_and_closes_when_the_clock_says() -> None:
    clock = StepClock()
    breaker = CircuitBreakerSettings(window_size=4, minimum_calls=4, wait_in_open_s=1.0, call_timeout_s=1.0)
    workload = prepare_simulated(Settings(failure_share=1.0, breaker=breaker), np.random.default_rng(1), clock.now_ns)
    assert ["Status500"] * 4 + ["Status503"] == outcomes(workload.operate, 5)
    clock.advance(SECOND_NS)
    assert "Status500" == outcome(workload.operate)


def test_a_posted_body_is_validated_in_simulated_time_too() -> None:
    assert "ok" == outcome(simulated(body='{"item": 3}').operate)
    assert "Status400" == outcome(simulated(body="nonsense").operate)


def test_a_service_elsewhere_cannot_be_simulated() -> None:
    with pytest.raises(CannotMeasure, match="is not here to be simulated; expected no url"):
        simulated(url="http://127.0.0.1:1/")


# --- settings


def test_its_settings_are_read_from_a_params_file_with_all_defaults() -> None:
    component = COMPONENTS.get("http_service")
    assert Settings() == build(component.settings, {}, "here")
    nested = {"service_ms": 2, "breaker": {"window": "time", "window_size": 10}}
    assert "time" == build(component.settings, nested, "here").breaker.window


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"service_ms": -1}, "service_ms must be a time of at least 0, got -1"),
        ({"stall_ms": 2000}, "stall_every_s must be a time above stall_ms, got 2.0 s and 2000.0 ms"),
        ({"failure_share": 1.5}, "failure_share must be a share in 0..1, got 1.5"),
        ({"answer_bytes": 16777217}, "answer_bytes must be in 0..16777216, got 16777217"),
        ({"timeout_s": 0}, "timeout_s must be above 0 and at most 3600, got 0"),
        ({"url": "https://127.0.0.1/"}, "url must be like http://127.0.0.1:8080/path, got 'https://127.0.0.1/'"),
        ({"url": "127.0.0.1:8080"}, "url must be like http://127.0.0.1:8080/path, got '127.0.0.1:8080'"),
        ({"url": "http://me:secret@127.0.0.1/"}, "url must be like"),
        ({"url": "http://127.0.0.1:99999/"}, "Port out of range"),
        ({"url": "http://127.0.0.1/\r\nX: y"}, "url must have no spaces"),
        ({"url": "http://127.0.0.1/", "service_ms": 1}, "url is of a service that already runs"),
        ({"breaker": {"window_size": 0}}, "window_size must be at least 1, got 0"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(sentence)):
        build(COMPONENTS.get("http_service").settings, settings, "component")


def test_outcomes_are_named_after_their_classes() -> None:
    names = [each.__qualname__ for each in (Refused, Reset, TimedOut, Garbage, Unreachable, bad_status(503))]
    assert ["Refused", "Reset", "TimedOut", "Garbage", "Unreachable", "Status503"] == names
