"""
Queues with a known truth: samples of the usual shape, and beside them what the theory says they must show.

Estimators and audit rules are tried on them, since of a real measurement nobody knows the right answer. Such samples
have the scope "simulated": they are never evidence about speed. No component runs here; what does that in simulated
time is `virtual`.

    OpenQueue(Exponential(), Exponential(), 0.8)               M/M/1
    OpenQueue(Exponential(), Exponential(), 0.8, servers=4)    M/M/4
    OpenQueue(Constant(), Exponential(), 0.7)                  D/M/1
    OpenQueue(Exponential(), Constant(), 0.7)                  M/D/1
    OpenQueue(Exponential(), LogNormal(1.0), 0.7)              M/G/1
    ClosedQueue(clients=8, mean_think_ns=5e6)                  M/M/1//8

Every queue is served in the order of arrival. Its letters are Kendall's: M exponential, D constant, G general.

Source: L. Kleinrock, Queueing Systems, volume 1: Theory (1975), for whatever names no other.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import lambertw

from bizra_lab.model import SUCCESS, Floats, Ints, Load, Measurement, Samples, Workers
from bizra_lab.units import SECOND_NS

SIMULATED_STEP_NS = 1.0  # stamps come in whole nanoseconds

MEAN_NS_MIN = 1_000.0  # of what is drawn: whole ones, and none below 1, are then off by a thousandth at most

MEAN_SERVICE_NS = 1e6  # unless another is asked for: a millisecond, of which a ns is nothing


@dataclass(frozen=True, slots=True)
class Exponential:
    """Times without memory; with these arrivals are a Poisson process."""

    letter: ClassVar[str] = "M"

    def draw(self, rng: np.random.Generator, n: int) -> Floats:
        """`n` times in multiples of their mean."""
        return rng.standard_exponential(n)

    @property
    def squared_cv(self) -> float:
        """The variance over the squared mean."""
        return 1.0


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same time."""

    letter: ClassVar[str] = "D"

    def draw(self, _rng: np.random.Generator, n: int) -> Floats:
        """`n` times in multiples of their mean."""
        return np.ones(n)

    @property
    def squared_cv(self) -> float:
        """The variance over the squared mean."""
        return 0.0


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Times whose logarithm is normal with the standard deviation `spread`: one hump and a long tail."""

    spread: float
    letter: ClassVar[str] = "G"

    def __post_init__(self) -> None:
        if not self.spread >= 0:
            raise ValueError(f"spread must be at least 0, got {self.spread}")

    def draw(self, rng: np.random.Generator, n: int) -> Floats:
        """`n` times in multiples of their mean."""
        return np.exp(self.spread * rng.standard_normal(n) - self.spread**2 / 2)

    @property
    def squared_cv(self) -> float:
        """The variance over the squared mean."""
        return math.expm1(self.spread**2)


@dataclass(frozen=True, slots=True)
class HyperExponential:
    """Two kinds of operation, each exponential: a `slow_share` of them takes `slowdown` times as long on average."""

    slow_share: float
    slowdown: float
    letter: ClassVar[str] = "G"

    def __post_init__(self) -> None:
        if not (0 <= self.slow_share <= 1 and self.slowdown >= 1):
            raise ValueError(f"expected 0 ≤ slow_share ≤ 1 and slowdown ≥ 1, got {self}")

    def draw(self, rng: np.random.Generator, n: int) -> Floats:
        """`n` times in multiples of their mean."""
        # In pairs, so that of more operations the first ones are the same.
        kind, chance = rng.random((n, 2)).T
        times: Floats = -np.log1p(-chance) * np.where(kind < self.slow_share, self.slowdown, 1.0) * self._fast
        return times

    @property
    def squared_cv(self) -> float:
        """The variance over the squared mean."""
        mean_square = 2 * self._fast**2 * (1 - self.slow_share + self.slow_share * self.slowdown**2)
        return mean_square - 1

    @property
    def _fast(self) -> float:
        """The mean of the fast kind, in multiples of the mean of all."""
        return 1 / (1 - self.slow_share + self.slow_share * self.slowdown)


Times = Exponential | Constant | LogNormal | HyperExponential


@dataclass(frozen=True, slots=True)
class OpenQueue:
    """
    Operations that arrive whatever the queue looks like, and `servers` that take them in the order of arrival.

    `utilisation` is the share of their time that the servers are busy. From 1 on the queue grows without end: there is
    no truth to compare with, but it can be simulated.
    """

    arrivals: Times  # the times between them
    service: Times
    utilisation: float
    servers: int = 1
    mean_service_ns: float = MEAN_SERVICE_NS

    def __post_init__(self) -> None:
        if not 0 < self.utilisation < math.inf:
            raise ValueError(f"utilisation must be above 0, got {self.utilisation}")
        if self.servers < 1:
            raise ValueError(f"servers must be at least 1, got {self.servers}")
        _long_enough("mean_service_ns", self.mean_service_ns)
        _long_enough("the mean time between arrivals", self.mean_interarrival_ns)

    @property
    def name(self) -> str:
        """Kendall's notation, as in "M/M/1"."""
        return f"{self.arrivals.letter}/{self.service.letter}/{self.servers}"

    @property
    def mean_interarrival_ns(self) -> float:
        """The expected time between two arrivals."""
        return self.mean_service_ns / (self.utilisation * self.servers)

    @property
    def load(self) -> Load:
        """How the queue is loaded, as a measurement declares it; its workers are the servers."""
        return Load("open", self.servers, SECOND_NS / self.mean_interarrival_ns)


