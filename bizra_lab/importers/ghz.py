"""
ghz: a load of gRPC calls over HTTP/2 by `concurrency` workers, from its JSON (`-O json` or `pretty`).

Closed unless `async`: each worker calls again when its last call was answered, at most at the rate asked for. Times are
whole nanoseconds. The rate and the mean are of all calls, those that failed included; the extremes and the quantiles
are of the successes only, and of the first million calls: but for the mean, latencies leave failures out. Calls left
out at the start (`skipFirst`) are not counted, their time is. Whether the stamps in `details` are starts or ends
differs between versions, so no samples are made of them.

Source: bojand/ghz, runner/reporter.go (Run, Finalize), runner/options.go.
"""

from __future__ import annotations

from pathlib import Path

from bizra_lab.importers._files import Place, json_keys, json_of, name_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import exact, quantile_name, share
from bizra_lab.model import Claim, Declared, Result, Unavailable

CLOCK_STEP_NS = 1.0  # Go's clock, in whole nanoseconds
KEPT_MAX = 1_000_000  # calls whose latency is kept, maxResult in reporter.go


def can_read(head: bytes) -> bool:
    return json_keys(head) >= {"endReason", "options", "average", "fastest", "slowest", "rps"}


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    document = json_of(path)
    options = document["options"]
    n = document["count"].whole()
    unanswered = document.get("errorDistribution")
    failed = sum(each.whole() for _, each in unanswered.members()) if unanswered else 0
    results: dict[str, Result] = {
        "throughput_per_s": exact(document["rps"].number(), "per_s", n),
        **_latencies(document, n, n - failed),
        "share.failed": share(failed, n),
    }
    waits = not _is_true(options.get("async"))
    concurrency, rate = options.get("concurrency"), options.get("qps") or options.get("rps")
    declared = Declared(
        scope="http",
        kind="closed" if waits else "open",
        workers=concurrency.whole() if concurrency and waits else None,
        rate_per_s=(rate.number() or None) if rate and not waits else None,
        warmup_s=0.0,
        duration_s=document["total"].number() / 1e9,
        operations=n,
        clock_step_ns=CLOCK_STEP_NS,
        failures_in_latency=False,
    )
    name, call = document.get("name"), options.get("call")
    return (Claim(name_of(name.text() if name else call.text() if call else path.stem), results, declared),)


def _is_true(place: Place | None) -> bool:
    return place is not None and place.value is True


def _latencies(document: Place, n: int, succeeded: int) -> dict[str, Result]:
    if n == 0:
        return {"latency_ns.mean": Unavailable("no operations")}
    found: dict[str, Result] = {"latency_ns.mean": exact(document["average"].number(), "ns", n)}
    if succeeded <= 0:
        return found
    kept = min(succeeded, KEPT_MAX)
    found["latency_ns.min"] = exact(document["fastest"].number(), "ns", kept)
    found["latency_ns.max"] = exact(document["slowest"].number(), "ns", kept)
    distribution = document.get("latencyDistribution")
    for each in distribution.elements() if distribution else ():
        percent = each["percentage"]
        if percent.number():  # a quantile that a short run does not have is written as 0 % in 0 ns
            found[f"latency_ns.{quantile_name(str(percent.value), percent.where)}"] = exact(
                each["latency"].number(), "ns", kept
            )
    return found
