"""How a cache is set up, and what it tells of itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from bizra_lab.components._cache_keys import NAMESPACE
from bizra_lab.components._cache_layers import LayerStats
from bizra_lab.components._cache_policies import POLICIES, PolicyName
from bizra_lab.components.circuit_breaker import CircuitBreakerSettings

# Few calls are slow enough for a cache to be asked at all: it must be left alone sooner than others, and tried sooner.
_BREAKER = CircuitBreakerSettings(
    window_size=20, minimum_calls=5, slow_call_s=0.5, wait_in_open_s=1.0, permitted_in_half_open=1
)


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """How much is kept, for how long, and how layers below are treated."""

    policy: PolicyName = "lru"
    l1_entries: int = 10_000  # 0: nothing is kept in memory
    l1_bytes: int | None = None  # of keys and encoded values together
    ttl_s: float | None = 300.0  # where a call says nothing else; None: for ever
    l1_ttl_s: float | None = None  # at most so long in memory: how late this process learns what others replaced
    absent_ttl_s: float = 10.0  # for what the source does not have
    jitter: float = 0.1  # a life is shorter by up to this share, drawn evenly, so that keys do not end together
    deflate_above: int | None = 1024  # bytes, below L1; None: never
    value_bytes_max: int = 16 * 2**20  # encoded
    write: Literal["through", "back"] = "through"
    flush_every_s: float = 1.0  # under `write: back`
    unflushed_max: int = 1000  # under `write: back`: with more, whoever writes also flushes
    namespace: str = "cache"  # of keys below L1
    version: int = 1  # another one shares nothing with this, whatever is still there
    breaker: CircuitBreakerSettings = field(default_factory=lambda: _BREAKER)  # of each layer below L1

    def __post_init__(self) -> None:
        for name, choices in (("policy", POLICIES), ("write", ("through", "back"))):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}")
        for name in ("l1_entries", "l1_bytes", "deflate_above", "value_bytes_max", "unflushed_max", "version"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"{name} must be at least 0, got {value}")
        for name in ("ttl_s", "l1_ttl_s", "absent_ttl_s", "flush_every_s"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be a time above 0, got {value}")
        if not 0 <= self.jitter < 1:
            raise ValueError(f"jitter must be a share of at least 0 and below 1, got {self.jitter}")
        if not NAMESPACE.fullmatch(self.namespace):
            raise ValueError(f"namespace must be up to 64 letters, digits, dots, dashes, got {self.namespace!r}")


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What was counted since the cache was made. Who missed in L1 was answered below, loaded, waited or got none."""

    layers: tuple[LayerStats, ...]  # L1 first
    loads: int
    failed_loads: int  # of these; `Absent` is an answer
    waited: int  # for somebody else's load of the same key
    loading_ns: int  # what the loads took together
    slowest_load_ns: int
    unflushed: int  # under `write: back`: keys that the layers below have yet to learn

    @property
    def asked(self) -> int:
        """How often the cache was asked for a key."""
        return self.layers[0].hits + self.layers[0].misses
