"""
k6: virtual users (VUs) that run iterations of a script, from its summary (`--summary-export` or `handleSummary`).

Two claims. `iterations` is the closed one: a VU runs one iteration at a time, whatever the executor, so the VUs bound
λ·W of iterations. `http_reqs` is of the requests inside: its time is sending, waiting and receiving, without the time
to get a connection, and a script may send several at once (`http.batch`), so its concurrency is not told. Iterations
that the end of the test interrupted are in neither; requests that failed are in the times, by status or without one.
Times are milliseconds in full, of a clock of nanoseconds. The number of VUs is the most that were allocated. Quantiles
are p90 and p95 unless `--summary-trend-stats` asks for more. How the VUs were started, and whether there was a warm-up,
is not told.

Source: grafana/k6, metrics/sink.go, lib/netext/httpext/transport.go (measureAndEmitMetrics) and the summary of cmd/run;
docs "End of test summary".
"""

from __future__ import annotations

import re
from pathlib import Path

from bizra_lab.importers._files import Place, json_keys, json_of, name_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import exact, quantile_name
from bizra_lab.model import Claim, Declared, LoadKind, Result, Scope, Unavailable

MS_NS = 1e6  # k6 writes times in milliseconds

_NAMES = {"min": "min", "avg": "mean", "med": "p50", "max": "max"}
_QUANTILE = re.compile(r"p\(([\d.]+)\)")


def can_read(head: bytes) -> bool:
    keys = json_keys(head)
    return "metrics" in keys and bool(keys & {"iteration_duration", "iterations", "http_req_duration", "vus_max"})


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    document = json_of(path)
    metrics = document["metrics"]
    vus = _values(metrics, "vus_max")
    most = (vus.get("max") or vus["value"]).whole() if vus else None
    claims = []
    for name, duration in (("iterations", "iteration_duration"), ("http_reqs", "http_req_duration")):
        counted, times = _values(metrics, name), _values(metrics, duration)
        if counted is not None and times is not None:
            closed: LoadKind | None = "closed" if name == "iterations" else None
            scope: Scope | None = "http" if _values(metrics, "http_reqs") else None
            n = counted["count"].whole()
            rate = counted["rate"].number()
            declared = Declared(
                scope=scope,
                kind=closed,
                workers=most if closed else None,
                duration_s=_duration_s(document, n, rate),
                operations=n,
                failures_in_latency=None if closed else True,  # of iterations nobody says which failed
            )
            claims.append(Claim(name_of(f"{path.stem} {name}"), _results(metrics, name, rate, times, n), declared))
    return tuple(claims)


def _values(metrics: Place, name: str) -> Place | None:
    """A metric's figures: in `values` as `handleSummary` gets them, or beside its name as `--summary-export` writes."""
    metric = metrics.get(name)
    return (metric.get("values") or metric) if metric else None


def _duration_s(document: Place, n: int, rate_per_s: float) -> float | None:
    state = document.get("state")
    lasted = state.get("testRunDurationMs") if state else None
    if lasted is not None:
        return lasted.number() / 1e3
    return n / rate_per_s if rate_per_s else None


def _results(metrics: Place, name: str, rate_per_s: float, times: Place, n: int) -> dict[str, Result]:
    found: dict[str, Result] = {"throughput_per_s": exact(rate_per_s, "per_s", n)}
    if n == 0:
        return found | {"latency_ns.mean": Unavailable("no operations")}
    for key, place in times.members():
        quantile = _QUANTILE.fullmatch(key)
        result = quantile_name(quantile[1], place.where) if quantile else _NAMES.get(key)
        if result:
            found[f"latency_ns.{result}"] = exact(place.number() * MS_NS, "ns", n)
    failed = _values(metrics, "http_req_failed") if name == "http_reqs" else None
    if failed is not None:
        found["share.failed"] = exact((failed.get("rate") or failed["value"]).number(), "share", n)
    return found
