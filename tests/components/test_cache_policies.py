"""Policies beside the plainest way to write them, beside libCacheSim's counts, and beside the optimum."""

from __future__ import annotations

import random
from collections.abc import Hashable, Sequence
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from bizra_lab.components._cache_policies import POLICIES, PolicyName, make_policy
from bizra_lab.components.cache import hits_of, ledger_requests, looped_requests, optimal_hits, zipf_requests

# Hits of the last 200,000 of 300,000 requests: 100,000 keys, alpha 1.2, PCG64 seeded with 42, 5,000 entries.
# From libCacheSim 0.3.5, Python bindings, each request put to `Cache.get` with size 1.
REQUESTS, WARMUP, CAPACITY = 300_000, 100_000, 5_000
LIBCACHESIM = {"lru": 177_103, "lfu": 180_392, "fifo": 172_704, "sieve": 180_392}
LIBCACHESIM_VARIANTS = {"s3_fifo": 181_058, "w_tinylfu": 180_383}  # whose papers leave more than one way open
LIBCACHESIM_BELADY = 186_617

short_requests = st.lists(st.integers(0, 12), max_size=120)
capacities = st.integers(1, 8)


@pytest.fixture(scope="module")
def zipf() -> list[int]:
    drawn: list[int] = zipf_requests(100_000, 1.2, REQUESTS, np.random.default_rng(42)).tolist()
    return drawn


@pytest.mark.parametrize("policy", LIBCACHESIM)
def test_hits_are_those_of_libcachesim_to_the_last_one(policy: PolicyName, zipf: list[int]) -> None:
    assert LIBCACHESIM[policy] == hits_of(policy, zipf, CAPACITY, WARMUP)


@pytest.mark.parametrize("policy", LIBCACHESIM_VARIANTS)
def test_hits_of_policies_with_variants_are_near_those_of_libcachesim(policy: PolicyName, zipf: list[int]) -> None:
    assert LIBCACHESIM_VARIANTS[policy] == pytest.approx(hits_of(policy, zipf, CAPACITY, WARMUP), rel=0.01)


def test_the_optimum_is_that_of_libcachesim(zipf: list[int]) -> None:
    assert LIBCACHESIM_BELADY == optimal_hits(zipf, CAPACITY, WARMUP)


# --- beside plain lists


def _plain(requests: Sequence[int], capacity: int, victim: Any) -> int:
    """Hits of a policy that keeps [key, …] in the order of insertion and asks `victim` which index goes."""
    held: list[list[int]] = []  # key, number of its last request, how often it was asked for since it came
    hits = 0
    for number, key in enumerate(requests):
        for each in held:
            if each[0] == key:
                hits += 1
                each[1], each[2] = number, each[2] + 1
                break
        else:
            if len(held) == capacity:
                del held[victim(held)]
            held.append([key, number, 0])
    return hits


@hypothesis.given(short_requests, capacities)
def test_lru_lets_go_who_was_not_asked_for_longest(requests: list[int], capacity: int) -> None:
    plain = _plain(requests, capacity, lambda held: min(range(len(held)), key=lambda index: held[index][1]))
    assert plain == hits_of("lru", requests, capacity)


@hypothesis.given(short_requests, capacities)
def test_fifo_lets_go_who_came_first(requests: list[int], capacity: int) -> None:
    assert _plain(requests, capacity, lambda _: 0) == hits_of("fifo", requests, capacity)


@hypothesis.given(short_requests, capacities)
def test_sieve_passes_over_whoever_was_asked_for_since_its_hand_came_by(requests: list[int], capacity: int) -> None:
    keys: list[int] = []  # oldest first
    visited: dict[int, bool] = {}
    hand, hits = 0, 0
    for key in requests:
        if key in visited:
            hits += 1
            visited[key] = True
            continue
        if len(keys) == capacity:
            while visited[keys[hand]]:
                visited[keys[hand]] = False
                hand = (hand + 1) % len(keys)
            del visited[keys.pop(hand)]
            hand = 0 if hand == len(keys) else hand
        keys.append(key)
        visited[key] = False
    assert hits == hits_of("sieve", requests, capacity)


@hypothesis.given(st.lists(st.integers(0, 5), max_size=14), st.integers(1, 4))
def test_the_optimum_is_the_best_of_all_ways_to_choose(requests: list[int], capacity: int) -> None:
    best: dict[frozenset[int], int] = {frozenset(): 0}  # most hits so far by what is held
    for key in requests:
        after: dict[frozenset[int], int] = {}
        for held, hits in best.items():
            ways = [held] if key in held else [held, *(held - {gone} | {key} for gone in held)]
            if key not in held and len(held) < capacity:
                ways.append(held | {key})
            for way in ways:
                after[way] = max(after.get(way, 0), hits + (key in held))
        best = after
    assert max(best.values()) == optimal_hits(requests, capacity)


