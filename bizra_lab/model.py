"""
The nouns of the line. Stages import these and never each other.

    Study → Workload → Samples → Results → Audit → Verdicts → Record

The name of a result (`latency_ns.p99`, `throughput_per_s`, `share.ok`) is the only joint between stages.
All values are frozen; a stage returns new ones.
"""

from __future__ import annotations

import enum
import fnmatch
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.unsignedinteger[Any]]
Workers = npt.NDArray[np.int32]

Scope = Literal["inproc", "http", "simulated"]
LoadKind = Literal["closed", "open"]
Arrivals = Literal["constant", "poisson"]
WorkersAs = Literal["threads", "tasks", "processes"]
Side = Literal["at_most", "at_least"]

SUCCESS = "ok"  # the outcome of an operation that did what it should


@dataclass(frozen=True, slots=True)
class Load:
    """
    How operations are offered: `workers` of them one behind the other (closed), or `rate_per_s` by plan (open).

    In a closed load a worker starts its next operation when its last one ends, so at most `workers` are in flight.
    In an open load operations fall due by a plan that was made before, evenly (`constant`) or at random (`poisson`);
    `workers` is how many can be under way at a time, and what falls due while all are busy waits, and its wait counts.
    Workers are threads, asyncio tasks of one thread, or processes.
    """

    kind: LoadKind = "closed"
    workers: int = 1
    rate_per_s: float | None = None
    arrivals: Arrivals = "constant"
    workers_as: WorkersAs = "threads"

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"workers must be at least 1, got {self.workers}")
        if self.rate_per_s is not None and self.rate_per_s <= 0:
            raise ValueError(f"rate_per_s must be above 0, got {self.rate_per_s}")
        if self.kind == "open" and self.rate_per_s is None:
            raise ValueError("an open load needs rate_per_s")
        if self.kind == "closed" and self.rate_per_s is not None:
            raise ValueError("a closed load has no rate_per_s; its rate is what it achieves")


@dataclass(frozen=True, slots=True)
class Workload:
    """
    Something to measure: one callable without arguments, and what is needed to trust its count.

    `operate` does one operation; what it raises becomes the operation's outcome. Where workers are tasks it returns an
    awaitable. `doubled` does the same with twice the work, where there is such a thing: its time must be longer.
    `of_worker`, where workers must not share one (each has its connection), makes a worker's own `operate` from its
    number, in the thread, task or process that will use it; `leave` is told the number there when it is done with.
    `count`, when the component keeps one, returns how many operations it has seen since it was made: a counter that
    shares nothing with the recorder. `inside`, when the component keeps one, reads its own gate: what is in flight as
    the system itself sees it. `tallies` is the component's own account of how many were hits, or right, by name; it is
    read after the window, and `mark` is called as the window opens, for an account that is to begin there. `remake`
    makes the same workload again where this one cannot be sent, in another process. `close` frees what the workload
    holds, whatever was made for its workers too.
    """

    name: str
    operate: Callable[[], object]
    of_worker: Callable[[int], Callable[[], object]] | None = None
    leave: Callable[[int], object] | None = None
    count: Callable[[], int] | None = None
    inside: Callable[[], GateReading] | None = None
    tallies: Callable[[], Mapping[str, Tally]] | None = None
    mark: Callable[[], object] | None = None
    doubled: Callable[[], object] | None = None
    remake: Callable[[], Workload] | None = None
    address: str | None = None
    close: Callable[[], None] = lambda: None
    scope: Scope = "inproc"


@dataclass(frozen=True, slots=True)
class Tally:
    """
    How many `of` them were so, by the component's own account.

    `complete`: they are all there are, so their share is exact; otherwise they stand for more, and it has an interval.
    """

    count: int
    of: int
    complete: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.of:
            raise ValueError(f"a tally counts some of all, got {self.count} of {self.of}")


