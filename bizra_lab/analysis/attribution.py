"""
What happened while the slowest operations ran.

    outliers.share             operations beyond the fence, as a share of all
    outliers.fence_ns          from where on an operation is far out
    outliers.excess            their time beyond the median, as a share of the service time of all operations
    outliers.excess.<cause>    how that time divides among the causes; these add up to 1
    host.cpu_share             time the workers were on a CPU, as a share of what they had
    host.involuntary_switches_per_s, host.page_faults_per_s    of all workers together

The fence is Tukey's for far-out values, three quartile distances beyond the upper quartile, on the logarithm of the
service time. Latencies are skewed: on their own scale the fence would call one in thirty of an ordinary log-normal an
outlier, and more the wider it is; on the logarithm it is about one in a million, however wide, and the same in ns as in
ms. Quartiles are known to the clock's step only, so they count as at least one step apart; and where they nearly agree
the fence is twice the median, since what is a few percent slower has lost nothing worth explaining.

A cause is named where it accounts for at least half of an operation's excess over the median; the first that does, in
this order, is the one:

    gc                  garbage collections overlap with it (known for every operation)
    not_looked_at       nobody asked the kernel after it: it was not slow enough, or many were slower
    page_faults         a major one, or so many minor ones
    involuntary_switch  off the CPU, and the kernel took it away
    gil_wait            off the CPU, waiting, while other threads of the process were on one for half as long or more
    waited              off the CPU by its own doing: a sleep, I/O, a lock
    steal               no switch, and the hypervisor kept half as long or more from the machine as all of these took
    unexplained         on the CPU, or nothing above accounts for it

The kernel's counters span the operation and what its worker did in the few milliseconds before it; what a worker
usually needs in such a time is taken off first. Counters say what happened, not that it was the reason.

Source: J. W. Tukey, Exploratory Data Analysis (1977), section 2D, on fences; getrusage(2) and clock_gettime(2) on what
is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from bizra_lab.analysis.quantiles import order_statistics, rank
from bizra_lab.analysis.shares import share
from bizra_lab.columns import difference, span
from bizra_lab.model import (
    Collection,
    Estimate,
    Floats,
    Instrument,
    Ints,
    Outliers,
    Result,
    Samples,
    Sighting,
    Unavailable,
    Use,
)
from bizra_lab.units import SECOND_NS

CAUSES = (
    "gc",
    "not_looked_at",
    "page_faults",
    "involuntary_switch",
    "gil_wait",
    "waited",
    "steal",
    "unexplained",
)
GC, NOT_LOOKED_AT, PAGE_FAULTS, INVOLUNTARY_SWITCH, GIL_WAIT, WAITED, STEAL, UNEXPLAINED = range(len(CAUSES))

QUARTILE_DISTANCES = 3  # beyond the upper quartile: Tukey's outer fence, beyond which a value is far out

MEDIANS_MIN = 2  # of the fence; below it the excess is less than an ordinary operation

HALF = 0.5  # of the excess; what accounts for less leaves more unexplained than it explains

# A page that is first touched costs from a quarter of a µs on bare metal to three in a small virtual machine, and half
# of the excess is all that has to be accounted for.
MINOR_FAULT_NS = 1_500

OPERATIONS_MIN = 100  # for quartiles; of fewer, chance moves them by more than a tenth of the operations

WORST = 10  # operations listed one by one: a table for a reader

_counts_of = attrgetter(
    "span_ns", "cpu_ns", "process_cpu_ns", "voluntary", "involuntary", "minor_faults", "major_faults"
)


def attribution(samples: Samples, confidence: float) -> dict[str, Result]:
    """The results of the list above, by name; those of the host only where an instrument counted."""
    return {**_of_outliers(outliers(samples), confidence), **_of_host(samples.instrument)}


def outliers(samples: Samples) -> Outliers | Unavailable:
    """Operations beyond the fence, with what happened to them; Unavailable where there are too few for a fence."""
    n = len(samples)
    if n < OPERATIONS_MIN:
        return Unavailable(f"{n} operations have no quartiles to speak of; it needs {OPERATIONS_MIN}")
    median_ns, fence_ns = _median_and_fence(samples)
    rows = np.concatenate(
        [np.flatnonzero(_service_ns(samples, block) > fence_ns) + block.start for block in samples.blocks()]
    )
    excess_ns = samples.finished_ns[rows] - samples.started_ns[rows] - median_ns
    cause = _causes(samples, rows, excess_ns)
    return Outliers(
        operations=n,
        service_ns=sum(int(_service_ns(samples, block).sum(dtype=np.int64)) for block in samples.blocks()),
        median_ns=median_ns,
        fence_ns=fence_ns,
        counts=dict(zip(CAUSES, np.bincount(cause, minlength=len(CAUSES)).tolist(), strict=True)),
        excess_ns={name: int(excess_ns[cause == code].sum()) for code, name in enumerate(CAUSES)},
        worst=_worst(samples, rows, cause),
    )


def _median_and_fence(samples: Samples) -> tuple[int, float]:
    n = len(samples)
    low, middle, high = (rank(n, Fraction(quarter, 4)) for quarter in (1, 2, 3))
    found = order_statistics(difference(samples.finished_ns, samples.started_ns), [low, middle, high])
    return found[middle], fence(found[low], found[middle], found[high], samples.measurement.clock_step_ns)


def fence(lower_ns: float, median_ns: float, upper_ns: float, step_ns: float) -> float:
    """
    From where on a service time is far out, in ns, by its quartiles and the clock's step.

    Three distances of the logarithms beyond the upper one are three times their ratio.
    """
    step_ns = max(step_ns, 1.0)  # stamps are whole ns
    lower_ns = max(lower_ns, step_ns)
    upper_ns = max(upper_ns, lower_ns + step_ns)
    return float(max(upper_ns * (upper_ns / lower_ns) ** QUARTILE_DISTANCES, MEDIANS_MIN * median_ns))


def _service_ns(samples: Samples, rows: slice) -> Ints:
    return samples.finished_ns[rows] - samples.started_ns[rows]


def _worst(samples: Samples, rows: Ints, cause: Ints) -> tuple[tuple[float, int, str], ...]:
    service_ns = samples.finished_ns[rows] - samples.started_ns[rows]
    begin_ns = span(samples.scheduled_ns)[0]
    return tuple(
        (float(samples.started_ns[rows[each]] - begin_ns) / SECOND_NS, int(service_ns[each]), CAUSES[cause[each]])
        for each in np.argsort(-service_ns, kind="stable")[:WORST]
    )


# ---- the causes of each outlier --------------------------------------------------------------------------------


def _causes(samples: Samples, rows: Ints, excess_ns: Ints) -> Ints:
    """The place in `CAUSES` of each outlier's cause."""
    instrument = samples.instrument
    if instrument is None:
        return np.full(len(rows), NOT_LOOKED_AT)
    started_ns, finished_ns = samples.started_ns[rows], samples.finished_ns[rows]
    sighted = _sighted(samples.worker[rows], finished_ns, instrument.sightings)
    counted = _beyond_usual(_counts(instrument.sightings)[sighted], excess_ns, instrument.uses)
    cause = np.where(sighted < 0, NOT_LOOKED_AT, _counted_causes(counted, excess_ns))
    cause[_collected_ns(instrument.collections, started_ns, finished_ns) >= HALF * excess_ns] = GC
    unswitched = (cause == UNEXPLAINED) & ~counted.made_to_wait & ~counted.waited
    if unswitched.any() and instrument.steal_ns >= HALF * int(excess_ns[unswitched].sum()):
        cause[unswitched] = STEAL
    return cause


