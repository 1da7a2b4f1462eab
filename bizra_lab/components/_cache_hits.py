"""
What answers a hit in memory: one lookup, one reading of the clock and one step of a tally, and nothing else.

In C where the extension was built (`_cache_front.c`), else in Python; both do the same. Attributes of an object would
cost a hit half as much as its lookup, so in Python what it needs are the function's own variables. What is below is
called outside the block, so that what it raises does not come with a KeyError of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from bizra_lab.components._cache_keys import Key
from bizra_lab.components._component import Clock
from bizra_lab.errors import CannotMeasure

try:
    from bizra_lab.components import _cache_front
except ImportError:  # no compiler where this was installed
    _cache_front = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from bizra_lab.components._cache_memory import Memory

Kind = Literal["auto", "c", "python"]


class PlainUntil:
    """Until when everything in memory is in its time, in ns of the cache's clock."""

    __slots__ = ("ns",)

    def __init__(self, ns: int, /) -> None:
        self.ns = ns


Until = PlainUntil if _cache_front is None else _cache_front.Until


def getter(
    memory: Memory,
    clock: Clock,
    hits: Iterator[None],
    absent: object,
    below: Callable[[Key, Any], Any],
    kind: Kind = "auto",
) -> Callable[..., Any]:
    """`get(key, default=None, /)`: what memory holds and is not `absent`, else what `below` says."""
    if _in_c(kind):
        return _cache_front.Front(memory.until, memory.held, clock, hits, absent, below, 2)
    until, held = memory.until, memory.held

    def get(key: Key, default: Any = None, /) -> Any:
        until_ns = until.ns
        try:
            value = held[key]
        except (KeyError, TypeError):  # TypeError: it has no hash, and is no key; what is below says so
            value = absent
        if value is not absent and clock() < until_ns:
            next(hits)
            return value
        return below(key, default)

    return get


def loader(
    memory: Memory,
    clock: Clock,
    hits: Iterator[None],
    absent: object,
    below: Callable[[Key, Callable[[Any], Any], float | None], Any],
    kind: Kind = "auto",
) -> Callable[..., Any]:
    """`get_or_load(key, load, ttl_s=None, /)`: the same, which leaves to `below` how it is loaded."""
    if _in_c(kind):
        return _cache_front.Front(memory.until, memory.held, clock, hits, absent, below, 3)
    until, held = memory.until, memory.held

    def get_or_load(key: Key, load: Callable[[Any], Any], ttl_s: float | None = None, /) -> Any:
        until_ns = until.ns
        try:
            value = held[key]
        except (KeyError, TypeError):
            value = absent
        if value is not absent and clock() < until_ns:
            next(hits)
            return value
        return below(key, load, ttl_s)

    return get_or_load


def _in_c(kind: Kind) -> bool:
    """Whether it is done in C. Raises CannotMeasure for a C that was not built."""
    if kind == "c" and _cache_front is None:
        raise CannotMeasure("cache front c was not built here; expected a C compiler at installation, or python")
    return kind != "python" and _cache_front is not None
