"""
pyperf: calls inside Python processes one after another, from its JSON (`-o`).

A closed load of one worker, timed in batches of `loops` calls: values are means of batches, so the rate is the inverse
of the mean, rate × mean is 1 by construction, and Little's law can find nothing. Extremes and quantiles of batches are
not those of calls and not given, unless a batch is one call. The mean is of all values, each batch being as large as
the others; its interval is the 95 % one of Student over processes, since values of one process depend on each other. A
step of the timer is shared by the calls of a batch, so the resolution is that step over the calls. The warm-up is the
shortest that a measuring process had.

Source: psf/pyperf, doc/api.rst (JSON format), pyperf/_bench.py.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence
from pathlib import Path

from scipy.special import stdtrit

from bizra_lab.importers._files import Place, json_keys, json_of, name_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import exact, of_batches
from bizra_lab.model import Claim, Declared, Estimate, Result, Unavailable

CONFIDENCE = 0.95  # of the interval of the mean, two-sided

_RESOLUTION = re.compile(r"resolution: (\d+(?:\.\d+)?) (ns|us|ms)")
_UNITS = {"ns": 1.0, "us": 1e3, "ms": 1e6}


def can_read(head: bytes) -> bool:
    return json_keys(head) >= {"benchmarks", "runs", "metadata"} and b"machine_info" not in head


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    document = json_of(path)
    shared = document.get("metadata")
    return tuple(_claim(each, shared, path) for each in document["benchmarks"].elements())


def _claim(benchmark: Place, shared: Place | None, path: Path) -> Claim:
    places = [benchmark.get("metadata"), shared]
    runs = [each for each in benchmark["runs"].elements() if each.get("values")]
    batch = _calls(runs, places)
    processes = [[value.number() * 1e9 for value in each["values"].elements()] for each in runs]
    values_ns = [value for each in processes for value in each]
    n = len(values_ns) * batch
    mean = _mean(processes, n)
    results: dict[str, Result] = {"throughput_per_s": _inverse(mean), "latency_ns.mean": mean}
    if batch > 1 or not values_ns:
        results["latency_ns.p50"] = of_batches(batch)
    else:
        results["latency_ns.min"] = exact(min(values_ns), "ns", n)
        results["latency_ns.p50"] = exact(statistics.median(values_ns), "ns", n)
        results["latency_ns.max"] = exact(max(values_ns), "ns", n)
    step = _step_ns(_said(places, "timer"))
    declared = Declared(
        scope="inproc",
        kind="closed",
        workers=1,
        warmup_s=min((_warmup_s(each) for each in runs), default=None),
        duration_s=sum(values_ns) * batch / 1e9,
        operations=n,
        clock_step_ns=step / batch if step is not None else None,
    )
    return Claim(name_of(_said(places, "name") or path.stem), results, declared)


def _said(places: Sequence[Place | None], key: str) -> str | None:
    found = next((place for each in places if each and (place := each.get(key))), None)
    return found.text() if found else None


def _calls(runs: Sequence[Place], places: Sequence[Place | None]) -> int:
    """How many calls a value is the mean of: `loops` × `inner_loops`, of the first run that tells them."""
    told = [*(each.get("metadata") for each in runs[:1]), *places]
    product = 1
    for key in ("loops", "inner_loops"):
        found = next((place for each in told if each and (place := each.get(key))), None)
        product *= found.whole() if found else 1
    return max(product, 1)


def _mean(processes: Sequence[Sequence[float]], n: int) -> Result:
    if not processes:
        return Unavailable("no values; only calibration runs are in the file")
    value = statistics.fmean(value for each in processes for value in each)
    if len(processes) < 2:
        return exact(value, "ns", n)
    means = [statistics.fmean(each) for each in processes]
    quantile = float(stdtrit(len(means) - 1, (1 + CONFIDENCE) / 2))
    half = quantile * statistics.stdev(means) / math.sqrt(len(means))
    return Estimate(value, max(value - half, 0.0), value + half, "ns", n)


def _inverse(mean: Result) -> Result:
    if isinstance(mean, Unavailable):
        return mean
    if mean.low <= 0:
        return Unavailable("the interval of the mean reaches down to 0")
    return Estimate(1e9 / mean.value, 1e9 / mean.high, 1e9 / mean.low, "per_s", mean.n)


def _warmup_s(run: Place) -> float:
    """How long a process warmed up at least, s: its warm-up values are pairs of loops and seconds a loop."""
    warmups = run.get("warmups")
    pairs = (list(each.elements()) for each in warmups.elements()) if warmups else ()
    return sum(pair[0].number() * pair[1].number() for pair in pairs if len(pair) == 2)


def _step_ns(timer: str | None) -> float | None:
    match = _RESOLUTION.search(timer or "")
    return float(match[1]) * _UNITS[match[2]] if match else None
