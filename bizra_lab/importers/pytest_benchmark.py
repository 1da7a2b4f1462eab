"""
pytest-benchmark: calls inside a Python process one after another, from its JSON (`--benchmark-json`).

A closed load of one worker. A round times `iterations` calls and counts as one value, their mean; with more than one
call in a round, extremes and quantiles are of batches and not given. `ops` is the inverse of the mean, so Little's law
can find nothing. Seconds in full. The calls before the first round, which calibrate, are not recorded; a warm-up is off
unless asked for, and how long it was is not told. The step of the timer is not in the file.

Source: ionelmc/pytest-benchmark, src/pytest_benchmark/stats.py, fixture.py.
"""

from __future__ import annotations

from pathlib import Path

from bizra_lab.importers._files import Place, json_keys, json_of, name_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import exact, of_batches
from bizra_lab.model import Claim, Declared, Result

S_NS = 1e9  # times are in seconds


def can_read(head: bytes) -> bool:
    return json_keys(head) >= {"machine_info", "python_implementation"} and b'"system"' in head


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    return tuple(_claim(each) for each in json_of(path)["benchmarks"].elements())


def _claim(benchmark: Place) -> Claim:
    stats = benchmark["stats"]
    rounds, iterations = stats["rounds"].whole(), stats["iterations"].whole()
    n = rounds * iterations
    results: dict[str, Result] = {
        "throughput_per_s": exact(stats["ops"].number(), "per_s", n),
        "latency_ns.mean": exact(stats["mean"].number() * S_NS, "ns", n),
    }
    if iterations == 1:
        for name, key in (("min", "min"), ("p50", "median"), ("max", "max")):
            results[f"latency_ns.{name}"] = exact(stats[key].number() * S_NS, "ns", n)
    else:
        results["latency_ns.p50"] = of_batches(iterations)
    warmup = benchmark["options"].get("warmup")
    declared = Declared(
        scope="inproc",
        kind="closed",
        workers=1,
        warmup_s=0.0 if warmup is not None and warmup.value is False else None,
        duration_s=stats["total"].number() * iterations,
        operations=n,
    )
    return Claim(name_of(benchmark["fullname"].text()), results, declared)
