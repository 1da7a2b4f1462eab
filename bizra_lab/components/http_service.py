"""
An HTTP service in a process of its own, measured over keep-alive connections on the loopback.

    /work           GET ?item=<number>, or POST {"item": <number>}; guarded by the circuit breaker
    /records        POST a record: answered with its number when it is stored, else with every fault of it
    /records/<n>    GET it back
    /items/<n>      GET an item through the cache, from the guarded handler where no layer has it
    /in_flight      the gate at the server's door, as JSON: who is in one of the above, as the server itself sees it
    /judged         how many records were accepted, refused and stored, as JSON
    /cache          what each layer of the cache did, as JSON
    /health         the breaker's state, as JSON

`application` is the service as an ASGI application; it reads no clock and opens no socket. The process that serves it
is `bizra_lab.service`, started here by name; it ends with the process that started it.

The client is a blocking socket a worker. An operation sends a request that was made beforehand, and reads the whole
answer; anything but the right answer raises what becomes its outcome. Right is an answer of 2xx, and for a record with
something wrong its refusal.

What the gate does not see: requests that wait in a socket while the server's one thread is busy or stalls. They are in
flight for the client only, and the difference between the two is the queue before the server's door.
"""

from __future__ import annotations

import dataclasses
import functools
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

import numpy as np

from bizra_lab.components._component import Clock, component
from bizra_lab.components._http_accounts import Account, of_items, of_records
from bizra_lab.components._http_application import BODY_BYTES_MAX, Application, Message, application
from bizra_lab.components._http_catalogue import Catalogue, cache_of, layers_of
from bizra_lab.components._http_client import IDLE_NS, Connections, Target, target_of
from bizra_lab.components._http_outcomes import (
    Failed,
    Garbage,
    Refused,
    Reset,
    TimedOut,
    Unreachable,
    WronglyAccepted,
    WronglyRefused,
    bad_status,
)
from bizra_lab.components._http_process import Process
from bizra_lab.components._http_records import Judged
from bizra_lab.components._http_requests import Plan, Request, item_requests, record_requests
from bizra_lab.components._http_settings import HOST, CatalogueSettings, Orders, ServiceSettings
from bizra_lab.components._http_simulated import Simulated
from bizra_lab.components.cache import CacheError, CacheStats
from bizra_lab.errors import CannotMeasure, one_line
from bizra_lab.model import GateReading, Workload

__all__ = [
    "BODY_BYTES_MAX",
    "HOST",
    "IDLE_NS",
    "Application",
    "Catalogue",
    "CatalogueSettings",
    "Failed",
    "Garbage",
    "Message",
    "Orders",
    "Refused",
    "Reset",
    "ServiceSettings",
    "Settings",
    "TimedOut",
    "Unreachable",
    "WronglyAccepted",
    "WronglyRefused",
    "application",
    "bad_status",
    "cache_of",
    "layers_of",
    "prepare",
    "prepare_simulated",
]

T = TypeVar("T")

TIMEOUT_S_MAX = 3600.0  # what nobody waits for any more

FILLING = 30_000  # requests that the cache has answered before items are measured: memory has been full for long then


@dataclass(frozen=True, slots=True)
class Settings(ServiceSettings):
    """
    The service, or the `url` of one that already runs, and what the client asks.

    `request: work` is a GET, or a POST of `body`, always the same; `records` posts records, `invalid_share` of them
    with one thing wrong, whose refusal is the right answer; `items` asks for keys of the catalogue by Zipf's law.
    """

    request: Literal["work", "records", "items"] = "work"
    url: str | None = None  # of a host that you may load
    body: str | None = None
    invalid_share: float = 0.05
    timeout_s: float = 5.0  # for any one wait; an operation ends within twice as long, plus connecting

    def __post_init__(self) -> None:
        ServiceSettings.__post_init__(self)
        if not 0 <= self.invalid_share <= 1:
            raise ValueError(f"invalid_share must be a share in 0..1, got {self.invalid_share}")
        if not 0 < self.timeout_s <= TIMEOUT_S_MAX:
            raise ValueError(f"timeout_s must be above 0 and at most {TIMEOUT_S_MAX:g}, got {self.timeout_s}")
        if self.request != "work" and (self.url is not None or self.body is not None):
            raise ValueError(f"url and body are asked as they are; expected none with request {self.request}")
        if self.url is not None:
            target_of(self.url)
            if self.service != ServiceSettings():
                raise ValueError("url is of a service that already runs; expected no setting of what it does")

    @property
    def service(self) -> ServiceSettings:
        """The part that the service's process is told."""
        return ServiceSettings(**{each.name: getattr(self, each.name) for each in dataclasses.fields(ServiceSettings)})


