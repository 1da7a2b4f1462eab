"""Claims with what their source says of its own figures, and with others beside them."""

from __future__ import annotations

import dataclasses
from typing import Any

from bizra_lab.model import Claim, Declared, Side
from tests.audit.claims import published


def stating(claim: Claim, /, *, beside: tuple[Claim, ...] = (), name: str = "here", **stated: Any) -> Claim:
    """The claim under a name, with other claims beside it and these fields of `Stated`."""
    changed = dataclasses.replace(claim.stated, **stated)
    return dataclasses.replace(claim, name=name, beside=beside, stated=changed)


def limited(name: str, side: Side, limit: float, declared: Declared | None = None, /, **figures: str) -> Claim:
    """A claim of these figures, one of which is said to lie on this side of a limit in its own unit."""
    conditions = dataclasses.replace(declared or Declared(), limits={name: limit})
    return stating(published(conditions, **figures), sides={name: side})
