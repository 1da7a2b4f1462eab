"""
oha: a load over HTTP by a number of workers that it does not print, from its JSON (`--output-format json`).

Closed: each worker sends its next request when the last one was answered. Neither the number of workers (`-c`) nor a
rate (`-q`) is in the output: say the workers with `--workers`. With a rate and `--latency-correction`, which the output
does not tell either, latency counts from when a request was due, and λ·W may exceed the workers. Seconds in full. The
rate counts every request, also those that the end of the run cut off; mean, extremes and quantiles are of the answered
ones. `successRate` takes any answer for a success; failed here are requests without an answer and statuses of 400 and
above, without those that the end cut off. The latter are in the latencies, a request without an answer in none.

Source: hatoo/oha, src/printer.rs, src/result_data.rs (push, latency_stat).
"""

from __future__ import annotations

from pathlib import Path

from bizra_lab.importers._files import Place, json_keys, json_of, name_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import decimal_of, exact, failures_timed, quantile_name, share
from bizra_lab.model import Claim, Declared, Result, Unavailable

S_NS = 1e9  # times are in seconds
CLOCK_STEP_NS = 1.0  # Rust's clock, in whole nanoseconds
FAILED_STATUS = 400  # from here on HTTP's statuses are errors
CUT_OFF = "aborted due to deadline"  # how oha calls requests that were under way when its time was up


def can_read(head: bytes) -> bool:
    return json_keys(head) >= {"summary", "successRate", "requestsPerSec", "responseTimeHistogram"}


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    document = json_of(path)
    summary = document["summary"]
    statuses = [(key, place.whole(), place.where) for key, place in document["statusCodeDistribution"].members()]
    errors = {key: place.whole() for key, place in document["errorDistribution"].members()}
    answered = sum(count for _, count, _ in statuses)
    refused = sum(count for status, count, where in statuses if decimal_of(status, where) >= FAILED_STATUS)
    unanswered = sum(count for error, count in errors.items() if error != CUT_OFF)
    every = answered + sum(errors.values())
    results: dict[str, Result] = {
        "throughput_per_s": exact(summary["requestsPerSec"].number(), "per_s", every),
        **_latencies(document, summary, answered),
        "share.failed": share(refused + unanswered, answered + unanswered),
    }
    declared = Declared(
        scope="http",
        kind="closed",
        warmup_s=0.0,
        duration_s=summary["total"].number(),
        operations=every,
        clock_step_ns=CLOCK_STEP_NS,
        failures_in_latency=failures_timed(refused, unanswered),
    )
    return (Claim(name_of(path.stem), results, declared),)


def _latencies(document: Place, summary: Place, n: int) -> dict[str, Result]:
    if n == 0:  # oha then writes null
        return {"latency_ns.mean": Unavailable("no request was answered")}
    return {
        "latency_ns.min": exact(summary["fastest"].number() * S_NS, "ns", n),
        "latency_ns.mean": exact(summary["average"].number() * S_NS, "ns", n),
        **{
            f"latency_ns.{quantile_name(key.removeprefix('p'), place.where)}": exact(place.number() * S_NS, "ns", n)
            for key, place in document["latencyPercentiles"].members()
        },
        "latency_ns.max": exact(summary["slowest"].number() * S_NS, "ns", n),
    }
