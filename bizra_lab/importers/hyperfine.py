"""
hyperfine: whole runs of a program one after another, from its JSON (`--export-json`).

A closed load of one worker whose operation is a process from its start to its end, so neither "inproc" nor "http". The
mean start-up time of the shell was subtracted from each, unless `-N`; what is below 5 ms is then mostly that. The rate
is the inverse of the mean: rate × mean is 1 by construction, and Little's law can find nothing. Seconds in full.
Warm-up runs (`--warmup`) are not in the file. Runs that failed (`--ignore-failure`) are timed as the others.

Source: sharkdp/hyperfine, src/benchmark/benchmark_result.rs.
"""

from __future__ import annotations

from pathlib import Path

from bizra_lab.importers._files import Place, json_keys, json_of, name_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import exact, share
from bizra_lab.model import Claim, Declared, Result, Unavailable

S_NS = 1e9  # times are in seconds

_STATISTICS = (("min", "min"), ("mean", "mean"), ("p50", "median"), ("max", "max"))


def can_read(head: bytes) -> bool:
    return json_keys(head) >= {"results", "command", "mean", "user", "system"}


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    return tuple(_claim(each) for each in json_of(path)["results"].elements())


def _claim(result: Place) -> Claim:
    times = result.get("times")
    times_s = [each.number() for each in times.elements()] if times else []
    n = len(times_s)
    mean = result["mean"].number()
    results: dict[str, Result] = {
        "throughput_per_s": exact(1 / mean, "per_s", n) if mean else Unavailable("a time of 0 has no rate")
    }
    for name, key in _STATISTICS:
        results[f"latency_ns.{name}"] = exact(result[key].number() * S_NS, "ns", n)
    codes = result.get("exit_codes")
    if codes:
        ended = codes.value if isinstance(codes.value, list) else []
        results["share.failed"] = share(sum(code != 0 for code in ended), len(ended))
    declared = Declared(
        kind="closed",
        workers=1,
        duration_s=sum(times_s) if times_s else None,
        operations=n or None,
        failures_in_latency=True,
    )
    return Claim(name_of(result["command"].text()), results, declared)