@dataclass(frozen=True, slots=True)
class GateReading:
    """
    A gate's state at one moment: the integral over time of the number in flight, and who went in and out so far.

    Two readings bound a window: the difference of `integral_ns` over that of `at_ns` is L, operations in flight on
    average; that of `left` over it is λ, completions per ns. `at_ns` is the gate's own clock.
    """

    integral_ns: int
    at_ns: int
    entered: int
    left: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is declared of a measurement: the samples file carries exactly this beside its columns."""

    name: str
    scope: Scope
    load: Load
    warmup_s: float
    duration_s: float  # of the measured window, by the clock, not as planned
    clock_step_ns: float  # the step in which the clock's readings really come, not the one it declares
    operations_attempted: int  # by a counter that is not the record itself


@dataclass(frozen=True, slots=True)
class Collection:
    """One garbage collection while operations were measured."""

    started_ns: int
    duration_ns: int
    generation: int


@dataclass(frozen=True, slots=True)
class InFlight:
    """
    What a gate at a boundary saw over the window; it shares no stamp with the records.

    `integral_ns` over `window_ns` is L, operations in flight on average; `completed` over it is λ.
    """

    window_ns: int
    integral_ns: int
    completed: int


@dataclass(frozen=True, slots=True)
class SampledInFlight:
    """
    The number in flight as looked at `looks` times at random moments, without the GIL: mean, standard deviation.

    `lag_ns` is by how much the looks came late, on average. One that waits for an operation to end sees none, so the
    mean means something only where the lag is small against what an operation takes.
    """

    looks: int
    mean: float
    deviation: float
    lag_ns: float


@dataclass(frozen=True, slots=True)
class Cut:
    """
    Operations that crossed an edge of the window, which several workers share: they leave no record.

    `ended_inside` of them had begun before the window and ended in it. `inside_ns` is the time of all of them that lies
    inside it, `longest_ns` what the longest took as far as it was seen.
    """

    operations: int
    ended_inside: int
    inside_ns: int
    longest_ns: int


@dataclass(frozen=True, slots=True)
class Use:
    """What the kernel counted for one worker while it ran: its time on a CPU, switches and page faults."""

    worker: int
    wall_ns: int
    cpu_ns: int
    voluntary: int  # context switches: it waited for something
    involuntary: int  # context switches: it was made to wait
    minor_faults: int
    major_faults: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """
    What the kernel counted between two looks, the later of them right after a slow operation that `finished_ns`.

    Looks are few milliseconds apart at most. What happened to the operation is among what is counted here.
    """

    worker: int
    finished_ns: int
    span_ns: int  # between the two looks
    cpu_ns: int  # of it, the worker's thread on a CPU
    process_cpu_ns: int  # CPU time of all threads of the process meanwhile
    voluntary: int
    involuntary: int
    minor_faults: int
    major_faults: int


@dataclass(frozen=True, slots=True)
class Instrument:
    """
    What the measuring apparatus found out about itself, in the same process, around the window.

    Nothing here is ever subtracted from a latency: it is published beside it.
    """

    recorder: str  # "c" or "python" (the fallback), or "virtual" when the clock was simulated
    clock_cost_ns: float  # one reading of the clock, median
    floor_ns: float  # what an empty operation is recorded as, median
    canary_ns: tuple[float, ...]  # a fixed piece of work, timed before, between and after: the host's speed
    window_ns: int  # wall time of the measured window, all workers
    collections: tuple[Collection, ...] = ()
    results_kept: int = 0
    results_digest: str = ""
    in_flight: InFlight | None = None  # where operations enter and leave the recorder's hands
    sampled: SampledInFlight | None = None
    inside: InFlight | None = None  # as the system under load itself saw it
    cut: Cut | None = None
    uses: tuple[Use, ...] = ()
    sightings: tuple[Sighting, ...] = ()  # of the slowest operations; what took less than `slow_ns` was not looked at
    slow_ns: int = 0
    steal_ns: int = 0  # CPU time that the hypervisor kept from this machine, all CPUs, by its own account
    forks: int = 0  # how often an operation forked the process
    cores: int | None = None  # processors that this process may run on; None where the system does not say
    tallies: Mapping[str, Tally] = field(default_factory=dict)  # what the component itself counted, by name
    policy: int = 1  # counted up whenever the harness comes to record something else of the same thing


@dataclass(frozen=True, slots=True)
class Samples:
    """
    What the harness saw: one row per operation, nothing computed, nothing dropped.

    Five columns of equal length n. `outcome` indexes `outcomes`; `outcomes[0]` is always "ok".
    """

    measurement: Measurement
    scheduled_ns: Ints  # when the plan said to start; in a closed load, when the worker became free
    started_ns: Ints
    finished_ns: Ints
    outcome: Codes
    outcomes: tuple[str, ...]
    worker: Workers
    instrument: Instrument | None = None

    def __post_init__(self) -> None:
        columns = (self.scheduled_ns, self.started_ns, self.finished_ns, self.outcome, self.worker)
        if len({len(column) for column in columns}) != 1:
            raise ValueError(f"columns of unequal length: {', '.join(str(len(column)) for column in columns)}")
        if not self.outcomes or self.outcomes[0] != SUCCESS:
            raise ValueError(f"the first outcome must be {SUCCESS!r}, got {self.outcomes[:1]}")
        if len(self.outcome) and int(self.outcome.max()) >= len(self.outcomes):
            raise ValueError(f"outcome {int(self.outcome.max())} has no name among {len(self.outcomes)}")

    def __len__(self) -> int:
        return len(self.finished_ns)

    def blocks(self, rows: int = 1 << 20) -> Iterator[slice]:
        """Slices of so many rows that together are all of them: for what need not hold a whole column at once."""
        for first in range(0, len(self), rows):
            yield slice(first, min(first + rows, len(self)))

    @property
    def latency_ns(self) -> Ints:
        """Response time: from when the plan said to start; what a caller waits."""
        return self.finished_ns - self.scheduled_ns

    @property
    def service_ns(self) -> Ints:
        """Service time: what the operation itself took."""
        return self.finished_ns - self.started_ns

    @property
    def succeeded(self) -> npt.NDArray[np.bool_]:
        """Which operations did what they should."""
        result: npt.NDArray[np.bool_] = self.outcome == 0
        return result


@dataclass(frozen=True, slots=True)
class Pair:
    """
    Two workloads measured in turns: what was seen of each, and how many operations each of its blocks has.

    Block i of one and block i of the other were next to each other, in random order.
    """

    a: Samples
    b: Samples
    a_blocks: tuple[int, ...]
    b_blocks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number that never travels without its interval: `low ≤ value ≤ high` in `unit`, from `n` operations."""

    value: float
    low: float
    high: float
    unit: str
    n: int

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"an interval must hold its value, got {self.low} ≤ {self.value} ≤ {self.high}")


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A result that cannot be told, and why. Never 0, NaN or None."""

    reason: str


Result = Estimate | Unavailable
Results = Mapping[str, Result]


class Weight(enum.StrEnum):
    """How much a finding weighs; ordered from a remark to a proof."""

    NOTE = "note"  # worth knowing; changes no verdict
    DOUBT = "doubt"  # the result may be wrong
    VOID = "void"  # the result says nothing
    REFUTES = "refutes"  # arithmetic or physics makes the claim impossible as stated


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason for doubt: a sentence with its arithmetic, and the results it touches (names or `latency_ns.*`)."""

    weight: Weight
    message: str
    touches: tuple[str, ...] = ("*",)

    def touches_result(self, name: str) -> bool:
        """Whether the finding is about the result called `name`."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.touches)


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A rule that could not look. `undisclosed`: because the claim withholds something, so it stays in doubt."""

    reason: str
    undisclosed: bool


