"""
A run without its operations: small enough to send, and two of them make one, as if one machine had seen all of it.

Of each run stay its declaration, its outcomes, how many operations every slice of its window completed, what every
batch of them took, and a histogram of latencies; of all runs together the smallest latency, the sum, and the largest
100,001. Values are then exact, or known to a bucket of a thousandth. What is lost is the order in time, and with it how
much operations resemble their neighbours.

    throughput_per_s       of machines that ran side by side: the sum of their rates
    latency_ns.mean        exact, its interval from the batches of every run
    latency_ns.p…          its interval from how much runs differ, which needs no order: at least two of them
    seen.latency_ns.p…     the same quantile as a fact about these operations, with no word about others
    latency_ns.{min,max}, share.{ok,failed,<outcome>}

Results that need the order, or every operation, are Unavailable and say so.

Source: A. M. Law, Simulation Modeling and Analysis (2015), section 9.4.1 (independent replications); W. G. Cochran,
Sampling Techniques (1977), section 9A.2 (a share from clusters of unequal size).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
from scipy import stats

from bizra_lab.analysis import curves, histogram, means, shares
from bizra_lab.analysis.buckets import Buckets
from bizra_lab.analysis.completion import latencies_in_order
from bizra_lab.analysis.estimate import DEFAULT, AnalysisSettings
from bizra_lab.analysis.histogram import Bounded, Exact, Histogram, Tally
from bizra_lab.analysis.hlog import decode, encode
from bizra_lab.analysis.quantiles import quantile_name, rank, rank_interval, samples_needed
from bizra_lab.columns import blocks, is_rising
from bizra_lab.errors import LabError, Unreadable, one_line
from bizra_lab.model import SUCCESS, Estimate, Ints, Measurement, Result, Results, Samples, Unavailable
from bizra_lab.settings import build, plain
from bizra_lab.units import SECOND_NS

NOT_IN_A_SUMMARY = Unavailable("a summary holds no stamps of operations; it takes the samples themselves")
LOST = ("littles_law.in_flight", "littles_law.ratio", "steady_state.begins_s")


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """
    What stays of one measurement.

    `digest` is that of its columns, by which it is known again. `completed` are the operations that finished in each
    of `means.BATCHES` equal slices of the window, `took_ns` what each of as many consecutive batches took together.
    """

    measurement: Measurement
    digest: str
    window_s: float
    outcomes: Mapping[str, int]
    completed: tuple[int, ...]
    took_ns: tuple[int, ...]
    latency_ns: Histogram

    @property
    def operations(self) -> int:
        """How many were recorded."""
        return self.latency_ns.n


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """Runs of one study; `exact` is what is known of all their latencies beyond buckets."""

    runs: tuple[Run, ...]
    exact: Exact

    @property
    def latency_ns(self) -> Histogram:
        """The latencies of all runs."""
        together = reduce(histogram.merge, (run.latency_ns for run in self.runs))
        return Histogram.counted(together.buckets, together.counts, self.exact)

    @property
    def measurement(self) -> Measurement:
        """What is declared of all runs as one: workers and rates add up, the shortest duration and warm-up hold."""
        each = [run.measurement for run in self.runs]
        rates = [one.load.rate_per_s for one in each if one.load.rate_per_s is not None]
        load = replace(
            each[0].load, workers=sum(one.load.workers for one in each), rate_per_s=sum(rates) if rates else None
        )
        return replace(
            each[0],
            load=load,
            warmup_s=min(one.warmup_s for one in each),
            duration_s=min(one.duration_s for one in each),
            clock_step_ns=max(one.clock_step_ns for one in each),
            operations_attempted=sum(one.operations_attempted for one in each),
        )


def summary(samples: Samples, digest: str) -> Summary:
    """
    What stays of a measurement whose columns have this digest.

    Raises LabError with one line for latencies below 0, or where there are no operations.
    """
    n = len(samples)
    if not n:
        raise LabError(f"{samples.measurement.name}: no operations; expected some to sum up")
    in_order = latencies_in_order(samples)
    tally = Tally()
    for rows in blocks(in_order):
        tally.add(in_order[rows])
    counted = tally.histogram()
    assert counted.exact is not None
    begin_ns, end_ns = curves.window_of(samples)
    run = Run(
        measurement=samples.measurement,
        digest=digest,
        window_s=(end_ns - begin_ns) / SECOND_NS,
        outcomes=_outcomes(samples),
        completed=tuple(curves.completions_by_slice(samples, means.BATCHES).tolist()),
        took_ns=means.batch_totals(in_order),
        latency_ns=Histogram.counted(counted.buckets, counted.counts),
    )
    return Summary((run,), counted.exact)


def _outcomes(samples: Samples) -> dict[str, int]:
    counts = np.zeros(len(samples.outcomes), dtype=np.int64)
    for rows in samples.blocks():
        counts += np.bincount(samples.outcome[rows], minlength=len(counts))
    return dict(zip(samples.outcomes, counts.tolist(), strict=True))


def merge(a: Summary, b: Summary) -> Summary:
    """
    The summary of the runs of both, whatever order they come in.

    Raises LabError with one line for a run that is in both, and for runs of different studies, scopes or loads.
    """
    known = {run.digest for run in a.runs}
    for run in b.runs:
        if run.digest in known:
            raise LabError(f"{run.measurement.name}: the run {run.digest[:12]} is in both; expected each once")
    for of, ours, theirs in _what_must_agree(a.runs[0].measurement, b.runs[0].measurement):
        if ours != theirs:
            raise LabError(f"{of} {ours!r} and {theirs!r}; expected runs of one study under one kind of load")
    runs = sorted((*a.runs, *b.runs), key=lambda run: run.digest)
    return Summary(tuple(runs), histogram.together(a.exact, b.exact))


def _what_must_agree(a: Measurement, b: Measurement) -> tuple[tuple[str, str, str], ...]:
    return ("name", a.name, b.name), ("scope", a.scope, b.scope), ("load", a.load.kind, b.load.kind)


@dataclass(frozen=True, slots=True)
class _Written:
    """A run as it stands in a file: its histogram as HdrHistogram writes one."""

    measurement: Measurement
    digest: str
    window_s: float
    outcomes: dict[str, int]
    completed: tuple[int, ...]
    took_ns: tuple[int, ...]
    latency_ns: str


@dataclass(frozen=True, slots=True)
class _Document:
    """A summary as it stands in a file, without its largest latencies."""

    runs: tuple[_Written, ...]
    smallest_ns: int
    total_ns: int
    kept: int


def document_of(merged: Summary) -> dict[str, Any]:
    """The summary as plain data, all but its largest latencies, which are `exact.tail`."""
    runs = tuple(
        _Written(
            **{**{field.name: getattr(run, field.name) for field in fields(run)}, "latency_ns": encode(run.latency_ns)}
        )
        for run in merged.runs
    )
    return dict(plain(_Document(runs, merged.exact.smallest, merged.exact.total, merged.exact.kept)))


def summary_from(document: Mapping[str, Any], largest_ns: Ints, where: str) -> Summary:
    """The summary that a document and the largest latencies stand for. Raises Unreadable where they are none."""
    try:
        written = build(_Document, document, where)
        runs = tuple(
            Run(
                **{
                    **{field.name: getattr(run, field.name) for field in fields(run)},
                    "latency_ns": decode(run.latency_ns),
                }
            )
            for run in written.runs
        )
    except LabError as error:
        raise Unreadable(f"{where}: {one_line(error)}; expected a summary") from None
    found = Summary(runs, Exact(written.smallest_ns, written.total_ns, largest_ns, written.kept))
    wrong = next(_wrong(found), None)
    if wrong:
        raise Unreadable(f"{where}: {wrong}; expected a summary")
    return found


def _wrong(found: Summary) -> Iterator[str]:
    """What parts of a file say that the others deny."""
    if not found.runs:
        yield "no runs"
    for run in found.runs:
        if run.latency_ns.buckets != Buckets():
            yield f"a histogram of {run.latency_ns.buckets.digits} digits, not {Buckets().digits}"
        if not len(run.completed) == len(run.took_ns) == means.BATCHES:
            yield f"{len(run.completed)} slices and {len(run.took_ns)} batches, not {means.BATCHES}"
        if not run.operations or sum(run.outcomes.values()) != run.operations:
            yield f"{sum(run.outcomes.values())} outcomes of {run.operations} operations"
    exact, n = found.exact, sum(run.operations for run in found.runs)
    if sum(sum(run.took_ns) for run in found.runs) != exact.total:
        yield "batches do not add up to the sum of all latencies"
    if len(exact.tail) != min(n, exact.kept) or not is_rising(exact.tail):
        yield f"{len(exact.tail)} largest latencies of {n}, not {exact.kept} in rising order"


def results(merged: Summary, settings: AnalysisSettings = DEFAULT) -> Results:
    """The results of the list above, by name."""
    confidence, latency_ns = settings.confidence, merged.latency_ns
    return {
        "throughput_per_s": _throughput(merged, confidence),
        "latency_ns.min": _fact(latency_ns.min, latency_ns.n),
        "latency_ns.mean": _mean(merged, confidence),
        **_quantiles(merged, latency_ns, settings),
        "latency_ns.max": _fact(latency_ns.max, latency_ns.n),
        **_shares(merged, confidence),
        **dict.fromkeys(LOST, NOT_IN_A_SUMMARY),
    }


def _throughput(merged: Summary, confidence: float) -> Result:
    least = means.BATCHES * means.BATCH_OPERATIONS_MIN
    for run in merged.runs:
        if run.operations < least or run.window_s <= 0:
            return Unavailable(f"a run of {run.operations} operations does not bound a rate; it needs {least}")
    rates = [np.array(run.completed) * (means.BATCHES / run.window_s) for run in merged.runs]
    value = sum(run.operations / run.window_s for run in merged.runs)
    return means.around(value, rates, confidence, "per_s", merged.latency_ns.n)


def _mean(merged: Summary, confidence: float) -> Result:
    n, least = merged.latency_ns.n, means.BATCHES * means.BATCH_OPERATIONS_MIN
    for run in merged.runs:
        if run.operations < least:
            return Unavailable(f"a run of {run.operations} operations does not bound a mean; it needs {least}")
    parts = [
        np.array(run.took_ns, dtype=np.float64) / means.batch_sizes(run.operations) * (run.operations / n)
        for run in merged.runs
    ]
    return means.around(merged.exact.total / n, parts, confidence, "ns", n)


def _quantiles(merged: Summary, latency_ns: Histogram, settings: AnalysisSettings) -> dict[str, Result]:
    inferred: dict[str, Result] = {}
    seen: dict[str, Result] = {}
    for p in settings.probabilities():
        name = f"latency_ns.{quantile_name(p)}"
        inferred[name] = _quantile(merged, latency_ns, p, settings.confidence)
        place = rank(latency_ns.n, p)
        seen[f"seen.{name}"] = _fact(latency_ns.order_statistics([place])[place], latency_ns.n)
    return {**inferred, **seen}


def _quantile(merged: Summary, latency_ns: Histogram, p: Fraction, confidence: float) -> Result:
    """The p-quantile with an interval that is never narrower than operations without memory would give."""
    n, runs = latency_ns.n, len(merged.runs)
    if runs < 2:
        return Unavailable("one run's summary does not tell how much its operations resemble each other; it takes two")
    alone = rank_interval(n, p, confidence) if n >= samples_needed(p) else None
    if alone is None:
        return Unavailable(f"{n} operations do not bound the {float(p):.10g} quantile; it needs {samples_needed(p)}")
    middle = rank(n, p)
    half = _deviation(merged, latency_ns, middle) * float(stats.t.ppf((1 + confidence) / 2, runs - 1))
    low, high = min(alone[0], math.floor(n * (float(p) - half))), max(alone[1], math.ceil(n * (float(p) + half)) + 1)
    if low < 1 or high > n:
        return Unavailable(f"{runs} runs differ too much to bound the {float(p):.10g} quantile; it takes more of them")
    order = latency_ns.order_statistics([low, middle, high])
    return Estimate(order[middle].value, order[low].low, order[high].high, "ns", n)


def _deviation(merged: Summary, latency_ns: Histogram, place: int) -> float:
    """
    The standard deviation of the share of all operations beyond a rank, from the shares of the runs.

    They are of operations beyond the rank's bucket, of which every histogram tells the number.
    """
    bucket = int(np.searchsorted(np.cumsum(latency_ns.counts), place))
    up_to = np.array([run.latency_ns.counts[: bucket + 1].sum() for run in merged.runs])
    sizes = np.array([run.operations for run in merged.runs])
    residual = up_to - sizes * (up_to.sum() / sizes.sum())
    runs = len(sizes)
    return math.sqrt(runs / (runs - 1) * float((residual**2).sum())) / float(sizes.sum())


def _shares(merged: Summary, confidence: float) -> dict[str, Result]:
    n = merged.latency_ns.n
    names = dict.fromkeys([SUCCESS, *sorted({name for run in merged.runs for name in run.outcomes})])
    hits = {name: sum(run.outcomes.get(name, 0) for run in merged.runs) for name in names}
    found = {f"share.{name}": shares.share(count, n, confidence) for name, count in hits.items()}
    found["share.failed"] = shares.share(n - hits[SUCCESS], n, confidence)
    return found


def _fact(found: Bounded | Unavailable, n: int) -> Result:
    """What these operations took, between what it surely lies; so without spread."""
    if isinstance(found, Unavailable):
        return found
    return Estimate(found.value, found.low, found.high, "ns", n)
