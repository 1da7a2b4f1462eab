"""What the service does, and what its process is told."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from bizra_lab.components.cache import CacheSettings
from bizra_lab.components.circuit_breaker import CircuitBreakerSettings

HOST = "127.0.0.1"

ANSWER_BYTES_MAX = 16 * 2**20  # beyond it the loopback's bandwidth is measured, not a service

KEYS_MAX = 10_000_000  # of a catalogue: to draw from so many takes a second and 200 MB, once

EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class CatalogueSettings(CacheSettings):
    """
    The items with numbers below `keys`, and the cache before them; unless it is said, a tenth of them fit in memory.

    `l2` and `l3` are left out, `embedded` (LMDB and SQLite, in a folder that goes with the service), or at a URL.
    """

    keys: int = 10_000
    alpha: float = 1.2  # of Zipf's law, by which they are asked for: 0 asks for all alike
    l1_entries: int = 1_000
    l2: str | None = None
    l2_entries: int = 2_000  # where it is embedded
    l3: str | None = None

    def __post_init__(self) -> None:
        CacheSettings.__post_init__(self)
        if not 1 <= self.keys <= KEYS_MAX or self.l2_entries < 1:
            raise ValueError(
                f"keys must be in 1..{KEYS_MAX} and l2_entries at least 1, got {self.keys} and {self.l2_entries}"
            )
        if not 0 <= self.alpha < math.inf:
            raise ValueError(f"alpha must be at least 0, got {self.alpha}")

    @property
    def needs_folder(self) -> bool:
        """Whether a layer is embedded."""
        return EMBEDDED in (self.l2, self.l3)


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """What the service does with a request, and what is wrong with it; all inputs of a study, none a result."""

    service_ms: float = 0.0  # awaited by the handler; an event loop's timer adds up to 1 ms
    stall_ms: float = 0.0  # the whole server stands still for so long; 0: never
    stall_every_s: float = 2.0
    failure_share: float = 0.0  # of what the breaker lets through, to one in 10,007: answered with 500
    answer_bytes: int = 128  # at least, of an item: the body is padded to it
    breaker: CircuitBreakerSettings = field(default_factory=CircuitBreakerSettings)
    catalogue: CatalogueSettings = field(default_factory=CatalogueSettings)

    def __post_init__(self) -> None:
        for name in ("service_ms", "stall_ms"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a time of at least 0, got {getattr(self, name)}")
        if not self.stall_ms / 1000 < self.stall_every_s < math.inf:
            raise ValueError(
                f"stall_every_s must be a time above stall_ms, got {self.stall_every_s} s and {self.stall_ms} ms"
            )
        if not 0 <= self.failure_share <= 1:
            raise ValueError(f"failure_share must be a share in 0..1, got {self.failure_share}")
        if not 0 <= self.answer_bytes <= ANSWER_BYTES_MAX:
            raise ValueError(f"answer_bytes must be in 0..{ANSWER_BYTES_MAX}, got {self.answer_bytes}")


@dataclass(frozen=True, slots=True)
class Orders:
    """
    What the service's process is told, as JSON.

    `folder` is for embedded layers; whoever orders makes and removes it.
    """

    service: ServiceSettings = field(default_factory=ServiceSettings)
    seed: int = 0
    port: int = 0  # any that is free
    filling: int = 0  # requests for items that the cache is to have answered before the service listens
    folder: str | None = None

    def __post_init__(self) -> None:
        if self.filling < 0:
            raise ValueError(f"filling must be at least 0, got {self.filling}")
        if self.service.catalogue.needs_folder and self.folder is None:
            raise ValueError("a layer of the catalogue is embedded; expected the folder for it, or a URL")
