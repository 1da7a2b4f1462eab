"""
The breaker beside interlock-cb, which keeps the same windows in another way: the same calls, the same states.

Left out are the points where the two mean different things:

- a call of exactly the slow duration is slow there, not here: durations miss it on either side;
- the minimum is not capped by a count window there: it is drawn below the size;
- there a window outlives the state, here every state begins with its own: windows are compared while closed;
- probes run one at a time there unless told otherwise: it is told so;
- ignored exceptions are unknown there: only failures, successes and interruptions are drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import interlock
from hypothesis import given
from hypothesis import settings as how_much
from hypothesis import strategies as st

from bizra_lab.components.circuit_breaker import CallRefused, CircuitBreaker, CircuitBreakerSettings, State
from bizra_lab.harness.clock import StepClock
from bizra_lab.units import SECOND_NS

SLOW_S = 2.0


class Interrupted(BaseException):
    """Says nothing about what was called."""


@dataclass(frozen=True)
class Call:
    """One call: what it raises and how many quarters of a second it takes."""

    raises: type[BaseException] | None
    quarters: int


@dataclass(frozen=True)
class Pause:
    """Time between calls, in quarters of a second."""

    quarters: int


CALLS = st.builds(
    Call, st.sampled_from([None, None, None, ConnectionError, ConnectionError, Interrupted]), st.sampled_from([0, 1, 9])
)
PAUSES = st.builds(Pause, st.sampled_from([1, 2, 3, 4, 8, 12, 40]))
BY_HAND = st.sampled_from(["reset", "force_open"])
# Mostly calls: a pause of many seconds empties a time window, and by hand nothing follows from what went before.
STEPS = st.lists(st.one_of(CALLS, CALLS, CALLS, PAUSES, CALLS, CALLS, PAUSES, BY_HAND), max_size=120)
SETTINGS = st.builds(
    CircuitBreakerSettings,
    window=st.sampled_from(["count", "time"]),
    window_size=st.integers(4, 8),
    minimum_calls=st.integers(1, 4),
    failure_rate_threshold=st.sampled_from([0.2, 1 / 3, 0.5, 0.75, 1.0]),
    slow_call_rate_threshold=st.sampled_from([0.5, 1.0]),
    slow_call_s=st.just(SLOW_S),
    wait_in_open_s=st.sampled_from([0.5, 3.0]),
    permitted_in_half_open=st.integers(1, 4),
)


class Seconds:
    """The same clock, as interlock reads it."""

    def __init__(self, clock: StepClock) -> None:
        self._clock = clock

    def monotonic(self) -> float:
        return self._clock.now_ns() / SECOND_NS


def peer_of(settings: CircuitBreakerSettings, clock: StepClock) -> interlock.CircuitBreaker:
    kinds = {"count": interlock.WindowType.COUNT_BASED, "time": interlock.WindowType.TIME_BASED}
    config = interlock.Config(
        window_type=kinds[settings.window],
        window_size=settings.window_size,
        minimum_number_of_calls=settings.minimum_calls,
        failure_rate_threshold=settings.failure_rate_threshold,
        slow_call_rate_threshold=settings.slow_call_rate_threshold,
        slow_call_duration_threshold=settings.slow_call_s,
        wait_duration_in_open=settings.wait_in_open_s,
        permitted_calls_in_half_open=settings.permitted_in_half_open,
        max_concurrent_probes=settings.permitted_in_half_open,
    )
    return interlock.CircuitBreaker(name="peer", config=config, clock=Seconds(clock))


def outcome(attempt: Callable[[], object]) -> str:
    """What a caller sees of one call."""
    try:
        attempt()
    except (CallRefused, interlock.CircuitOpenError):
        return "refused"
    except (ConnectionError, Interrupted) as error:
        return type(error).__name__
    return "returned"


@how_much(max_examples=400)
@given(settings=SETTINGS, steps=STEPS)
def test_both_are_in_the_same_state_after_every_step(
    settings: CircuitBreakerSettings, steps: list[Call | Pause | str]
) -> None:
    our_clock, their_clock = StepClock(), StepClock()
    ours = CircuitBreaker("ours", our_clock.now_ns, settings)
    theirs = peer_of(settings, their_clock)
    for step in steps:
        match step:
            case Call():

                def work(clock: StepClock, step: Call = step) -> None:
                    clock.advance(step.quarters * SECOND_NS // 4)
                    if step.raises is not None:
                        raise step.raises

                assert outcome(lambda: theirs.call(work, their_clock)) == outcome(lambda: ours.call(work, our_clock))
            case Pause():
                our_clock.advance(step.quarters * SECOND_NS // 4)
                their_clock.advance(step.quarters * SECOND_NS // 4)
            case "reset":
                ours.reset()
                theirs.reset()
            case _:
                ours.move_to(State.FORCED_OPEN)
                theirs.force_open()
        assert theirs.state.value == ours.state.value
        if theirs.state is interlock.State.CLOSED:
            snapshot, metrics = theirs.snapshot(), ours.metrics()
            assert snapshot.total_calls == metrics.calls
            assert (snapshot.failed_calls, snapshot.slow_calls) == (metrics.failed, metrics.slow)
