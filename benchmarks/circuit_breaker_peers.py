"""Our circuit breaker beside the ones on PyPI: what a guarded call costs, in the same process, round by round."""

from __future__ import annotations

import asyncio
import gc
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import circuitbreaker
import interlock
import purgatory
import pybreaker

from benchmarks._results import Table
from bizra_lab.components.circuit_breaker import CircuitBreaker, CircuitBreakerSettings

Call = Callable[[int], Any]

ROUNDS = 31
CALLS = 20_000  # a round: 4 ms at the fastest, a hundred thousand steps of the clock
REFUSALS = 5_000
THREADS = 8
SLEEPS = 25
SLEEP_S = 0.001
SLEEPING_ROUNDS = 5  # milliseconds, not nanoseconds, are compared there
REFERENCE = "circuitbreaker"  # the fastest peer

TITLE = "Circuit breaker: what a guarded call costs"
EXPLAIN = f"""\
The guarded function returns its argument. Ours and interlock-cb keep a window of 100 calls and time every call, to tell
slow ones; circuitbreaker, purgatory and pybreaker count failures in a row and time nothing. All are timed one after the
other in {ROUNDS} rounds, each beginning with another one, garbage collection off; `ns a call` and `calls/s` are the
median round's and include the loop. `times {REFERENCE}` is how many calls go through in the time of one of its: the
median of the ratios within rounds. Its decorator is meant on every path; its `call` and `with` count and never refuse.

Refusing is with the exception raised and caught; `bare` raises and catches one. With {THREADS} threads, time is wall
time over all their calls. Sleeping, each sleeps {SLEEPS} times for {SLEEP_S * 1000:g} ms: a lock that is held while the
function runs puts its calls one behind the other."""

COLUMNS = ("path", "library", "ns a call", "calls/s", f"times {REFERENCE}")


