"""How high a rate the HTTP generator can honestly offer: every request started when it fell due."""

from __future__ import annotations

import contextlib

import numpy as np

from benchmarks._results import Table
from bizra_lab.analysis.estimate import estimate
from bizra_lab.audit import inspect
from bizra_lab.components.http_service import Settings, prepare
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.measure import measure
from bizra_lab.harness.recorder import choose
from bizra_lab.harness.span import Span
from bizra_lab.model import Estimate, Load, Results
from bizra_lab.study import claim_of

RATES_PER_S = (1_000, 2_000, 4_000, 8_000, 16_000)
SECONDS = 2.0
WORKERS = 64
SERVICE_MS = 2.0

TITLE = "HTTP: the rate that our generator honestly offers"
EXPLAIN = f"""\
An open load against our own service, whose handler awaits {SERVICE_MS:g} ms, at rising rates, {SECONDS:g} s each, by at
most {WORKERS} connections. `achieved` is the share of the planned rate at which requests were really started; `own lag`
how late those started whose connection was free, which only the generator or the host can have caused. Honest is a rate
that the rule `late_starts` has no doubt about: 99.5 % achieved, and own lag below a tenth of the median response; so
against a service that answers at once, in less than 0.2 ms here, no rate is. Server and generator share this machine's
CPUs; wrk and hey, in the section above, offer no rate: they are closed."""

COLUMNS = ("rate, requests/s", "achieved, %", "own lag p99, µs", "response p50, µs", "response p99, µs", "honest")
NOTHING = "–"


def run() -> Table:
    """One row for each rate."""
    rows: list[tuple[str | float, ...]] = []
    made = prepare(Settings(service_ms=SERVICE_MS), np.random.default_rng(1), MonotonicClock.now_ns)
    with contextlib.closing(made):
        for rate_per_s in RATES_PER_S:
            load = Load("open", WORKERS, float(rate_per_s))
            samples = measure(made, load, Span(0.5, SECONDS, 5.0), choose("auto"))
            results = estimate(samples)
            found = inspect(claim_of(samples, results)).findings["late_starts"]
            rows.append(
                (
                    rate_per_s,
                    _figure(results, "generator.achieved", 100),
                    _figure(results, "generator.lag_ns.p99", 1e-3),
                    _figure(results, "latency_ns.p50", 1e-3),
                    _figure(results, "latency_ns.p99", 1e-3),
                    "no" if found else "yes",
                )
            )
    return Table(COLUMNS, rows)


def _figure(results: Results, name: str, times: float) -> str | float:
    result = results[name]
    return round(result.value * times, 1) if isinstance(result, Estimate) else NOTHING
