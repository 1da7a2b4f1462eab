"""
A declaration made into a function, once, when it is declared.

Walking a declaration for each record would cost more than the checks themselves. What becomes source is written by
`repr` (numbers, names of fields) or has a name there (all else): nothing in a declaration can be read as code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Named = Callable[[object], str]  # a name for an object, which source can use
Accepts = Callable[[object], bool]


class Sayable(Protocol):
    """What can say itself as the body of a function of `value`."""

    def body(self, named: Named) -> list[str]: ...


def accepting(kind: Sayable) -> Accepts:
    """Whether a value is good, as one function; compiled anew at each call."""
    namespace: dict[str, Any] = {}

    def named(thing: object) -> str:
        name = f"_{len(namespace)}"
        namespace[name] = thing
        return name

    source = "\n    ".join(["def accepts(value):", *kind.body(named)])
    exec(compile(source, "<a declared record>", "exec"), namespace)  # noqa: S102 — see the top
    accepts: Accepts = namespace["accepts"]
    return accepts
