"""
hey: a closed load over HTTP by a number of workers that it does not print, from its report or its CSV.

Each worker sends its next request when the last one was answered, at most at the rate of `-q`. Neither the number of
workers nor the rate is in the output: say it with `--workers`. Times are printed with four decimals of a second,
rounded, so known to 0.1 ms. There is no warm-up, and no correction for what a stall keeps from being sent.

The report: the rate counts requests that failed, the mean and the quantiles do not. Of more than a million latencies
hey keeps the first million, and divides the sum of all by that million: the mean is then wrong and not given. Failed
here are requests without an answer, and answers of status 400 and above: the latter are in the latencies.

The CSV (`-o csv`) holds every answered request with its start and status, so its claim carries samples. It does not say
which worker made a request: `worker` is a lane, the lowest one free when the request began, and proves nothing about
overlaps. Requests without an answer are not in it. Versions before 0.1.3 print no start, and cannot be read.

Source: rakyll/hey, requester/report.go (runReporter, finalize), requester/print.go.
"""

from __future__ import annotations

import heapq
from pathlib import Path

import numpy as np

from bizra_lab.errors import Unreadable
from bizra_lab.importers._files import Found, Report, head_of, name_of, report_of, table_of
from bizra_lab.importers._importer import RATIO, importer
from bizra_lab.importers._printed import decimal_of, failures_timed, quantile_name, rounded, share
from bizra_lab.importers._rows import Columns, claim_of, ns_of
from bizra_lab.model import Claim, Declared, Ints, Result, Unavailable, Workers

KEPT_MAX = 1_000_000  # latencies that hey keeps, maxRes in report.go
PRINTED_STEP_NS = 1e5  # four decimals of a second
FAILED_STATUS = 400  # from here on HTTP's statuses are errors

_CSV = b"response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read"


def can_read(head: bytes) -> bool:
    is_report = b"Summary:" in head and b" secs" in head and b"Requests/sec:" in head and b"resp wait:" in head
    return head.startswith(_CSV) or is_report


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    return (_from_csv(path) if head_of(path).startswith(_CSV) else _from_report(report_of(path)),)


def _from_report(report: Report) -> Claim:
    answered = list(report.after("Status code distribution").every(r"\s+\[(\d+)\]\s+(\d+) responses"))
    unanswered = sum(each.whole() for each in report.after("Error distribution").every(r"\s+\[(\d+)\]\s"))
    ok = sum(each.whole(1) for each in answered)
    refused = sum(each.whole(1) for each in answered if each.whole() >= FAILED_STATUS)
    if not ok + unanswered:
        raise Unreadable(f"{report.path}: neither answers nor errors are counted in it; expected a whole report")
    duration = report.the(r"\s+Total:\s+(\S+) secs", "Total").number()
    results: dict[str, Result] = {
        "throughput_per_s": rounded(
            report.the(r"\s+Requests/sec:\s+(\S+)", "Requests/sec").number(), 1.0, "per_s", ok + unanswered
        ),
        **_latencies(report, ok),
        "share.failed": share(unanswered + refused, ok + unanswered),
    }
    declared = Declared(
        scope="http",
        kind="closed",
        warmup_s=0.0,
        duration_s=float(duration),
        operations=ok + unanswered,
        clock_step_ns=PRINTED_STEP_NS,
        failures_in_latency=failures_timed(refused, unanswered),
    )
    return Claim(name_of(report.path.stem), results, declared)


def _latencies(report: Report, n: int) -> dict[str, Result]:
    if n == 0:
        return {"latency_ns.mean": Unavailable("no request was answered")}
    kept = min(n, KEPT_MAX)
    found: dict[str, Result] = {
        f"latency_ns.{name}": _seconds(report.the(rf"\s+{label}:\s+(\S+) secs", label), 0, kept)
        for name, label in (("min", "Fastest"), ("mean", "Average"))
    }
    if n > KEPT_MAX:
        found["latency_ns.mean"] = Unavailable(
            f"hey divides the sum of all {n:,} latencies by the {KEPT_MAX:,} it keeps; its Average is no mean"
        )
    for line in report.after("Latency distribution").every(r"\s+(\d+)%+ in (\S+) secs"):
        if line.whole() > 0:  # a quantile that a short run does not have is printed as 0 % in 0 s
            found[f"latency_ns.{quantile_name(line.text(), line.where)}"] = _seconds(line, 1, kept)
    found["latency_ns.max"] = _seconds(report.the(r"\s+Slowest:\s+(\S+) secs", "Slowest"), 0, kept)
    return found


def _seconds(line: Found, group: int, n: int) -> Result:
    return rounded(line.number(group), 1e9, "ns", n)


def _from_csv(path: Path) -> Claim:
    table = table_of(path)
    took, status, offset = table.column("response-time"), table.column("status-code"), table.column("offset")
    columns = Columns(path)
    for number, row in table.rows:
        if len(columns) == KEPT_MAX:
            raise Unreadable(f"{path}: line {number}: more than {KEPT_MAX:,} requests; hey keeps no more")
        where = f"{path}: line {number}"
        started_ns, latency_ns = (ns_of(decimal_of(row[place], where), where) for place in (offset, took))
        code = row[status]
        succeeded = code.isascii() and code.isdigit() and int(code[:3]) < FAILED_STATUS
        columns.add(number, started_ns, latency_ns, 0, "" if succeeded else code)
    if not len(columns):
        raise Unreadable(f"{path}: no requests below its header; expected at least one")
    lanes, worker = _lanes(columns.started_ns, columns.started_ns + columns.latency_ns)
    declared = Declared(scope="http", kind="closed", warmup_s=0.0, clock_step_ns=PRINTED_STEP_NS)
    unknown = Unavailable("hey does not print its number of workers; say it with --workers")
    return claim_of(columns, worker, lanes, declared, name_of(path.stem), {RATIO: unknown})


def _lanes(started_ns: Ints, finished_ns: Ints) -> tuple[int, Workers]:
    """How many lanes hold all requests without one overlapping another in its lane, and the lane of each."""
    lane = np.zeros(len(started_ns), np.int32)
    free: list[int] = []
    busy: list[tuple[int, int]] = []
    used = 0
    for row in np.argsort(started_ns, kind="stable"):
        while busy and busy[0][0] <= started_ns[row]:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if not free:
            heapq.heappush(free, used)
            used += 1
        lane[row] = heapq.heappop(free)
        heapq.heappush(busy, (int(finished_ns[row]), int(lane[row])))
    return used, lane