class TrustVerdict(enum.StrEnum):
    """May it be believed?"""

    VALIDATED = "validated"
    UNDER_AUDIT = "under_audit"
    REFUTED = "refuted"


@dataclass(frozen=True, slots=True)
class Audit:
    """
    Every rule's answer: `findings` by rule (one that looked and found nothing is listed, empty), `not_checked` by rule.
    """

    findings: Mapping[str, tuple[Finding, ...]]
    not_checked: Mapping[str, NotChecked] = field(default_factory=dict)

    @property
    def verdict(self) -> TrustVerdict:
        """Validated only when every rule that applies looked, and none had doubt."""
        weights = {finding.weight for found in self.findings.values() for finding in found}
        if Weight.REFUTES in weights:
            return TrustVerdict.REFUTED
        if weights & {Weight.VOID, Weight.DOUBT} or any(each.undisclosed for each in self.not_checked.values()):
            return TrustVerdict.UNDER_AUDIT
        return TrustVerdict.VALIDATED

    def doubts_about(self, result: str) -> tuple[tuple[str, Finding], ...]:
        """The (rule, finding) pairs heavier than a note that touch the result called `result`."""
        return tuple(
            (rule, finding)
            for rule, found in self.findings.items()
            for finding in found
            if finding.weight is not Weight.NOTE and finding.touches_result(result)
        )


@dataclass(frozen=True, slots=True)
class Declared:
    """What the maker of a measurement says about it; None where it is not disclosed."""

    scope: Scope | None = None
    kind: LoadKind | None = None
    workers: int | None = None
    rate_per_s: float | None = None
    warmup_s: float | None = None
    duration_s: float | None = None
    operations: int | None = None
    clock_step_ns: float | None = None
    hardware: str | None = None  # the machine, in words
    cores: int | None = None  # processors that what was measured may use
    think_s: float | None = None  # for which a worker of a closed load rests after each operation, on average
    failures_in_latency: bool | None = None  # whether the latencies are of failed operations too
    inputs: Mapping[str, float] | None = None  # results that were set and not measured, in their own units
    limits: Mapping[str, float] | None = None  # what results are said to keep, in their own units
    extrapolated_to_s: float | None = None  # the time for which `operations_extrapolated` is stated
    ratio_of: str | None = None  # the result of which `ratio_claimed` or `change_claimed` speaks
    baseline: Declared | None = None  # of the measurement that this one is compared with
    work: float | None = None  # units of it in one operation, as the maker counts them
    series: str | None = None  # measurements of the same series differ in nothing but their `work`


