"""Records and items: what is refused is stored nowhere, what is cached is loaded once, and nothing hangs or crashes."""

from __future__ import annotations

import asyncio
import json
import pickle
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest

from bizra_lab.components import http_service
from bizra_lab.components._http_outcomes import acceptance, refusal
from bizra_lab.components._http_requests import item_requests, record_requests
from bizra_lab.components.cache import Found, Item
from bizra_lab.components.circuit_breaker import PLAN_LENGTH, CircuitBreakerSettings, State
from bizra_lab.components.http_service import (
    CatalogueSettings,
    Failed,
    Orders,
    Settings,
    WronglyAccepted,
    WronglyRefused,
    prepare,
    prepare_simulated,
)
from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.clock import MonotonicClock, StepClock
from bizra_lab.model import Tally, Workload
from tests.components.http_asked import Answered, Asked, asked

PATIENCE_S = 20.0  # after which a test that waits fails instead of hanging; never reached otherwise

GOOD = b'{"email": "ana@example.com", "age": 40, "active": true, "name": "Ana"}'
EMBEDDED = CatalogueSettings(l2="embedded", l3="embedded")


# --- records


def test_a_good_record_is_stored_and_can_be_got_back() -> None:
    service = Asked()
    assert (201, {"record": 0}) == status_and_said(service("POST", "/records", b"", GOOD))
    assert (201, {"record": 1}) == status_and_said(service("POST", "/records", b"", GOOD[:20], GOOD[20:]))
    assert (200, json.loads(GOOD)) == status_and_said(service("GET", "/records/1"))
    assert (404, {"error": "there is no record 2, or not any more"}) == status_and_said(service("GET", "/records/2"))


def test_a_refused_record_is_told_every_fault_and_stored_nowhere() -> None:
    service = Asked()
    bad = b'{"email": "ana", "age": 17, "active": true, "extra": 1}'
    answered = service("POST", "/records", b"", bad)
    assert 422 == answered.status
    assert [("/email", "mailbox"), ("/age", "range"), ("/name", "missing"), ("/extra", "unknown")] == [
        (fault["path"], fault["code"]) for fault in answered.said["faults"]
    ]
    assert all(fault["message"] for fault in answered.said["faults"])
    assert answered.said["error"].startswith("/email: expected an @; /age: ")
    assert {"accepted": 0, "refused": 1, "stored": 0} == service("GET", "/judged").said
    assert 404 == service("GET", "/records/0").status


@pytest.mark.parametrize(
    ("status", "code", "body"),
    [
        (400, "not_json", b""),
        (400, "not_json", GOOD[:-1]),
        (400, "not_json", GOOD + b"}"),
        (400, "not_json", GOOD.replace(b"40", b"NaN")),
        (400, "not_json", b'{"email": "\xff"}'),
        (400, "not_json", GOOD.replace(b"40", b"9" * 5000)),
        (400, "twice", GOOD.replace(b'"active": true', b'"age": 40')),
        (400, "too_deep", b"[" * 10_000),
        (422, "type", b"[]"),
        (422, "type", GOOD.replace(b"40", b"true")),
        (422, "control", GOOD.replace(b'"Ana"', b'"\\u0000"')),
        (422, "control", GOOD.replace(b'"Ana"', b'"\\ud800"')),
    ],
)
def test_what_is_no_record_is_refused_with_its_code(status: int, code: str, body: bytes) -> None:
    service = Asked()
    answered = service("POST", "/records", b"", body)
    assert (status, [code]) == (answered.status, [fault["code"] for fault in answered.said["faults"]])
    assert 0 == service("GET", "/judged").said["stored"]


def test_a_refused_record_is_no_call_through_the_breaker_and_a_failing_handler_stores_nothing() -> None:
    service = Asked(failure_share=1.0, breaker=CircuitBreakerSettings(window_size=2, minimum_calls=2))
    bad = GOOD.replace(b"40", b"4")
    assert [422] * 5 == [service("POST", "/records", b"", bad).status for _ in range(5)]
    assert State.CLOSED is service.breaker.state
    assert [500, 500, 503, 503] == [service("POST", "/records", b"", GOOD).status for _ in range(4)]
    assert 422 == service("POST", "/records", b"", bad).status
    assert {"accepted": 4, "refused": 6, "stored": 0} == service("GET", "/judged").said


