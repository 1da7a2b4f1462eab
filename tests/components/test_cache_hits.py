"""What answers a hit, in C and in Python: the same answers, the same counts, and the same refusals."""

from __future__ import annotations

import gc
import importlib.util
import itertools
import re
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any, Literal

import pytest

from bizra_lab.components._cache_hits import getter, loader
from bizra_lab.components._cache_memory import Memory
from bizra_lab.components._component import counted, new_tally
from bizra_lab.components.cache import Cache, CacheSettings
from bizra_lab.errors import CannotMeasure

Kind = Literal["c", "python"]

KINDS: tuple[Kind, ...] = (
    ("c", "python") if importlib.util.find_spec("bizra_lab.components._cache_front") is not None else ("python",)
)
EITHER = pytest.mark.parametrize("kind", KINDS)

ABSENT = object()


class Told:
    """What is below: it keeps what it was asked, and says that it was."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def __call__(self, *arguments: Any) -> str:
        self.asked.append(arguments)
        return "from below"


def memory_of(**held: object) -> Memory:
    """In its time until 100 ns."""
    memory = Memory("lru", 10, None)
    for key, value in held.items():
        memory.put(key, value, until_ns=100, now_ns=0, size=0)
    return memory


def load(_: object) -> str:
    raise AssertionError("nobody may load here")


@EITHER
@pytest.mark.parametrize("now_ns", [0, 99])
def test_what_is_in_its_time_is_answered_and_counted(kind: Kind, now_ns: int) -> None:
    hits, below, memory = new_tally(), Told(), memory_of(a=1, b=None)
    get = getter(memory, lambda: now_ns, hits, ABSENT, below, kind)
    get_or_load = loader(memory, lambda: now_ns, hits, ABSENT, below, kind)
    assert [1, 1, None, 1, 1] == [get("a"), get("a", 2), get("b", 2), get_or_load("a", load), get_or_load("a", load, 3)]
    assert 5 == counted(hits)
    assert [] == below.asked


@EITHER
@pytest.mark.parametrize(
    ("why", "key", "now_ns"),
    [
        ("nobody has it", "c", 0),
        ("its time is over", "a", 100),
        ("known to be absent", "none", 0),
        ("it has no hash", ["a"], 0),
    ],
)
def test_all_else_is_left_to_what_is_below_with_every_argument(kind: Kind, why: str, key: Any, now_ns: int) -> None:
    hits, below, memory = new_tally(), Told(), memory_of(a=1, none=ABSENT)
    get = getter(memory, lambda: now_ns, hits, ABSENT, below, kind)
    get_or_load = loader(memory, lambda: now_ns, hits, ABSENT, below, kind)
    assert {"from below"} == {get(key), get(key, 2), get_or_load(key, load), get_or_load(key, load, 3.0)}, why
    assert [(key, None), (key, 2), (key, load, None), (key, load, 3.0)] == below.asked
    assert 0 == counted(hits)


@EITHER
def test_what_is_below_may_raise_and_no_key_error_of_ours_comes_with_it(kind: Kind) -> None:
    def below(*_: object) -> None:
        raise OSError("away")

    with pytest.raises(OSError, match="away") as raised:
        getter(memory_of(), lambda: 0, new_tally(), ABSENT, below, kind)("a")
    assert None is raised.value.__context__


class Broken:
    """A key whose hash goes wrong in its own way."""

    def __hash__(self) -> int:
        raise ZeroDivisionError("no hash today")


@EITHER
def test_what_a_key_raises_is_not_taken_for_a_miss(kind: Kind) -> None:
    below = Told()
    with pytest.raises(ZeroDivisionError, match="no hash today"):
        getter(memory_of(a=1), lambda: 0, new_tally(), ABSENT, below, kind)(Broken())
    assert [] == below.asked


@EITHER
def test_what_a_clock_raises_is_raised_and_counts_nothing(kind: Kind) -> None:
    def clock() -> int:
        raise OSError("no clock")

    hits = new_tally()
    with pytest.raises(OSError, match="no clock"):
        getter(memory_of(a=1), clock, hits, ABSENT, Told(), kind)("a")
    assert 0 == counted(hits)


@EITHER
@pytest.mark.parametrize(
    ("arguments", "named"), [((), {}), (("a", 1, 2, 3), {}), (("a",), {"default": 1}), ((), {"key": "a"})]
)
def test_a_wrong_call_is_refused(kind: Kind, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    memory, below = memory_of(a=1), Told()
    for ask in (
        getter(memory, lambda: 0, new_tally(), ABSENT, below, kind),
        loader(memory, lambda: 0, new_tally(), ABSENT, below, kind),
    ):
        with pytest.raises(TypeError):
            ask(*arguments, **named)
    assert [] == below.asked


@EITHER
def test_hits_of_several_threads_are_all_counted(kind: Kind) -> None:
    hits = new_tally()
    get = getter(memory_of(a=1), lambda: 0, hits, ABSENT, Told(), kind)

    def ask() -> None:
        for _ in range(20_000):
            get("a")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 80_000 == counted(hits)


@EITHER
def test_hits_hold_on_to_nothing(kind: Kind) -> None:
    """A reference too many a hit is a value that never goes; one too few is a crash."""
    value = {"a": 1}.keys()
    get = getter(memory_of(a=value), lambda: 0, new_tally(), ABSENT, Told(), kind)
    get("a")
    before = sys.getrefcount(value)
    for _ in range(1_000):
        get("a")
    assert before == sys.getrefcount(value)


def test_a_cache_that_nobody_holds_goes() -> None:
    cache: Cache[str] = Cache(CacheSettings(), itertools.count().__next__)
    cache.set("a", "b")
    assert "b" == cache.get("a")
    gone = weakref.ref(cache)
    del cache
    gc.collect()
    assert None is gone()


@pytest.mark.parametrize("make", [getter, loader])
def test_a_front_that_was_not_built_is_missed_when_it_is_asked_for(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bizra_lab.components._cache_hits._cache_front", None)
    assert 1 == make(memory_of(a=1), lambda: 0, new_tally(), ABSENT, Told())("a", load)
    with pytest.raises(CannotMeasure, match="cache front c was not built here; expected a C compiler"):
        make(memory_of(a=1), lambda: 0, new_tally(), ABSENT, Told(), "c")


@pytest.mark.skipif("c" not in KINDS, reason="there is nothing in C here")
@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ("expected 2 or 3 arguments at most, got 9", {"arguments_max": 9}),
        ("hits: expected an iterator, got list", {"hits": []}),
        ("must be bizra_lab.components._cache_front.Until, not int", {"until": 100}),
    ],
)
def test_a_front_of_something_else_is_refused(said: str, changed: dict[str, Any]) -> None:
    usual: dict[str, Any] = {
        "until": memory_of().until,
        "held": {},
        "clock": lambda: 0,
        "hits": new_tally(),
        "absent": ABSENT,
        "below": Told(),
        "arguments_max": 2,
    }
    with pytest.raises((TypeError, ValueError), match=re.escape(said)):
        importlib.import_module("bizra_lab.components._cache_front").Front(*(usual | changed).values())
