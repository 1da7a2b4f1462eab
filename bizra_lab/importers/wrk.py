"""
wrk: a closed load over HTTP by N connections, from its report.

Each connection sends its next request when the last one was answered, so N bounds what is in flight. Times are read in
whole microseconds and printed with two decimals of the unit shown, rounded. Quantiles are printed with `--latency`
only; a minimum never is. Failures of the socket and time-outs are counted beside the requests that were answered, and
have no latency; answers of status 400 and above are among them, and have theirs.

The mean and the quantiles are not of the requests alone: for a latency v beyond twice the expected N/λ, wrk adds
phantoms at v − N/λ, v − 2·N/λ … for what would have been sent meanwhile. So λ·W may exceed N in an honest run. Where
the printed maximum allows phantoms, the interval of the mean therefore reaches down to 0: the mean of the requests that
were really made lies anywhere below the one printed.

Source: wg/wrk, src/wrk.c (response_complete, stats_correct), src/units.c (format_units).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from bizra_lab.importers._files import Found, Report, name_of, report_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import failures_timed, quantile_name, rounded, share, time_of
from bizra_lab.model import Claim, Declared, Estimate, Result, Unavailable

CLOCK_STEP_NS = 1000.0  # wrk reads gettimeofday, in whole microseconds

_HDR = (b"HdrHistogram", b"Thread calibration:")  # what only wrk2 prints


def can_read(head: bytes) -> bool:
    return b"Thread Stats" in head and b"Requests/sec:" in head and not any(mark in head for mark in _HDR)


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    report = report_of(path)
    connections = report.the(r"\s*\d+ threads and (\S+) connections", "N threads and N connections").whole()
    made = report.the(r"\s*(\d+) requests in (\S+),", "N requests in …")
    n = made.whole()
    rate = rounded(report.the(r"Requests/sec:\s*(\S+)", "Requests/sec").number(), 1.0, "per_s", n)
    mean, largest = spread(report, n)
    duration, unit_ns = time_of(made.text(1), made.where)
    failed, timed = failures(report, n)
    results: dict[str, Result] = {
        "throughput_per_s": rate,
        "latency_ns.mean": _with_phantoms(mean, largest, rate, connections),
        "latency_ns.p50": Unavailable("not printed; wrk prints quantiles with --latency"),
        **quantiles(report, n),
        "latency_ns.max": largest,
        "share.failed": failed,
    }
    declared = Declared(
        scope="http",
        kind="closed",
        workers=connections,
        warmup_s=0.0,
        duration_s=float(duration) * unit_ns / 1e9,
        operations=n,
        clock_step_ns=CLOCK_STEP_NS,
        failures_in_latency=timed,
    )
    return (Claim(target(report), results, declared),)


def _with_phantoms(mean: Estimate, largest: Estimate, rate: Estimate, connections: int) -> Estimate:
    # The expected interval is truncated to whole microseconds before it is compared.
    corrects_beyond_ns = 2 * (connections / rate.high * 1e9 - CLOCK_STEP_NS) if rate.high else 0.0
    return mean if largest.high <= corrects_beyond_ns else dataclasses.replace(mean, low=0.0)


def target(report: Report) -> str:
    """The URL that was loaded."""
    found = report.first(r"Running .* test @ (.+)")
    return name_of(found.text()) if found else report.path.stem


def spread(report: Report, n: int) -> tuple[Estimate, Estimate]:
    """Mean and largest latency in ns."""
    line = report.the(r"\s*Latency\s+(\S+)\s+(\S+)\s+(\S+)\s+(?:\S+%|-?nan%)", "Latency Avg Stdev Max")
    return _time(line, 0, n), _time(line, 2, n)


def quantiles(report: Report, n: int) -> dict[str, Result]:
    """The quantiles of the first latency distribution printed, in ns; none where there is none."""
    found: dict[str, Result] = {}
    for line in report.after("Latency Distribution").every(r"\s*([\d.]+)%\s+(\S+)"):
        found[f"latency_ns.{quantile_name(line.text(), line.where)}"] = _time(line, 1, n)
    return found


def _time(line: Found, group: int, n: int) -> Estimate:
    number, unit_ns = time_of(line.text(group), line.where)
    return rounded(number, unit_ns, "ns", n)


def failures(report: Report, n: int) -> tuple[Result, bool | None]:
    """Failed requests as a share of all, without an answer or with one that is no success; whether they were timed."""
    socket = report.first(r"\s*Socket errors: connect (\S+), read (\S+), write (\S+), timeout (\S+)")
    unanswered = sum(socket.whole(group) for group in range(4)) if socket else 0
    status = report.first(r"\s*Non-2xx or 3xx responses: (\S+)")
    refused = status.whole() if status else 0
    return share(unanswered + refused, n + unanswered), failures_timed(refused, unanswered)