def test_only_the_latest_records_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bizra_lab.components._http_records.RECORDS_KEPT", 2)
    service = Asked()
    for _ in range(3):
        service("POST", "/records", b"", GOOD)
    assert [404, 200, 200] == [service("GET", f"/records/{number}").status for number in range(3)]
    assert 3 == service("GET", "/judged").said["stored"]


# --- items


def test_an_item_is_loaded_once_and_then_answered_from_memory() -> None:
    service = Asked(failure_share=0.0)
    first, second = service("GET", "/items/7"), service("GET", "/items/7")
    assert ({"item": 7}, {"item": 7}) == (first.said, second.said)
    assert [b"l1; fwd=miss", b"l1; hit"] == [each.headers[b"cache-status"] for each in (first, second)]
    stats = service("GET", "/cache").said
    assert (1, 1, 1) == (stats["loads"], stats["layers"][0]["hits"], stats["layers"][0]["misses"])


def test_each_layer_below_is_named_when_it_answers() -> None:
    service = Asked(l2=Below(), catalogue=CatalogueSettings(l1_entries=1))
    said = [service("GET", f"/items/{key}").headers[b"cache-status"] for key in (1, 2, 1, 1)]
    assert [b"l1; fwd=miss", b"l1; fwd=miss", b"l2; hit", b"l1; hit"] == said


def test_a_layer_that_is_away_is_gone_on_without() -> None:
    service = Asked(l2=Away(), catalogue=CatalogueSettings(l1_entries=1))
    assert [200] * 20 == [service("GET", f"/items/{key % 10}").status for key in range(20)]
    l2 = service("GET", "/cache").said["layers"][1]
    assert (0, "open") == (l2["hits"], l2["state"])
    assert State.CLOSED is service.breaker.state


def test_an_item_that_is_not_there_is_asked_for_once_and_404_from_then_on() -> None:
    service = Asked(catalogue=CatalogueSettings(keys=10))
    answered = [service("GET", "/items/10") for _ in range(3)]
    assert [(404, {"error": "there is no item 10"})] * 3 == [status_and_said(each) for each in answered]
    assert [b"l1; fwd=miss", b"l1; hit", b"l1; hit"] == [each.headers[b"cache-status"] for each in answered]
    assert 1 == service("GET", "/cache").said["loads"]
    assert 200 == service("GET", "/items/9").status


def test_who_asks_for_the_same_item_together_shares_one_load() -> None:
    async def together() -> list[Answered]:
        begun = asyncio.Event()
        service = Asked(sleep=lambda _: begun.wait(), service_ms=1)
        waiting = [asyncio.create_task(service.ask("GET", "/items/3")) for _ in range(50)]
        await asyncio.sleep(0)
        begun.set()
        answered = list(await asyncio.gather(*waiting))
        assert (1, 49) == (service.catalogue.stats().loads, service.catalogue.stats().waited)
        return answered

    assert [(200, b"l1; fwd=miss")] * 50 == [
        (each.status, each.headers[b"cache-status"]) for each in asyncio.run(together())
    ]


def test_what_is_in_memory_is_answered_while_the_breaker_is_open() -> None:
    service = Asked()
    assert 200 == service("GET", "/items/1").status
    service.breaker.move_to(State.FORCED_OPEN)
    assert [200, 503] == [service("GET", f"/items/{key}").status for key in (1, 2)]


def test_a_failed_load_is_told_and_not_kept() -> None:
    service = Asked(failure_share=1.0)
    assert [500, 500] == [service("GET", "/items/1").status for _ in range(2)]
    assert 2 == service("GET", "/cache").said["failed_loads"]


