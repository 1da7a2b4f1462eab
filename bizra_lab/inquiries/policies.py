"""
Hit rates by policy, beside the optimum: how much of what was missed the policy owes, and how much the requests.

On three kinds of requests, since no policy is best on all. `zipf` are the study's own, drawn by its seed. `loop` reads
a table a fifth larger than memory over and over: who keeps what was asked for last keeps nothing that comes again.
`ledger` asks for two new keys and then one that was new a little before: who keeps what was asked for often keeps what
never comes again. The last two are no traces of anybody's system; they have the shapes of a scan and of a ledger.
"""

from __future__ import annotations

import numpy as np

from bizra_lab.analysis.shares import share
from bizra_lab.components.cache import (
    FILLING,
    POLICIES,
    Settings,
    hits_of,
    ledger_requests,
    looped_requests,
    optimal_hits,
    planned_requests,
)
from bizra_lab.inquiries.layers import settings_of
from bizra_lab.model import Estimate, Result, Results
from bizra_lab.study import Study

__all__ = ["hit_rates"]

OPTIMUM = "optimum"

LOOP_SHARE = 1.2  # of the entries: the table is larger than memory by a fifth
LOOPS = 10
LEDGER_ENTRIES = 5  # for each entry of memory: enough that what was popular once fills it
LEDGER_DELAY = 0.025  # of the entries: longer than a window of a hundredth keeps a key, shorter than anything else does

_Kind = tuple[list[int], int]  # requests, and how many of them come before any is counted


def hit_rates(study: Study) -> dict[str, Results]:
    """
    By policy and of the optimum: the share of hits in memory, for `zipf`, `loop` and `ledger`; and of the optimum's.

    Memory holds `l1_entries`; requests of `zipf` are counted after as many as the study fills its cache with. The
    intervals are Wilson's, of hits that follow each other as these do. Raises CannotMeasure for a study of something
    else.
    """
    settings = settings_of(study)
    capacity, confidence = settings.l1_entries, study.analysis.confidence
    kinds = _kinds(settings, study.seed)
    best = {kind: optimal_hits(requests, capacity, warmup) for kind, (requests, warmup) in kinds.items()}
    found: dict[str, Results] = {OPTIMUM: _row(kinds, best, best, confidence)}
    for policy in POLICIES:
        hits = {kind: hits_of(policy, requests, capacity, warmup) for kind, (requests, warmup) in kinds.items()}
        found[policy] = _row(kinds, hits, best, confidence)
    return found


def _kinds(settings: Settings, seed: int) -> dict[str, _Kind]:
    table, ledger = round(LOOP_SHARE * settings.l1_entries), LEDGER_ENTRIES * settings.l1_entries
    delay = max(1, round(LEDGER_DELAY * settings.l1_entries))
    return {
        "zipf": (planned_requests(settings, np.random.default_rng(seed)).tolist(), FILLING),
        "loop": (looped_requests(table, LOOPS).tolist(), 0),
        "ledger": (ledger_requests(ledger, delay).tolist(), 0),
    }


def _row(kinds: dict[str, _Kind], hits: dict[str, int], best: dict[str, int], confidence: float) -> Results:
    rates: dict[str, Result] = {
        kind: share(hits[kind], len(requests) - warmup, confidence) for kind, (requests, warmup) in kinds.items()
    }
    return rates | {f"{kind}, of optimum": _ratio(hits[kind], best[kind]) for kind in kinds}


def _ratio(hits: int, best: int) -> Estimate:
    ratio = hits / best
    return Estimate(ratio, ratio, ratio, "share", best)  # both of the same requests, counted
