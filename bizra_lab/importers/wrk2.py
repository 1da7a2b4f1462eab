"""
wrk2: an open load over HTTP, at a constant rate over N connections, from its report.

Requests fall due by a plan, and latency counts from when a request was due, so what waited for a connection is in the
figures and λ·W may exceed N: the number in flight is then of requests due, not of requests sent. The rate that was
asked for is not printed; what is printed was achieved. Requests are sent by a timer of whole milliseconds, so a latency
is known to about 1 ms whatever is printed. Quantiles come from an HdrHistogram of three digits.

The histogram starts anew when the calibration of the first 10 s ends: requests before that are in the rate, not in the
latencies, whose number is in the detailed spectrum and is otherwise taken for that of all requests. A run too short to
calibrate, made without `--latency`, prints what wrk prints, and is read as wrk. Failures are in the latencies as they
are in those of wrk.

Source: giltene/wrk2, src/wrk.c (calibrate, delay_request, print_hdr_latency).
"""

from __future__ import annotations

from pathlib import Path

from bizra_lab.importers._files import Report, report_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import rounded, time_of
from bizra_lab.importers.wrk import failures, quantiles, spread, target
from bizra_lab.model import Claim, Declared, Result, Unavailable

SEND_STEP_NS = 1e6  # the timer that sends requests counts in whole milliseconds
CALIBRATION_S = 10.0  # s; CALIBRATE_DELAY_MS, after which the histogram starts anew


def can_read(head: bytes) -> bool:
    return (b"Thread calibration:" in head or b"HdrHistogram - Recorded Latency" in head) and b"connections" in head


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    report = report_of(path)
    connections = report.the(r"\s*\d+ threads and (\S+) connections", "N threads and N connections").whole()
    made = report.the(r"\s*(\d+) requests in (\S+),", "N requests in …")
    n = made.whole()
    recorded = _recorded(report, n)
    mean, largest = spread(report, recorded)
    duration, unit_ns = time_of(made.text(1), made.where)
    duration_s = float(duration) * unit_ns / 1e9
    failed, timed = failures(report, n)
    calibrated = report.first(r"\s*Thread calibration:") is not None
    results: dict[str, Result] = {
        "throughput_per_s": rounded(report.the(r"Requests/sec:\s*(\S+)", "Requests/sec").number(), 1.0, "per_s", n),
        "latency_ns.mean": mean,
        "latency_ns.p50": Unavailable("not printed; wrk2 prints quantiles with --latency"),
        "latency_ns.max": largest,
        **quantiles(report, recorded),
        "share.failed": failed,
    }
    declared = Declared(
        scope="http",
        kind="open",
        workers=connections,
        warmup_s=min(CALIBRATION_S, duration_s) if calibrated else 0.0,
        duration_s=max(duration_s - CALIBRATION_S, 0.0) if calibrated else duration_s,
        # Duration and count must be of one window: where the spectrum counts the latencies, of theirs.
        operations=n if not calibrated else recorded if recorded != n else None,
        clock_step_ns=SEND_STEP_NS,
        failures_in_latency=timed,
    )
    return (Claim(target(report), results, declared),)


def _recorded(report: Report, n: int) -> int:
    """How many requests the latencies are of."""
    counted = report.first(r"#\[Max\s+=.*Total count\s+=\s+(\d+)\]")
    return counted.whole() if counted else n