def test_an_item_too_large_for_the_cache_is_an_error_in_a_sentence() -> None:
    answered = asked("GET", "/items/1", catalogue=CatalogueSettings(value_bytes_max=10, l1_bytes=1000))
    assert (500, "a value takes at most 10 bytes, got 129") == (answered.status, answered.said["error"])


# --- requests that are none


@pytest.mark.parametrize(
    "path",
    [
        "/items/",
        "/items/01",
        "/items/-1",
        "/items/1.0",
        "/items/1234567890123456789",
        "/items/١",
        "/items/..",
        "/items/1\n",
        "/items/\0",
        "/items/\ufffd",
        "/records/x",
        "/records/01",
        "/items/" + "9" * 60_000,
    ],
)
def test_a_key_that_is_no_number_is_refused(path: str) -> None:
    service = Asked()
    answered = service("GET", path)
    assert 400 == answered.status
    assert answered.said["error"].startswith("expected a number of 1 to 18 digits at the end of the path")
    assert 0 == service.catalogue.stats().asked


@pytest.mark.parametrize(
    ("status", "method", "path", "query"),
    [
        (404, "GET", "/items", b""),
        (404, "GET", "/items/../work", b""),
        (404, "GET", "/items/1/", b""),
        (404, "GET", "//items/1", b""),
        (404, "GET", "/records/../../etc/passwd", b""),
        (405, "POST", "/items/1", b""),
        (405, "DELETE", "/items/1", b""),
        (405, "GET", "/records", b""),
        (405, "PUT", "/records", b""),
        (405, "POST", "/records/0", b""),
        (400, "GET", "/items/1", b"x=1"),
        (400, "POST", "/records", b"x=1"),
        (400, "GET", "/records/0", b"x=1"),
    ],
)
def test_a_wrong_path_method_or_query_is_refused_in_a_sentence(
    status: int, method: str, path: str, query: bytes
) -> None:
    service = Asked()
    answered = service(method, path, query, GOOD)
    assert (status, ["error"]) == (answered.status, list(answered.said))
    assert {"accepted": 0, "refused": 0, "stored": 0} == service("GET", "/judged").said


