"""
A measurement in simulated time: the component really runs, its durations are drawn by a seed.

Every digit repeats on every machine, so notebooks can be checked to the digit; and since the truth is known, the lab
can show that it finds it. Such samples have the scope "simulated": they are never evidence about speed.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.clock import StepClock
from bizra_lab.harness.span import Span
from bizra_lab.model import SUCCESS, Instrument, Load, Measurement, Samples, Workload
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
    Samples of a closed load in simulated time, scope "simulated".

    Operations run one after the other in real time, each at the simulated moment its worker becomes free.
    Raises CannotMeasure when the load is open, or the span holds more operations than are worth simulating.
    """
    if load.kind != "closed":
        raise CannotMeasure(f"{workload.name}: only closed loads are simulated, got {load.kind}")
    expected = (span.warmup_s + span.duration_s) * SECOND_NS * load.workers / service.mean_ns
    if expected > OPERATIONS_MAX:
        raise CannotMeasure(
            f"{workload.name}: {expected:,.0f} operations to simulate; expected at most {OPERATIONS_MAX:,}: "
            "shorten profile.duration_s or lengthen simulated.median_ns"
        )
    begin_ns = clock.now_ns() + round(span.warmup_s * SECOND_NS)
    end_ns = begin_ns + round(span.duration_s * SECOND_NS)
    times_ns = service.draw(rng)
    free = [(clock.now_ns(), worker) for worker in range(load.workers)]
    started_ns: list[int] = []
    finished_ns: list[int] = []
    codes: list[int] = []
    workers: list[int] = []
    outcomes = {SUCCESS: 0}
    attempted = 0
    while free:
        now_ns, worker = heapq.heappop(free)
        if now_ns >= end_ns:
            continue
        clock.advance(now_ns - clock.now_ns())
        code = outcomes.setdefault(_outcome(workload.operate), len(outcomes))
        done_ns = now_ns + next(times_ns)
        heapq.heappush(free, (done_ns, worker))
        if now_ns >= begin_ns:
            attempted += 1
            started_ns.append(now_ns)
            finished_ns.append(done_ns)
            codes.append(code)
            workers.append(worker)
    started = np.asarray(started_ns, dtype=np.int64)
    finished = np.asarray(finished_ns, dtype=np.int64)
    window_ns = int(finished.max() - started.min()) if len(started) else 0
    return Samples(
        measurement=Measurement(
            workload.name, "simulated", load, span.warmup_s, window_ns / SECOND_NS, VIRTUAL_STEP_NS, attempted
        ),
        scheduled_ns=started,
        started_ns=started,
        finished_ns=finished,
        outcome=np.asarray(codes, dtype=np.uint8),
        outcomes=tuple(outcomes),
        worker=np.asarray(workers, dtype=np.int32),
        instrument=Instrument("virtual", 0.0, 0.0, (), window_ns),
    )


def _outcome(operate: Callable[[], object]) -> str:
    try:
        operate()
    except Exception as error:
        return type(error).__qualname__
    return SUCCESS
