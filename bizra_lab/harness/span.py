"""How long a measurement takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds of warm-up, which leave no record, and seconds measured after them."""

    warmup_s: float
    duration_s: float
