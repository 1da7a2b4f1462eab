"""
JMH: calls inside a Java process by `threads` threads, from its JSON (`-rf json`).

A closed load: each thread calls again at once. The modes `thrpt` and `avgt` count the calls of an iteration, so one
figure is measured and the other follows: rate × mean is the number of threads by construction, and Little's law can
find nothing. Their percentiles are of iterations, not of calls, and not given. `sample` times single calls, `ss` one
call (or batch) an iteration: their percentiles are of calls. The interval of a score is the 99.9 % one that JMH prints,
where there was more than one iteration. n is the number of calls sampled, or else of iterations: how many calls an
iteration made is not printed.

Source: openjdk/jmh, jmh-core, results/format/JSONResultFormat.java.
"""

from __future__ import annotations

import re
from pathlib import Path

from bizra_lab.errors import Unreadable
from bizra_lab.importers._files import Place, json_keys, json_of, name_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import NS_PER, decimal_of, exact, quantile_name
from bizra_lab.model import Claim, Declared, Estimate, Result, Unavailable

_TIMES = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9, "min": 60e9, "hr": 3600e9, "day": 86_400e9}  # in a scoreUnit
_SPAN = re.compile(r"(\S+) (ns|us|ms|s|m|min|h)")


def can_read(head: bytes) -> bool:
    return json_keys(head) >= {"benchmark", "mode", "threads", "forks", "measurementIterations"}


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    return tuple(_claim(each) for each in json_of(path).elements())


def _claim(run: Place) -> Claim:
    metric = run["primaryMetric"]
    mode, unit = run["mode"].text(), metric["scoreUnit"].text()
    threads, batch = run["threads"].whole(), _whole_or(run, "measurementBatchSize", 1)
    times = {"sample", "ss"} & {mode}
    n = (
        _sampled(metric)
        if mode == "sample"
        else sum(1 for fork in metric["rawData"].elements() for _ in fork.elements())
    )
    score = _score(metric, n)
    results = (
        _by_rate(score, unit, metric, threads) if unit.startswith("ops/") else _by_time(score, unit, metric, threads)
    )
    if times and batch == 1:
        results |= _quantiles(metric, _ns_of(unit, metric), n)
    else:
        results["latency_ns.p50"] = Unavailable("JMH prints quantiles of calls in mode sample only")
    forks = max(run["forks"].whole(), 1)
    measured = _seconds(run, "measurement")
    declared = Declared(
        scope="inproc",
        kind="closed",
        workers=threads,
        warmup_s=_seconds(run, "warmup"),
        duration_s=measured * forks if measured is not None else None,
    )
    return Claim(_name(run), results, declared)


def _name(run: Place) -> str:
    params = run.get("params")
    told = "".join(f" {key}={place.text()}" for key, place in params.members()) if params else ""
    return name_of(f"{run['benchmark'].text()} {run['mode'].text()}{told}")


def _whole_or(run: Place, key: str, otherwise: int) -> int:
    place = run.get(key)
    return place.whole() if place else otherwise


def _sampled(metric: Place) -> int:
    """How many calls were sampled, by the histogram of each fork and iteration: lists of [time, count]."""
    histogram = metric.get("rawDataHistogram")
    if histogram is None:
        raise Unreadable(f"{metric.where}: no 'rawDataHistogram'; expected one in mode sample")
    return sum(
        list(pair.elements())[1].whole()
        for fork in histogram.elements()
        for iteration in fork.elements()
        for pair in iteration.elements()
    )


def _score(metric: Place, n: int) -> Estimate:
    score = metric["score"].number()
    error = metric.get("scoreError")
    # One iteration has no error, which JMH writes as the text "NaN".
    spread = error.number() if error and error.value != "NaN" else 0.0
    return Estimate(score, max(score - spread, 0.0), score + spread, "", n)


def _ns_of(unit: str, metric: Place) -> float:
    """The ns in the time that a unit such as "us/op" or "ops/ms" is of."""
    word = unit.removesuffix("/op").removeprefix("ops/")
    if word == unit or word not in _TIMES:
        raise Unreadable(f"{metric.where}.scoreUnit: expected ops per time or time per op, got {unit[:60]!r}")
    return _TIMES[word]


def _by_rate(score: Estimate, unit: str, metric: Place, threads: int) -> dict[str, Result]:
    per_s = 1e9 / _ns_of(unit, metric)
    rate = Estimate(score.value * per_s, score.low * per_s, score.high * per_s, "per_s", score.n)
    return {"throughput_per_s": rate, "latency_ns.mean": _other(rate, threads * 1e9, "ns")}


def _by_time(score: Estimate, unit: str, metric: Place, threads: int) -> dict[str, Result]:
    ns = _ns_of(unit, metric)
    mean = Estimate(score.value * ns, score.low * ns, score.high * ns, "ns", score.n)
    return {"throughput_per_s": _other(mean, threads * 1e9, "per_s"), "latency_ns.mean": mean}


def _other(of: Estimate, product: float, unit: str) -> Result:
    """The figure that follows from the measured one, their product being the number of threads."""
    if of.low <= 0:
        return Unavailable(f"it follows from a score whose interval reaches down to {of.low:g}")
    return Estimate(product / of.value, product / of.high, product / of.low, unit, of.n)


def _quantiles(metric: Place, ns: float, n: int) -> dict[str, Result]:
    return {
        f"latency_ns.{quantile_name(percent, place.where)}": exact(place.number() * ns, "ns", n)
        for percent, place in metric["scorePercentiles"].members()
    }


def _seconds(run: Place, phase: str) -> float | None:
    """How long a phase of one fork took as planned, s; None for single shots, which take what they take."""
    iterations, time = run[f"{phase}Iterations"].whole(), run[f"{phase}Time"].text()
    match = _SPAN.fullmatch(time)
    if match is None:
        return 0.0 if iterations == 0 else None
    scale = NS_PER.get(match[2]) or _TIMES[match[2]]
    return iterations * float(decimal_of(match[1], run.where)) * scale / 1e9