def run() -> Table:
    """One row a path and library: ns per call, calls per second, and how many times circuitbreaker's rate that is."""
    gc.collect()
    gc.disable()
    try:
        paths = {
            "closed, decorator": _timed(_decorated(_echo), _repeat, CALLS),
            "closed, call": _timed(_by_call(), _repeat, CALLS),
            "closed, with": _timed(_by_block(), _repeat, CALLS),
            "refusing": _timed(_refusing(), _repeat, REFUSALS),
            "closed, async": asyncio.run(_timed_async(_decorated_async(), CALLS)),
            f"{THREADS} threads, calls": _timed(_decorated(_echo), _in_threads, CALLS // THREADS),
            f"{THREADS} threads, sleeping": _timed(_decorated(_sleep), _in_threads, SLEEPS, SLEEPING_ROUNDS),
        }
    finally:
        gc.enable()
    return Table(COLUMNS, [row for path, times_ns in paths.items() for row in _rows(path, times_ns)])


def _rows(path: str, times_ns: Mapping[str, list[float]]) -> list[tuple[str | float, ...]]:
    rows: list[tuple[str | float, ...]] = []
    for library, own_ns in times_ns.items():
        median_ns = statistics.median(own_ns)
        ratio = statistics.median(theirs / ours for theirs, ours in zip(times_ns[REFERENCE], own_ns, strict=True))
        rows.append((path, library, round(median_ns, 1), round(1e9 / median_ns), round(ratio, 2)))
    return rows


# --- what is timed


def _echo(value: int) -> int:
    return value


async def _echo_async(value: int) -> int:
    return value


def _sleep(value: int) -> int:
    time.sleep(SLEEP_S)
    return value


def _fail(_: int) -> int:
    raise ConnectionError


def _ours() -> CircuitBreaker:
    return CircuitBreaker("ours", time.monotonic_ns)


def _ours_by_second() -> CircuitBreaker:
    return CircuitBreaker("ours", time.monotonic_ns, CircuitBreakerSettings(window="time", window_size=10))


def _interlock() -> interlock.CircuitBreaker:
    return interlock.CircuitBreaker(name="peer", config=interlock.Config(window_size=100, minimum_number_of_calls=100))


def _decorated(function: Call) -> dict[str, Call]:
    return {
        "bare": function,
        "ours": _ours()(function),
        "ours, time window": _ours_by_second()(function),
        REFERENCE: circuitbreaker.CircuitBreaker()(function),
        "purgatory": purgatory.SyncCircuitBreakerFactory()("peer")(function),
        "pybreaker": pybreaker.CircuitBreaker()(function),
        "interlock-cb": _interlock()(function),
    }


def _by_call() -> dict[str, Call]:
    ours, locked, windowed = _ours(), pybreaker.CircuitBreaker(), _interlock()
    return {
        "ours": lambda value: ours.call(_echo, value),
        REFERENCE: circuitbreaker.CircuitBreaker()(_echo),
        "pybreaker": lambda value: locked.call(_echo, value),
        "interlock-cb": lambda value: windowed.call_sync(_echo, value),
    }


def _by_block() -> dict[str, Call]:
    ours, locked, windowed = _ours(), pybreaker.CircuitBreaker(), _interlock()
    factory = purgatory.SyncCircuitBreakerFactory()

    def through_ours(value: int) -> int:
        with ours.calling():
            return _echo(value)

    def through_purgatory(value: int) -> int:
        with factory.get_breaker("peer"):
            return _echo(value)

    def through_pybreaker(value: int) -> int:
        with locked.calling():
            return _echo(value)

    def through_interlock(value: int) -> int:
        with windowed:
            return _echo(value)

    return {
        "ours": through_ours,
        REFERENCE: circuitbreaker.CircuitBreaker()(_echo),
        "purgatory": through_purgatory,
        "pybreaker": through_pybreaker,
        "interlock-cb": through_interlock,
    }


def _refusing() -> dict[str, Call]:
    ours, locked, windowed = _ours(), pybreaker.CircuitBreaker(), _interlock()
    ours.open()
    locked.open()
    windowed.force_open()
    peer = circuitbreaker.CircuitBreaker(failure_threshold=1, recovery_timeout=3600)
    factory = purgatory.SyncCircuitBreakerFactory(default_threshold=1, default_ttl=3600)
    for breaks in (peer(_fail), factory("peer")(_fail)):
        _quietly(breaks)(1)
    return {
        "bare": _quietly(_fail),
        "ours": _quietly(ours(_echo)),
        REFERENCE: _quietly(peer(_echo)),
        "purgatory": _quietly(factory("peer")(_echo)),
        "pybreaker": _quietly(locked(_echo)),
        "interlock-cb": _quietly(windowed(_echo)),
    }


def _quietly(call: Call) -> Call:
    def caught(value: int) -> None:
        try:
            call(value)
        except Exception:  # each library raises its own
            return
        raise AssertionError("a call went through that was to be refused")

    return caught


def _decorated_async() -> dict[str, Callable[[int], Awaitable[int]]]:
    return {
        "bare": _echo_async,
        "ours": _ours()(_echo_async),
        REFERENCE: circuitbreaker.CircuitBreaker()(_echo_async),
        "purgatory": purgatory.AsyncCircuitBreakerFactory()("peer")(_echo_async),
        "interlock-cb": _interlock()(_echo_async),
    }


# --- how it is timed


def _timed(
    calls: Mapping[str, Call], drive: Callable[[Call, int], float], count: int, rounds: int = ROUNDS
) -> dict[str, list[float]]:
    """For each name its ns per call, one a round; `drive(call, count)` makes and times the calls."""
    names = list(calls)
    times_ns: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            times_ns[name].append(drive(calls[name], count))
    return times_ns


def _repeat(call: Call, count: int) -> float:
    began_ns = time.perf_counter_ns()
    for value in range(count):
        call(value)
    return (time.perf_counter_ns() - began_ns) / count


def _in_threads(call: Call, count: int) -> float:
    """Wall time over all calls: with `THREADS` that do not wait for each other, a call's own time over `THREADS`."""
    ready = threading.Barrier(THREADS + 1)

    def work() -> None:
        ready.wait()
        for value in range(count):
            call(value)

    with ThreadPoolExecutor(THREADS) as pool:
        working = [pool.submit(work) for _ in range(THREADS)]
        ready.wait()
        began_ns = time.perf_counter_ns()
        for each in working:
            each.result()
        return (time.perf_counter_ns() - began_ns) / (count * THREADS)


async def _timed_async(calls: Mapping[str, Callable[[int], Awaitable[int]]], count: int) -> dict[str, list[float]]:
    names = list(calls)
    times_ns: dict[str, list[float]] = {name: [] for name in names}
    for number in range(ROUNDS):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            call = calls[name]
            began_ns = time.perf_counter_ns()
            for value in range(count):
                await call(value)
            times_ns[name].append((time.perf_counter_ns() - began_ns) / count)
    return times_ns
