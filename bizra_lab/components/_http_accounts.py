"""The server's own account of the measured window: shares of what it counted between the window's two ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from bizra_lab.components._http_records import Judged
from bizra_lab.components.cache import CacheStats
from bizra_lab.model import Tally

T = TypeVar("T")


class Account(Generic[T]):
    """What `told` has counted since `begin`, as tallies."""

    def __init__(self, told: Callable[[], T], between: Callable[[T, T], Mapping[str, Tally]]) -> None:
        self._told = told
        self._between = between
        self.begin()

    def begin(self) -> None:
        """Count from here."""
        self._before = self._told()

    def tallies(self) -> Mapping[str, Tally]:
        """How many of those since then were so."""
        return self._between(self._before, self._told())


def of_records(before: Judged, now: Judged) -> dict[str, Tally]:
    """`refused` and `stored`, of the records that came."""
    refused = now.refused - before.refused
    came = now.accepted - before.accepted + refused
    # One that was accepted before the window may be stored in it.
    return {"refused": Tally(refused, came), "stored": Tally(min(now.stored - before.stored, came), came)}


def of_items(before: CacheStats, now: CacheStats) -> dict[str, Tally]:
    """
    `hit_l1` and the like, of what each layer was asked for; `answered_l2` and the like, of all requests for items.

    Whoever is not answered in memory is answered below, by a load, or `answered_together` with somebody else.
    """
    asked = now.asked - before.asked
    found: dict[str, Tally] = {}
    for earlier, layer in zip(before.layers, now.layers, strict=True):
        hits, misses = layer.hits - earlier.hits, layer.misses - earlier.misses
        found[f"hit_{layer.name}"] = Tally(hits, hits + misses)
        if layer is not now.layers[0]:
            found[f"answered_{layer.name}"] = _of(hits, asked)
    return found | {
        "answered_load": _of(now.loads - before.loads, asked),
        "answered_together": _of(now.waited - before.waited, asked),
    }


def _of(count: int, asked: int) -> Tally:
    # Who was under way as the window opened had been asked for before it.
    return Tally(min(count, asked), asked)