def prepare_simulated(settings: Settings, rng: np.random.Generator, clock: Clock) -> Workload:
    """
    One operation is one request, handed to the application itself: no socket, no process, and nothing waits.

    How long it takes is drawn by the harness; stalls are among what it draws. Raises CannotMeasure for a `url`.
    """
    if settings.url is not None:
        raise CannotMeasure(f"http_service: {settings.url} is not here to be simulated; expected no url")
    with ExitStack() as closing:
        try:
            service = Simulated(_orders(settings, 0, closing), rng, clock)
        except CacheError as error:
            raise CannotMeasure(f"http_service: {one_line(error)}") from None
        closing.callback(service.close)
        plan = _plan(settings, rng)
        accounts = _accounts(settings, service.told)
        close = closing.pop_all().close
    order = plan.of_worker(0)

    def operate() -> int:
        request = plan.requests[next(order)]
        status, _ = service.ask(request)
        return request.judge(status)

    return Workload(_name(settings), operate, count=service.count, close=close, scope="simulated", **accounts)


@component(settings=Settings, simulated=prepare_simulated)
def prepare(settings: Settings, rng: np.random.Generator, clock: Clock) -> Workload:
    """
    One operation is one request over the worker's own connection; what is not answered rightly raises `Failed`.

    The service starts here, and listens when this returns; of one that already runs (`url`), nothing is known from
    inside. Made again in another process, the workload is of the same service. The tallies of records and of items are
    the server's own account since the window opened. Raises CannotMeasure when it does not start.
    """
    if settings.url is not None:
        target = target_of(settings.url)
        return _of_running(settings, target, _plan(settings, rng), clock)
    with ExitStack() as closing:
        process = Process(_orders(settings, int(rng.integers(2**32)), closing), settings.timeout_s)
        closing.callback(process.close)
        target = Target(HOST, process.port, "/", f"{HOST}:{process.port}")
        running = _of_running(settings, target, _plan(settings, rng), clock)
        closing.callback(running.close)
        accounts = _accounts(settings, process.told)
        close = closing.pop_all().close
    return dataclasses.replace(
        running,
        count=lambda: process.told("/in_flight", GateReading).entered,
        inside=lambda: process.told("/in_flight", GateReading),
        close=close,
        **accounts,
    )


def _of_running(settings: Settings, target: Target, plan: Plan, clock: Clock) -> Workload:
    connections = Connections(target, plan, settings.timeout_s, clock)
    return Workload(
        _name(settings),
        connections.operate,
        of_worker=connections.of_worker,
        leave=connections.leave,
        remake=functools.partial(_of_running, settings, target, plan, clock),
        # Other clients send one request over and over.
        address=f"http://{target.authority}{plan.requests[0].target}" if settings.request == "work" else None,
        close=connections.close,
        scope="http",
    )


def _name(settings: Settings) -> str:
    return "http_service" if settings.request == "work" else f"http_service.{settings.request}"


def _orders(settings: Settings, seed: int, closing: ExitStack) -> Orders:
    """What the service is told; its folder, if it needs one, goes when `closing` does."""
    folder = None
    if settings.catalogue.needs_folder:
        folder = closing.enter_context(tempfile.TemporaryDirectory(prefix="bizra-lab-service-"))
    return Orders(settings.service, seed, filling=FILLING if settings.request == "items" else 0, folder=folder)


def _plan(settings: Settings, rng: np.random.Generator) -> Plan:
    match settings.request:
        case "records":
            return record_requests(settings.invalid_share, rng)
        case "items":
            return item_requests(settings.catalogue.keys, settings.catalogue.alpha, rng)
        case "work":
            body = None if settings.body is None else settings.body.encode()
            ours = "/work?item=1" if body is None else "/work"
            return Plan((Request(ours if settings.url is None else target_of(settings.url).path, body),))


class _Told(Protocol):
    """What the service tells of itself at a path."""

    def __call__(self, path: str, cls: type[T], /) -> T: ...


def _accounts(settings: Settings, told: _Told) -> dict[str, Any]:
    """`tallies` and `mark` of the workload."""
    account: Account[Any]
    match settings.request:
        case "records":
            account = Account(lambda: told("/judged", Judged), of_records)
        case "items":
            account = Account(lambda: told("/cache", CacheStats), of_items)
        case "work":
            return {}
    return {"tallies": account.tallies, "mark": account.begin}
