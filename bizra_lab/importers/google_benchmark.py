"""
Google Benchmark: calls inside a process, from its JSON (`--benchmark_format=json`).

A closed load of one thread: `real_time` is the wall time of a batch over its `iterations`, so the rate is its inverse,
rate × mean is 1 by construction, and Little's law can find nothing. Times are of batches: their extremes and quantiles
are not those of calls, and are not given. With repetitions the mean is of all calls, and its interval spans the
repetitions, which is not a confidence interval. Where only aggregates were written, the mean is theirs. With more than
one thread, `real_time` was divided by the threads in some versions and is not in others: no time is given. How long a
repetition warmed up is not told.

Source: google/benchmark, src/json_reporter.cc, docs/user_guide.md; pull request 1836 on threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bizra_lab.errors import Unreadable
from bizra_lab.importers._files import Place, json_keys, json_of, name_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import of_batches
from bizra_lab.model import Claim, Declared, Estimate, Result, Unavailable

_UNITS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def can_read(head: bytes) -> bool:
    return json_keys(head) >= {"context", "executable", "num_cpus", "library_build_type"}


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    runs: dict[str, list[Place]] = {}
    for each in json_of(path)["benchmarks"].elements():
        name = each.get("run_name") or each["name"]
        runs.setdefault(name.text(), []).append(each)
    return tuple(_claim(name, entries) for name, entries in runs.items())


def _claim(name: str, entries: Sequence[Place]) -> Claim:
    threads = max(_whole_or(each, "threads", 1) for each in entries)
    batches = [each for each in entries if _kind(each) == "iteration"]
    means = [each for each in entries if _kind(each) == "mean"]
    calls = sum(each["iterations"].whole() for each in batches)
    mean: Result
    if any(each.get("error_message") for each in entries):
        said = next(place.text() for each in entries if (place := each.get("error_message")))
        mean = Unavailable(f"the benchmark failed: {name_of(said)}")
    elif threads > 1:
        mean = Unavailable(f"whether the time of {threads} threads is divided by them differs between versions")
    else:
        mean = _mean(batches, calls) if calls else _aggregate(means)
    results: dict[str, Result] = {
        "throughput_per_s": _inverse(mean),
        "latency_ns.mean": mean,
        "latency_ns.p50": of_batches(calls // len(batches)) if calls else of_batches(0),
    }
    measured_s = sum(_time_ns(each) * each["iterations"].whole() for each in batches) / 1e9
    declared = Declared(
        scope="inproc",
        kind="closed",
        workers=threads,
        duration_s=measured_s if calls and threads == 1 else None,
        operations=calls or None,
    )
    return Claim(name_of(name), results, declared)


def _kind(entry: Place) -> str:
    """What an entry is of: "iteration" for a batch of calls, or the name of an aggregate."""
    aggregate = entry.get("aggregate_name")
    return aggregate.text() if aggregate else "iteration"


def _whole_or(entry: Place, key: str, otherwise: int) -> int:
    place = entry.get(key)
    return place.whole() if place else otherwise


def _time_ns(entry: Place) -> float:
    if entry.get("error_occurred"):
        return 0.0
    unit = entry["time_unit"]
    if unit.text() not in _UNITS:
        raise Unreadable(f"{unit.where}: expected one of {', '.join(_UNITS)}, got {unit.text()[:60]!r}")
    return entry["real_time"].number() * _UNITS[unit.text()]


def _mean(batches: Sequence[Place], calls: int) -> Estimate:
    times_ns = [_time_ns(each) for each in batches]
    total_ns = sum(time_ns * each["iterations"].whole() for time_ns, each in zip(times_ns, batches, strict=True))
    value = min(max(total_ns / calls, min(times_ns)), max(times_ns))
    return Estimate(value, min(times_ns), max(times_ns), "ns", calls)


def _aggregate(means: Sequence[Place]) -> Result:
    if not means:
        return Unavailable("neither a repetition nor the mean of them is in the file")
    value = _time_ns(means[0])
    return Estimate(value, value, value, "ns", _whole_or(means[0], "repetitions", 1))


def _inverse(mean: Result) -> Result:
    if isinstance(mean, Unavailable):
        return mean
    if mean.low <= 0:
        return Unavailable("a time of 0 has no rate")
    return Estimate(1e9 / mean.value, 1e9 / mean.high, 1e9 / mean.low, "per_s", mean.n)
