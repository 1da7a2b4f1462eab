"""
vegeta: an open load over HTTP at a planned rate, from its JSON report (`vegeta report -type=json`).

Requests are sent when the plan says, each by whichever worker is free, and workers are added as needed: their number is
not printed and bounds nothing. `rate` is requests per second of sending, `throughput` successes per second until the
last answer came; a failed request counts in the latencies, as a time-out with all of its wait. A latency counts from
the moment of sending, not from when the request was due. Times are whole nanoseconds. Quantiles come from a sketch:
their error is not in the file. A report that was never closed holds a mean of 0 beside a total that is none; its
figures are then not given.

Source: tsenart/vegeta, lib/metrics.go (Add), lib/attack.go.
"""

from __future__ import annotations

from pathlib import Path

from bizra_lab.importers._files import Place, json_keys, json_of, name_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import exact, quantile_name
from bizra_lab.model import Claim, Declared, Result, Unavailable

CLOCK_STEP_NS = 1.0  # Go's clock, in whole nanoseconds


def can_read(head: bytes) -> bool:
    return json_keys(head) >= {"latencies", "bytes_in", "bytes_out", "status_codes"}


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    document = json_of(path)
    n = document["requests"].whole()
    rate = document["rate"].number()
    throughput = document.get("throughput")
    results: dict[str, Result] = {
        "throughput_per_s": exact(throughput.number(), "per_s", n)
        if throughput
        else Unavailable("this version prints the rate of sending only"),
        **_latencies(document["latencies"], n),
        "share.failed": exact(1 - min(document["success"].number(), 1.0), "share", n),
    }
    if not rate and n > 1:
        unclosed = Unavailable("the report was never closed: its rates and means were not computed")
        results = dict.fromkeys(results, unclosed)
    declared = Declared(
        scope="http",
        kind="open",
        rate_per_s=rate or None,
        warmup_s=0.0,
        duration_s=(document["duration"].number() + document["wait"].number()) / 1e9,
        operations=n,
        clock_step_ns=CLOCK_STEP_NS,
        failures_in_latency=True,
    )
    return (Claim(name_of(path.stem), results, declared),)


def _latencies(latencies: Place, n: int) -> dict[str, Result]:
    found: dict[str, Result] = {}
    for key, place in latencies.members():
        name = quantile_name(key[:-2], place.where) if key.endswith("th") else key
        if name != "total":
            found[f"latency_ns.{name}"] = exact(place.number(), "ns", n)
    return found
