"""
What can be wrong with a measurement, one fault a class, each with its size.

A fault is planted into the draft of a clean measurement, where the world is at fault, or into its samples, where the
report is; what comes out is again nothing but what a samples file holds. `FAULTS` is the table: which rules must name
it, and at which loads it can be told at all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import signal

from bizra_lab.model import Floats, Ints, Samples
from bizra_lab.testing import doctored
from bizra_lab.testing.shapes import SPARE, Draft, Shape, heavy


class Fault(Protocol):
    """Something wrong, of a certain size."""

    def planted(self, draft: Draft, rng: np.random.Generator, /) -> Samples:
        """The measurement that comes of it."""


# --- clocks


@dataclass(frozen=True, slots=True)
class Truncated:
    """Durations are cut to whole ticks, so many to the median; the clock's step is declared as if they were not."""

    ticks_in_median: float

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """Every duration is a whole number of ticks."""
        samples = draft.seen()
        return doctored.floored(samples, _parts_of_median_ns(samples, self.ticks_in_median))


@dataclass(frozen=True, slots=True)
class CoarseClock:
    """Every stamp is read from a clock with so many steps to the median, which is declared."""

    steps_in_median: float

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """All three stamps are whole steps."""
        samples = draft.seen()
        step_ns = _parts_of_median_ns(samples, self.steps_in_median)
        return dataclasses.replace(
            samples,
            measurement=dataclasses.replace(samples.measurement, clock_step_ns=float(step_ns)),
            scheduled_ns=samples.scheduled_ns // step_ns * step_ns,
            started_ns=samples.started_ns // step_ns * step_ns,
            finished_ns=samples.finished_ns // step_ns * step_ns,
        )


@dataclass(frozen=True, slots=True)
class BackwardClock:
    """The clock is set back half-way, by so many medians of what operations take."""

    medians: float

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """Whatever is stamped afterwards is stamped earlier, due times too, since a plan is kept by the same clock."""
        samples = draft.seen()
        at_ns = int(np.median(samples.finished_ns))
        back_ns = int(self.medians * np.median(samples.service_ns))
        scheduled_ns, started_ns, finished_ns = (
            np.where(stamps > at_ns, stamps - back_ns, stamps)
            for stamps in (samples.scheduled_ns, samples.started_ns, samples.finished_ns)
        )
        return dataclasses.replace(samples, scheduled_ns=scheduled_ns, started_ns=started_ns, finished_ns=finished_ns)


# --- windows


@dataclass(frozen=True, slots=True)
class TooShort:
    """Only so many seconds were measured."""

    duration_s: float

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """What ended in the first seconds of the window."""
        samples = draft.seen()
        begin_ns = int(samples.scheduled_ns.min())
        kept = doctored.keeping(samples, samples.finished_ns <= begin_ns + int(self.duration_s * 1e9))
        return dataclasses.replace(kept, measurement=dataclasses.replace(kept.measurement, duration_s=self.duration_s))


@dataclass(frozen=True, slots=True)
class FewOperations:
    """Only so many operations were measured, over a window of the usual length."""

    operations: int

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """The first operations, each so much slower that they last as long as all."""
        samples = draft.seen()
        begin_ns = int(samples.scheduled_ns.min())
        last_ns = int(np.sort(samples.finished_ns)[self.operations - 1])
        slower = (int(samples.finished_ns.max()) - begin_ns) / (last_ns - begin_ns)
        load = samples.measurement.load
        if load.rate_per_s is not None:
            load = dataclasses.replace(load, rate_per_s=load.rate_per_s / slower)
        kept = doctored.keeping(samples, samples.finished_ns <= last_ns)
        return _stretched(
            dataclasses.replace(kept, measurement=dataclasses.replace(kept.measurement, load=load)), slower
        )


@dataclass(frozen=True, slots=True)
class WarmUpInside:
    """The first part of the window begins so many times slower and settles in a straight line."""

    slowdown: float
    window_share: float = 0.1

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """Operations that the warm-up should have had are measured."""
        left = np.maximum(1 - _places(draft) / self.window_share, 0.0)
        return _slowed(draft, 1 + (self.slowdown - 1) * left).seen()


@dataclass(frozen=True, slots=True)
class Drift:
    """From begin to end of the window operations get slower by so much, relative."""

    change: float

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """In a straight line."""
        return _slowed(draft, 1 + self.change * np.minimum(_places(draft), 1.0)).seen()