@dataclass(frozen=True, slots=True)
class _Counted:
    """What was counted around each outlier beyond what its worker usually needs: arrays of equal length."""

    off_cpu_ns: Floats
    others_cpu_ns: Ints  # of the process's other threads
    made_to_wait: npt.NDArray[np.bool_]
    waited: npt.NDArray[np.bool_]
    faults: Floats
    major_faults: Ints


def _beyond_usual(counts: Ints, excess_ns: Ints, uses: Sequence[Use]) -> _Counted:
    span_ns, cpu_ns, process_cpu_ns, voluntary, involuntary, minor, major = counts.T
    wall_ns = max(sum(use.wall_ns for use in uses), 1)
    # What is not the excess is a stretch like any other.
    stretches = np.maximum(span_ns - excess_ns, 0) / wall_ns
    return _Counted(
        off_cpu_ns=span_ns - cpu_ns - stretches * max(0, sum(use.wall_ns - use.cpu_ns for use in uses)),
        others_cpu_ns=process_cpu_ns - cpu_ns,
        # Where a thread is interrupted all the time, for a few µs, that it was tells nothing.
        made_to_wait=involuntary - stretches * sum(use.involuntary for use in uses) > HALF,
        # Most waits are as usual, but for their length.
        waited=voluntary > 0,
        faults=minor - stretches * sum(use.minor_faults for use in uses),
        major_faults=major,
    )


