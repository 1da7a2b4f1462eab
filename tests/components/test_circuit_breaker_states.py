"""
The breaker against a plain model of what it should do, over sequences that hypothesis invents.

The model keeps every result of the present stay in a list and counts it again each time it is asked. It knows nothing
of tallies, limits or buckets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import settings as how_much
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from bizra_lab.components.circuit_breaker import CallRefused, CircuitBreaker, CircuitBreakerSettings, State, Ticket
from bizra_lab.harness.clock import StepClock
from bizra_lab.units import SECOND_NS


class Failed(Exception):
    """Counts as a failure."""


class Fine(Exception):
    """Counts as a success."""


class Ignored(Exception):
    """Counts as nothing."""


class Interrupted(BaseException):
    """No Exception: counts as nothing."""


OUTCOMES: tuple[type[BaseException] | None, ...] = (None, None, Failed, Failed, Fine, Ignored, Interrupted)

SETTINGS = st.builds(
    CircuitBreakerSettings,
    window=st.sampled_from(["count", "time"]),
    window_size=st.integers(1, 6),
    minimum_calls=st.integers(1, 7),
    failure_rate_threshold=st.sampled_from([0.25, 1 / 3, 0.5, 1.0]),
    slow_call_rate_threshold=st.sampled_from([0.5, 1.0]),
    slow_call_s=st.sampled_from([0.5, 2.0]),
    wait_in_open_s=st.sampled_from([1.0, 3.5]),
    permitted_in_half_open=st.integers(1, 3),
    wait_in_half_open_s=st.sampled_from([None, 2.0]),
)
STEPS_NS = st.sampled_from(
    [0, 1, SECOND_NS // 4, SECOND_NS // 2, SECOND_NS // 2 + 1, SECOND_NS, 2 * SECOND_NS, 7 * SECOND_NS]
)


@dataclass(frozen=True)
class Begun:
    """A call that was let through and has not ended."""

    ticket: Ticket
    stay: int
    began_ns: int


class Model:
    """What the breaker should be in, hold and have counted."""

    def __init__(self, settings: CircuitBreakerSettings) -> None:
        self.settings = settings
        self.stay = 0
        self.recorded = self.left_out = self.refused = 0
        self.enter(State.CLOSED, 0)

    def enter(self, state: State, since_ns: int) -> None:
        self.state = state
        self.stay += 1
        self.since_ns = since_ns
        self.results: list[tuple[int, bool, bool]] = []  # second, failed, slow
        self.probes_out = 0

    def lets_through(self, now_ns: int) -> bool:
        if self.state is State.HALF_OPEN and self.settings.wait_in_half_open_s is not None:
            tired_ns = self.since_ns + int(self.settings.wait_in_half_open_s * SECOND_NS)
            if now_ns >= tired_ns:
                self.enter(State.OPEN, tired_ns)
        if self.state is State.OPEN and now_ns >= self.since_ns + int(self.settings.wait_in_open_s * SECOND_NS):
            self.enter(State.HALF_OPEN, now_ns)
        if self.state is State.HALF_OPEN:
            return self.probes_out + len(self.results) < self.settings.permitted_in_half_open
        return self.state in (State.CLOSED, State.DISABLED, State.METRICS_ONLY)

    def ended(self, stay: int, began_ns: int, now_ns: int, outcome: type[BaseException] | None) -> None:
        if stay == self.stay:
            self.probes_out -= 1
        if outcome in (Ignored, Interrupted):
            self.left_out += 1
            return
        self.recorded += 1
        if stay != self.stay or self.state is State.DISABLED:
            return
        slow = now_ns - began_ns > int(self.settings.slow_call_s * SECOND_NS)
        self.results.append((now_ns // SECOND_NS, outcome is Failed, slow))
        self.decide(now_ns)

    def decide(self, now_ns: int) -> None:
        calls, failed, slow = self.held(now_ns)
        if calls < self.needed():
            return
        tripped = (
            failed / calls >= self.settings.failure_rate_threshold
            or slow / calls >= self.settings.slow_call_rate_threshold
        )
        if self.state is State.HALF_OPEN:
            self.enter(State.OPEN if tripped else State.CLOSED, now_ns)
        elif self.state is State.CLOSED and tripped:
            self.enter(State.OPEN, now_ns)

    def needed(self) -> int:
        if self.state is State.HALF_OPEN:
            return self.settings.permitted_in_half_open
        if self.settings.window == "count":
            return min(self.settings.minimum_calls, self.settings.window_size)
        return self.settings.minimum_calls

    def held(self, now_ns: int) -> tuple[int, int, int]:
        held = self.results
        if self.state is not State.HALF_OPEN and self.settings.window == "count":
            held = held[-self.settings.window_size :]
        elif self.state is not State.HALF_OPEN:
            held = [each for each in held if each[0] > now_ns // SECOND_NS - self.settings.window_size]
        return len(held), sum(failed for _, failed, _ in held), sum(slow for _, _, slow in held)


class Breaker(RuleBasedStateMachine):
    """Calls that nest and overlap, time that passes, hands that meddle."""

    begun = Bundle("begun")

    @initialize(settings=SETTINGS, start_ns=st.sampled_from([0, 1, 10**12 + 999_999_999]))
    def make(self, settings: CircuitBreakerSettings, start_ns: int) -> None:
        self.clock = StepClock(start_ns)
        self.breaker = CircuitBreaker("b", self.clock.now_ns, settings, counts=Failed, ignores=Ignored)
        self.guarded = self.breaker(self.work)
        self.model = Model(settings)

    def work(self, outcome: type[BaseException] | None, takes_ns: int) -> str:
        self.clock.advance(takes_ns)
        if outcome is not None:
            raise outcome
        return "answer"

    def in_block(self, outcome: type[BaseException] | None, takes_ns: int) -> str:
        with self.breaker.calling():
            return self.work(outcome, takes_ns)

    def by_call(self, outcome: type[BaseException] | None, takes_ns: int) -> str:
        return self.breaker.call(self.work, outcome, takes_ns=takes_ns)

    @rule(
        way=st.sampled_from(["guarded", "in_block", "by_call"]),
        outcome=st.sampled_from(OUTCOMES),
        takes_ns=STEPS_NS,
        times=st.integers(1, 6),
    )
    def call(self, way: str, outcome: type[BaseException] | None, takes_ns: int, times: int) -> None:
        through: Callable[..., str] = getattr(self, way)
        for _ in range(times):
            began_ns = self.clock.now_ns()
            if not self.model.lets_through(began_ns):
                self.is_refused(lambda: through(outcome, takes_ns))
                continue
            stay = self.model.stay
            self.model.probes_out += 1
            if outcome is None:
                assert "answer" == through(outcome, takes_ns)
            else:
                with pytest.raises(outcome):
                    through(outcome, takes_ns)
            self.model.ended(stay, began_ns, self.clock.now_ns(), outcome)

    @rule(target=begun)
    def begin(self) -> Begun | None:
        now_ns = self.clock.now_ns()
        if not self.model.lets_through(now_ns):
            self.is_refused(self.breaker.begin)
            return None
        self.model.probes_out += 1
        return Begun(self.breaker.begin(), self.model.stay, now_ns)

    @rule(call=consumes(begun), outcome=st.sampled_from(OUTCOMES))
    def end(self, call: Begun | None, outcome: type[BaseException] | None) -> None:
        if call is not None:
            self.breaker.end(call.ticket, outcome() if outcome else None)
            self.model.ended(call.stay, call.began_ns, self.clock.now_ns(), outcome)

    @rule(step_ns=STEPS_NS)
    def time_passes(self, step_ns: int) -> None:
        self.clock.advance(step_ns)

    @rule(state=st.sampled_from(State))
    def by_hand(self, state: State) -> None:
        self.breaker.move_to(state)
        if state is not self.model.state:
            self.model.enter(state, self.clock.now_ns())

    @rule()
    def reset(self) -> None:
        self.breaker.reset()
        self.model.enter(State.CLOSED, self.clock.now_ns())
        self.model.recorded = self.model.left_out = self.model.refused = 0

    def is_refused(self, attempt: Callable[[], object]) -> None:
        with pytest.raises(CallRefused) as refused:
            attempt()
        self.model.refused += 1
        assert self.model.state == refused.value.state

    @invariant()
    def is_in_the_models_state(self) -> None:
        assert self.model.state == self.breaker.state

    # Not an invariant: looking at the window must not be what keeps it right.
    @rule()
    def look(self) -> None:
        model, metrics = self.model, self.breaker.metrics()
        assert model.held(self.clock.now_ns()) == (metrics.calls, metrics.failed, metrics.slow)
        assert (model.recorded, model.left_out, model.refused) == (metrics.recorded, metrics.left_out, metrics.refused)

    def teardown(self) -> None:
        self.look()


Breaker.TestCase.settings = how_much(max_examples=300, stateful_step_count=40)
test_the_breaker_does_what_the_model_does = Breaker.TestCase