@dataclass(frozen=True, slots=True)
class Moment:
    """
    A date as it was `written`: some moment of the interval, s since 1970 by the clock on its wall.

    `ahead_s` is by how much that clock is ahead of UTC; None where no zone is named.
    """

    written: str
    earliest_s: float
    latest_s: float
    ahead_s: float | None


@dataclass(frozen=True, slots=True)
class Layer:
    """One of several that are asked in turn: the share that it answers of what reaches it, and how long it takes."""

    name: str
    answers: Estimate
    latency: Estimate | None = None  # mean, ns


@dataclass(frozen=True, slots=True)
class Scaling:
    """The load on each replica at which there is to be another, and the demonstration of it, where one is told of."""

    at: Estimate
    least: int  # replicas that there are without any load
    load: Estimate | None = None  # on all of them
    replicas: int | None = None  # that there then were


@dataclass(frozen=True, slots=True)
class Stated:
    """
    What a source says of its own figures, beyond them and their conditions; empty where it says nothing.

    Claims of one source with the same `about` speak of one thing, those with the same `run` of one measurement.
    """

    about: str | None = None
    run: str | None = None
    version: str | None = None  # of what is spoken of
    withdrawn: bool = False  # whether the source has taken the figures back
    dated: Moment | None = None
    rests_on: Mapping[str, Moment] = field(default_factory=dict)  # when what it uses or quotes was made, by name
    sides: Mapping[str, Side] = field(default_factory=dict)  # of its declared limit, on which a result is to lie
    parts: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)  # of a result, in its unit
    layers: tuple[Layer, ...] = ()
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # what was counted, set by set
    scaling: Scaling | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """
    What a rule looks at: results with what was declared of them, and the samples where there are any.

    `beside` are the other claims of the same source, each without such a list of its own. `says` is the claim in its
    source's words, where it has any.
    """

    name: str
    results: Results
    declared: Declared
    samples: Samples | None = None
    beside: tuple[Claim, ...] = ()
    says: str = ""
    stated: Stated = Stated()


@dataclass(frozen=True, slots=True)
class Witness:
    """What a load generator says of a closed load: λ, W, λ·W over the connections, p99; and whether it agrees."""

    name: str
    rate: Result
    wait: Result
    busy: Result
    p99: Result
    agreement: str  # a sentence; empty for the one that the others are held against


@dataclass(frozen=True, slots=True)
class Exceedance:
    """
    The share of operations slower than each latency, with its interval: few points, evenly spread on a log scale.

    Four arrays of equal length, latency rising; `share` is P(latency > latency_ns), 0 < share ≤ 1.
    """

    latency_ns: Floats
    share: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Timeline:
    """What each slice of the measured window saw: equal arrays, one element a slice; `time_s` is the slice's middle."""

    time_s: Floats
    operations: Ints
    p50_ns: Floats
    p99_ns: Floats
    max_ns: Floats
    in_flight: Floats  # L: operations in flight, averaged over the slice
    arrival_times_wait: Floats  # λW: completions per second times their mean latency in seconds


class Answer(enum.StrEnum):
    """Is it good enough?"""

    PASS = "pass"
    FAIL = "fail"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    A gate's answer about one result, with the sentence that explains it, and its parts where they are asked for alone.

    `limit` and `found` are worded with their units; `found` is empty where there is no result. `why_open` is why a
    comparison may not be taken for an answer.
    """

    gate: str
    of: str
    answer: Answer
    sentence: str
    weight: float = 1.0
    key: bool = False
    limit: str = ""
    found: str = ""
    why_open: str = ""


class Fitness(enum.StrEnum):
    """Is this machine fit to measure on? Ordered from what says nothing to what weighs heaviest."""

    UNKNOWN = "unknown"  # could not be looked at: neither good nor bad
    FIT = "fit"
    CAREFUL = "careful"  # figures hold, beside others made under the same conditions
    UNFIT = "unfit"  # what is measured would be this, as much as the code


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing looked at on a machine: what was found, and one sentence of advice, empty where nothing is to do."""

    name: str
    found: str
    verdict: Fitness
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was looked at, in that order; `word` is that of the worst of them."""

    word: Fitness
    symptoms: tuple[Symptom, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """
    Everything a stranger needs to check a study except the raw columns, whose digest it holds.

    `content` is plain JSON data; `digest` is the SHA-256 of its canonical bytes.
    """

    content: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class Outliers:
    """
    Operations whose service time lies beyond `fence_ns`, and what is known to have happened while they ran.

    `counts` and `excess_ns`, the time beyond the median, are by cause, of which each operation has one. `worst` lists
    the slowest, slowest first, as (seconds into the window, service time in ns, cause).
    """

    operations: int  # all, outliers or not
    service_ns: int  # of all
    median_ns: int
    fence_ns: float
    counts: Mapping[str, int]
    excess_ns: Mapping[str, int]
    worst: tuple[tuple[float, int, str], ...]
