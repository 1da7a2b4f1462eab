"""
A folder whose files register themselves.

The name of the file is the name of what it holds, so there is no second spelling and no list to keep. Order is
alphabetical. A file that fails to import stops the lab: a rule that silently went missing would pass everything.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Generic, TypeVar

from bizra_lab.errors import UnknownName, nearest

T = TypeVar("T")


class Registry(Generic[T]):
    """The named things of one folder: `kind` is what one of them is called, `package` the folder's import path."""

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self._package = package
        self._things: dict[str, T] = {}
        self._scanned = False

    def add(self, module: str, thing: T) -> None:
        """Register `thing` under the last part of the module's path. Called by the folder's decorator."""
        self._things[module.rpartition(".")[2]] = thing

    def names(self) -> tuple[str, ...]:
        """Every registered name, alphabetical."""
        return tuple(name for name, _ in self.items())

    def items(self) -> Iterator[tuple[str, T]]:
        """Every (name, thing), alphabetical."""
        self._scan()
        yield from sorted(self._things.items())

    def get(self, name: str) -> T:
        """The thing called `name`. Raises UnknownName, with the nearest name there is."""
        self._scan()
        if name not in self._things:
            raise UnknownName(
                f"no {self.kind} named {name!r}{nearest(name, self._things)}; there are: {', '.join(self.names())}"
            )
        return self._things[name]

    def _scan(self) -> None:
        if self._scanned:
            return
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                importlib.import_module(f"{self._package}.{module.name}")
        self._scanned = True
