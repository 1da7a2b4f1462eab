"""
A circuit breaker: stops calling what keeps failing or keeps being slow, and tries again after a while.

    breaker = CircuitBreaker("payments", time.monotonic_ns)

    @breaker
    def pay(order): ...

Closed, every call passes; once the window's failure rate or slow-call rate reaches its threshold, it opens. Open, calls
are refused with `CallRefused`; after `wait_in_open_s` it is half-open. Half-open, exactly `permitted_in_half_open`
calls pass as probes; when all have ended, their rates close or open it. Rules and defaults are resilience4j's; the
differences are listed in tests/components/test_circuit_breaker_semantics.py.

Guarantees: the caller's function never runs under a lock. Recording a call is O(1), amortised, in both windows. A
result that ends after the state changed counts for the state it began in, never for the new one. An interrupted call
(asyncio.CancelledError, KeyboardInterrupt, any other BaseException) counts as nothing and gives its probe back.

Cost: a successful call pays for two clock readings and one step of a tally, and waits for no lock. Slow calls are told
exactly all the same, with one comparison: see `_Era.limit_ns`.

Threads: reading or assigning one attribute is atomic. So is a step of a tally (`_component.new_tally`): with the GIL
because it is one C call, without the GIL because a lock is held for just that step, which every call then pays for.
All else that changes, changes under the breaker's own lock. A call reads the era once, at its start, and reports to
that era; a change in between leaves it with an era that nobody looks at any more.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import enum
import functools
import inspect
import logging
import math
import re
import sys
import threading
import types
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

import numpy as np

from bizra_lab.components._component import Clock, component, counted, new_tally
from bizra_lab.model import Workload
from bizra_lab.units import SECOND_NS

P = ParamSpec("P")
R = TypeVar("R")

Exceptions = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool]

NEVER_NS = sys.maxsize  # a reading no clock reaches: 292 years in ns
ALWAYS_NS = -1  # a reading every clock is beyond

# Calls of so many past eras are still counted in `recorded` when they end. A call that outlives more changes of state
# than this is missing in that one number; no decision rests on it.
ERAS_KEPT = 64

_log = logging.getLogger(__name__)


class State(enum.StrEnum):
    """The first three follow from calls and time; the others are entered, and left, by hand only."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    FORCED_OPEN = "forced_open"  # refuses every call
    DISABLED = "disabled"  # lets every call pass and records none in a window
    METRICS_ONLY = "metrics_only"  # lets every call pass, records it, and never opens