@dataclass(frozen=True, slots=True)
class ClosedQueue:
    """
    The machine repairman, M/M/1//N: each client asks the one server, waits for its answer, thinks, and asks again.

    Service and thinking are exponential. A busy server slows its clients down, so this queue cannot grow without end.
    """

    clients: int
    mean_think_ns: float
    mean_service_ns: float = MEAN_SERVICE_NS

    def __post_init__(self) -> None:
        if self.clients < 1:
            raise ValueError(f"clients must be at least 1, got {self.clients}")
        _long_enough("mean_think_ns", self.mean_think_ns)
        _long_enough("mean_service_ns", self.mean_service_ns)

    @property
    def name(self) -> str:
        """Kendall's notation, as in "M/M/1//8"."""
        return f"M/M/1//{self.clients}"

    @property
    def load(self) -> Load:
        """How the queue is loaded, as a measurement declares it; its workers are the clients."""
        return Load("closed", self.clients)


@dataclass(frozen=True, slots=True)
class _Stamps:
    """What happened to each operation, in the order of arrival."""

    arrived_ns: Ints
    started_ns: Ints
    finished_ns: Ints
    worker: Workers


def simulate(queue: OpenQueue | ClosedQueue, operations: int, warmup_operations: int, seed: int) -> Samples:
    """
    Samples of `operations` in the order of arrival, after `warmup_operations` that leave no record.

    `scheduled_ns` is when an operation arrives (in a closed queue: when the client asks), `started_ns` when its service
    begins; `worker` is the server, or in a closed queue the client. The queue starts empty, with all clients thinking,
    and is not yet what the theory is about: the warm-up has to last until that is forgotten. The same seed brings the
    same arrivals (in a closed queue: the same thinking), whoever serves; a longer simulation begins with the shorter.
    Raises ValueError when there is no operation to record.
    """
    if operations < 1 or warmup_operations < 0:
        raise ValueError(
            f"expected operations ≥ 1 and warmup_operations ≥ 0, got {operations:,} and {warmup_operations:,}"
        )
    asking, serving = np.random.default_rng(seed).spawn(2)
    n = warmup_operations + operations
    stamps = _open(queue, n, asking, serving) if isinstance(queue, OpenQueue) else _closed(queue, n, asking, serving)
    arrived_ns, finished_ns = stamps.arrived_ns[warmup_operations:], stamps.finished_ns[warmup_operations:]
    return Samples(
        measurement=Measurement(
            name=queue.name,
            scope="simulated",
            load=queue.load,
            warmup_s=int(arrived_ns[0]) / SECOND_NS,
            duration_s=int(finished_ns.max() - arrived_ns[0]) / SECOND_NS,
            clock_step_ns=SIMULATED_STEP_NS,
            operations_attempted=operations,
        ),
        scheduled_ns=arrived_ns,
        started_ns=stamps.started_ns[warmup_operations:],
        finished_ns=finished_ns,
        outcome=np.zeros(operations, dtype=np.uint8),
        outcomes=(SUCCESS,),
        worker=stamps.worker[warmup_operations:],
    )


