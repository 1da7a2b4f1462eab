"""
What a benchmark is, and the page that its table goes to.

A benchmark is a module of this folder with `TITLE`, `EXPLAIN` and `run()`, which measures and returns a `Table`. The
page has one section for each, with the machine, the date and the command that its figures came from; a section that was
not run again stays as it was.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from bizra_lab.errors import UnknownName, nearest
from bizra_lab.harness.environment import Host, Python
from bizra_lab.units import rounded

FOLDER = Path(__file__).parent
PAGE = FOLDER / "RESULTS.md"

HEAD = """\
# Benchmarks

Written by `make bench`; every figure is from the run that its section names, and belongs to that machine.
"""

_SECTION = re.compile(r"^<!-- (\w+) -->\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words and numbers under their columns' names; a number carries its unit in the name of its column."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str | float, ...]]


class Benchmark(Protocol):
    """A module of this folder."""

    TITLE: str
    EXPLAIN: str

    def run(self) -> Table: ...


def names() -> tuple[str, ...]:
    """The benchmarks there are, alphabetical: the files of this folder that do not begin with an underscore."""
    return tuple(sorted(each.name for each in pkgutil.iter_modules([str(FOLDER)]) if not each.name.startswith("_")))


def load(name: str) -> Benchmark:
    """The benchmark called `name`. Raises UnknownName, with the nearest name there is."""
    if name not in names():
        raise UnknownName(f"no benchmark named {name!r}{nearest(name, names())}; there are: {', '.join(names())}")
    return cast(Benchmark, importlib.import_module(f"benchmarks.{name}"))


def section(benchmark: Benchmark, table: Table, host: Host, python: Python, read_at: str, command: str) -> str:
    """A benchmark's part of the page: what it asks, where and when it ran, and what came out."""
    return "\n\n".join(
        [
            f"## {benchmark.TITLE}",
            benchmark.EXPLAIN.strip(),
            f"{_machine(host, python)}; {read_at}; `{command}`.",
            _drawn(table),
        ]
    )


def page(sections: Mapping[str, str]) -> str:
    """The whole page, sections by name in alphabetical order."""
    marked = [f"<!-- {name} -->\n{text.strip()}\n" for name, text in sorted(sections.items())]
    return "\n".join([HEAD, *marked])


def sections_of(text: str) -> dict[str, str]:
    """The sections of a page by name: what `page` was given."""
    _, *parts = _SECTION.split(text)
    return {name: section.strip() for name, section in zip(parts[::2], parts[1::2], strict=True)}


def _machine(host: Host, python: Python) -> str:
    memory = f"{host.memory_bytes / 2**30:.0f} GiB"
    shared = "virtual" if host.virtual else None
    words = (host.cpu, host.architecture, f"{host.usable_threads or host.threads} CPUs", memory, shared, host.kernel)
    return f"{', '.join(word for word in words if word)}; {python.implementation} {python.version}, {python.compiler}"


def _drawn(table: Table) -> str:
    columns = zip(*table.rows, strict=True)
    rule = [":---" if all(isinstance(cell, str) for cell in column) else "---:" for column in columns]
    cells = [[cell if isinstance(cell, str) else _number(cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [table.columns, rule, *cells])


def _number(value: float) -> str:
    return f"{rounded(value) or 0:,}".removesuffix(".0")