@pytest.mark.parametrize("policy", POLICIES)
@hypothesis.given(requests=short_requests, capacity=capacities)
def test_nobody_has_more_hits_than_the_optimum(policy: PolicyName, requests: list[int], capacity: int) -> None:
    assert hits_of(policy, requests, capacity) <= optimal_hits(requests, capacity)


@pytest.mark.parametrize("policy", POLICIES)
def test_hits_after_a_warm_up_and_in_it_are_all_hits(policy: PolicyName) -> None:
    requests = random.Random(1).choices(range(200), k=5000)
    alone = hits_of(policy, requests[:2000], 50)
    assert hits_of(policy, requests, 50) == alone + hits_of(policy, requests, 50, warmup=2000)
    assert optimal_hits(requests, 50) >= optimal_hits(requests, 50, warmup=2000)


# --- what a memory asks of every policy


@pytest.mark.parametrize("policy", POLICIES)
def test_whatever_is_done_a_policy_holds_what_was_inserted_and_did_not_go(policy: PolicyName) -> None:
    rng = random.Random(2)
    held: dict[Hashable, int] = {}
    holding = make_policy(policy, 20)
    for number in range(20_000):
        key = rng.randrange(60)
        match rng.randrange(6):
            case 0:
                assert held.pop(key, None) == holding.pop(key, None)
            case 1 if held and rng.random() < 0.1:
                gone, value = holding.popitem()
                assert held.pop(gone) == value
            case 2 | 3:
                if key not in held and len(held) >= 20:
                    gone, value = holding.popitem()
                    assert held.pop(gone) == value
                holding.insert(key, number)
                held[key] = number
            case 4 if rng.random() < 0.002:
                holding.clear()
                held.clear()
            case _:
                assert held.get(key, "not there") == holding.peek(key, "not there")
                if key in held:
                    assert held[key] == holding[key]
                else:
                    with pytest.raises(KeyError):
                        holding[key]
    assert held == {key: holding.peek(key, None) for key in range(60) if holding.peek(key, None) is not None}
    while held:
        gone, value = holding.popitem()
        assert held.pop(gone) == value


def test_s3_fifo_keeps_a_newcomer_that_was_asked_for_more_than_once_again() -> None:
    holding = make_policy("s3_fifo", 10)
    for key in range(10):
        holding.insert(key, "value")
    for key in (0, 1, 1):
        assert holding[key]
    assert [0, 2, 3] == [holding.popitem()[0] for _ in range(3)]
    holding.insert(0, "value")  # which left lately, and so is no newcomer any more
    assert [4, 5, 6, 7, 8, 9] == [holding.popitem()[0] for _ in range(6)]
    assert [1, 0] == [holding.popitem()[0] for _ in range(2)]


# --- requests


def test_zipf_asks_for_the_second_key_half_as_often_where_the_exponent_is_one() -> None:
    drawn = zipf_requests(3, 1.0, 110_000, np.random.default_rng(1))
    assert [60_000, 30_000, 20_000] == pytest.approx(np.bincount(drawn).tolist(), abs=600)
    assert [1 / 4] * 4 == pytest.approx(
        (np.bincount(zipf_requests(4, 0.0, 40_000, np.random.default_rng(1))) / 40_000).tolist(), abs=0.01
    )


def test_no_policy_is_best_everywhere(zipf: list[int]) -> None:
    ledger = ledger_requests(10_000, 25).tolist()
    loop = looped_requests(1_200, 10).tolist()

    def rate(policy: PolicyName, requests: list[int], capacity: int) -> float:
        return hits_of(policy, requests, capacity) / len(requests)

    of_ledger = {policy: rate(policy, ledger, 1000) for policy in POLICIES}
    assert 1 / 3 == pytest.approx(optimal_hits(ledger, 1000) / len(ledger), abs=1e-3)
    for near in ("lru", "fifo", "s3_fifo"):
        assert 1 / 3 == pytest.approx(of_ledger[near], abs=1e-3)
    for far in ("lfu", "sieve", "w_tinylfu"):
        assert of_ledger[far] < 0.04
    of_loop = {policy: rate(policy, loop, 1_000) for policy in POLICIES}
    assert {"lru": 0, "fifo": 0} == {policy: of_loop[policy] for policy in ("lru", "fifo")}
    assert of_loop["w_tinylfu"] > 0.7 and of_loop["s3_fifo"] > 0.5
    assert hits_of("lru", zipf, CAPACITY, WARMUP) < hits_of("s3_fifo", zipf, CAPACITY, WARMUP)


def test_the_ledger_is_asked_for_two_new_keys_and_one_old() -> None:
    first = ledger_requests(30, 25).tolist()
    assert [0, 1, 2, 3, 4, 5] == first[:6]
    assert [50, 51, 0, 52, 53, 2] == first[50:56]
    assert [0, 1, 2, 0, 1, 2] == looped_requests(3, 2).tolist()
