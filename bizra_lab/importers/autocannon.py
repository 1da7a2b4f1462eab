"""
autocannon: a closed load over HTTP by `connections` × `pipelining`, from its JSON (`--json`).

Each connection keeps `pipelining` requests in flight. Latencies go into a histogram of whole milliseconds, which cuts
the rest off: a quantile of 0 means less than 1 ms, and the true mean lies up to 1 ms above the one printed. `min` is
the smallest that was not cut to 0, so it is no minimum as soon as a quantile is 0. The rate is the mean over whole
seconds, printed with two decimals and without final zeros. Latencies are of answered requests, failures of status
included unless told otherwise; requests that timed out or broke are in `errors`, and in no latency. A warm-up, where
there was one, is not printed.

That values are cut and not rounded is seen in its output, where the mean of 0.07 ms printed for 10 connections at
15,630/s (0.64 ms by Little's law) cannot come from rounded ones, and in how hdr-histogram-js indexes its counts.

With `--excludeErrorStats` answers of another status than 2xx are counted and not timed: the histogram's `totalCount`
is then less than the number of answers. Versions that print no `totalCount` do not tell, nor does a run with a rate
(`-R`), whose histogram has latencies added for what a stall kept from being sent.

Source: mcollina/autocannon, lib/run.js (onResponse, onError), lib/aggregateResult.js.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from bizra_lab.importers._files import Place, json_keys, json_of, name_of
from bizra_lab.importers._importer import importer
from bizra_lab.importers._printed import cut, failures_timed, quantile_name, rounded, share
from bizra_lab.model import Claim, Declared, Estimate, Result, Unavailable

MS_NS = 1e6  # latencies are cut to whole milliseconds
HUNDREDTH = Decimal("0.01")  # the step of printed means, whose final zeros are left out


def can_read(head: bytes) -> bool:
    return json_keys(head) >= {"connections", "pipelining", "non2xx", "latency", "p97_5"}


@importer(can_read)
def read(path: Path) -> tuple[Claim, ...]:
    document = json_of(path)
    answered = document["requests"]["total"].whole()
    errors, refused = document["errors"].whole(), document["non2xx"].whole()
    results: dict[str, Result] = {
        "throughput_per_s": rounded(document["requests"]["average"].decimal(), 1.0, "per_s", answered, HUNDREDTH),
        **_latencies(document["latency"], answered),
        "share.failed": share(errors + refused, answered + errors),
    }
    declared = Declared(
        scope="http",
        kind="closed",
        workers=document["connections"].whole() * document["pipelining"].whole(),
        duration_s=document["duration"].number(),
        operations=answered + errors,
        clock_step_ns=MS_NS,
        failures_in_latency=_failures_timed(document["latency"].get("totalCount"), answered, refused, errors),
    )
    title, url = document.get("title"), document.get("url")
    name = title.text() if title else url.text() if url else path.stem
    return (Claim(name_of(name), results, declared),)


def _failures_timed(recorded: Place | None, answered: int, refused: int, errors: int) -> bool | None:
    if recorded is None or recorded.whole() > answered:
        return False if errors and not refused else None
    left_out = min(answered - recorded.whole(), refused)
    return failures_timed(refused - left_out, left_out + errors)


def _latencies(latency: Place, answered: int) -> dict[str, Result]:
    counted = latency.get("totalCount")
    n = counted.whole() if counted else answered
    if n == 0:
        return {"latency_ns.mean": Unavailable("no request was answered")}
    quantiles = {
        quantile_name(key[1:].replace("_", "."), place.where): _cut(place, n)
        for key, place in latency.members()
        if key.startswith("p") and key[1:].replace("_", "").isdigit()
    }
    least: Result = _cut(latency["min"], n)
    if any(each.value == 0 for each in quantiles.values()):
        least = Unavailable("what autocannon calls min is the smallest latency that was not cut to 0 ms")
    return {
        "latency_ns.min": least,
        "latency_ns.mean": _mean(latency["average"], n),
        **{f"latency_ns.{name}": each for name, each in quantiles.items()},
        "latency_ns.max": _cut(latency["max"], n),
    }


def _cut(place: Place, n: int) -> Estimate:
    return cut(place.decimal(), MS_NS, "ns", n)


def _mean(place: Place, n: int) -> Estimate:
    of_cut = rounded(place.decimal(), MS_NS, "ns", n, HUNDREDTH)
    return Estimate(of_cut.value, of_cut.low, of_cut.high + MS_NS, "ns", n)
