"""
siege: a closed load over HTTP by a number of users that it does not print, from its report, JSON or text.

Each user sends its next request when the last one was answered, after a pause with `-d`. Say the users with
`--workers`: what siege calls concurrency is the time of all transactions over the time of the run, so L itself, and
checking λ·W against it checks nothing. Times are rounded to 0.01 s. There are no quantiles, and no warm-up. Failed
transactions are sockets that failed, which have no time, and statuses of 400 and above, which have: how many are of
either kind is not told, so neither is whether failures are in the latencies.

Source: JoeDog/siege, src/main.c (display), src/browser.c (__http).
"""

from __future__ import annotations

from pathlib import Path

from bizra_lab.errors import Unreadable
from bizra_lab.importers._files import Found, name_of, report_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import rounded, share
from bizra_lab.model import Claim, Declared, Estimate, Result, Unavailable

CENTISECOND_NS = 1e7  # two decimals of a second

# A name and its figure, as text or as JSON; possessive, since the name has spaces and may be followed by more of them.
_LINE = r'\s*+\{?\s*+"?([A-Za-z_][A-Za-z_ ]*+)"?\s*+:\s*+(\S+?),?(?:\s++[A-Za-z/%]+)?\s*+$'


def can_read(head: bytes) -> bool:
    said = head.lower().replace(b"_", b" ")
    return b"transaction rate" in said and b"longest transaction" in said and b"concurrency" in said


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    # JSON and text say the same words, but for the quotes and underscores: each line is read for itself.
    figures = {line.text().strip().lower().replace(" ", "_"): line for line in report_of(path).every(_LINE)}
    succeeded, failed = _of(figures, "transactions", path).whole(1), _of(figures, "failed_transactions", path).whole(1)
    n = succeeded + failed
    results: dict[str, Result] = {
        "throughput_per_s": rounded(_of(figures, "transaction_rate", path).number(1), 1.0, "per_s", succeeded),
        "latency_ns.min": _seconds(_of(figures, "shortest_transaction", path), succeeded),
        "latency_ns.mean": _seconds(_of(figures, "response_time", path), succeeded),
        "latency_ns.p50": Unavailable("siege prints no quantiles"),
        "latency_ns.max": _seconds(_of(figures, "longest_transaction", path), succeeded),
        "share.failed": share(failed, n),
        "littles_law.in_flight": rounded(_of(figures, "concurrency", path).number(1), 1.0, "operations", succeeded),
    }
    declared = Declared(
        scope="http",
        kind="closed",
        warmup_s=0.0,
        duration_s=float(_of(figures, "elapsed_time", path).number(1)),
        operations=n,
        clock_step_ns=CENTISECOND_NS,
    )
    return (Claim(name_of(path.stem), results, declared),)


def _of(figures: dict[str, Found], name: str, path: Path) -> Found:
    if name not in figures:
        raise Unreadable(f"{path}: no line {name!r}; expected a whole report of siege")
    return figures[name]


def _seconds(line: Found, n: int) -> Estimate:
    return rounded(line.number(1), 1e9, "ns", n)
