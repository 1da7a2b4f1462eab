"""
ab (ApacheBench): a closed load over HTTP by `-c` connections, from its report or its `-g` table.

A connection sends its next request when the last one was answered. Latency is `Total`, which includes connecting. All
times are rounded to whole milliseconds, so below 5 ms they say next to nothing. "Time per request" is N·T/n: it follows
from the other figures and is not read, since checking it against them would check nothing. "Failed" counts answers of
another length too; "Non-2xx" ones may be among them, so the share of failures has an interval. Failures whose
connection was closed after something was sent are in the latencies: by length, status, or in receiving. Those that
did not connect, or broke in waiting (exceptions), are not.

The table (`-g`) holds every request, by latency; its starts are whole seconds, too coarse to tell what was in flight,
so its figures are quantiles and mean of the column `ttime`, and the rate is known to a second of the run.

Source: apache/httpd, support/ab.c (ap_round_ms, output_results, close_connection, start_connect).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from bizra_lab.errors import Unreadable
from bizra_lab.importers._counts import Bucket, times_of
from bizra_lab.importers._files import Found, Report, head_of, name_of, report_of, table_of, whole
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import decimal_of, failures_timed, quantile_name, rounded
from bizra_lab.model import Claim, Declared, Estimate, Result, Unavailable

MS_NS = 1e6  # ab rounds every time to a whole millisecond
TIMES_MAX = 1_000_000  # different times, each held; in whole ms, all up to a quarter of an hour

_TABLE = b"starttime\tseconds\tctime\tdtime\tttime\twait"


def can_read(head: bytes) -> bool:
    return head.startswith(_TABLE) or (b"Concurrency Level:" in head and b"Time per request:" in head)


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    return (_from_table(path) if head_of(path).startswith(_TABLE) else _from_report(report_of(path)),)


def _from_report(report: Report) -> Claim:
    n = report.the(r"Complete requests:\s+(\S+)", "Complete requests").whole()
    results: dict[str, Result] = {
        "throughput_per_s": rounded(
            report.the(r"Requests per second:\s+(\S+) \[#/sec\]", "Requests per second").number(), 1.0, "per_s", n
        ),
        **_latencies(report, n),
        "share.failed": _failed(report, n),
    }
    declared = Declared(
        scope="http",
        kind="closed",
        workers=report.the(r"Concurrency Level:\s+(\S+)", "Concurrency Level").whole(),
        warmup_s=0.0,
        duration_s=float(report.the(r"Time taken for tests:\s+(\S+) seconds", "Time taken for tests").number()),
        operations=n,
        clock_step_ns=MS_NS,
        failures_in_latency=_failures_timed(report),
    )
    host, document = report.first(r"Server Hostname:\s+(\S+)"), report.first(r"Document Path:\s+(\S+)")
    name = (host.text() if host else "") + (document.text() if document else "")
    return Claim(name_of(name or report.path.stem), results, declared)


def _latencies(report: Report, n: int) -> dict[str, Result]:
    line = report.the(r"Total:\s+(\S+)\s+(\S+)\s+\S+\s+(\S+)\s+(\S+)\s*$", "Total: min mean sd median max")
    found: dict[str, Result] = {
        f"latency_ns.{name}": _ms(line, group, n) for group, name in enumerate(("min", "mean", "p50", "max"))
    }
    for each in report.after("Percentage of the requests served").every(r"\s+(\d+)%\s+(\d+)"):
        found[f"latency_ns.{quantile_name(each.text(), each.where)}"] = _ms(each, 1, n)
    return found


def _ms(line: Found, group: int, n: int) -> Estimate:
    return rounded(line.number(group), MS_NS, "ns", n)


def _failed(report: Report, n: int) -> Result:
    if n == 0:
        return Unavailable("no operations")
    failed = report.the(r"Failed requests:\s+(\S+)", "Failed requests").whole()
    line = report.first(r"Non-2xx responses:\s+(\S+)")
    refused = line.whole() if line else 0
    least, most = min(max(failed, refused) / n, 1.0), min((failed + refused) / n, 1.0)
    return Estimate(least, least, most, "share", n)


def _failures_timed(report: Report) -> bool | None:
    kinds = report.first(r"\s+\(Connect: (\d+), Receive: (\d+), Length: (\d+), Exceptions: (\d+)\)")
    connect, receive, length, exceptions = (kinds.whole(group) for group in range(4)) if kinds else (0, 0, 0, 0)
    refused = report.first(r"Non-2xx responses:\s+(\S+)")
    return failures_timed(receive + length + (refused.whole() if refused else 0), connect + exceptions)


def _from_table(path: Path) -> Claim:
    table = table_of(path, delimiter="\t")
    began, took = table.column("seconds"), table.column("ttime")
    times_ms: Counter[int] = Counter()
    seconds: set[int] = set()
    for number, row in table.rows:
        where = f"{path}: line {number}"
        times_ms[whole(decimal_of(row[took], where), where)] += 1
        seconds.add(whole(decimal_of(row[began], where), where))
        if max(len(times_ms), len(seconds)) > TIMES_MAX:
            raise Unreadable(f"{where}: more than {TIMES_MAX:,} different times; expected those of one run")
    if not times_ms:
        raise Unreadable(f"{path}: no requests below its header; expected at least one")
    buckets = [Bucket(max(ms - 0.5, 0) * MS_NS, ms * MS_NS, (ms + 0.5) * MS_NS, n) for ms, n in times_ms.items()]
    results = {
        "throughput_per_s": _rate(times_ms.total(), max(seconds) - min(seconds), max(times_ms)),
        **times_of(buckets),
        "share.failed": Unavailable("the table does not say which requests failed"),
    }
    declared = Declared(scope="http", kind="closed", warmup_s=0.0, clock_step_ns=MS_NS)
    return Claim(name_of(path.stem), results, declared)


def _rate(n: int, apart_s: int, slowest_ms: int) -> Result:
    """The rate when the whole seconds of the first and the last start are known, and the slowest request."""
    if apart_s < 2:
        return Unavailable(f"{n:,} requests began within {apart_s + 1} s, by a clock of whole seconds")
    longest_s = apart_s + 1 + slowest_ms / 1e3
    return Estimate(n / apart_s, n / longest_s, n / (apart_s - 1), "per_s", n)