# --- over real sockets


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    workload = prepare(Settings(catalogue=EMBEDDED), np.random.default_rng(1), MonotonicClock.now_ns)
    assert workload.address is not None
    yield int(workload.address.split(":")[2].split("/")[0])
    workload.close()


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (200, b"GET /items/1 HTTP/1.1\r\n\r\n"),
        (200, b"GET /items/%31 HTTP/1.1\r\n\r\n"),  # the same path (RFC 3986, section 2.3)
        (400, b"GET /items/%2e%2e HTTP/1.1\r\n\r\n"),
        (404, b"GET /items/%2e%2e%2f%2e%2e%2fetc HTTP/1.1\r\n\r\n"),
        (400, b"GET /items/%ff HTTP/1.1\r\n\r\n"),
        (400, b"GET /items/%00 HTTP/1.1\r\n\r\n"),
        (400, b"GET /items/\xff HTTP/1.1\r\n\r\n"),
        (400, b"GET /items/1?q=%ff HTTP/1.1\r\n\r\n"),
        (405, b"POST /items/1 HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"),
        (201, b"POST /records HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(GOOD), GOOD)),
        (201, b"POST /records HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD)),
        (400, b"POST /records HTTP/1.1\r\nContent-Length: 4\r\n\r\n\xff\xfe{}"),
        (413, b"POST /records HTTP/1.1\r\nContent-Length: 200000\r\n\r\n" + b" " * 200_000),
        (400, b"POST /records HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
        (400, b"nonsense\r\n\r\n"),
    ],
)
def test_a_request_is_answered_whatever_it_is(status: int, sent: bytes, port: int) -> None:
    assert [status] == statuses(exchanged(port, sent))


def test_two_requests_in_one_packet_are_two_answers_in_their_order(port: int) -> None:
    received = exchanged(
        port, b"GET /items/1 HTTP/1.1\r\n\r\nGET /items/x HTTP/1.1\r\n\r\nGET /health HTTP/1.1\r\n\r\n"
    )
    assert [200, 400, 200] == statuses(received)


def test_a_slow_client_keeps_nobody_waiting_and_is_answered_when_it_is_done(port: int) -> None:
    head = b"POST /records HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(GOOD)
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as slow:
        for each in (head[:7], head[7:], GOOD[:1]):
            slow.sendall(each)
            assert [200] == statuses(exchanged(port, b"GET /items/2 HTTP/1.1\r\n\r\n"))
        slow.sendall(GOOD[1:])
        assert [201] == statuses(until_the_end(slow))


def test_a_client_that_leaves_in_the_middle_of_a_record_stores_nothing(port: int) -> None:
    before = json.loads(exchanged(port, b"GET /judged HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")[2])
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as leaving:
        leaving.sendall(b"POST /records HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert [200] == statuses(exchanged(port, b"GET /items/2 HTTP/1.1\r\n\r\n"))
    assert before == json.loads(exchanged(port, b"GET /judged HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")[2])


# --- as workloads


@pytest.fixture(params=[prepare, prepare_simulated], ids=["over sockets", "simulated"])
def made(request: pytest.FixtureRequest) -> Iterator[Callable[..., Workload]]:
    """Makes the workload for real or in simulated time, and closes it."""
    started: list[Workload] = []
    clock = MonotonicClock.now_ns if request.param is prepare else StepClock().now_ns

    def make(seed: int = 1, **settings: Any) -> Workload:
        wanted = Settings(**{"timeout_s": PATIENCE_S} | settings)
        started.append(request.param(wanted, np.random.default_rng(seed), clock))
        return started[-1]

    yield make
    for workload in started:
        workload.close()


def test_refusing_an_invalid_record_is_right_and_the_server_counts_how_many_there_were(
    made: Callable[..., Workload],
) -> None:
    workload = made(request="records", invalid_share=0.25)
    assert "http_service.records" == workload.name
    assert {"ok": 2000} == outcomes(workload, 2000)
    assert workload.tallies is not None and workload.count is not None
    tallies = workload.tallies()
    assert ["refused", "stored"] == list(tallies)
    assert 2000 == tallies["refused"].of == tallies["refused"].count + tallies["stored"].count
    assert 430 < tallies["refused"].count < 570
    assert 2000 == workload.count()


def test_a_good_record_that_could_not_be_stored_is_no_refusal(made: Callable[..., Workload]) -> None:
    breaker = CircuitBreakerSettings(window_size=1, minimum_calls=1)
    workload = made(request="records", failure_share=1.0, invalid_share=0.0, breaker=breaker)
    assert {"Status500": 1, "Status503": 2} == outcomes(workload, 3)


def test_the_layers_account_is_of_the_window_alone_and_adds_up(made: Callable[..., Workload]) -> None:
    workload = made(request="items", catalogue=EMBEDDED)
    assert "http_service.items" == workload.name
    assert workload.tallies is not None and workload.mark is not None
    outcomes(workload, 100)
    workload.mark()
    assert {"ok": 2000} == outcomes(workload, 2000)
    tallies = workload.tallies()
    shares = [tallies[f"answered_{who}"] for who in ("l2", "l3", "load", "together")]
    assert {2000} == {each.of for each in shares}
    answered = [each.count for each in shares]
    assert 2000 == tallies["hit_l1"].of == tallies["hit_l1"].count + sum(answered)
    assert all(answered[:3]) and not answered[3]
    # A tenth of the keys in memory answers most requests of Zipf's law.
    assert 0.8 < tallies["hit_l1"].count / 2000 < 0.95


@pytest.mark.parametrize("request_kind", ["records", "items"])
def test_eight_workers_at_once_lose_no_request_and_are_all_answered_rightly(request_kind: str) -> None:
    settings = Settings(request=request_kind, timeout_s=PATIENCE_S, catalogue=EMBEDDED)  # type: ignore[arg-type]
    workload = prepare(settings, np.random.default_rng(1), MonotonicClock.now_ns)
    assert workload.of_worker is not None and workload.count is not None and workload.tallies is not None
    operations = [workload.of_worker(worker) for worker in range(8)]
    with ThreadPoolExecutor(8) as workers:
        seen = list(workers.map(lambda operate: outcomes_of(operate, 200), operations))
    assert [{"ok": 200}] * 8 == seen
    assert 1600 == workload.count()
    assert 1600 == workload.tallies()["refused" if request_kind == "records" else "hit_l1"].of
    workload.close()


def test_made_again_in_another_process_it_asks_the_same_service_for_the_same() -> None:
    settings = Settings(request="records", timeout_s=PATIENCE_S)
    workload = prepare(settings, np.random.default_rng(1), MonotonicClock.now_ns)
    assert workload.remake is not None and workload.tallies is not None
    remade = pickle.loads(cloudpickle.dumps(workload.remake))()
    assert {"ok": 100} == outcomes(remade, 100)
    assert 100 == workload.tallies()["refused"].of
    assert workload.address is None  # others would send the first record over and over
    remade.close()
    workload.close()


def test_the_same_seed_asks_for_the_same_and_finds_the_same() -> None:
    def account(seed: int) -> dict[str, Tally]:
        settings = Settings(request="items", catalogue=EMBEDDED)
        workload = prepare_simulated(settings, np.random.default_rng(seed), StepClock().now_ns)
        assert workload.mark is not None and workload.tallies is not None
        workload.mark()
        outcomes(workload, 1000)
        found = dict(workload.tallies())
        workload.close()
        return found

    assert account(1) == account(1) != account(2)


def test_nothing_is_left_behind_when_it_is_closed(
    made: Callable[..., Workload], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    workload = made(request="items", catalogue=EMBEDDED)
    assert 1 == len([each for each in tmp_path.iterdir() if each.name.startswith("bizra-lab-service-")])
    workload.close()
    assert [] == list(tmp_path.iterdir())


def test_a_layer_that_cannot_be_made_says_why(made: Callable[..., Workload]) -> None:
    with pytest.raises(
        CannotMeasure, match=r"^http_service: .*no cache layer can be reached at sqlite: unable to open"
    ):
        made(catalogue=CatalogueSettings(l2="sqlite:///no/such/folder/l2"))


def test_a_layer_that_is_not_there_yet_does_not_keep_the_service_from_its_work(made: Callable[..., Workload]) -> None:
    workload = made(request="items", catalogue=CatalogueSettings(keys=100, l2="redis://127.0.0.1:1"))
    assert {"ok": 200} == outcomes(workload, 200)


# --- plans and judges


@pytest.mark.parametrize(
    ("judge", "right", "wrong"),
    [
        (acceptance, (200, 201), {400: "WronglyRefused", 422: "WronglyRefused", 413: "Status413", 503: "Status503"}),
        (refusal, (400, 422), {200: "WronglyAccepted", 201: "WronglyAccepted", 500: "Status500", 404: "Status404"}),
    ],
)
def test_what_is_right_depends_on_the_record(
    judge: Callable[[int], int], right: Sequence[int], wrong: dict[int, str]
) -> None:
    assert list(right) == [judge(status) for status in right]
    for status, outcome in wrong.items():
        with pytest.raises(Failed) as caught:
            judge(status)
        assert outcome == type(caught.value).__qualname__
    assert issubclass(WronglyAccepted, Failed) and issubclass(WronglyRefused, Failed)


def test_as_many_records_are_invalid_as_declared_and_all_kinds_of_damage_are_among_them() -> None:
    plan = record_requests(0.05, np.random.default_rng(1))
    asked_for = [plan.requests[each] for each in plan.order]
    assert PLAN_LENGTH == len(asked_for)
    assert 500 == sum(each.judge is refusal for each in asked_for)
    assert 800 == sum(each.judge is refusal for each in plan.requests)
    assert {acceptance} == {each.judge for each in map(plan.requests.__getitem__, record_order(0.0))}
    assert {refusal} == {each.judge for each in map(plan.requests.__getitem__, record_order(1.0))}


def record_order(invalid_share: float) -> tuple[int, ...]:
    return record_requests(invalid_share, np.random.default_rng(1)).order


def test_workers_begin_far_apart_and_each_goes_round_and_round() -> None:
    plan = item_requests(50, 0.0, np.random.default_rng(1))
    length = len(plan.order)
    firsts = sorted(start_of(plan.order, plan.of_worker(worker)) for worker in range(8))
    gaps = np.diff([*firsts, firsts[0] + length])
    assert min(gaps) > length / 16
    whole = plan.of_worker(0)
    assert list(plan.order) * 2 == [next(whole) for _ in range(2 * length)]


def start_of(order: Sequence[int], asked_for: Iterator[int]) -> int:
    """Where in the order a worker begins, told by the next twenty."""
    window = [next(asked_for) for _ in range(20)]
    endless = [*order, *order[:20]]
    return next(first for first in range(len(order)) if endless[first : first + 20] == window)


def test_orders_for_an_embedded_layer_need_a_folder() -> None:
    with pytest.raises(ValueError, match="a layer of the catalogue is embedded; expected the folder for it, or a URL"):
        Orders(http_service.ServiceSettings(catalogue=EMBEDDED))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"invalid_share": 1.5}, "invalid_share must be a share in 0..1, got 1.5"),
        ({"request": "items", "url": "http://127.0.0.1/"}, "url and body are asked as they are"),
        ({"request": "records", "body": "{}"}, "url and body are asked as they are"),
        ({"url": "http://127.0.0.1/", "catalogue": EMBEDDED}, "url is of a service that already runs"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Settings(**settings)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"keys": 0}, "keys must be in 1..10000000 and l2_entries at least 1, got 0 and 2000"),
        ({"l2_entries": 0}, "keys must be in 1..10000000 and l2_entries at least 1, got 10000 and 0"),
        ({"alpha": -1.0}, "alpha must be at least 0, got -1.0"),
        ({"jitter": 1.0}, "jitter must be a share of at least 0 and below 1, got 1.0"),
    ],
)
def test_a_catalogue_that_makes_no_sense_is_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        CatalogueSettings(**settings)