@dataclass(frozen=True, slots=True)
class CircuitBreakerSettings:
    """When it opens, how long it stays so, and how it probes. Rates are shares in 0..1; defaults are resilience4j's."""

    window: Literal["count", "time"] = "count"
    window_size: int = 100  # calls, or whole seconds of the clock
    minimum_calls: int = 100  # in the window, before a rate means anything; at most window_size calls are needed
    failure_rate_threshold: float = 0.5  # reached, not exceeded
    slow_call_rate_threshold: float = 1.0
    slow_call_s: float = 60.0  # a call that takes longer is slow, whether it fails or not
    wait_in_open_s: float = 60.0
    permitted_in_half_open: int = 10
    wait_in_half_open_s: float | None = None  # then open again; None waits for every probe, however long it hangs
    call_timeout_s: float | None = None

    def __post_init__(self) -> None:
        if self.window not in ("count", "time"):
            raise ValueError(f"window must be count or time, got {self.window!r}")
        for name in ("window_size", "minimum_calls", "permitted_in_half_open"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("failure_rate_threshold", "slow_call_rate_threshold"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must be a share above 0 and at most 1, got {getattr(self, name)}")
        for name in ("slow_call_s", "wait_in_open_s", "wait_in_half_open_s", "call_timeout_s"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be a time above 0, got {value}")


class CallRefused(Exception):
    """The breaker did not let the call through; its function was not called."""

    # Everything is kept in `args`, worded only when somebody reads it: a refusal must cost next to nothing.

    def __init__(self, breaker: str, state: State, wait_s: float | None) -> None:
        super().__init__(breaker, state, wait_s)

    @property
    def breaker(self) -> str:
        """The name of the breaker that refused."""
        return str(self.args[0])

    @property
    def state(self) -> State:
        """The state in which it refused."""
        return State(self.args[1])

    @property
    def wait_s(self) -> float | None:
        """Seconds until it lets a probe through; None when that does not depend on time alone."""
        return None if self.args[2] is None else float(self.args[2])

    def __str__(self) -> str:
        wait = "" if self.wait_s is None else f"; a probe may pass in {self.wait_s:.3g} s"
        return f"circuit breaker {self.breaker!r} is {self.state}{wait}"


class CallTimedOut(TimeoutError):
    """The call did not end within `call_timeout_s` and was given up."""

    def __init__(self, breaker: str, timeout_s: float) -> None:
        super().__init__(f"call through circuit breaker {breaker!r} did not end within {timeout_s:g} s")
        self.breaker = breaker
        self.timeout_s = timeout_s

    def __reduce__(self) -> tuple[type[CallTimedOut], tuple[str, float]]:
        return CallTimedOut, (self.breaker, self.timeout_s)


@dataclass(frozen=True, slots=True)
class StateChange:
    """
    What a listener is told; `number` counts the breaker's changes from 1.

    Listeners are called outside the lock, so two threads may deliver two changes in either order.
    """

    breaker: str
    before: State
    after: State
    number: int


@dataclass(frozen=True, slots=True)
class BreakerMetrics:
    """What the window of the present state holds, and what was counted since the breaker was made or reset."""

    state: State
    calls: int
    failed: int
    slow: int
    failure_rate: float | None  # of the window's calls, in 0..1; None below the minimum number of calls
    slow_call_rate: float | None
    recorded: int  # calls that ended well or failed, in any state
    left_out: int  # calls that ended ignored or interrupted
    refused: int

    @property
    def seen(self) -> int:
        """Every call asked for that is no longer running."""
        return self.recorded + self.left_out + self.refused


class CircuitBreaker:
    """
    One breaker, for one thing that is called; use it from any number of threads and event loops.

    As a decorator it costs least; `call`, `call_async` and `with breaker.calling():` do the same. `clock` returns ns
    (`time.monotonic_ns`). `counts` says which exceptions are failures, by type or by predicate; others are successes.
    `ignores` says which are neither, and goes before `counts`.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        settings: CircuitBreakerSettings | None = None,
        *,
        counts: Exceptions = Exception,
        ignores: Exceptions = (),
    ) -> None:
        self.name = name
        self.settings = settings or CircuitBreakerSettings()
        self._clock = clock
        self._counts = _predicate(counts)
        self._ignores = _predicate(ignores)
        self._slow_call_ns = round(self.settings.slow_call_s * SECOND_NS)
        # Re-entrant, because a finaliser or a signal handler may call through this breaker while its own thread is
        # in here; it must not wait for itself.
        self._lock = threading.RLock()
        self._on_state_change: tuple[Callable[[StateChange], object], ...] = ()
        self._on_failure: tuple[Callable[[Exception], object], ...] = ()
        self._on_refused: tuple[Callable[[CallRefused], object], ...] = ()
        self._changes = 0
        self._past: deque[Iterator[None]] = deque()  # tallies of the last eras: a late result still counts in its own
        self._recorded_before = 0
        self._left_out = 0
        self._refused = new_tally()
        self._era = self._new_era(State.CLOSED, 0)

    def __repr__(self) -> str:
        return f"<CircuitBreaker {self.name!r} {self.state}>"

    # --- calling through it

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorator: `function`, plain or async, guarded by this breaker. See `guard`."""
        return self.guard(function)

    def guard(
        self, function: Callable[P, R], *, fallback: Callable[Concatenate[Exception, P], R] | None = None
    ) -> Callable[P, R]:
        """
        `function` guarded by this breaker; of an async function, an async one.

        `fallback(error, *arguments)` answers in its place when the call is refused, times out, or fails with what
        counts as a failure; async when the function is. Raises TypeError for a generator function: it runs at the
        pace of its consumer, so put `with breaker.calling():` around what it calls instead.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"{function!r} is a generator: put `with breaker.calling():` around what it calls")
        is_async = _is_async(function)
        if self.settings.call_timeout_s is None:
            names = {
                "breaker": self,
                "function": function,
                "clock": self._clock,
                "admit": self._admit,
                "raised": self._raised,
                "record": self._record,
                "always_ns": ALWAYS_NS,
            }
            guarded = _specialised(function, is_async, names)
        else:
            guarded = self._through_call(function, is_async)
        if fallback is not None:
            guarded = self._with_fallback(guarded, fallback, is_async)
        return functools.wraps(function)(guarded)

    def call(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """
        What `function(*args, **kwargs)` returns or raises. Raises CallRefused, and CallTimedOut.

        Under `call_timeout_s` it runs in a thread of its own, with the caller's context. A thread cannot be stopped:
        after the timeout it is left to itself, as a daemon, and what it still returns is dropped.
        """
        timeout_s = self.settings.call_timeout_s
        ticket = self.begin()
        try:
            if timeout_s is None:
                result = function(*args, **kwargs)
            else:
                result = self._wait_for(functools.partial(function, *args, **kwargs), timeout_s)
        except BaseException as error:
            self.end(ticket, error)
            raise
        self.end(ticket, None)
        return result

    async def call_async(self, function: Callable[P, Awaitable[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """
        What `await function(*args, **kwargs)` gives or raises. Raises CallRefused, and CallTimedOut.

        Under `call_timeout_s` it is cancelled. A timeout set outside the call cancels it too, but does not count: to
        the breaker it is an interruption.
        """
        timeout_s = self.settings.call_timeout_s
        ticket = self.begin()
        try:
            if timeout_s is None:
                result = await function(*args, **kwargs)
            else:
                result = await self._await_for(functools.partial(function, *args, **kwargs), timeout_s)
        except BaseException as error:
            self.end(ticket, error)
            raise
        self.end(ticket, None)
        return result

    def calling(self) -> _Block:
        """
        A context manager, for `with` and `async with`, whose block is one call. Make a new one for every block.

        Raises TypeError under `call_timeout_s`: a block cannot be given up. `async with asyncio.timeout(…)` inside
        the block can, and its TimeoutError counts as any other exception.
        """
        if self.settings.call_timeout_s is not None:
            raise TypeError(
                f"circuit breaker {self.name!r} has call_timeout_s, but a block cannot be given up; use call"
            )
        return _Block(self)

    def begin(self) -> Ticket:
        """
        The ticket to end one call with, for code that begins and ends it in different places. Raises CallRefused.

        Every ticket must be ended: one that is not holds a probe's place while the breaker is half-open.
        """
        era = self._era
        if (limit_ns := era.limit_ns) is None:
            era, limit_ns = self._admit(), ALWAYS_NS
        return era, limit_ns, self._clock()

    def end(self, ticket: Ticket, error: BaseException | None = None) -> None:
        """Record how the call ended: with `error`, or well. To be called once with each ticket, from any thread."""
        era, limit_ns, started_ns = ticket
        if error is not None:
            self._raised(era, started_ns, error)
        elif (finished_ns := self._clock()) > limit_ns:
            self._record(era, started_ns, finished_ns)
        else:
            next(era.tally)

    # --- by hand, and looking at it

    @property
    def state(self) -> State:
        """The present state. An open breaker whose wait is over stays open until the next call asks."""
        return self._era.state

    def move_to(self, state: State) -> None:
        """Into `state` by hand, with an empty window; nothing happens when it is there already."""
        now_ns = self._clock()
        with self._lock:
            change = None if self._era.state is state else self._move(state, now_ns)
        self._announce(change)

    def open(self) -> None:
        """Refuse calls from now for `wait_in_open_s`; `move_to(State.FORCED_OPEN)` refuses until further notice."""
        self.move_to(State.OPEN)

    def close(self) -> None:
        """Let every call pass, with an empty window."""
        self.move_to(State.CLOSED)

    def reset(self) -> None:
        """As new: closed, with an empty window and every count at 0. Listeners stay."""
        now_ns = self._clock()
        with self._lock:
            change = self._move(State.CLOSED, now_ns)
            self._recorded_before -= self._recorded()
            self._left_out = 0
            self._refused = new_tally()
        self._announce(change)

    def metrics(self) -> BreakerMetrics:
        """The window and the counts at this moment."""
        now_ns = self._clock()
        with self._lock:
            era = self._era
            window = era.window
            held = window.held(counted(era.tally), now_ns) if window is not None else _Held(0, 0, 0)
            meaningful = window is not None and held.calls >= window.minimum_calls
            return BreakerMetrics(
                state=era.state,
                calls=held.calls,
                failed=held.failed,
                slow=held.slow,
                failure_rate=held.failed / held.calls if meaningful else None,
                slow_call_rate=held.slow / held.calls if meaningful else None,
                recorded=self._recorded(),
                left_out=self._left_out,
                refused=counted(self._refused),
            )

    def on_state_change(self, listener: Callable[[StateChange], object]) -> None:
        """Call `listener` after every change of state. What a listener raises is logged and changes nothing."""
        with self._lock:
            self._on_state_change += (listener,)

    def on_failure(self, listener: Callable[[Exception], object]) -> None:
        """Call `listener` with every exception that counted as a failure."""
        with self._lock:
            self._on_failure += (listener,)

    def on_refused(self, listener: Callable[[CallRefused], object]) -> None:
        """Call `listener` with every refusal, before it is raised."""
        with self._lock:
            self._on_refused += (listener,)

    # --- one call

    def _admit(self) -> _Era:
        """The era in which one more call may start, its permit taken. Raises CallRefused."""
        while True:
            era = self._era
            if era.limit_ns is not None:
                return era
            now_ns = self._clock()
            # Refusing takes no lock: a permit or a change that comes this instant is the next call's.
            if now_ns < era.until_ns and era.permits == 0:
                raise self._refuse(era, now_ns)
            change = None
            with self._lock:
                if era is not self._era:
                    continue
                if now_ns >= era.until_ns:
                    change = self._move_on(era, now_ns)
                elif era.permits > 0:
                    era.permits -= 1
                    return era
            self._announce(change)

    def _move_on(self, era: _Era, now_ns: int) -> StateChange | None:
        """A state that lasted its time; under the lock. Nobody watches the clock, so this may come late."""
        if era.state is State.OPEN:
            return self._move(State.HALF_OPEN, now_ns)
        return self._move(State.OPEN, era.until_ns)

    def _refuse(self, era: _Era, now_ns: int) -> CallRefused:
        next(self._refused)
        wait_s = (era.until_ns - now_ns) / SECOND_NS if era.state is State.OPEN else None
        refusal = CallRefused(self.name, era.state, wait_s)
        if self._on_refused:
            _tell(self._on_refused, refusal)
        return refusal

    def _raised(self, era: _Era, started_ns: int, error: BaseException) -> None:
        finished_ns = self._clock()
        if not isinstance(error, Exception) or self._asks(self._ignores, error, when_it_raises=False):
            self._leave_out(era)
            return
        failed = isinstance(error, CallTimedOut) or self._asks(self._counts, error, when_it_raises=True)
        self._record(era, started_ns, finished_ns, failed)
        if failed and era.window is not None:
            _tell(self._on_failure, error)

    def _asks(self, predicate: Callable[[Exception], bool], error: Exception, when_it_raises: bool) -> bool:
        # The caller must get the error of his call, and a probe's permit must come back, whatever the predicate does.
        try:
            return predicate(error)
        except Exception:
            _log.exception("circuit breaker %r: a predicate raised on %r", self.name, error)
            return when_it_raises

    def _leave_out(self, era: _Era) -> None:
        with self._lock:
            self._left_out += 1
            if era.state is State.HALF_OPEN:
                era.permits += 1

    def _record(self, era: _Era, started_ns: int, finished_ns: int, failed: bool = False) -> None:
        slow = finished_ns - started_ns > self._slow_call_ns
        change = None
        with self._lock:
            next(era.tally)
            if era is self._era and era.window is not None:
                held = era.window.record(counted(era.tally), failed, slow, finished_ns)
                change = self._weigh(era, era.window, held, finished_ns)
        self._announce(change)

    def _weigh(self, era: _Era, window: _Window, held: _Held, now_ns: int) -> StateChange | None:
        """
        What follows from what the window holds now; under the lock.

        Results that only advance the tally are not weighed. They are fast successes after the minimum was reached, in
        a second that has begun already, so that nothing leaves the window with them but an older result for a newer
        success: they can only lower a rate.
        """
        if held.calls < window.minimum_calls:
            return None
        tripped = (
            held.failed / held.calls >= self.settings.failure_rate_threshold
            or held.slow / held.calls >= self.settings.slow_call_rate_threshold
        )
        if era.state is State.HALF_OPEN:
            return self._move(State.OPEN if tripped else State.CLOSED, now_ns)
        if tripped and era.state is State.CLOSED:
            return self._move(State.OPEN, now_ns)
        era.limit_ns = min(now_ns + self._slow_call_ns, window.turns_ns - 1)
        return None

    # --- eras

    def _move(self, state: State, since_ns: int) -> StateChange | None:
        """Begin a new era; under the lock. None when only the window is new."""
        before = self._era
        self._past.append(before.tally)
        if len(self._past) > ERAS_KEPT:
            self._recorded_before += counted(self._past.popleft())
        self._era = self._new_era(state, since_ns)
        if before.state is state:
            return None
        self._changes += 1
        return StateChange(self.name, before.state, state, self._changes)

    def _new_era(self, state: State, since_ns: int) -> _Era:
        settings = self.settings
        match state:
            case State.CLOSED | State.METRICS_ONLY:
                return _Era(state, ALWAYS_NS, _window(settings))
            case State.DISABLED:
                return _Era(state, NEVER_NS)
            case State.OPEN:
                return _Era(state, None, until_ns=since_ns + round(settings.wait_in_open_s * SECOND_NS))
            case State.FORCED_OPEN:
                return _Era(state, None)
            case State.HALF_OPEN:
                probes = settings.permitted_in_half_open
                wait_s = settings.wait_in_half_open_s
                until_ns = NEVER_NS if wait_s is None else since_ns + round(wait_s * SECOND_NS)
                return _Era(state, None, _CountWindow(probes, probes), permits=probes, until_ns=until_ns)

    def _recorded(self) -> int:
        return self._recorded_before + sum(map(counted, self._past)) + counted(self._era.tally)

    def _announce(self, change: StateChange | None) -> None:
        if change is not None:
            _tell(self._on_state_change, change)

    # --- timeouts and fallbacks

    def _wait_for(self, work: Callable[[], R], timeout_s: float) -> R:
        done: concurrent.futures.Future[R] = concurrent.futures.Future()
        context = contextvars.copy_context()

        def run() -> None:
            try:
                result = context.run(work)
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(result)

        # A pool would be exhausted by calls that hang, and the next ones would time out without having run.
        threading.Thread(target=run, name=f"{self.name} call", daemon=True).start()
        try:
            return done.result(timeout_s)
        except TimeoutError:
            if done.done():  # its own TimeoutError, or it ended in this very instant
                return done.result()
            raise CallTimedOut(self.name, timeout_s) from None

    async def _await_for(self, work: Callable[[], Awaitable[R]], timeout_s: float) -> R:
        try:
            async with asyncio.timeout(timeout_s) as timeout:
                return await work()
        except TimeoutError as error:
            if timeout.expired():
                raise CallTimedOut(self.name, timeout_s) from error
            raise

    def _through_call(self, function: Any, is_async: bool) -> Callable[..., Any]:
        def through_call(*args: Any, **kwargs: Any) -> Any:
            return self.call(function, *args, **kwargs)

        async def through_call_async(*args: Any, **kwargs: Any) -> Any:
            return await self.call_async(function, *args, **kwargs)

        return through_call_async if is_async else through_call

    def _with_fallback(self, guarded: Any, fallback: Any, is_async: bool) -> Callable[..., Any]:
        def answers(error: Exception) -> bool:
            return isinstance(error, CallRefused | CallTimedOut) or (
                not self._asks(self._ignores, error, when_it_raises=False)
                and self._asks(self._counts, error, when_it_raises=True)
            )

        def with_fallback(*args: Any, **kwargs: Any) -> Any:
            try:
                return guarded(*args, **kwargs)
            except Exception as error:
                if not answers(error):
                    raise
                return fallback(error, *args, **kwargs)

        async def with_fallback_async(*args: Any, **kwargs: Any) -> Any:
            try:
                return await guarded(*args, **kwargs)
            except Exception as error:
                if not answers(error):
                    raise
                return await fallback(error, *args, **kwargs)

        return with_fallback_async if is_async else with_fallback


class _Block:
    """One call as the block of `with` or `async with`."""

    __slots__ = ("_breaker", "_ticket")

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker = breaker

    def __enter__(self) -> None:
        self._ticket = self._breaker.begin()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._breaker.end(self._ticket, error)

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.__exit__(kind, error, trace)


class _Era:
    """
    One stay in one state. Every call keeps the era it began in, and reports to it.

    `limit_ns` is what a call compares with: None, it must ask for admission first; otherwise a call that began when
    the limit was this, and ends at or before it, can be neither slow nor the first of a new second. So it is a reading
    taken before the call began plus the slow-call time, or the end of the present second when that comes first.
    `tally` counts the results of calls that began here; a result's number is the count that includes it.
    """

    __slots__ = ("limit_ns", "permits", "state", "tally", "until_ns", "window")

    def __init__(
        self,
        state: State,
        limit_ns: int | None,
        window: _Window | None = None,
        permits: int = 0,
        until_ns: int = NEVER_NS,
    ) -> None:
        self.state = state
        self.limit_ns = limit_ns
        self.window = window
        self.permits = permits
        self.until_ns = until_ns
        self.tally = new_tally()


Ticket = tuple[_Era, int, int]  # the era a call began in, that era's limit then, and the reading then


@dataclass(frozen=True, slots=True)
class _Held:
    """What a window holds."""

    calls: int
    failed: int
    slow: int


class _CountWindow:
    """
    The last `size` results. Only failed and slow ones are kept, with their number; the others are those between.

    Its methods are called under the breaker's lock.
    """

    turns_ns = NEVER_NS

    def __init__(self, size: int, minimum_calls: int) -> None:
        self.minimum_calls = minimum_calls
        self._size = size
        self._marked: deque[tuple[int, bool, bool]] = deque()  # number, failed, slow
        self._failed = 0
        self._slow = 0

    def record(self, number: int, failed: bool, slow: bool, now_ns: int) -> _Held:
        """What the window holds with the result that is the `number`-th of its era."""
        if failed or slow:
            self._marked.append((number, failed, slow))
            self._failed += failed
            self._slow += slow
        return self.held(number, now_ns)

    def held(self, count: int, _now_ns: int) -> _Held:
        """What the window holds after `count` results."""
        while self._marked and self._marked[0][0] <= count - self._size:
            _, failed, slow = self._marked.popleft()
            self._failed -= failed
            self._slow -= slow
        return _Held(min(count, self._size), self._failed, self._slow)


@dataclass(slots=True)
class _Second:
    second: int
    first_number: int
    failed: int = 0
    slow: int = 0


class _TimeWindow:
    """
    The results of the present second of the clock and of the `size - 1` before it.

    A second that saw results has a bucket; the number of its first result tells how many calls the window holds.
    Its methods are called under the breaker's lock.
    """

    def __init__(self, size: int, minimum_calls: int) -> None:
        self.minimum_calls = minimum_calls
        self.turns_ns = 0  # when the present second is over
        self._size = size
        self._seconds: deque[_Second] = deque()
        self._failed = 0
        self._slow = 0

    def record(self, number: int, failed: bool, slow: bool, now_ns: int) -> _Held:
        """What the window holds with the result that is the `number`-th of its era and ended at `now_ns`."""
        if now_ns >= self.turns_ns or not self._seconds:
            second = now_ns // SECOND_NS
            self._seconds.append(_Second(second, number))
            self.turns_ns = (second + 1) * SECOND_NS
        present = self._seconds[-1]
        present.failed += failed
        present.slow += slow
        self._failed += failed
        self._slow += slow
        return self.held(number, now_ns)

    def held(self, count: int, now_ns: int) -> _Held:
        """What the window holds after `count` results, at `now_ns`."""
        oldest = now_ns // SECOND_NS - self._size + 1
        while self._seconds and self._seconds[0].second < oldest:
            gone = self._seconds.popleft()
            self._failed -= gone.failed
            self._slow -= gone.slow
        calls = count - self._seconds[0].first_number + 1 if self._seconds else 0
        return _Held(calls, self._failed, self._slow)


_Window = _CountWindow | _TimeWindow


def _window(settings: CircuitBreakerSettings) -> _Window:
    if settings.window == "time":
        return _TimeWindow(settings.window_size, settings.minimum_calls)
    # A count window never holds more than its size: a greater minimum would never be reached.
    return _CountWindow(settings.window_size, min(settings.minimum_calls, settings.window_size))


def _predicate(exceptions: Exceptions) -> Callable[[Exception], bool]:
    if isinstance(exceptions, type | tuple):
        return lambda error: isinstance(error, exceptions)
    return exceptions


def _tell(listeners: tuple[Callable[[Any], object], ...], event: object) -> None:
    for listener in listeners:
        try:
            listener(event)
        except Exception:
            _log.exception("a circuit breaker's listener raised on %r", event)


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


# `begin` and `end` written out around a call with the function's own parameters: packing and unpacking *args and
# **kwargs, and two more frames, would double the cost. What is filled in are identifiers of a compiled function.
_WRAPPER = """
{async_}def wrapper({parameters}):
    era = breaker._era
    if (limit_ns := era.limit_ns) is None:
        era, limit_ns = admit(), always_ns
    started_ns = clock()
    try:
        result = {await_}function({arguments})
    except BaseException as error:
        raised(era, started_ns, error)
        raise
    if (finished_ns := clock()) > limit_ns:
        record(era, started_ns, finished_ns)
    else:
        next(era.tally)
    return result
"""
_WRAPPER_NAMES = frozenset(re.findall(r"\w+", _WRAPPER))


def _specialised(function: Callable[..., Any], is_async: bool, names: dict[str, Any]) -> Callable[..., Any]:
    """The wrapper for `function`, taking exactly its parameters; `names` is what it knows."""
    parameters, arguments = _parameters(function)
    async_, await_ = ("async ", "await ") if is_async else ("", "")
    source = _WRAPPER.format(async_=async_, await_=await_, parameters=parameters, arguments=arguments)
    exec(compile(source, "<guarded by a circuit breaker>", "exec"), names)  # noqa: S102 — see _WRAPPER
    wrapper: types.FunctionType = names["wrapper"]
    if isinstance(function, types.FunctionType):
        wrapper.__defaults__ = function.__defaults__
        wrapper.__kwdefaults__ = function.__kwdefaults__
    return wrapper


def _parameters(function: Callable[..., Any]) -> tuple[str, str]:
    """
    How `function` is declared, and how it is called with the same names, as source text.

    Read from its code and not by `inspect.signature`, which believes `__wrapped__` and `__signature__`.
    """
    anything = "*args, **kwargs"
    if not isinstance(function, types.FunctionType):
        return anything, anything
    code = function.__code__
    has_rest = bool(code.co_flags & inspect.CO_VARARGS)
    has_named_rest = bool(code.co_flags & inspect.CO_VARKEYWORDS)
    count = code.co_argcount + code.co_kwonlyargcount + has_rest + has_named_rest
    names = code.co_varnames[:count]
    if _WRAPPER_NAMES.intersection(names):  # a parameter would hide what the wrapper needs under that name
        return anything, anything
    positional = names[: code.co_argcount]
    named = names[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    rest = iter(names[code.co_argcount + code.co_kwonlyargcount :])
    declared = list(positional)
    called = list(positional)
    if code.co_posonlyargcount:
        declared.insert(code.co_posonlyargcount, "/")
    if has_rest:
        name = next(rest)
        declared.append(f"*{name}")
        called.append(f"*{name}")
    elif named:
        declared.append("*")
    declared += named
    called += [f"{name}={name}" for name in named]
    if has_named_rest:
        name = next(rest)
        declared.append(f"**{name}")
        called.append(f"**{name}")
    return ", ".join(declared), ", ".join(called)


# Long enough that the plan is no pattern, prime so that it never falls in step with a window.
PLAN_LENGTH = 10_007


@dataclass(frozen=True, slots=True)
class Settings(CircuitBreakerSettings):
    """A breaker before a service that fails by plan; `failure_share` of its calls, to one in 10,007, raise."""

    failure_share: float = 0.003  # an input of the study, not a result: the breaker sees it, it does not cause it

    def __post_init__(self) -> None:
        CircuitBreakerSettings.__post_init__(self)
        if not 0 <= self.failure_share <= 1:
            raise ValueError(f"failure_share must be a share in 0..1, got {self.failure_share}")


@component(settings=Settings)
def prepare(settings: Settings, rng: np.random.Generator, clock: Clock) -> Workload:
    """
    One operation is one guarded call; injected failures raise ConnectionError, refused calls CallRefused.

    The plan of failures is drawn beforehand and repeats, so that no random number is drawn while it is measured.
    """
    fails = (rng.permutation(PLAN_LENGTH) < round(settings.failure_share * PLAN_LENGTH)).tolist()
    breaker = CircuitBreaker("service", clock, settings)
    calls = iter(range(sys.maxsize))

    def service() -> int:
        call = next(calls)
        if fails[call % PLAN_LENGTH]:
            raise ConnectionError("injected by the plan")
        return call

    return Workload("circuit_breaker", breaker(service), count=lambda: breaker.metrics().seen)
