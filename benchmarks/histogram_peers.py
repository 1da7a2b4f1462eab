"""Our histogram beside HdrHistogram's in C and in Python, and beside exact quantiles: speed, memory, error."""

from __future__ import annotations

import ctypes
import shutil
import statistics
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]

from benchmarks._results import Table
from bizra_lab.analysis.buckets import LARGEST
from bizra_lab.analysis.histogram import EXACT_BEYOND, Bounded, Histogram, Tally, kernel, merge
from bizra_lab.analysis.hlog import decode, encode
from bizra_lab.analysis.quantiles import probability, rank
from bizra_lab.model import Ints

VALUES = 100_000_000
FEW = 1_000_000  # for what takes microseconds a value
ROUNDS = 7
REPEATS = 50  # of what is done to one histogram, in a round
DIGITS = 3
PROBABILITIES = (0.5, 0.99, 0.999, 0.9999, 0.99999)
IN_THE_BODY = 2  # of these
SEED = 1

PEER, C_PEER = "hdrhistogram", "HdrHistogram_c"
NOTHING = "–"

TITLE = "Histogram: what counting a latency costs"
EXPLAIN = f"""\
{VALUES:,} int64 latencies, a log-normal body around 120 µs with two in a hundred from 1 ms on (Pareto, α = 1.8), are
counted with {DIGITS} digits by each in turn, {ROUNDS} rounds, each beginning with another one; {PEER}, whose recording
is Python, counts the first {FEW:,}. `ns` is the median round's, a value or a histogram; `times` is the median of the
ratios within rounds. The errors are the worst of p50 and p99, and of p99.9, p99.99 and p99.999, against the sorted
values. `MB` is the most that Python's allocators held at a time beside the values; what C allocates by itself is not in
it.

Ours keeps n, both extremes, the exact sum and the largest {EXACT_BEYOND + 1:,} values, or the largest alone
(`extremes only`). {C_PEER} is `hdr_record_value` in a loop of C, where its library and a compiler are there; it keeps
both extremes. All of them are one thread. `np.partition` finds the same five quantiles exactly, in a copy of the
values. One histogram of {FEW:,} values is encoded (V2, zlib, base64), decoded, and added to another; `counts only` is
without the largest values, which {PEER} has not."""

COLUMNS = (
    "path",
    "library",
    "ns",
    f"times {C_PEER}",
    f"times {PEER}",
    "error to p99, %",
    "error from p99.9, %",
    "MB",
)

DRIVER = """\
#include <stddef.h>
#include <stdint.h>
#include <hdr/hdr_histogram.h>

int count(const int64_t *values, size_t n, int digits, const double *percentiles, size_t m, int64_t *found)
{
    struct hdr_histogram *histogram;
    if (hdr_init(1, INT64_MAX, digits, &histogram) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        hdr_record_value(histogram, values[i]);
    for (size_t i = 0; i < m; i++)
        found[i] = hdr_value_at_percentile(histogram, percentiles[i]);
    hdr_close(histogram);
    return 0;
}
"""


@dataclass(frozen=True, slots=True)
class Contestant:
    """What is timed, how many values or histograms one run of it is about, and the quantiles it found, if any."""

    run: Callable[[], object]
    size: int
    quantiles: Callable[[Any], list[float]] | None = None


def run() -> Table:
    """One row a path and library."""
    values = latencies(VALUES)
    with tempfile.TemporaryDirectory() as folder:
        counting = _counting(values, _c_peer(Path(folder)))
        rows = _rows("count, a value", counting, _truths(values))
    for path, contestants in _handling(values[:FEW]).items():
        rows += _rows(f"{path}, a histogram", contestants, {})
    return Table(COLUMNS, rows)


def latencies(n: int) -> Ints:
    """A body and a tail like those of a service; in nanoseconds."""
    rng = np.random.default_rng(SEED)
    body = rng.lognormal(np.log(120e3), 0.55, n)
    slow = np.flatnonzero(rng.random(n) < 0.02)
    body[slow] = 1e6 * (1 + rng.pareto(1.8, len(slow)))
    return body.astype(np.int64)


# --- figures


def _rows(
    path: str, contestants: Mapping[str, Contestant], truths: Mapping[int, list[float]]
) -> list[tuple[str | float, ...]]:
    times_ns = _timed(contestants)
    rows: list[tuple[str | float, ...]] = []
    for name, each in contestants.items():
        median_ns = statistics.median(times_ns[name])
        rows.append(
            (
                path,
                name,
                round(median_ns, 3),
                _times(times_ns, C_PEER, name),
                _times(times_ns, PEER, name),
                *_found(each, truths),
            )
        )
    return rows


def _timed(contestants: Mapping[str, Contestant]) -> dict[str, list[float]]:
    """Nanoseconds each took in each round, a value or a histogram."""
    order = list(contestants)
    times_ns: dict[str, list[float]] = {name: [] for name in order}
    for number in range(ROUNDS):
        first = number % len(order)
        for name in order[first:] + order[:first]:
            began_ns = time.perf_counter_ns()
            contestants[name].run()
            times_ns[name].append((time.perf_counter_ns() - began_ns) / contestants[name].size)
    return times_ns


