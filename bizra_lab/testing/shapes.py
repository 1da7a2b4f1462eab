"""
Clean measurements of every kind of load, drawn by a seed, with nothing but what a samples file holds.

A `Draft` is what happens: when operations fall due, how long each takes, when everything stands still. `seen` records
it as an honest harness would. A fault is planted into the draft where the world is at fault, and into the samples where
the report is.
"""

from __future__ import annotations

import dataclasses
import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bizra_lab.model import SUCCESS, Floats, Ints, Load, Measurement, Samples, Workers
from bizra_lab.units import SECOND_NS

WINDOW_S = 130.0  # s of every clean measurement: a little more than evidence needs
WARMUP_S = 30.0
BEGIN_NS = 7_000_000_000_000  # of the window: two hours after the machine came up
REST_NS = (100, 400)  # from the end of a worker's operation to the start of its next: a harness reads its clock
WAITS_FROM = 0.3  # of the workers' time; of the shapes below, operations of a load that takes less never wait
SPARE = 1.3  # times as many operations are drawn for a worker as its window should hold, and a few more

Service = Callable[[np.random.Generator, int], Floats]


@dataclass(frozen=True, slots=True)
class Shape:
    """
    A kind of load, and the times of its operations in multiples of their mean.

    `utilisation` is the share of their time that the workers of an open load are busy; a closed load's always are.
    """

    load: Load
    service: Service
    utilisation: float = 1.0

    @property
    def waits(self) -> bool:
        """Whether operations of an open load find all workers busy now and then."""
        return self.load.kind == "open" and self.utilisation >= WAITS_FROM


@dataclass(frozen=True, slots=True)
class Draft:
    """
    What happens in a measurement, before anybody records it.

    `service_ns` are the operations in the order of their start, in a closed load more than the window holds, dealt to
    the workers in turn; `rest_ns` is what a worker takes after each. `due_ns` is the plan of an open load, empty for a
    closed one, of which `begun_ns` says for how long each worker had been at its first operation when the window
    opened. `stops_ns` are moments, in ns from the window's begin and without the stops before, at which everything
    stands still, each with how long.
    """

    name: str
    load: Load
    service_ns: Ints
    due_ns: Ints
    window_ns: int
    rest_ns: Ints
    begun_ns: Ints
    stops_ns: tuple[tuple[int, int], ...] = ()

    def seen(self) -> Samples:
        """The records of all operations that lie wholly inside the window."""
        started_ns, finished_ns, worker = self._by_plan() if self.load.kind == "open" else self._one_behind_the_other()
        scheduled_ns = self.due_ns if self.load.kind == "open" else started_ns
        end_ns = self._end_ns(finished_ns, worker)
        inside = (scheduled_ns >= 0) & (finished_ns <= end_ns)
        return self._samples(end_ns, scheduled_ns[inside], started_ns[inside], finished_ns[inside], worker[inside])

    def _end_ns(self, finished_ns: Ints, worker: Workers) -> int:
        """Of the window: an open load's operations are all waited for, a closed load's workers all reach its end."""
        if self.load.kind == "open":
            return int(finished_ns.max())
        reached_ns = np.zeros(self.load.workers, dtype=np.int64)
        np.maximum.at(reached_ns, worker, finished_ns)
        return min(self.window_ns, int(reached_ns.min()))

    def _one_behind_the_other(self) -> tuple[Ints, Ints, Workers]:
        workers = self.load.workers
        each = len(self.service_ns) // workers
        taken_ns = self.service_ns[: each * workers].reshape(each, workers)
        rest_ns = self.rest_ns[: each * workers].reshape(each, workers)
        finished_ns = np.cumsum(taken_ns + rest_ns, axis=0) - rest_ns - self.begun_ns
        started_ns = self._on_the_clock(finished_ns - taken_ns)
        worker = np.broadcast_to(np.arange(workers, dtype=np.int32), (each, workers))
        return started_ns.ravel(), self._on_the_clock(finished_ns).ravel(), worker.ravel()

    def _by_plan(self) -> tuple[Ints, Ints, Workers]:
        """In the order in which they fall due, each by the worker that is free first."""
        due_ns, service_ns = self._off_the_clock(self.due_ns), self.service_ns[: len(self.due_ns)]
        free = [(0, worker) for worker in range(self.load.workers)]
        started: list[int] = []
        worker: list[int] = []
        for due, takes, rest in zip(due_ns.tolist(), service_ns.tolist(), self.rest_ns.tolist(), strict=False):
            start = max(due, free[0][0])
            worker.append(free[0][1])
            heapq.heapreplace(free, (start + takes + rest, free[0][1]))
            started.append(start)
        started_ns = np.array(started, dtype=np.int64)
        return (
            np.maximum(self._on_the_clock(started_ns), self.due_ns),
            self._on_the_clock(started_ns + service_ns),
            np.array(worker, dtype=np.int32),
        )

    def _on_the_clock(self, moments_ns: Ints) -> Ints:
        """Moments of a world that never stops, as the clock shows them, which does not stop with it."""
        begun, behind = self._stopped()
        result: Ints = moments_ns + behind[np.searchsorted(begun, moments_ns, side="right")]
        return result

    def _off_the_clock(self, moments_ns: Ints) -> Ints:
        """What the clock shows, in the moments of the world; what falls into a stop is at its beginning."""
        begun, behind = self._stopped()
        over_ns = begun + behind[1:]
        stops = np.searchsorted(over_ns, moments_ns, side="right")
        earliest_ns = moments_ns - behind[stops]
        result: Ints = np.minimum(earliest_ns, np.append(begun, np.iinfo(np.int64).max)[stops])
        return result

    def _stopped(self) -> tuple[Ints, Ints]:
        """When each stop begins, and for how long everything has stood still before each of them and after the last."""
        begun = np.array([at for at, _ in self.stops_ns], dtype=np.int64)
        return begun, np.concatenate([[0], np.cumsum([length for _, length in self.stops_ns])]).astype(np.int64)

    def _samples(
        self, end_ns: int, scheduled_ns: Ints, started_ns: Ints, finished_ns: Ints, worker: Workers
    ) -> Samples:
        n = len(started_ns)
        return Samples(
            measurement=Measurement(
                name=self.name,
                scope="inproc",
                load=self.load,
                warmup_s=WARMUP_S,
                duration_s=end_ns / SECOND_NS,
                clock_step_ns=1.0,
                operations_attempted=n,
            ),
            scheduled_ns=scheduled_ns + BEGIN_NS,
            started_ns=started_ns + BEGIN_NS,
            finished_ns=finished_ns + BEGIN_NS,
            outcome=np.zeros(n, dtype=np.uint8),
            outcomes=(SUCCESS,),
            worker=worker,
        )


