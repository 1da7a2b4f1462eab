"""
A measurement in simulated time: the component really runs, its durations are drawn by a seed.

Every digit repeats on every machine, so notebooks can be checked to the digit; and since the truth is known, the lab
can show that it finds it. Such samples have the scope "simulated": they are never evidence about speed.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.arrivals import plan_ns
from bizra_lab.harness.clock import StepClock
from bizra_lab.harness.span import Span
from bizra_lab.model import SUCCESS, Instrument, Load, Measurement, Samples, Tally, Workload
from bizra_lab.units import SECOND_NS

VIRTUAL_STEP_NS = 1.0  # simulated time comes in whole nanoseconds

OPERATIONS_MAX = 2_000_000  # simulated, a few microseconds of real time each: more belongs to a real clock

BLOCK = 4096  # service times drawn together


@dataclass(frozen=True, slots=True)
class ServiceTimes:
    """
    How long simulated operations take: log-normal around `median_ns`, and a share of them that stall.

    `spread` is the standard deviation of the logarithm; a stall takes `stall_ns` more.
    """

    median_ns: float
    spread: float
    stall_share: float = 0.0
    stall_ns: float = 0.0

    def __post_init__(self) -> None:
        if self.median_ns < 1 or self.spread < 0 or self.stall_ns < 0 or not 0 <= self.stall_share < 1:
            raise ValueError(
                f"service times need median_ns ≥ 1, spread ≥ 0, stall_ns ≥ 0, 0 ≤ stall_share < 1; got {self}"
            )

    def draw(self, rng: np.random.Generator) -> Iterator[int]:
        """Service times in whole ns, at least 1, without end."""
        while True:
            times_ns = self.median_ns * np.exp(self.spread * rng.standard_normal(BLOCK))
            times_ns += self.stall_ns * (rng.random(BLOCK) < self.stall_share)
            yield from np.maximum(times_ns.round(), 1).astype(np.int64).tolist()

    @property
    def mean_ns(self) -> float:
        """The expected service time."""
        return float(self.median_ns * np.exp(self.spread**2 / 2) + self.stall_share * self.stall_ns)


def measure_virtually(
    workload: Workload, load: Load, span: Span, clock: StepClock, service: ServiceTimes, rng: np.random.Generator
) -> Samples:
    """
    Samples of a load in simulated time, scope "simulated".

    Operations run one after the other in real time, each at the simulated moment its worker starts it: when it becomes
    free, or where there is a plan, when the operation falls due and a worker is free.
    Raises CannotMeasure when the span holds more operations than are worth simulating.
    """
    per_s = load.rate_per_s or SECOND_NS * load.workers / service.mean_ns
    expected = (span.warmup_s + span.duration_s) * per_s
    if expected > OPERATIONS_MAX:
        raise CannotMeasure(
            f"{workload.name}: {expected:,.0f} operations to simulate; expected at most {OPERATIONS_MAX:,}: "
            "shorten profile.duration_s or lengthen simulated.median_ns"
        )
    begin_ns = clock.now_ns() + round(span.warmup_s * SECOND_NS)
    end_ns = begin_ns + round(span.duration_s * SECOND_NS)
    times_ns = service.draw(rng)
    free = [(clock.now_ns(), worker) for worker in range(load.workers)]
    columns = _Columns()
    attempted = 0
    marked = False
    for due_ns in _due(load, span, clock.now_ns(), rng):
        free_ns, worker = heapq.heappop(free)
        started_ns = free_ns if due_ns is None else max(free_ns, due_ns)
        # An open load ends with its plan, a closed one when no worker may start any more.
        if due_ns is None and started_ns >= end_ns:
            break
        clock.advance(max(started_ns - clock.now_ns(), 0))
        measured = (started_ns if due_ns is None else due_ns) >= begin_ns
        if measured and not marked:
            marked = True
            if workload.mark:
                workload.mark()
        outcome = _outcome(workload.operate)
        finished_ns = started_ns + next(times_ns)
        heapq.heappush(free, (finished_ns, worker))
        if measured:
            attempted += 1
            columns.add(started_ns if due_ns is None else due_ns, started_ns, finished_ns, outcome, worker)
    tallies = workload.tallies() if workload.tallies else {}
    return columns.samples(workload.name, load, span, attempted, tallies)


def _due(load: Load, span: Span, begin_ns: int, rng: np.random.Generator) -> Iterator[int | None]:
    """When each operation falls due, in a closed load None without end."""
    if load.kind == "closed":
        yield from repeat(None)
    else:
        yield from (plan_ns(load, span.warmup_s + span.duration_s, rng) + begin_ns).tolist()


class _Columns:
    """The columns of samples as they grow."""

    def __init__(self) -> None:
        self._stamps: list[tuple[int, int, int]] = []
        self._codes: list[int] = []
        self._workers: list[int] = []
        self._outcomes = {SUCCESS: 0}

    def add(self, due_ns: int, started_ns: int, finished_ns: int, outcome: str, worker: int) -> None:
        self._stamps.append((due_ns, started_ns, finished_ns))
        self._codes.append(self._outcomes.setdefault(outcome, len(self._outcomes)))
        self._workers.append(worker)

    def samples(self, name: str, load: Load, span: Span, attempted: int, tallies: Mapping[str, Tally]) -> Samples:
        scheduled, started, finished = np.array(self._stamps, dtype=np.int64).reshape(-1, 3).T.copy()
        window_ns = int(finished.max() - scheduled.min()) if len(started) else 0
        return Samples(
            measurement=Measurement(
                name, "simulated", load, span.warmup_s, window_ns / SECOND_NS, VIRTUAL_STEP_NS, attempted
            ),
            scheduled_ns=scheduled if load.kind == "open" else started,
            started_ns=started,
            finished_ns=finished,
            outcome=np.asarray(self._codes, dtype=np.uint8),
            outcomes=tuple(self._outcomes),
            worker=np.asarray(self._workers, dtype=np.int32),
            instrument=Instrument("virtual", 0.0, 0.0, (), window_ns, tallies=tallies),
        )


def _outcome(operate: Callable[[], object]) -> str:
    try:
        operate()
    except Exception as error:
        return type(error).__qualname__
    return SUCCESS