def _open(queue: OpenQueue, n: int, asking: np.random.Generator, serving: np.random.Generator) -> _Stamps:
    # Rounded after adding up: a rate is then exact, however short the time between two arrivals.
    arrived_ns = np.rint(np.cumsum(queue.arrivals.draw(asking, n)) * queue.mean_interarrival_ns).astype(np.int64)
    service_ns = _whole_ns(queue.service.draw(serving, n) * queue.mean_service_ns)
    if queue.servers == 1:
        return _one_server(arrived_ns, service_ns)
    return _many_servers(arrived_ns, service_ns, queue.servers)


def _one_server(arrived_ns: Ints, service_ns: Ints) -> _Stamps:
    """
    Each operation finishes its service time after the later of its arrival and the finish before it.

    Unrolled, an operation finishes at the latest of: an arrival up to its own, and all work from there on. In integers,
    so that a start is the finish before it to the nanosecond.

    Source: D. V. Lindley (1952), Proc. Cambridge Philosophical Society 48(2), 277-289.
    """
    work_ns = np.cumsum(service_ns)
    finished_ns = work_ns + np.maximum.accumulate(arrived_ns - (work_ns - service_ns))
    return _Stamps(arrived_ns, finished_ns - service_ns, finished_ns, np.zeros(len(arrived_ns), dtype=np.int32))


def _many_servers(arrived_ns: Ints, service_ns: Ints, servers: int) -> _Stamps:
    """
    Each operation goes to the server that is free first.

    Source: J. Kiefer, J. Wolfowitz (1955), Trans. American Mathematical Society 78(1), 1-18.
    """
    free = [(0, server) for server in range(servers)]
    started: list[int] = []
    workers: list[int] = []
    for arrived, service in zip(arrived_ns.tolist(), service_ns.tolist(), strict=True):
        free_ns, server = free[0]
        start = max(arrived, free_ns)
        heapq.heapreplace(free, (start + service, server))
        started.append(start)
        workers.append(server)
    started_ns = np.array(started, dtype=np.int64)
    return _Stamps(arrived_ns, started_ns, started_ns + service_ns, np.array(workers, dtype=np.int32))


def _closed(queue: ClosedQueue, n: int, asking: np.random.Generator, serving: np.random.Generator) -> _Stamps:
    # Everybody thinks before the first question, and again after each answer.
    think_ns = _whole_ns(asking.standard_exponential(queue.clients + n) * queue.mean_think_ns).tolist()
    service_ns = _whole_ns(serving.standard_exponential(n) * queue.mean_service_ns)
    next_ask = [(think, client) for client, think in enumerate(think_ns[: queue.clients])]
    heapq.heapify(next_ask)
    arrived: list[int] = []
    started: list[int] = []
    clients: list[int] = []
    free = 0
    for service, think in zip(service_ns.tolist(), think_ns[queue.clients :], strict=True):
        # Nobody can ask earlier than this any more: the answers to come are later than the questions they answer.
        asked, client = next_ask[0]
        start = max(asked, free)
        free = start + service
        heapq.heapreplace(next_ask, (free + think, client))
        arrived.append(asked)
        started.append(start)
        clients.append(client)
    started_ns = np.array(started, dtype=np.int64)
    return _Stamps(
        np.array(arrived, dtype=np.int64), started_ns, started_ns + service_ns, np.array(clients, dtype=np.int32)
    )


def _whole_ns(times_ns: Floats) -> Ints:
    # Nothing takes no time at all.
    return np.maximum(np.rint(times_ns), 1).astype(np.int64)


def _long_enough(name: str, mean_ns: float) -> None:
    if not MEAN_NS_MIN <= mean_ns < math.inf:
        raise ValueError(f"{name} must be at least {MEAN_NS_MIN:g} ns, so that rounding is harmless; got {mean_ns:g}")


def mm1_sojourn_quantile_ns(p: float, utilisation: float, mean_service_ns: float = MEAN_SERVICE_NS) -> float:
    """
    The p-quantile of the time from arrival to departure in M/M/1, in ns; the time is exponential.

    Raises ValueError when p is not in [0, 1), or the queue has no stationary state.

    Source: Kleinrock, chapter 5.
    """
    return _exponential_quantile(p, mean_service_ns / (1 - _stationary(utilisation)))


def mm1_mean_in_system(utilisation: float) -> float:
    """
    L of M/M/1: the mean number of operations that wait or are served.

    Raises ValueError when the queue has no stationary state.

    Source: Kleinrock, section 3.2.
    """
    return _stationary(utilisation) / (1 - utilisation)


