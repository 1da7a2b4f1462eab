"""The study of the cache: what is asked for repeats by the seed, and hits are counted, not set."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bizra_lab.components import cache as component
from bizra_lab.components.cache import FEW_KEYS, CacheError, Settings, layer_at, planned_requests, prepare
from bizra_lab.errors import CannotMeasure
from bizra_lab.model import Tally, Workload
from bizra_lab.testing import StepClock
from tests.servers import PostgresServer, RedisServer

SMALL = Settings(keys=2_000, l1_entries=200, l2_entries=300, ttl_s=None, jitter=0.0)


@pytest.fixture(autouse=True)
def _short_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(component, "PLAN_LENGTH", 6_000)
    monkeypatch.setattr(component, "FILLING", 3_000)


@contextlib.contextmanager
def _prepared(settings: Settings, seed: int = 1) -> Iterator[Workload]:
    made = prepare(settings, np.random.default_rng(seed), StepClock().now_ns)
    with contextlib.closing(made):
        yield made


def _tallied(made: Workload, operations: int) -> dict[str, Tally]:
    assert made.mark and made.tallies
    made.mark()
    for _ in range(operations):
        made.operate()
    return dict(made.tallies())


def test_what_comes_out_repeats_by_the_seed_and_not_without() -> None:
    counts = []
    for seed in (1, 1, 2):
        with _prepared(SMALL, seed) as made:
            counts.append(_tallied(made, 3_000))
    assert counts[0] == counts[1] != counts[2]


def test_each_request_is_answered_by_one_layer_or_loaded() -> None:
    with _prepared(SMALL) as made:
        assert made.count is not None
        before = made.count()
        tallies = _tallied(made, 3_000)
        assert 3_000 == made.count() - before
    answered = [tallies[name] for name in ("hit_l1", "answered_l2", "answered_l3", "answered_load")]
    assert [3_000] * 4 == [each.of for each in answered]
    assert 3_000 == sum(each.count for each in answered)
    assert all(each.count for each in answered)
    assert tallies["hit_l2"].of == 3_000 - tallies["hit_l1"].count
    assert tallies["hit_l3"].of == tallies["hit_l2"].of - tallies["hit_l2"].count


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_hits_are_those_of_the_same_requests_put_to_the_policy_alone(seed: int) -> None:
    requests = planned_requests(SMALL, np.random.default_rng(seed)).tolist()
    with _prepared(SMALL, seed) as made:
        tallies = _tallied(made, 3_000)
    assert component.hits_of("lru", requests, 200, warmup=3_000) == tallies["hit_l1"].count


@pytest.mark.parametrize("answer", ["l1", "l2", "l3", "load"])
def test_a_layer_that_is_to_answer_answers_everything(answer: Any) -> None:
    with _prepared(dataclasses.replace(SMALL, answer=answer)) as made:
        tallies = _tallied(made, 2 * FEW_KEYS)
    name = {"l1": "hit_l1", "load": "answered_load"}.get(answer, f"answered_{answer}")
    assert Tally(2 * FEW_KEYS, 2 * FEW_KEYS) == tallies[name]
    assert f"cache.{answer}" == made.name


def test_layers_may_be_left_out() -> None:
    with _prepared(dataclasses.replace(SMALL, l2=None, l3=None)) as made:
        assert {"hit_l1", "answered_load"} == set(_tallied(made, 100))


def test_layers_may_be_servers_which_are_left_as_they_were_found(
    redis_server: RedisServer, postgres_server: PostgresServer
) -> None:
    settings = dataclasses.replace(SMALL, keys=300, l1_entries=20, l2=redis_server.url, l3=postgres_server.url)
    with _prepared(settings) as made:
        tallies = _tallied(made, 300)
    assert tallies["answered_l2"].count > 0
    assert 300 == sum(tallies[name].count for name in ("hit_l1", "answered_l2", "answered_l3", "answered_load"))
    for url in (redis_server.url, postgres_server.url):
        layer = layer_at(url, StepClock().now_ns)
        assert not any(layer.get(b"cache:1:sitem:%d" % number) for number in range(300))
        layer.close()


def test_a_server_that_is_away_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    settings = dataclasses.replace(SMALL, l2=f"unix://{tmp_path / 'nobody.sock'}")
    with pytest.raises(CannotMeasure, match="cache: l2 does not answer; expected its server to run"):
        prepare(settings, np.random.default_rng(1), StepClock().now_ns)


def test_a_layer_that_does_not_exist_is_told_in_one_line() -> None:
    with pytest.raises(CannotMeasure, match="cache: a database layer is on postgresql or sqlite, got mysql"):
        prepare(dataclasses.replace(SMALL, l3="mysql://x/y"), np.random.default_rng(1), StepClock().now_ns)


def test_a_library_that_is_not_installed_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "bizra_lab.components._cache_redis", None)
    with pytest.raises(CacheError, match="with its extra `cache`"):
        layer_at("redis://127.0.0.1", StepClock().now_ns)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"keys": 0}, "keys and l2_entries must be at least 1"),
        ({"alpha": -0.1}, "alpha must be at least 0"),
        ({"answer": "l2", "l2": None}, "answer is l2, and there is none"),
        ({"jitter": 1.5}, "jitter must be a share"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        dataclasses.replace(SMALL, **wrong)