@dataclass(frozen=True, slots=True)
class LevelShift:
    """Half-way, operations get slower by so much, relative, and stay so."""

    change: float

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """At one moment."""
        return _slowed(draft, np.where(_places(draft) < 0.5, 1.0, 1 + self.change)).seen()


# --- operations


@dataclass(frozen=True, slots=True)
class Dependence:
    """How slow an operation is, by rank, is an autoregression with this memory from one operation to the next."""

    memory: float

    def planted(self, draft: Draft, rng: np.random.Generator) -> Samples:
        """The same times in another order."""
        shocks = rng.standard_normal(len(draft.service_ns))
        shocks[1:] *= np.sqrt(1 - self.memory**2)
        ranks = np.argsort(np.argsort(signal.lfilter([1.0], [1.0, -self.memory], shocks)))
        return dataclasses.replace(draft, service_ns=np.sort(draft.service_ns)[ranks]).seen()


@dataclass(frozen=True, slots=True)
class InfiniteMean:
    """Times have a Pareto tail of this index; up to 1 it has no mean."""

    index: float

    def planted(self, draft: Draft, rng: np.random.Generator) -> Samples:
        """So scaled that no worker of a closed load is done before the window ends."""
        workers = draft.load.workers if draft.load.kind == "closed" else 1
        times = (1 - rng.random(len(draft.service_ns))) ** (-1 / self.index)
        of_workers = times[: len(times) // workers * workers].reshape(-1, workers).sum(axis=0)
        least_ns = draft.service_ns.sum() if draft.load.kind == "open" else SPARE * draft.window_ns
        service_ns = np.rint(times * (least_ns / of_workers.min())).astype(np.int64) + 1
        return dataclasses.replace(draft, service_ns=service_ns).seen()


@dataclass(frozen=True, slots=True)
class PeriodicPauses:
    """Everything stands still this often in the window, and for this share of it in all."""

    periods: int
    window_share: float

    def planted(self, draft: Draft, rng: np.random.Generator) -> Samples:
        """What is under way takes longer by the pause."""
        period_ns = draft.window_ns / self.periods
        length_ns = int(period_ns * self.window_share)
        # From one pause's end to the next one's begin, since stops are in the time of a world without them.
        begun_ns = (rng.random() + np.arange(self.periods)) * (period_ns - length_ns)
        return dataclasses.replace(draft, stops_ns=tuple((int(at), length_ns) for at in begun_ns)).seen()


@dataclass(frozen=True, slots=True)
class DeadCode:
    """The work was optimised away: what is timed is the clock, which takes about this long to read."""

    floor_ns: int

    def planted(self, draft: Draft, rng: np.random.Generator) -> Samples:
        """Operations start when they did, and end at once."""
        samples = draft.seen()
        return doctored.lasting(samples, self.floor_ns + rng.integers(0, self.floor_ns // 2, len(samples)))


@dataclass(frozen=True, slots=True)
class FastFailures:
    """A share of the operations fails, so many times faster than it would have worked."""

    share: float
    times_faster: float

    def planted(self, draft: Draft, rng: np.random.Generator) -> Samples:
        """Failures stand among the rest."""
        failed = rng.random(len(draft.service_ns)) < self.share
        service_ns = np.where(failed, draft.service_ns / self.times_faster, draft.service_ns)
        samples = dataclasses.replace(draft, service_ns=np.rint(service_ns).astype(np.int64) + 1).seen()
        fast = samples.service_ns < np.quantile(samples.service_ns, self.share)
        return dataclasses.replace(samples, outcome=fast.astype(np.uint8), outcomes=("ok", "refused"))


# --- loads


@dataclass(frozen=True, slots=True)
class HiddenConcurrency:
    """There are so many times as many workers as are declared."""

    times: float

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """Each worker's name stands for several."""
        samples = draft.seen()
        load = samples.measurement.load
        declared = max(1, round(load.workers / self.times))
        return dataclasses.replace(
            samples,
            measurement=dataclasses.replace(samples.measurement, load=dataclasses.replace(load, workers=declared)),
            worker=samples.worker % declared,
        )


@dataclass(frozen=True, slots=True)
class CoordinatedOmission:
    """Everything stands still once, for this share of the window, and the load waits with it."""

    window_share: float

    def planted(self, draft: Draft, rng: np.random.Generator) -> Samples:
        """What should have fallen due meanwhile falls due afterwards: its wait is in no record."""
        stop = (int(rng.uniform(0.2, 0.7) * draft.window_ns), int(self.window_share * draft.window_ns))
        if draft.load.kind == "closed":
            return dataclasses.replace(draft, stops_ns=(stop,)).seen()
        samples = dataclasses.replace(draft, stops_ns=(stop,)).seen()
        return dataclasses.replace(samples, scheduled_ns=samples.started_ns)


@dataclass(frozen=True, slots=True)
class Saturated:
    """More falls due than can be done: the workers would be busy for this multiple of their time."""

    utilisation: float

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """The same plan with slower operations."""
        capacity_ns = draft.window_ns * draft.load.workers
        return _slowed(draft, np.full(1, self.utilisation * capacity_ns / draft.service_ns.sum())).seen()


@dataclass(frozen=True, slots=True)
class DeclaredRate:
    """The rate that is declared is so many times the one that was planned."""

    times: float

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """The records are as they were."""
        samples = draft.seen()
        rate_per_s = samples.measurement.load.rate_per_s
        assert rate_per_s is not None, "only an open load has a rate"
        load = dataclasses.replace(samples.measurement.load, rate_per_s=rate_per_s * self.times)
        return dataclasses.replace(samples, measurement=dataclasses.replace(samples.measurement, load=load))


# --- reports


@dataclass(frozen=True, slots=True)
class SlowestDropped:
    """A share of the records is missing, the slowest; the counter agrees."""

    share: float

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """As with a time-out that leaves no record."""
        return doctored.without_slowest(draft.seen(), self.share)


@dataclass(frozen=True, slots=True)
class OutliersRemoved:
    """Records so many quartile distances above the third quartile are missing; the counter agrees."""

    fence: float

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """As a box plot draws it."""
        return doctored.without_outliers(draft.seen(), self.fence)


@dataclass(frozen=True, slots=True)
class LostAtRandom:
    """A share of the records is missing, whichever; the counter agrees, or still counts them."""

    share: float
    counted: bool = False

    def planted(self, draft: Draft, rng: np.random.Generator) -> Samples:
        """As with a full buffer."""
        samples = draft.seen()
        kept = doctored.with_some_lost(samples, self.share, rng)
        return dataclasses.replace(kept, measurement=samples.measurement) if self.counted else kept


@dataclass(frozen=True, slots=True)
class UnitSlip:
    """Durations are divided by this factor, as by a unit taken for another."""

    factor: float

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """Starts are as they were."""
        return doctored.in_another_unit(draft.seen(), self.factor)


@dataclass(frozen=True, slots=True)
class StampsInAnotherUnit:
    """All stamps are divided by this factor, from the first on."""

    factor: float

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """Only what is declared beside them tells."""
        return _stretched(draft.seen(), 1 / self.factor)


@dataclass(frozen=True, slots=True)
class MedianForMean:
    """Every duration is reported as the median of all."""

    def planted(self, draft: Draft, _rng: np.random.Generator) -> Samples:
        """Starts are as they were."""
        return doctored.with_the_median_for_the_mean(draft.seen())


# --- where a fault can be told


def anywhere(_: Shape) -> bool:
    """At every load."""
    return True


def opened(shape: Shape) -> bool:
    """Where operations fall due by a plan."""
    return shape.load.kind == "open"


def chained(shape: Shape) -> bool:
    """Where operations start behind others: in a closed load, or an open one whose workers are all busy at times."""
    return not opened(shape) or shape.waits


def several(shape: Shape) -> bool:
    """Where there are workers to hide, and all of them are busy at times."""
    return shape.load.workers > 1 and chained(shape)


def holed(shape: Shape) -> bool:
    """Where a missing record leaves room for it: behind another in a closed load, or at its place in an even plan."""
    return not opened(shape) or shape.load.arrivals == "constant"


def waited_for(shape: Shape) -> bool:
    """Where it leaves room, or else, of a single worker, another operation that waited for it."""
    return holed(shape) or (shape.waits and shape.load.workers == 1)


def light(shape: Shape) -> bool:
    """Where a stop is no slow operation: of several workers at once, or of one whose operations are never so slow."""
    return opened(shape) or shape.load.workers > 1 or shape.service is not heavy


@dataclass(frozen=True, slots=True)
class Plant:
    """
    A fault at its size, the rules of which at least one must name it, and the shapes at which it can be told.

    `elsewhere` says why it cannot at the others: there the records are those that an honest measurement may have.
    """

    fault: Fault
    rules: tuple[str, ...]
    where: Callable[[Shape], bool] = anywhere
    elsewhere: str = ""


NO_PLAN = "a closed load has no plan"
NO_WAIT = "no operation ever waits for another, so ends may lie anywhere"
NO_TRACE = "arrivals at random without some of them are arrivals at random, at a rate that differs by less than chance"

FAULTS: Mapping[str, Plant] = {
    "truncated": Plant(Truncated(5.0), ("clock_step",)),
    "coarse_clock": Plant(CoarseClock(5.0), ("clock_step",)),
    "backward_clock": Plant(BackwardClock(20.0), ("clock_backwards", "overlap")),
    "too_short": Plant(TooShort(60.0), ("too_short",)),
    "few_operations": Plant(FewOperations(500), ("few_in_tail",)),
    "warm_up_inside": Plant(WarmUpInside(2.0), ("drift",)),
    "drift": Plant(Drift(0.3), ("drift",)),
    "level_shift": Plant(LevelShift(0.2), ("drift",)),
    "dependence": Plant(Dependence(0.99), ("dependence",)),
    "infinite_mean": Plant(InfiniteMean(0.8), ("infinite_mean",)),
    "periodic_pauses": Plant(PeriodicPauses(40, 0.05), ("pauses",)),
    "dead_code": Plant(DeadCode(40), ("dead_code",)),
    "fast_failures": Plant(FastFailures(0.05, 10.0), ("errors_as_speed",)),
    "hidden_concurrency": Plant(
        HiddenConcurrency(2.0), ("overlap",), several, "one worker hides nobody, and spare ones are never all at work"
    ),
    "coordinated_omission": Plant(
        CoordinatedOmission(0.03),
        ("coordinated_omission",),
        light,
        "one worker's stop is one slow operation, and a heavy tail has such",
    ),
    "saturated": Plant(Saturated(1.1), ("saturated",), opened, NO_PLAN),
    "declared_rate": Plant(DeclaredRate(1.1), ("count_mismatch",), opened, NO_PLAN),
    "slowest_dropped": Plant(SlowestDropped(0.01), ("missing_operations",), waited_for, NO_TRACE),
    "outliers_removed": Plant(OutliersRemoved(1.5), ("missing_operations",), waited_for, NO_TRACE),
    "lost_at_random": Plant(LostAtRandom(0.02), ("missing_operations",), holed, NO_TRACE),
    "lost_and_counted": Plant(LostAtRandom(0.02, counted=True), ("missing_operations",)),
    "unit_slip_1000": Plant(UnitSlip(1000.0), ("unit_slip",), chained, NO_WAIT),
    "unit_slip_1_1000": Plant(UnitSlip(1 / 1000), ("unit_slip", "overlap")),
    "unit_slip_1024": Plant(UnitSlip(1.024), ("unit_slip",), chained, NO_WAIT),
    "unit_slip_1_1024": Plant(UnitSlip(1 / 1.024), ("unit_slip", "overlap"), chained, NO_WAIT),
    "stamps_slip_1000": Plant(StampsInAnotherUnit(1000.0), ("count_mismatch",)),
    "stamps_slip_1024": Plant(StampsInAnotherUnit(1.024), ("count_mismatch",)),
    "median_for_mean": Plant(MedianForMean(), ("clock_step", "overlap")),
}


# --- arithmetic


def _parts_of_median_ns(samples: Samples, parts: float) -> int:
    return max(1, int(float(np.median(samples.service_ns)) / parts))


def _places(draft: Draft) -> Floats:
    """Where in the window each operation of the draft is about to start: 0 its begin, 1 its end."""
    if len(draft.due_ns):
        return draft.due_ns / draft.window_ns
    passed: Ints = np.cumsum(draft.service_ns)
    return passed / (draft.window_ns * draft.load.workers)


def _slowed(draft: Draft, times: Floats) -> Draft:
    service_ns = np.rint(draft.service_ns * times).astype(np.int64) + 1
    return dataclasses.replace(draft, service_ns=service_ns)


def _stretched(samples: Samples, times: float) -> Samples:
    """All stamps so many times as far from the first."""
    begin_ns = int(samples.scheduled_ns.min())
    scheduled_ns, started_ns, finished_ns = (
        begin_ns + np.rint((stamps - begin_ns) * times).astype(np.int64)
        for stamps in (samples.scheduled_ns, samples.started_ns, samples.finished_ns)
    )
    return dataclasses.replace(samples, scheduled_ns=scheduled_ns, started_ns=started_ns, finished_ns=finished_ns)
