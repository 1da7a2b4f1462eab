"""Hit rates by policy beside the optimum, for the laws and capacities that the gate's requests are chosen from."""

from __future__ import annotations

import numpy as np

from benchmarks._results import Table
from bizra_lab.components.cache import (
    POLICIES,
    hits_of,
    ledger_requests,
    looped_requests,
    optimal_hits,
    zipf_requests,
)

SEED = 42
REQUESTS = 3_000_000
WARMUP = 1_000_000
CAPACITY = 10_000

ZIPF = (
    (1_000_000, 0.99),
    (1_000_000, 1.1),
    (1_000_000, 1.2),
    (100_000, 0.99),
    (100_000, 1.1),
    (100_000, 1.2),
)  # keys, α

TITLE = "Cache: hit rates"
EXPLAIN = f"""\
Hits in per cent, with room for {CAPACITY:,} entries. Zipf's law: {REQUESTS:,} requests drawn by PCG64 seeded with
{SEED}, of which the first {WARMUP:,} are not counted. The loop reads 12,000 keys in order, ten times; the ledger asks
for two new keys and one that was new 250 entries before, 50,000 times. `optimum` knows the future. Nothing here is
timed: these are counts, and repeat to the last one. Of LRU, LFU, FIFO, SIEVE and the optimum they are libCacheSim's."""

COLUMNS = ("requests", "optimum", *POLICIES)


def run() -> Table:
    """One row for each kind of requests: per cent of hits, of the optimum and of every policy."""
    rows = [
        _row(f"Zipf {alpha}, {keys:,} keys", zipf_requests(keys, alpha, REQUESTS, _rng()).tolist(), WARMUP)
        for keys, alpha in ZIPF
    ]
    rows.append(_row("loop", looped_requests(12_000, 10).tolist(), 0))
    rows.append(_row("ledger", ledger_requests(50_000, 250).tolist(), 0))
    return Table(COLUMNS, rows)


def _rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


def _row(name: str, requests: list[int], warmup: int) -> tuple[str | float, ...]:
    counted = len(requests) - warmup
    hits = [optimal_hits(requests, CAPACITY, warmup), *(hits_of(each, requests, CAPACITY, warmup) for each in POLICIES)]
    return name, *(round(100 * each / counted, 2) for each in hits)