def drafted(shape: str, seed: int, operations: int) -> Draft:
    """
    About so many operations of one of `SHAPES`, over `WINDOW_S`, before a fault is planted or anything recorded.

    Raises KeyError for a shape that is none.
    """
    # By its name and not its place: another shape beside it changes nothing.
    return draft_of(shape, SHAPES[shape], operations, np.random.default_rng([seed, operations, *shape.encode()]))


def draft_of(name: str, drawn: Shape, operations: int, rng: np.random.Generator) -> Draft:
    """About so many operations of a shape, over `WINDOW_S`."""
    window_ns, workers = int(WINDOW_S * SECOND_NS), drawn.load.workers
    mean_ns = window_ns * workers * drawn.utilisation / operations
    load = drawn.load
    due_ns = np.zeros(0, dtype=np.int64)
    if load.kind == "open":
        load = dataclasses.replace(load, rate_per_s=operations / WINDOW_S)
        due_ns = _plan(load, window_ns, operations, rng)
    count = len(due_ns) or workers * (int(SPARE * operations / workers) + 20)
    service_ns = np.maximum(_whole_ns(drawn.service(rng, count) * mean_ns), 1)
    rest_ns = rng.integers(*REST_NS, count)
    begun_ns = rng.integers(0, max(int(mean_ns), 1), workers) if workers > 1 else np.zeros(1, dtype=np.int64)
    return Draft(name, load, service_ns, due_ns, window_ns, rest_ns, begun_ns)


def _plan(load: Load, window_ns: int, operations: int, rng: np.random.Generator) -> Ints:
    apart_ns = window_ns / operations
    if load.arrivals == "constant":
        return _whole_ns((np.arange(operations) + 0.5) * apart_ns)
    due_ns = _whole_ns(np.cumsum(rng.exponential(apart_ns, 2 * operations + 20)))
    return due_ns[due_ns < window_ns]


def _whole_ns(times_ns: npt.NDArray[np.floating]) -> Ints:
    result: Ints = np.rint(times_ns).astype(np.int64)
    return result


# --- times of operations, in multiples of their mean


def lognormal(rng: np.random.Generator, n: int) -> Floats:
    """With a spread of a third."""
    return np.exp(0.3 * rng.standard_normal(n) - 0.3**2 / 2)


def exponential(rng: np.random.Generator, n: int) -> Floats:
    """Without memory."""
    return rng.standard_exponential(n)


def gamma(rng: np.random.Generator, n: int) -> Floats:
    """Of four steps, each exponential."""
    return rng.standard_gamma(4.0, n) / 4.0


def weibull(rng: np.random.Generator, n: int) -> Floats:
    """The more likely to end the longer it took."""
    return rng.weibull(1.5, n) / 0.9027452929509336  # Γ(1 + 1/1.5)


def cached(rng: np.random.Generator, n: int) -> Floats:
    """Seventeen in twenty from a cache, the others eight times slower, each kind with a spread of a seventh."""
    kinds = np.where(rng.random(n) < 0.85, 1.0, 8.0) / 2.05
    return kinds * np.exp(0.15 * rng.standard_normal(n) - 0.15**2 / 2)


def heavy(rng: np.random.Generator, n: int) -> Floats:
    """A Pareto tail of index 1.6, cut off at three hundred times the smallest, which it reaches again and again."""
    return np.minimum((1 - rng.random(n)) ** (-1 / 1.6), 300.0) / 2.6124


def _closed(workers: int, service: Service) -> Shape:
    return Shape(Load("closed", workers), service)


def _poisson(workers: int, service: Service, utilisation: float) -> Shape:
    return Shape(Load("open", workers, 1.0, "poisson"), service, utilisation)


def _constant(workers: int, service: Service, utilisation: float) -> Shape:
    return Shape(Load("open", workers, 1.0, "constant"), service, utilisation)


SHAPES: Mapping[str, Shape] = {
    "closed_1": _closed(1, lognormal),
    "closed_64": _closed(64, exponential),
    "cached_8": _closed(8, cached),
    "heavy_1": _closed(1, heavy),
    "poisson_1": _poisson(1, exponential, 0.5),
    "poisson_8": _poisson(8, gamma, 0.5),
    "poisson_spare": _poisson(64, weibull, 0.1),
    "constant_8": _constant(8, cached, 0.5),
}