def _times(times_ns: Mapping[str, list[float]], peer: str, name: str) -> str | float:
    if peer not in times_ns:
        return NOTHING
    return round(statistics.median(p / own for p, own in zip(times_ns[peer], times_ns[name], strict=True)), 2)


def _found(each: Contestant, truths: Mapping[int, list[float]]) -> tuple[str | float, ...]:
    """The worst errors in body and tail, in percent, and the most memory, in MB; from a run that is not timed."""
    if each.quantiles is None:
        return (NOTHING,) * 3
    tracemalloc.start()
    answer = each.run()
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    pairs = zip(each.quantiles(answer), truths[each.size], strict=True)
    errors = [round(100 * abs(found / true - 1), 4) for found, true in pairs]
    return max(errors[:IN_THE_BODY]), max(errors[IN_THE_BODY:]), round(peak_bytes / 1e6, 1)


def _truths(values: Ints) -> dict[int, list[float]]:
    return {n: _exact(values[:n]) for n in (VALUES, FEW)}


def _exact(values: Ints) -> list[float]:
    places = [rank(len(values), probability(p)) - 1 for p in PROBABILITIES]
    order = np.partition(values, places)
    return [float(order[place]) for place in places]


# --- who counts


def _counting(values: Ints, c_peer: Callable[[Ints], list[float]] | None) -> dict[str, Contestant]:
    n = len(values)
    contestants = {
        "reading the values (np.sum)": Contestant(values.sum, n),
        "ours, C": Contestant(lambda: _ours(values, "c", EXACT_BEYOND), n, _quantiles_of_ours),
        "ours, C, extremes only": Contestant(lambda: _ours(values, "c", 0), n, _quantiles_of_ours),
        "ours, numpy": Contestant(lambda: _ours(values, "numpy", EXACT_BEYOND), n, _quantiles_of_ours),
        "ours, numpy, extremes only": Contestant(lambda: _ours(values, "numpy", 0), n, _quantiles_of_ours),
        "np.partition": Contestant(lambda: _exact(values), n, list),
        PEER: Contestant(lambda: _peer(values[:FEW]), FEW, _quantiles_of_peer),
    }
    if c_peer is not None:
        contestants[C_PEER] = Contestant(lambda: c_peer(values), n, list)
    return contestants


def _ours(values: Ints, kind: Literal["c", "numpy"], exact_beyond: int) -> Histogram:
    tally = Tally(DIGITS, exact_beyond, kernel(kind))
    tally.add(values)
    return tally.histogram()


def _quantiles_of_ours(histogram: Histogram) -> list[float]:
    found = [histogram.quantile(p) for p in PROBABILITIES]
    return [each.value for each in found if isinstance(each, Bounded)]


def _peer(values: Ints) -> HdrHistogram:
    histogram = HdrHistogram(1, LARGEST, DIGITS)
    for value in values.tolist():
        histogram.record_value(value)
    return histogram


def _quantiles_of_peer(histogram: HdrHistogram) -> list[float]:
    return [histogram.get_value_at_percentile(100 * p) for p in PROBABILITIES]


def _c_peer(folder: Path) -> Callable[[Ints], list[float]] | None:
    """The loop in C, built in `folder`; None where there is no compiler or no HdrHistogram_c."""
    compiler = shutil.which("cc")
    source, library = folder / "driver.c", folder / "driver.so"
    source.write_text(DRIVER, encoding="utf-8")
    words = [compiler or "cc", "-O3", "-shared", "-fPIC", str(source), "-lhdr_histogram", "-o", str(library)]
    if compiler is None or subprocess.run(words, capture_output=True, check=False).returncode:
        return None
    loop = ctypes.CDLL(str(library)).count
    percentiles = np.array(PROBABILITIES) * 100

    def count(values: Ints) -> list[float]:
        found = np.zeros(len(PROBABILITIES), np.int64)
        failed = loop(
            ctypes.c_void_p(values.ctypes.data),
            ctypes.c_size_t(len(values)),
            DIGITS,
            ctypes.c_void_p(percentiles.ctypes.data),
            ctypes.c_size_t(len(percentiles)),
            ctypes.c_void_p(found.ctypes.data),
        )
        if failed:
            raise MemoryError(C_PEER)
        return [float(each) for each in found]

    return count


# --- what is done to a histogram


def _handling(values: Ints) -> dict[str, dict[str, Contestant]]:
    ours, peer, other = Histogram.of(values), _peer(values), _peer(values)
    ours_packed, peer_packed = encode(ours), peer.encode()
    alone = decode(ours_packed)
    return {
        "encode": {"ours": _repeated(lambda: encode(ours)), PEER: _repeated(peer.encode)},
        "decode": {
            "ours": _repeated(lambda: decode(ours_packed)),
            PEER: _repeated(lambda: HdrHistogram.decode(peer_packed)),
        },
        "merge": {
            "ours": _repeated(lambda: merge(ours, ours)),
            "ours, counts only": _repeated(lambda: merge(alone, alone)),
            PEER: _repeated(lambda: other.add(peer)),
        },
    }


def _repeated(handle: Callable[[], object]) -> Contestant:
    def repeat() -> None:
        for _ in range(REPEATS):
            handle()

    return Contestant(repeat, REPEATS)
