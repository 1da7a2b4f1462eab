"""How the breaker is used, what it counts, and what it withstands."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
import inspect
import logging
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from bizra_lab.components import COMPONENTS
from bizra_lab.components._component import counted, new_tally
from bizra_lab.components.circuit_breaker import (
    ERAS_KEPT,
    PLAN_LENGTH,
    CallRefused,
    CallTimedOut,
    CircuitBreaker,
    CircuitBreakerSettings,
    Settings,
    State,
    StateChange,
    _TimeWindow,
    prepare,
)
from bizra_lab.harness.clock import StepClock
from bizra_lab.settings import build
from bizra_lab.units import SECOND_NS

PATIENCE_S = 30.0  # after which a test that waits for another thread fails instead of hanging; never reached otherwise
MOMENT_S = 0.01  # a timeout that is meant to pass

FOUR = CircuitBreakerSettings(window_size=4, minimum_calls=4, permitted_in_half_open=2, wait_in_open_s=10.0)


class Broken(Exception):
    """What the guarded function raises when it fails."""


def fail() -> None:
    raise Broken


def succeed() -> None:
    pass


def send(breaker: CircuitBreaker, *outcomes: Callable[[], None]) -> None:
    """Call each through the breaker, whatever comes of it."""
    for outcome in outcomes:
        try:
            breaker.call(outcome)
        except Exception:
            continue


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


@pytest.fixture
def breaker(clock: StepClock) -> CircuitBreaker:
    return CircuitBreaker("payments", clock.now_ns, FOUR)


def half_open(breaker: CircuitBreaker) -> CircuitBreaker:
    breaker.move_to(State.HALF_OPEN)
    return breaker


# --- settings


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"window": "calls"}, "window must be count or time, got 'calls'"),
        ({"window_size": 0}, "window_size must be at least 1, got 0"),
        ({"minimum_calls": 0}, "minimum_calls must be at least 1, got 0"),
        ({"permitted_in_half_open": 0}, "permitted_in_half_open must be at least 1, got 0"),
        (
            {"failure_rate_threshold": 0.0},
            "failure_rate_threshold must be a share above 0 and at most 1, got 0.0",
        ),
        ({"failure_rate_threshold": 50}, "failure_rate_threshold must be a share above 0 and at most 1, got 50"),
        (
            {"slow_call_rate_threshold": float("nan")},
            "slow_call_rate_threshold must be a share above 0 and at most 1, got nan",
        ),
        ({"slow_call_s": 0.0}, "slow_call_s must be a time above 0, got 0.0"),
        ({"wait_in_open_s": -1.0}, "wait_in_open_s must be a time above 0, got -1.0"),
        ({"wait_in_half_open_s": 0.0}, "wait_in_half_open_s must be a time above 0, got 0.0"),
        ({"call_timeout_s": float("inf")}, "call_timeout_s must be a time above 0, got inf"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_a_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match="got") as refused:
        CircuitBreakerSettings(**settings)
    assert sentence == str(refused.value)


# --- the three ways through it, plain and async

Way = Callable[[CircuitBreaker, Callable[[], Any]], Any]


def by_decorator(breaker: CircuitBreaker, function: Callable[[], Any]) -> Any:
    return breaker(function)()


def by_call(breaker: CircuitBreaker, function: Callable[[], Any]) -> Any:
    return breaker.call(function)


def by_block(breaker: CircuitBreaker, function: Callable[[], Any]) -> Any:
    with breaker.calling():
        return function()


def by_async_decorator(breaker: CircuitBreaker, function: Callable[[], Any]) -> Any:
    async def work() -> Any:
        return function()

    return asyncio.run(breaker(work)())


def by_async_call(breaker: CircuitBreaker, function: Callable[[], Any]) -> Any:
    async def work() -> Any:
        return function()

    return asyncio.run(breaker.call_async(work))


def by_async_block(breaker: CircuitBreaker, function: Callable[[], Any]) -> Any:
    async def work() -> Any:
        async with breaker.calling():
            return function()

    return asyncio.run(work())


WAYS = [by_decorator, by_call, by_block, by_async_decorator, by_async_call, by_async_block]


@pytest.mark.parametrize("through", WAYS)
def test_every_way_through_it_opens_refuses_probes_and_closes(through: Way, clock: StepClock) -> None:
    breaker = CircuitBreaker("payments", clock.now_ns, FOUR)
    assert "answer" == through(breaker, lambda: "answer")
    for _ in range(3):
        with pytest.raises(Broken):
            through(breaker, fail)
    assert "open" == breaker.state
    clock.advance(4 * SECOND_NS)
    with pytest.raises(CallRefused) as refused:
        through(breaker, succeed)
    assert ("payments", State.OPEN, 6.0) == (refused.value.breaker, refused.value.state, refused.value.wait_s)
    clock.advance(6 * SECOND_NS)
    through(breaker, succeed)
    assert "half_open" == breaker.state
    through(breaker, succeed)
    assert "closed" == breaker.state


@pytest.mark.parametrize("through", WAYS)
def test_every_way_through_it_measures_how_long_a_call_takes(through: Way, clock: StepClock) -> None:
    breaker = CircuitBreaker("payments", clock.now_ns, CircuitBreakerSettings(minimum_calls=1, slow_call_s=1.0))
    slow = []
    for takes_ns in (SECOND_NS, SECOND_NS + 1, SECOND_NS, SECOND_NS + 1, SECOND_NS - 1, SECOND_NS + 1):
        through(breaker, functools.partial(clock.advance, takes_ns))
        slow.append(breaker.metrics().slow)
    assert [0, 1, 1, 2, 2, 3] == slow


@pytest.mark.parametrize("through", WAYS)
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit])
def test_an_interrupted_probe_counts_as_nothing_and_gives_its_place_back(
    through: Way, interruption: type[BaseException], breaker: CircuitBreaker
) -> None:
    def interrupted() -> None:
        raise interruption

    half_open(breaker)
    for _ in range(5):
        with pytest.raises(interruption):
            through(breaker, interrupted)
    assert (State.HALF_OPEN, 0, 5) == (breaker.state, breaker.metrics().calls, breaker.metrics().left_out)
    send(breaker, succeed, succeed)
    assert "closed" == breaker.state


def test_a_ticket_ends_a_call_elsewhere(breaker: CircuitBreaker) -> None:
    first, second = breaker.begin(), breaker.begin()
    breaker.end(second, Broken())
    breaker.end(first)
    assert (2, 1) == (breaker.metrics().calls, breaker.metrics().failed)


# --- what it does to a function


def no_parameters() -> Any:
    return ()


def positional(a: Any, b: Any = 2) -> Any:
    return a, b


def positional_only(a: Any, b: Any = 2, /, c: Any = 3) -> Any:
    return a, b, c


def keyword_only(a: Any, *, b: Any, c: Any = 3) -> Any:
    return a, b, c


def with_the_rest(a: Any, *more: Any, b: Any = 2, **named: Any) -> Any:
    return a, more, b, named


def named_as_the_wrapper_names(era: Any, result: Any, next: Any = 3, *, clock: Any = 4) -> Any:  # noqa: A002
    return era, result, next, clock


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "returned"),
    [
        (no_parameters, (), {}, ()),
        (positional, (1,), {}, (1, 2)),
        (positional, (), {"b": 1, "a": 0}, (0, 1)),
        (positional_only, (1,), {"c": 9}, (1, 2, 9)),
        (positional_only, (1, 5, 9), {}, (1, 5, 9)),
        (keyword_only, (1,), {"b": 2}, (1, 2, 3)),
        (with_the_rest, (1,), {}, (1, (), 2, {})),
        (with_the_rest, (1, 7, 8), {"b": 3, "z": 4}, (1, (7, 8), 3, {"z": 4})),
        (named_as_the_wrapper_names, (1, 2), {"clock": 5}, (1, 2, 3, 5)),
        (len, ((1, 2, 3),), {}, 3),
        (functools.partial(positional, 7), (), {"b": 8}, (7, 8)),
        (int, ("12",), {"base": 8}, 10),
    ],
)
def test_a_guarded_function_takes_what_the_function_takes(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], returned: Any, breaker: CircuitBreaker
) -> None:
    assert returned == breaker(function)(*args, **kwargs)


@pytest.mark.parametrize("function", [no_parameters, positional, positional_only, keyword_only, with_the_rest])
def test_a_guarded_function_keeps_name_and_signature(function: Callable[..., Any], breaker: CircuitBreaker) -> None:
    guarded = breaker(function)
    assert function.__name__ == guarded.__name__
    declared, own = inspect.signature(function), inspect.signature(guarded, follow_wrapped=False)
    assert [(each.name, each.kind, each.default) for each in declared.parameters.values()] == [
        (each.name, each.kind, each.default) for each in own.parameters.values()
    ]


def test_a_wrong_call_raises_the_usual_type_error_and_counts_as_nothing(breaker: CircuitBreaker) -> None:
    with pytest.raises(TypeError):
        breaker(positional)(1, 2, 3)  # type: ignore[call-arg]
    assert 0 == breaker.metrics().seen


def test_a_function_is_taken_as_it_is_not_as_it_says_it_is(breaker: CircuitBreaker) -> None:
    @functools.wraps(positional)
    def other(x: int) -> int:
        return x + 1

    assert 6 == breaker(other)(5)


def test_methods_are_guarded_per_class_and_bind_as_before(breaker: CircuitBreaker, clock: StepClock) -> None:
    timed = CircuitBreaker("timed", clock.now_ns, CircuitBreakerSettings(call_timeout_s=PATIENCE_S))

    class Account:
        def __init__(self, balance: int) -> None:
            self.balance = balance

        @breaker
        def plus(self, amount: int = 1) -> int:
            return self.balance + amount

        @timed
        def minus(self, amount: int) -> int:
            return self.balance - amount

        @staticmethod
        @breaker
        def zero() -> int:
            return 0

    assert (11, 15, 5, 0) == (Account(10).plus(), Account(10).plus(amount=5), Account(10).minus(5), Account.zero())


def test_a_guarded_async_function_is_an_async_function(breaker: CircuitBreaker) -> None:
    async def answer() -> int:
        return 42

    class Answering:
        async def __call__(self) -> int:
            return 42

    assert inspect.iscoroutinefunction(breaker(answer))
    assert inspect.iscoroutinefunction(breaker(Answering()))
    assert 42 == asyncio.run(breaker(Answering())())


def test_generators_are_refused_because_they_run_at_their_consumers_pace(breaker: CircuitBreaker) -> None:
    def numbers() -> Iterator[int]:
        yield 1

    async def async_numbers() -> Any:
        yield 1

    for function in (numbers, async_numbers):
        with pytest.raises(TypeError, match="is a generator: put `with breaker"):
            breaker(function)


# --- which exceptions count


@pytest.mark.parametrize(
    ("rules", "raised", "failed", "left_out"),
    [
        ({}, ValueError, 1, 0),
        ({"counts": OSError}, ConnectionError, 1, 0),
        ({"counts": OSError}, ValueError, 0, 0),
        ({"counts": (OSError, KeyError)}, KeyError, 1, 0),
        ({"counts": lambda error: "bad" in str(error)}, ValueError("bad luck"), 1, 0),
        ({"counts": lambda error: "bad" in str(error)}, ValueError("luck"), 0, 0),
        ({"ignores": LookupError}, KeyError, 0, 1),
        ({"ignores": LookupError}, ValueError, 1, 0),
        ({"ignores": lambda error: error.args == (404,), "counts": ValueError}, ValueError(404), 0, 1),
        ({"ignores": ValueError, "counts": ValueError}, ValueError, 0, 1),
    ],
)
def test_which_exceptions_count(rules: Any, raised: Any, failed: int, left_out: int, clock: StepClock) -> None:
    def work() -> None:
        raise raised

    breaker = CircuitBreaker("payments", clock.now_ns, **rules)
    send(breaker, work)
    metrics = breaker.metrics()
    assert (failed, left_out) == (metrics.failed, metrics.left_out)
    assert 1 - left_out == metrics.calls


def test_an_ignored_probe_gives_its_place_back(clock: StepClock) -> None:
    breaker = half_open(CircuitBreaker("payments", clock.now_ns, FOUR, ignores=Broken))
    send(breaker, fail, fail, fail, succeed)
    assert "half_open" == breaker.state
    send(breaker, succeed)
    assert "closed" == breaker.state


@pytest.mark.parametrize("rule", ["counts", "ignores"])
def test_a_predicate_that_raises_hides_nothing_and_the_call_counts_as_failed(
    rule: str, clock: StepClock, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong(error: Exception) -> bool:
        raise RuntimeError("the predicate is wrong")

    breaker = half_open(CircuitBreaker("payments", clock.now_ns, FOUR, **{rule: wrong}))
    for _ in range(2):
        with pytest.raises(Broken):
            breaker.call(fail)
    assert "open" == breaker.state
    assert "the predicate is wrong" in caplog.text


# --- call timeout


def test_a_call_that_does_not_end_in_time_is_given_up_and_counts_as_failed(clock: StepClock) -> None:
    released = threading.Event()
    settings = CircuitBreakerSettings(call_timeout_s=MOMENT_S)
    breaker = CircuitBreaker("payments", clock.now_ns, settings, counts=Broken)
    with pytest.raises(CallTimedOut, match=r"'payments' did not end within 0\.01 s") as timed_out:
        breaker.call(released.wait, PATIENCE_S)
    released.set()
    assert ("payments", MOMENT_S) == (timed_out.value.breaker, timed_out.value.timeout_s)
    assert (1, 1) == (breaker.metrics().calls, breaker.metrics().failed)


def test_an_async_call_that_does_not_end_in_time_is_cancelled_and_counts_as_failed(clock: StepClock) -> None:
    cancelled = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    breaker = CircuitBreaker("payments", clock.now_ns, CircuitBreakerSettings(call_timeout_s=MOMENT_S))
    with pytest.raises(CallTimedOut):
        asyncio.run(breaker(hang)())
    assert ([True], 1) == (cancelled, breaker.metrics().failed)


def test_within_its_time_a_call_answers_raises_and_sees_its_callers_context(clock: StepClock) -> None:
    language: contextvars.ContextVar[str] = contextvars.ContextVar("language")
    language.set("cs")
    breaker = CircuitBreaker("payments", clock.now_ns, CircuitBreakerSettings(call_timeout_s=PATIENCE_S))

    async def work() -> str:
        return language.get()

    assert "cs" == breaker(language.get)()
    assert "cs" == asyncio.run(breaker(work)())
    with pytest.raises(Broken):
        breaker.call(fail)


def test_a_timeout_of_the_functions_own_is_passed_on_as_it_is(clock: StepClock) -> None:
    def work() -> None:
        raise TimeoutError("my own")

    breaker = CircuitBreaker("payments", clock.now_ns, CircuitBreakerSettings(call_timeout_s=PATIENCE_S))
    for through in (by_call, by_async_call):
        with pytest.raises(TimeoutError, match="my own") as raised:
            through(breaker, work)
        assert TimeoutError is type(raised.value)


def test_a_block_has_no_call_timeout_and_says_so(clock: StepClock) -> None:
    breaker = CircuitBreaker("payments", clock.now_ns, CircuitBreakerSettings(call_timeout_s=1.0))
    with pytest.raises(TypeError, match="a block cannot be given up"):
        breaker.calling()


# --- fallback


def test_a_fallback_answers_when_the_call_fails_or_is_refused(breaker: CircuitBreaker) -> None:
    def from_cache(error: Exception, key: str, default: str = "-") -> str:
        return f"{key}{default}{type(error).__name__}"

    def read(key: str, default: str = "-") -> str:
        raise Broken

    guarded = breaker.guard(read, fallback=from_cache)
    assert ["k+Broken"] * 4 == [guarded("k", default="+") for _ in range(4)]
    assert "k-CallRefused" == guarded("k")


def test_a_fallback_leaves_alone_what_is_no_failure(clock: StepClock) -> None:
    def look_up(text: str) -> str:
        raise KeyError(text)

    def parse(text: str) -> str:
        raise ValueError(text)

    def from_cache(error: Exception, text: str) -> str:
        return "from the cache"

    breaker = CircuitBreaker("payments", clock.now_ns, counts=ConnectionError, ignores=KeyError)
    with pytest.raises(KeyError):
        breaker.guard(look_up, fallback=from_cache)("k")
    with pytest.raises(ValueError, match="k"):
        breaker.guard(parse, fallback=from_cache)("k")


def test_an_async_fallback_answers_for_an_async_function(clock: StepClock) -> None:
    async def hang(key: str) -> str:
        await asyncio.Event().wait()
        return key

    async def from_cache(error: Exception, key: str) -> str:
        return key + type(error).__name__

    breaker = CircuitBreaker("payments", clock.now_ns, CircuitBreakerSettings(call_timeout_s=MOMENT_S))
    assert "kCallTimedOut" == asyncio.run(breaker.guard(hang, fallback=from_cache)("k"))


# --- by hand


@pytest.mark.parametrize(
    ("state", "passes"),
    [
        (State.CLOSED, True),
        (State.OPEN, False),
        (State.HALF_OPEN, True),
        (State.FORCED_OPEN, False),
        (State.DISABLED, True),
        (State.METRICS_ONLY, True),
    ],
)
def test_it_goes_into_every_state_by_hand(state: State, passes: bool, breaker: CircuitBreaker) -> None:
    breaker.move_to(state)
    assert state == breaker.state
    if passes:
        breaker.call(succeed)
    else:
        with pytest.raises(CallRefused):
            breaker.call(succeed)


def test_forced_open_refuses_for_ever_and_says_no_wait(breaker: CircuitBreaker, clock: StepClock) -> None:
    breaker.move_to(State.FORCED_OPEN)
    clock.advance(10**9 * SECOND_NS)
    with pytest.raises(CallRefused) as refused:
        breaker.call(succeed)
    assert refused.value.wait_s is None
    assert "circuit breaker 'payments' is forced_open" == str(refused.value)


def test_open_by_hand_waits_its_time_and_then_probes(breaker: CircuitBreaker, clock: StepClock) -> None:
    clock.advance(5 * SECOND_NS)
    breaker.open()
    clock.advance(10 * SECOND_NS - 1)
    with pytest.raises(CallRefused, match="a probe may pass in 1e-09 s"):
        breaker.call(succeed)
    clock.advance(1)
    breaker.call(succeed)
    assert "half_open" == breaker.state


def test_closing_by_hand_begins_with_an_empty_window_and_keeps_the_counts(breaker: CircuitBreaker) -> None:
    send(breaker, fail, fail, fail, fail, succeed)
    breaker.close()
    metrics = breaker.metrics()
    assert (State.CLOSED, 0, 4, 1) == (metrics.state, metrics.calls, metrics.recorded, metrics.refused)


def test_reset_forgets_everything(breaker: CircuitBreaker) -> None:
    send(breaker, succeed, fail, fail, fail, fail)
    breaker.reset()
    metrics = breaker.metrics()
    assert (State.CLOSED, 0, 0) == (metrics.state, metrics.calls, metrics.seen)
    send(breaker, fail, fail, fail)
    assert "closed" == breaker.state


# --- listeners


def test_listeners_hear_of_changes_failures_and_refusals(breaker: CircuitBreaker, clock: StepClock) -> None:
    changes: list[StateChange] = []
    failures: list[str] = []
    refusals: list[State] = []
    breaker.on_state_change(changes.append)
    breaker.on_failure(lambda error: failures.append(type(error).__name__))
    breaker.on_refused(lambda refusal: refusals.append(refusal.state))
    send(breaker, fail, fail, succeed, succeed, succeed)
    clock.advance(10 * SECOND_NS)
    send(breaker, succeed, succeed)
    breaker.reset()
    assert [
        StateChange("payments", State.CLOSED, State.OPEN, 1),
        StateChange("payments", State.OPEN, State.HALF_OPEN, 2),
        StateChange("payments", State.HALF_OPEN, State.CLOSED, 3),
    ] == changes
    assert (["Broken", "Broken"], [State.OPEN]) == (failures, refusals)


def test_a_listener_that_raises_changes_nothing(breaker: CircuitBreaker, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[object] = []

    def wrong(event: object) -> None:
        raise RuntimeError("the listener is wrong")

    for register in (breaker.on_state_change, breaker.on_failure, breaker.on_refused):
        register(wrong)
        register(heard.append)
    with caplog.at_level(logging.ERROR):
        for _ in range(4):
            with pytest.raises(Broken):
                breaker.call(fail)
        with pytest.raises(CallRefused):
            breaker.call(succeed)
    assert (State.OPEN, 4, 6) == (breaker.state, breaker.metrics().recorded, len(heard))
    assert 6 == caplog.text.count("RuntimeError: the listener is wrong")


def test_a_disabled_breaker_tells_of_no_failure(breaker: CircuitBreaker) -> None:
    failures: list[Exception] = []
    breaker.on_failure(failures.append)
    breaker.move_to(State.DISABLED)
    send(breaker, fail)
    assert [] == failures


def test_a_listener_may_use_the_breaker_it_listens_to(breaker: CircuitBreaker) -> None:
    breaker.on_state_change(lambda change: breaker.close() if change.after is State.OPEN else None)
    send(breaker, fail, fail, fail, fail)
    assert "closed" == breaker.state


# --- metrics


def test_metrics_hold_no_rate_before_the_minimum_and_the_windows_rate_after(breaker: CircuitBreaker) -> None:
    send(breaker, succeed, succeed, fail)
    assert (3, 1, None) == (breaker.metrics().calls, breaker.metrics().failed, breaker.metrics().failure_rate)
    send(breaker, succeed)
    assert 0.25 == breaker.metrics().failure_rate
    assert 0.0 == breaker.metrics().slow_call_rate


def test_every_call_is_seen_once_however_often_the_state_changes(breaker: CircuitBreaker) -> None:
    for _ in range(3 * ERAS_KEPT):
        breaker.close()
        send(breaker, succeed)
        breaker.open()
        send(breaker, succeed)
    assert (3 * ERAS_KEPT, 3 * ERAS_KEPT) == (breaker.metrics().recorded, breaker.metrics().refused)


def test_errors_survive_a_journey_between_processes() -> None:
    refused = pickle.loads(pickle.dumps(CallRefused("payments", State.OPEN, 1.5)))
    timed_out = pickle.loads(pickle.dumps(CallTimedOut("payments", 1.5)))
    assert ("payments", State.OPEN, 1.5) == (refused.breaker, refused.state, refused.wait_s)
    assert ("payments", 1.5) == (timed_out.breaker, timed_out.timeout_s)


# --- results that come late


def test_a_result_from_before_a_change_is_counted_but_weighs_nothing(breaker: CircuitBreaker) -> None:
    late = [breaker.begin() for _ in range(4)]
    half_open(breaker)
    breaker.end(late.pop(), Broken())
    breaker.end(late.pop())
    assert (State.HALF_OPEN, 0) == (breaker.state, breaker.metrics().calls)
    breaker.close()
    breaker.end(late.pop(), Broken())
    breaker.end(late.pop())
    assert (State.CLOSED, 0, 4) == (breaker.state, breaker.metrics().calls, breaker.metrics().recorded)


def test_a_late_interruption_gives_no_place_to_a_later_round_of_probes(breaker: CircuitBreaker) -> None:
    late = half_open(breaker).begin()
    breaker.open()
    half_open(breaker)
    breaker.end(late, KeyboardInterrupt())
    probes = [breaker.begin(), breaker.begin()]
    with pytest.raises(CallRefused):
        breaker.begin()
    for probe in probes:
        breaker.end(probe)
    assert "closed" == breaker.state


def test_an_outcome_lands_in_the_window_even_when_its_listener_reopens_the_breaker(breaker: CircuitBreaker) -> None:
    breaker.on_failure(lambda error: breaker.move_to(State.FORCED_OPEN))
    send(breaker, fail)
    assert (State.FORCED_OPEN, 1) == (breaker.state, breaker.metrics().recorded)


def test_a_result_that_ended_before_the_window_was_last_emptied_still_finds_its_place() -> None:
    window = _TimeWindow(size=2, minimum_calls=1)
    window.record(1, failed=True, slow=False, now_ns=SECOND_NS // 2)
    assert 0 == window.held(1, 100 * SECOND_NS).calls
    held = window.record(2, failed=True, slow=False, now_ns=SECOND_NS // 2 + 1)
    assert (1, 1) == (held.calls, held.failed)


# --- threads and tasks


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What `work(0)`, `work(1)` … return, each in a thread of its own."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count), timeout=PATIENCE_S))


@pytest.mark.parametrize("state", [State.CLOSED, State.HALF_OPEN])
def test_eight_threads_are_inside_the_function_at_once(state: State, clock: StepClock) -> None:
    breaker = CircuitBreaker("payments", clock.now_ns, CircuitBreakerSettings(permitted_in_half_open=8))
    breaker.move_to(state)
    all_inside = threading.Barrier(8)
    guarded = breaker(lambda: all_inside.wait(PATIENCE_S))
    assert list(range(8)) == sorted(in_threads(8, lambda _: guarded()))


def test_a_fast_success_and_a_refusal_wait_for_no_lock(clock: StepClock) -> None:
    def refused() -> bool:
        with pytest.raises(CallRefused):
            opened.call(succeed)
        return True

    closed = CircuitBreaker("closed", clock.now_ns, FOUR)
    opened = CircuitBreaker("opened", clock.now_ns, FOUR)
    guarded = closed(lambda: True)
    for _ in range(4):
        guarded()
    opened.open()
    with closed._lock, opened._lock:
        assert [True, True] == in_threads(2, lambda number: (guarded, refused)[number]())


def test_a_guarded_function_may_call_itself_and_ask_the_breaker(breaker: CircuitBreaker) -> None:
    @breaker
    def countdown(n: int) -> int:
        return n if n == 0 else countdown(n - 1) + breaker.metrics().calls

    assert 1 + 2 + 3 == countdown(3)  # each level sees the calls inside it ended
    assert 4 == breaker.metrics().recorded


@pytest.mark.parametrize("permitted", [1, 5])
def test_exactly_the_permitted_probes_pass_when_32_threads_ask_at_once(permitted: int, clock: StepClock) -> None:
    settings = CircuitBreakerSettings(permitted_in_half_open=permitted, wait_in_open_s=1.0)
    breaker = CircuitBreaker("payments", clock.now_ns, settings)
    breaker.open()
    clock.advance(SECOND_NS)
    ready = threading.Barrier(32)
    all_refused = threading.Event()
    refusals = threading.Semaphore(32 - permitted - 1)

    def probe() -> str:
        all_refused.wait(PATIENCE_S)
        return "probe"

    def ask(_: int) -> str:
        ready.wait(PATIENCE_S)
        try:
            return breaker.call(probe)
        except CallRefused:
            if not refusals.acquire(blocking=False):
                all_refused.set()
            return "refused"

    answers = in_threads(32, ask)
    assert (permitted, 32 - permitted) == (answers.count("probe"), answers.count("refused"))
    assert "closed" == breaker.state


@pytest.mark.parametrize("gil", [True, False])
@pytest.mark.parametrize("window", ["count", "time"])
def test_no_result_is_lost_among_threads(
    gil: bool, window: Any, clock: StepClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: gil, raising=False)
    settings = CircuitBreakerSettings(window=window, window_size=8_000, minimum_calls=8_000)
    breaker = CircuitBreaker("payments", clock.now_ns, settings)
    usual_s = sys.getswitchinterval()

    def thousand(worker: int) -> None:
        for number in range(1000):
            send(breaker, fail if number % 4 == 0 else succeed)

    sys.setswitchinterval(1e-6)
    try:
        in_threads(8, thousand)
    finally:
        sys.setswitchinterval(usual_s)
    metrics = breaker.metrics()
    assert (State.CLOSED, 8_000, 2_000, 0.25) == (metrics.state, metrics.calls, metrics.failed, metrics.failure_rate)


@pytest.mark.parametrize("gil", [True, False])
def test_a_tally_misses_no_step_with_and_without_the_gil(gil: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: gil, raising=False)
    tally = new_tally()
    in_threads(4, lambda _: [next(tally) for _ in range(2500)])
    assert 10_000 == counted(tally)
    assert 10_000 == counted(tally)


def test_a_cancelled_task_gives_its_probe_back_while_others_wait(breaker: CircuitBreaker) -> None:
    async def scenario() -> State:
        guarded = half_open(breaker)(asyncio.Event().wait)
        probes = [asyncio.create_task(guarded()) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(CallRefused):
            await guarded()
        for probe in probes:
            probe.cancel()
        await asyncio.gather(*probes, return_exceptions=True)
        for _ in range(2):
            await breaker.call_async(asyncio.sleep, 0)
        return breaker.state

    assert "closed" == asyncio.run(scenario())


def test_tasks_interleave_inside_their_blocks(breaker: CircuitBreaker) -> None:
    async def block(fails: bool, go: asyncio.Event) -> None:
        async with breaker.calling():
            await go.wait()
            if fails:
                raise Broken

    async def scenario() -> None:
        go = asyncio.Event()
        tasks = [asyncio.create_task(block(fails, go)) for fails in (True, False, False)]
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(scenario())
    assert (3, 1) == (breaker.metrics().calls, breaker.metrics().failed)


def test_a_finaliser_that_runs_under_the_lock_may_use_the_breaker(clock: StepClock) -> None:
    breaker = CircuitBreaker("payments", clock.now_ns, FOUR)
    with breaker._lock:
        send(breaker, fail)
    assert 1 == breaker.metrics().failed


# --- the workload


def test_the_workload_fails_as_often_as_its_settings_say_and_counts_what_it_saw(clock: StepClock) -> None:
    workload = prepare(Settings(failure_share=0.01), np.random.default_rng(7), clock.now_ns)
    outcomes = []
    for _ in range(PLAN_LENGTH):
        try:
            workload.operate()
            outcomes.append("ok")
        except ConnectionError:
            outcomes.append("failed")
    assert 100 == outcomes.count("failed")
    assert workload.count is not None
    assert PLAN_LENGTH == workload.count()


def test_the_workload_counts_refused_operations_too(clock: StepClock) -> None:
    workload = prepare(Settings(failure_share=1.0), np.random.default_rng(7), clock.now_ns)
    raised = []
    for _ in range(103):
        with pytest.raises((ConnectionError, CallRefused)) as error:
            workload.operate()
        raised.append(error.type)
    assert [ConnectionError] * 100 + [CallRefused] * 3 == raised
    assert workload.count is not None
    assert 103 == workload.count()


def test_the_same_seed_plans_the_same_failures(clock: StepClock) -> None:
    def failures(seed: int) -> list[int]:
        workload = prepare(Settings(failure_share=0.1), np.random.default_rng(seed), clock.now_ns)
        found = []
        for number in range(500):
            try:
                workload.operate()
            except ConnectionError:
                found.append(number)
        return found

    assert failures(1) == failures(1)
    assert failures(1) != failures(2)


def test_its_settings_are_read_from_a_params_file_with_all_defaults() -> None:
    component = COMPONENTS.get("circuit_breaker")
    assert Settings() == build(component.settings, {}, "params/circuit_breaker.yaml.component")
    assert "time" == build(component.settings, {"window": "time", "window_size": 10}, "here").window


def test_a_failure_share_beyond_all_calls_is_refused() -> None:
    with pytest.raises(ValueError, match=r"failure_share must be a share in 0\.\.1, got 1\.5"):
        Settings(failure_share=1.5)