def erlang_c(servers: int, utilisation: float) -> float:
    """
    The share of operations that have to wait in M/M/c, in [0, 1].

    By way of Erlang's loss formula, whose recursion over the servers neither overflows nor cancels.
    Raises ValueError when there is no server, or the queue has no stationary state.

    Source: A. K. Erlang (1917), as in Kleinrock, section 3.5.
    """
    if servers < 1:
        raise ValueError(f"servers must be at least 1, got {servers}")
    offered = servers * _stationary(utilisation)
    lost = 1.0
    for server in range(1, servers + 1):
        lost = offered * lost / (server + offered * lost)
    return lost / (1 - utilisation * (1 - lost))


def mmc_mean_wait_ns(servers: int, utilisation: float, mean_service_ns: float = MEAN_SERVICE_NS) -> float:
    """
    The mean time from arrival to the start of service in M/M/c, in ns.

    Raises ValueError when there is no server, or the queue has no stationary state.

    Source: Kleinrock, section 3.5.
    """
    return erlang_c(servers, utilisation) * mean_service_ns / (servers * (1 - utilisation))


def mg1_mean_wait_ns(service: Times, utilisation: float, mean_service_ns: float = MEAN_SERVICE_NS) -> float:
    """
    The mean time from arrival to the start of service in M/G/1, in ns: of the service only mean and variance count.

    Raises ValueError when the queue has no stationary state.

    Source: F. Pollaczek (1930), Mathematische Zeitschrift 32, 64-100; A. Khinchine (1932), Mat. Sbornik 39(4), 73-84.
    """
    return _stationary(utilisation) / (1 - utilisation) * (1 + service.squared_cv) / 2 * mean_service_ns


def dm1_wait_share(utilisation: float) -> float:
    """
    The share of operations that have to wait in D/M/1: the root σ of σ = exp(−(1 − σ)/ρ) in (0, 1).

    Taken from Lambert's W, which gives it without a search; the other root, 1, is on its other branch.
    Raises ValueError when the queue has no stationary state.

    Source: Kleinrock, chapter 6, on G/M/1.
    """
    inverse = 1 / _stationary(utilisation)
    return -utilisation * float(lambertw(-inverse * math.exp(-inverse)).real)


def dm1_mean_sojourn_ns(utilisation: float, mean_service_ns: float = MEAN_SERVICE_NS) -> float:
    """
    The mean time from arrival to departure in D/M/1, in ns.

    Raises ValueError when the queue has no stationary state.

    Source: Kleinrock, chapter 6, on G/M/1.
    """
    return mean_service_ns / (1 - dm1_wait_share(utilisation))


def dm1_sojourn_quantile_ns(p: float, utilisation: float, mean_service_ns: float = MEAN_SERVICE_NS) -> float:
    """
    The p-quantile of the time from arrival to departure in D/M/1, in ns; the time is exponential.

    Raises ValueError when p is not in [0, 1), or the queue has no stationary state.

    Source: Kleinrock, chapter 6, on G/M/1.
    """
    return _exponential_quantile(p, dm1_mean_sojourn_ns(utilisation, mean_service_ns))


def repairman(queue: ClosedQueue) -> tuple[float, float]:
    """
    What M/M/1//N does: (throughput per second, mean response time in ns from asking to the answer).

    By mean value analysis: one more client finds on arrival what the others make of the queue by themselves.

    Source: Kleinrock, section 3.8; M. Reiser, S. S. Lavenberg (1980), Journal of the ACM 27(2), 313-322.
    """
    throughput_per_ns = response_ns = in_system = 0.0
    for clients in range(1, queue.clients + 1):
        response_ns = queue.mean_service_ns * (1 + in_system)
        throughput_per_ns = clients / (response_ns + queue.mean_think_ns)
        in_system = throughput_per_ns * response_ns
    return throughput_per_ns * SECOND_NS, response_ns


def _exponential_quantile(p: float, mean_ns: float) -> float:
    if not 0 <= p < 1:
        raise ValueError(f"p must lie in [0, 1), got {p}")
    return -mean_ns * math.log1p(-p)


def _stationary(utilisation: float) -> float:
    if not 0 < utilisation < 1:
        raise ValueError(f"a queue is stationary when 0 < utilisation < 1, got {utilisation}")
    return utilisation
