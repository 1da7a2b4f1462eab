"""
Locust: users that each wait for their answer before the next task, from `--csv`: `_stats.csv` or `_stats_history.csv`.

A closed load: a user has one request at a time, and may pause between them, so users bound λ·W from above. The mean and
the extremes are milliseconds in full. Quantiles are of rounded times: whole milliseconds below 100 ms, two digits
above, so 147 ms counts as 150. They, and the mean, are of all requests, those that failed included.

`_stats.csv` has a line for each kind of request and their sum, without the number of users: say it with `--workers`.
The rates are over the whole run, the start-up of the users included. `_stats_history.csv` has the users: its claim is
of the time from the first line with the most users to the last, the rate from its counts and its whole seconds, the
latencies those of the whole run, since only those are printed.

Source: locustio/locust, locust/stats.py (StatsEntry.log, _log_response_time and log_error, StatsCSV).
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from bizra_lab.errors import Unreadable
from bizra_lab.importers._files import Table, head_of, name_of, table_of, whole
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import decimal_of, exact, quantile_name, rounded, share
from bizra_lab.model import Claim, Declared, Estimate, Result, Unavailable

MS_NS = 1e6  # times are in milliseconds
CLOCK_STEP_NS = 1e6  # that of the quantiles; the mean is finer
FULL_MS_BELOW = 100  # ms; from here on two digits are kept

_STATS = b"Type,Name,Request Count,Failure Count"
_HISTORY = b"Timestamp,User Count,Type,Name"


def can_read(head: bytes) -> bool:
    return head.startswith((_STATS, _HISTORY))


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    table = table_of(path)
    return _from_history(table) if head_of(path).startswith(_HISTORY) else _from_stats(table)


def _from_stats(table: Table) -> tuple[Claim, ...]:
    claims = []
    for line, row in table.rows:
        row_of = _Row(table, line, row)
        n = row_of.whole("Request Count")
        rate = float(row_of.number("Requests/s"))
        results: dict[str, Result] = {
            "throughput_per_s": exact(rate, "per_s", n),
            **_latencies(row_of, "", n),
            "share.failed": share(row_of.whole("Failure Count"), n),
        }
        declared = Declared(
            scope="http",
            kind="closed",
            duration_s=n / rate if rate else None,
            operations=n,
            clock_step_ns=CLOCK_STEP_NS,
            failures_in_latency=True,
        )
        claims.append(Claim(row_of.name(), results, declared))
    return tuple(claims)


def _from_history(table: Table) -> tuple[Claim, ...]:
    sums = [
        row_of for row_of in (_Row(table, line, row) for line, row in table.rows) if row_of.text("Name") == "Aggregated"
    ]
    if not sums:
        raise Unreadable(f"{table.path}: no line named Aggregated; expected the sums of the run")
    users = max(each.whole("User Count") for each in sums)
    full, last = next(each for each in sums if each.whole("User Count") == users), sums[-1]
    n = last.whole("Total Request Count")
    apart_s = last.whole("Timestamp") - full.whole("Timestamp")
    done = n - full.whole("Total Request Count")
    results: dict[str, Result] = {
        "throughput_per_s": _rate(done, apart_s),
        **_latencies(last, "Total ", n),
        "share.failed": share(last.whole("Total Failure Count"), n),
    }
    declared = Declared(
        scope="http",
        kind="closed",
        workers=users or None,
        duration_s=float(apart_s),
        operations=n,
        clock_step_ns=CLOCK_STEP_NS,
        failures_in_latency=True,
    )
    return (Claim(last.name(), results, declared),)


def _rate(done: int, apart_s: int) -> Result:
    """So many requests between two stamps of whole seconds."""
    if apart_s < 2 or done < 0:
        return Unavailable(f"{done:,} requests between lines {apart_s} s apart, by a clock of whole seconds")
    return Estimate(done / apart_s, done / (apart_s + 1), done / (apart_s - 1), "per_s", done)


class _Row:
    """A row by the names of its columns, each value with its place in the file."""

    def __init__(self, table: Table, line: int, row: list[str]) -> None:
        self.table = table
        self._row = row
        self._where = f"{table.path}: line {line}"

    def text(self, column: str) -> str:
        return self._row[self.table.column(column)]

    def number(self, column: str) -> Decimal:
        return decimal_of(self.text(column), f"{self._where}, {column}")

    def whole(self, column: str) -> int:
        return whole(self.number(column), f"{self._where}, {column}")

    def name(self) -> str:
        return name_of(f"{self.text('Type')} {self.text('Name')}")


def _latencies(row: _Row, of: str, n: int) -> dict[str, Result]:
    if n == 0:
        return {"latency_ns.mean": Unavailable("no operations")}
    names = (("min", "Min Response Time"), ("mean", "Average Response Time"))
    found: dict[str, Result] = {
        f"latency_ns.{name}": exact(float(row.number(of + column)) * MS_NS, "ns", n) for name, column in names
    }
    for column in row.table.columns:
        if column.endswith("%") and column != "100%" and not of:  # a line of the history has those of the last 10 s
            name = quantile_name(column.removesuffix("%"), str(row.table.path))
            found[f"latency_ns.{name}"] = _rounded_ms(row.number(column), n)
    if of:
        found["latency_ns.p50"] = _rounded_ms(row.number("Total Median Response Time"), n)
    found["latency_ns.max"] = exact(float(row.number(of + "Max Response Time")) * MS_NS, "ns", n)
    return found


def _rounded_ms(shown: Decimal, n: int) -> Estimate:
    kept = Decimal(1) if shown < FULL_MS_BELOW else Decimal(10) ** (shown.adjusted() - 1)
    return rounded(shown, MS_NS, "ns", n, kept)