# --- what the tests above are told with


class Below:
    """A layer in a dict."""

    def __init__(self) -> None:
        self._held: dict[bytes, Found] = {}

    def get(self, key: bytes) -> Found | None:
        return self._held.get(key)

    def set(self, items: Sequence[Item]) -> None:
        self._held |= {key: Found(data, ttl_ns) for key, data, ttl_ns in items}

    def delete(self, keys: Sequence[bytes]) -> None:
        for key in keys:
            self._held.pop(key, None)

    def delete_prefix(self, prefix: bytes) -> None:
        self._held = {key: found for key, found in self._held.items() if not key.startswith(prefix)}

    def close(self) -> None:
        pass


class Away:
    """A layer whose server does not answer."""

    def _fail(self, _: object) -> None:
        raise ConnectionRefusedError

    get = set = delete = delete_prefix = _fail

    def close(self) -> None:
        pass


def status_and_said(answered: Answered) -> tuple[int, Any]:
    return answered.status, answered.said


def outcomes(workload: Workload, times: int) -> dict[str, int]:
    return outcomes_of(workload.operate, times)


def outcomes_of(operate: Callable[[], object], times: int) -> dict[str, int]:
    seen: Counter[str] = Counter()
    for _ in range(times):
        try:
            operate()
        except Failed as failed:
            seen[type(failed).__qualname__] += 1
        else:
            seen["ok"] += 1
    return dict(seen)


def exchanged(port: int, sent: bytes) -> bytes:
    """Everything the server sends back to these requests, of which the last ends the connection."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as raw:
        first, line_end, rest = sent.rpartition(b" HTTP/1.1\r\n")
        raw.sendall(first + line_end + (b"Connection: close\r\n" if line_end else b"") + rest)
        return until_the_end(raw)


def until_the_end(raw: socket.socket) -> bytes:
    return b"".join(iter(lambda: raw.recv(65536), b""))


def statuses(received: bytes) -> list[int]:
    return [int(each[:3]) for each in received.split(b"HTTP/1.1 ")[1:]]