def _counted_causes(counted: _Counted, excess_ns: Ints) -> Ints:
    """What the kernel's counters say of each outlier: the first of those that account for half its excess."""
    off_cpu = counted.off_cpu_ns >= HALF * excess_ns
    return np.select(
        [
            (counted.major_faults > 0) | (counted.faults * MINOR_FAULT_NS >= HALF * excess_ns),
            off_cpu & counted.made_to_wait,
            off_cpu & counted.waited & (counted.others_cpu_ns >= HALF * counted.off_cpu_ns),
            off_cpu & counted.waited,
        ],
        [PAGE_FAULTS, INVOLUNTARY_SWITCH, GIL_WAIT, WAITED],
        UNEXPLAINED,
    )


def _counts(sightings: Sequence[Sighting]) -> Ints:
    """What was counted, one row a sighting, and behind them one of zeros: where there was none, nothing was."""
    return np.array([*map(_counts_of, sightings), (0,) * 7], dtype=np.int64)


def _sighted(worker: npt.NDArray[np.int32], finished_ns: Ints, sightings: Sequence[Sighting]) -> Ints:
    """The row of each operation's sighting, or −1."""
    row_of = {(each.worker, each.finished_ns): row for row, each in enumerate(sightings)}
    pairs = zip(worker.tolist(), finished_ns.tolist(), strict=True)
    return np.fromiter((row_of.get(pair, -1) for pair in pairs), dtype=np.int64, count=len(worker))


def _collected_ns(collections: Sequence[Collection], started_ns: Ints, finished_ns: Ints) -> Floats:
    """How much of each operation's time lies inside a garbage collection, in ns; all threads wait for one."""
    if not collections or not len(started_ns):
        return np.zeros(len(started_ns))
    in_order = sorted(collections, key=attrgetter("started_ns"))
    began = np.array([each.started_ns for each in in_order], dtype=np.int64)
    ended = np.maximum.accumulate(began + np.array([each.duration_ns for each in in_order], dtype=np.int64))
    began[1:] = np.maximum(began[1:], ended[:-1])  # of several processes they may overlap
    # Collecting so far is a line that rises within each collection and is level between them.
    edges_ns = np.stack([began, ended], axis=1).ravel()
    so_far_ns = np.concatenate([[0], np.cumsum(np.diff(edges_ns) * (np.arange(len(edges_ns) - 1) % 2 == 0))])
    # From the first edge on: a stamp as such has more digits than a float.
    at_ns = edges_ns - edges_ns[0]
    until_end, until_start = (np.interp(stamps - edges_ns[0], at_ns, so_far_ns) for stamps in (finished_ns, started_ns))
    result: Floats = until_end - until_start
    return result


# ---- as results -------------------------------------------------------------------------------------------------


def _of_outliers(found: Outliers | Unavailable, confidence: float) -> dict[str, Result]:
    by_cause = [f"outliers.excess.{cause}" for cause in CAUSES]
    if isinstance(found, Unavailable):
        return dict.fromkeys(("outliers.share", "outliers.fence_ns", "outliers.excess", *by_cause), found)
    hits = sum(found.counts.values())
    excess_ns = sum(found.excess_ns.values())
    return {
        "outliers.share": share(hits, found.operations, confidence),
        "outliers.fence_ns": _exact(found.fence_ns, "ns", found.operations),
        "outliers.excess": _exact(excess_ns / max(found.service_ns, 1), "share", found.operations),
        **_by_cause(found.excess_ns, excess_ns, hits),
    }


def _by_cause(excess_ns: Mapping[str, int], total_ns: int, hits: int) -> dict[str, Result]:
    if not hits:
        return {f"outliers.excess.{cause}": Unavailable("no operation lies beyond the fence") for cause in excess_ns}
    return {f"outliers.excess.{cause}": _exact(ns / total_ns, "share", hits) for cause, ns in excess_ns.items()}


def _of_host(instrument: Instrument | None) -> dict[str, Result]:
    names = ("host.cpu_share", "host.involuntary_switches_per_s", "host.page_faults_per_s")
    if instrument is None:
        return {}
    uses = instrument.uses
    wall_ns = sum(use.wall_ns for use in uses)
    if not wall_ns:
        return dict.fromkeys(names, Unavailable("the kernel was not asked what the workers used"))
    on_cpu = sum(use.cpu_ns for use in uses) / wall_ns
    # Workers have the same window; counts of all of them are per second of it.
    window_s = wall_ns / len(uses) / SECOND_NS
    switches_per_s = sum(use.involuntary for use in uses) / window_s
    faults_per_s = sum(use.minor_faults + use.major_faults for use in uses) / window_s
    values = zip(names, (on_cpu, switches_per_s, faults_per_s), ("share", "per_s", "per_s"), strict=True)
    return {name: _exact(value, unit, len(uses)) for name, value, unit in values}


def _exact(value: float, unit: str, n: int) -> Estimate:
    """A fact about these n, so without spread."""
    return Estimate(value, value, value, unit, n)
