"""
The rules that resilience4j documents, one per row, and what this breaker does about each.

Read in resilience4j's guide (resilience4j.readme.io/docs/circuitbreaker) and in the Javadoc of `CircuitBreakerConfig`
and `CircuitBreaker`; put in our words. `ours` is "same", or the difference and its reason. A row's script is what
happens, its state and its window (calls, failed, slow) are what must then be seen.

Not offered here: results that count as failures by predicate, a wait that grows with every opening, a timer that
leaves the open state without a call, a transition chosen by one single result.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import pytest

from bizra_lab.components.circuit_breaker import CallRefused, CircuitBreaker, CircuitBreakerSettings, State, Ticket
from bizra_lab.harness.clock import StepClock
from bizra_lab.units import SECOND_NS

SLOW_S = 2


@dataclass(frozen=True)
class Row:
    """
    One rule, and a script that tries it.

    The script's words: `+` a call succeeds, `-` it fails, `~` it raises what does not count, `i` what is ignored; with
    `s` behind, it takes longer than SLOW_S, with `t`, exactly that. `x` a call is refused. `(` a call begins, `)+` or
    `)-` the one that began first ends. `3s` three seconds pass. A state's name: into it, by hand.
    """

    behaviour: str
    where: str
    resilience4j: str
    script: str
    state: str
    held: tuple[int, int, int]
    ours: str = "same"
    settings: dict[str, Any] = field(default_factory=dict)


GUIDE = "guide, "
FOUR = {"window_size": 4, "minimum_calls": 4}
PROBES = {**FOUR, "wait_in_open_s": 5.0, "permitted_in_half_open": 2}

ROWS = [
    Row(
        "a count window forgets the oldest call",
        GUIDE + "Count-based sliding window",
        "The last N calls are aggregated; a new one evicts the oldest and subtracts it.",
        "- + + + +",
        "closed",
        (4, 0, 0),
        settings=FOUR,
    ),
    Row(
        "a time window forgets whole seconds",
        GUIDE + "Time-based sliding window",
        "N buckets each aggregate one epoch second; the head is the present one, the oldest is subtracted.",
        "- 1s + 1s +",
        "closed",
        (2, 0, 0),
        settings={"window": "time", "window_size": 2},
    ),
    Row(
        "a time window holds however many calls its seconds saw",
        GUIDE + "Time-based sliding window",
        "Calls are not stored one by one, only counted per bucket and in all.",
        "+ + + + + - 1s + + + +",
        "closed",
        (10, 1, 0),
        settings={"window": "time", "window_size": 2},
    ),
    Row(
        "it opens when the failure rate reaches the threshold",
        GUIDE + "Failure rate and slow call rate thresholds",
        "Closed becomes open when the failure rate is equal to or greater than the threshold.",
        "+ + - -",
        "open",
        (0, 0, 0),
        settings=FOUR,
    ),
    Row(
        "below the threshold it stays closed",
        GUIDE + "Failure rate and slow call rate thresholds",
        "Closed becomes open when the failure rate is equal to or greater than the threshold.",
        "+ + + -",
        "closed",
        (4, 1, 0),
        settings=FOUR,
    ),
    Row(
        "fewer calls than the minimum open nothing",
        GUIDE + "Failure rate and slow call rate thresholds",
        "With a minimum of 10, nine recorded calls do not open it, even if all nine failed.",
        "- - - - - - - - -",
        "closed",
        (9, 9, 0),
        settings={"minimum_calls": 10},
    ),
    Row(
        "the call that reaches the minimum may be a success",
        GUIDE + "Failure rate and slow call rate thresholds",
        "Rates are computed once the minimum number of calls is recorded, whatever the last one was.",
        "- - - - - - - - - +",
        "open",
        (0, 0, 0),
        settings={"minimum_calls": 10},
    ),
    Row(
        "a count window caps the minimum",
        "Javadoc, CircuitBreakerConfig.Builder.slidingWindow",
        "In a count window a minimum greater than the window's size is taken as the size.",
        "- - - -",
        "open",
        (0, 0, 0),
        settings={"window_size": 4, "minimum_calls": 100},
    ),
    Row(
        "a time window does not cap the minimum",
        "Javadoc, CircuitBreakerConfig.Builder.slidingWindow",
        "In a time window the minimum may be any number.",
        "- - - - -",
        "closed",
        (5, 5, 0),
        settings={"window": "time", "window_size": 4, "minimum_calls": 6},
    ),
    Row(
        "a success in a new second may open it",
        GUIDE + "Time-based sliding window",
        "Evicting a second changes the total, and the thresholds are checked when a call is recorded.",
        "+ + + + 1s - - 1s +",
        "open",
        (0, 0, 0),
        settings={"window": "time", "window_size": 2, "minimum_calls": 3},
    ),
    Row(
        "every exception is a failure",
        GUIDE + "Failure rate and slow call rate thresholds",
        "By default all exceptions count as a failure.",
        "- -",
        "closed",
        (2, 2, 0),
    ),
    Row(
        "an exception outside the list is a success",
        GUIDE + "Failure rate and slow call rate thresholds",
        "With a list of exceptions that count, all others count as successes unless ignored.",
        "~ ~ -",
        "closed",
        (3, 1, 0),
    ),
    Row(
        "an ignored exception is neither",
        GUIDE + "Failure rate and slow call rate thresholds",
        "An ignored exception counts neither as a failure nor as a success.",
        "i i + i",
        "closed",
        (1, 0, 0),
    ),
    Row(
        "a call is slow when it takes longer than the duration",
        "Javadoc, CircuitBreakerConfig.Builder.slowCallDurationThreshold",
        "Calls above the threshold duration are slow; those that take exactly that long are not.",
        "+t +s",
        "closed",
        (2, 0, 1),
    ),
    Row(
        "slow calls open it when their rate reaches its own threshold",
        GUIDE + "Failure rate and slow call rate thresholds",
        "Closed becomes open when the share of slow calls is equal to or greater than the threshold.",
        "+ + +s +s",
        "open",
        (0, 0, 0),
        settings={**FOUR, "slow_call_rate_threshold": 0.5},
    ),
    Row(
        "by default only slow calls throughout open it",
        "Javadoc, CircuitBreakerConfig.Builder.slowCallRateThreshold",
        "The default of 100 % means that all recorded calls must be slow.",
        "+ +s +s +s",
        "closed",
        (4, 0, 3),
        settings=FOUR,
    ),
    Row(
        "a slow failure counts in both rates",
        "Javadoc, CircuitBreaker.Metrics.getNumberOfSlowFailedCalls",
        "Slowness and failure are recorded independently of each other.",
        "-s +",
        "closed",
        (2, 1, 1),
    ),
    Row(
        "open, it refuses",
        GUIDE + "Failure rate and slow call rate thresholds",
        "Open, calls are rejected with CallNotPermittedException.",
        "- - - - x 4s x",
        "open",
        (0, 0, 0),
        settings=PROBES,
    ),
    Row(
        "it stays open until a call asks, however late",
        GUIDE + "Create and configure a CircuitBreaker, automaticTransitionFromOpenToHalfOpenEnabled",
        "Unless the automatic transition is enabled, a call has to be made before it leaves the open state.",
        "open 60s",
        "open",
        (0, 0, 0),
        settings=PROBES,
    ),
    Row(
        "the first call after the wait is the first probe",
        GUIDE + "Failure rate and slow call rate thresholds",
        "When the wait has elapsed it becomes half-open and permits a configurable number of calls.",
        "open 5s +",
        "half_open",
        (1, 0, 0),
        settings=PROBES,
    ),
    Row(
        "further calls are refused until the permitted ones have ended",
        GUIDE + "Failure rate and slow call rate thresholds",
        "Further calls are rejected until all permitted calls have completed.",
        "open 5s ( ( x )+ x",
        "half_open",
        (1, 0, 0),
        settings=PROBES,
    ),
    Row(
        "probes that reach a threshold open it again",
        GUIDE + "Failure rate and slow call rate thresholds",
        "If the failure rate or slow call rate is then equal to or greater than the threshold, it becomes open.",
        "open 5s - + x",
        "open",
        (0, 0, 0),
        settings=PROBES,
    ),
    Row(
        "slow probes open it again",
        GUIDE + "Failure rate and slow call rate thresholds",
        "If the failure rate or slow call rate is then equal to or greater than the threshold, it becomes open.",
        "open 5s +s +s x",
        "open",
        (0, 0, 0),
        settings=PROBES,
    ),
    Row(
        "probes below both thresholds close it, with an empty window",
        GUIDE + "Failure rate and slow call rate thresholds",
        "If both rates are below their thresholds, it becomes closed.",
        "- - - - 5s + +s - - -",
        "closed",
        (3, 3, 0),
        settings=PROBES,
    ),
    Row(
        "the probes are judged together",
        "Javadoc, CircuitBreakerConfig.Builder.maxWaitDurationInHalfOpenState",
        "Half-open ends when the minimum number of calls has completed, where that is less than the permitted number.",
        "half_open - - -",
        "half_open",
        (3, 3, 0),
        ours="Half-open ends when all permitted calls have completed, as the guide says; a minimum that is meant for "
        "the closed window does not cut the round short.",
        settings={"minimum_calls": 2, "permitted_in_half_open": 4},
    ),
    Row(
        "an ignored probe gives its permit back",
        "Javadoc, CircuitBreaker.releasePermission",
        "A permission that was acquired and not used for a result is released.",
        "half_open i i i + +",
        "closed",
        (0, 0, 0),
        settings=PROBES,
    ),
    Row(
        "half-open has no end of its own by default",
        GUIDE + "Create and configure a CircuitBreaker, maxWaitDurationInHalfOpenState",
        "The default of 0 waits in half-open until all permitted calls have completed.",
        "half_open ( ( 9999s x",
        "half_open",
        (0, 0, 0),
        settings=PROBES,
    ),
    Row(
        "a longest wait in half-open opens it again",
        GUIDE + "Create and configure a CircuitBreaker, maxWaitDurationInHalfOpenState",
        "After the longest wait in half-open it becomes open, by a timer.",
        "half_open ( ( 3s x",
        "open",
        (0, 0, 0),
        ours="The same at the next call; there is no timer, and the wait in open counts from when it would have rung.",
        settings={**PROBES, "wait_in_half_open_s": 3.0},
    ),
    Row(
        "the wait in open after a longest wait in half-open",
        GUIDE + "Create and configure a CircuitBreaker, maxWaitDurationInHalfOpenState",
        "After the longest wait in half-open it becomes open, by a timer.",
        "half_open ( ( 8s (",
        "half_open",
        (0, 0, 0),
        settings={**PROBES, "wait_in_half_open_s": 3.0},
    ),
    Row(
        "a transition into the present state does nothing",
        "Javadoc, CircuitBreaker.transitionToOpenState",
        "Transitions by hand are idempotent: they have no effect in the state they lead to.",
        "open 3s open 2s +",
        "half_open",
        (1, 0, 0),
        settings=PROBES,
    ),
    Row(
        "a result that comes after the state changed",
        "Javadoc, CircuitBreaker.onSuccess and onError",
        "A result is reported to the state that is current when it arrives.",
        "( ( ( half_open )- )- )+",
        "half_open",
        (0, 0, 0),
        ours="It counts for the state in which its call began: what began before the trouble says nothing about now.",
        settings=PROBES,
    ),
    Row(
        "disabled, it lets everything pass and records nothing",
        GUIDE + "Introduction",
        "DISABLED always allows access; no metrics are recorded.",
        "disabled - - - - - -",
        "disabled",
        (0, 0, 0),
        settings=FOUR,
    ),
    Row(
        "forced open, it refuses until told otherwise",
        GUIDE + "Introduction",
        "FORCED_OPEN always denies access; only a transition by hand or a reset leaves it.",
        "forced_open x 9999s x",
        "forced_open",
        (0, 0, 0),
        settings=FOUR,
    ),
    Row(
        "metrics only, it records and never opens",
        "Javadoc, CircuitBreaker.State.METRICS_ONLY",
        "METRICS_ONLY always allows access and records, without opening.",
        "metrics_only - - - - - -",
        "metrics_only",
        (4, 4, 0),
        settings=FOUR,
    ),
]

DEFAULTS = [
    ("failureRateThreshold", 50, "failure_rate_threshold", 0.5),
    ("slowCallRateThreshold", 100, "slow_call_rate_threshold", 1.0),
    ("slowCallDurationThreshold", "60000 ms", "slow_call_s", 60.0),
    ("permittedNumberOfCallsInHalfOpenState", 10, "permitted_in_half_open", 10),
    ("maxWaitDurationInHalfOpenState", "0 ms: no end", "wait_in_half_open_s", None),
    ("slidingWindowType", "COUNT_BASED", "window", "count"),
    ("slidingWindowSize", 100, "window_size", 100),
    ("minimumNumberOfCalls", 100, "minimum_calls", 100),
    ("waitDurationInOpenState", "60000 ms", "wait_in_open_s", 60.0),
]


class Failed(Exception):
    """Counts."""


class Fine(Exception):
    """Does not count."""


class Ignored(Exception):
    """Is ignored."""


RAISED: dict[str, type[Exception] | None] = {"+": None, "-": Failed, "~": Fine, "i": Ignored}


class Stage:
    """Where a row's script is played."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.clock = StepClock()
        chosen = CircuitBreakerSettings(**{"slow_call_s": float(SLOW_S), **settings})
        self.breaker = CircuitBreaker("stage", self.clock.now_ns, chosen, counts=Failed, ignores=Ignored)
        self.begun: deque[Ticket] = deque()

    def play(self, word: str) -> None:
        if word in [state.value for state in State]:
            self.breaker.move_to(State(word))
        elif word == "x":
            with pytest.raises(CallRefused):
                self.breaker.begin()
        elif word == "(":
            self.begun.append(self.breaker.begin())
        elif word.startswith(")"):
            raised = RAISED[word[1]]
            self.breaker.end(self.begun.popleft(), raised() if raised else None)
        elif word[0].isdigit():
            self.clock.advance(int(word.removesuffix("s")) * SECOND_NS)
        else:
            self.call(word)

    def call(self, word: str) -> None:
        raised = RAISED[word[0]]
        ticket = self.breaker.begin()
        self.clock.advance({"": 0, "t": SLOW_S * SECOND_NS, "s": SLOW_S * SECOND_NS + 1}[word[1:]])
        self.breaker.end(ticket, raised() if raised else None)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.behaviour)
def test_a_documented_rule_holds(row: Row) -> None:
    stage = Stage(row.settings)
    for word in row.script.split():
        stage.play(word)
    metrics = stage.breaker.metrics()
    assert (row.state, row.held) == (metrics.state, (metrics.calls, metrics.failed, metrics.slow))


@pytest.mark.parametrize(("theirs", "documented", "ours", "value"), DEFAULTS)
def test_a_documented_default_is_ours(theirs: str, documented: object, ours: str, value: object) -> None:
    assert value == getattr(CircuitBreakerSettings(), ours)
