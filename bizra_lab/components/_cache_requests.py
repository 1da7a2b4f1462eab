"""
Requests whose hit rate is to be found out, and the best that anybody could do with them.

A hit rate belongs to a sequence of requests, a capacity and a policy, and is none of them. Requests are drawn here by a
seed, as numbers of keys, and `hits_of` puts them to a policy one by one, a miss being followed by an insertion.
`optimal_hits` is what a policy that knows the future would reach: no other number says how much of a miss
rate the policy owes and how much the requests.

Source of the optimum: L. Belady, A study of replacement algorithms for a virtual-storage computer (1966).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import numpy as np

from bizra_lab.components._cache_policies import Policy, PolicyName, make_policy
from bizra_lab.model import Ints


def zipf_requests(keys: int, alpha: float, count: int, rng: np.random.Generator) -> Ints:
    """So many requests, each for the key of rank r with a probability like 1/r^alpha; key 0 is the most popular."""
    weights = np.arange(1, keys + 1, dtype=np.float64) ** -alpha
    cumulated = np.cumsum(weights)
    drawn: Ints = np.searchsorted(cumulated, rng.random(count) * cumulated[-1], side="right").astype(np.int64)
    return drawn


def looped_requests(keys: int, times: int) -> Ints:
    """Every key in order, and that so many times: a job that reads a table larger than memory, over and over."""
    return np.tile(np.arange(keys, dtype=np.int64), times)


def ledger_requests(entries: int, delay: int) -> Ints:
    """
    A ledger that grows by so many entries: two new keys are asked for, then one that was new `delay` entries before.

    Nobody can answer more than the third request of each round, and whoever keeps the last keys long enough does; who
    stays with keys that were asked for twice keeps what is never asked for again.
    """
    number = np.arange(entries, dtype=np.int64)
    rounds = np.stack([2 * number, 2 * number + 1, 2 * (number - delay)], axis=1)
    return rounds[rounds >= 0]


def hits_of(policy: PolicyName, requests: Sequence[int], capacity: int, warmup: int = 0) -> int:
    """How many of `requests` after the first `warmup` are hits of a memory of so many entries, empty at first."""
    holding = make_policy(policy, capacity)
    _put(holding, requests[:warmup], capacity, 0)
    return _put(holding, requests[warmup:], capacity, min(capacity, len(set(requests[:warmup]))))


def _put(holding: Policy, requests: Sequence[int], capacity: int, held: int) -> int:
    misses = 0
    insert, popitem = holding.insert, holding.popitem
    for key in requests:
        try:
            holding[key]
        except KeyError:
            misses += 1
            if held < capacity:
                held += 1
            else:
                popitem()
            insert(key, True)
    return len(requests) - misses


def optimal_hits(requests: Sequence[int], capacity: int, warmup: int = 0) -> int:
    """
    How many of `requests` after the first `warmup` are hits of who evicts the key that is needed again last.

    A key that is needed later than all that are held goes itself.
    """
    following = _next_request_of_the_same(requests)
    next_of: dict[int, float] = {}  # of each key held, when it is needed again
    latest: list[tuple[float, int]] = []  # the same from the latest, with some that are out of date
    hits = 0
    for number, key in enumerate(requests):
        if key in next_of:
            hits += number >= warmup
        elif len(next_of) >= capacity:
            while next_of.get(latest[0][1]) != -latest[0][0]:
                heapq.heappop(latest)
            if -latest[0][0] <= following[number]:
                continue
            del next_of[heapq.heappop(latest)[1]]
        next_of[key] = following[number]
        heapq.heappush(latest, (-following[number], key))
    return hits


def _next_request_of_the_same(requests: Sequence[int]) -> list[float]:
    following = [math.inf] * len(requests)
    seen: dict[int, int] = {}
    for number in range(len(requests) - 1, -1, -1):
        following[number] = seen.get(requests[number], math.inf)
        seen[requests[number]] = number
    return following
