"""How long a measurement takes."""

from __future__ import annotations

from dataclasses import dataclass

PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Span:
    """
    Seconds of warm-up, which leave no record, and seconds measured after them.

    `patience_s` is how long beyond the end an operation may take to return, or to be started where it was planned.
    """

    warmup_s: float
    duration_s: float
    patience_s: float = PATIENCE_S
