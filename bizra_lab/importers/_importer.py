"""
An importer: one tool's result file as claims, in one file, whose docstring says what the tool's figures mean.

Nothing is believed that the file does not say: what a tool does not print is None in `Declared`, or `Unavailable` with
the reason. Where a file holds every operation, its claim carries the samples, and its results are only what cannot be
computed from them.
"""

from __future__ import annotations

import dataclasses
import inspect as python
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bizra_lab.errors import SettingsError, Unreadable
from bizra_lab.importers._files import head_of, refuse_what_is_no_file
from bizra_lab.model import Claim
from bizra_lab.registry import Registry

CanRead = Callable[[bytes], bool]
Read = Callable[[Path], Sequence[Claim]]

AUTO = "auto"  # in place of a format's name: the content decides
RATIO = "littles_law.ratio"  # the one result that samples cannot give while the number of workers is not known


@dataclass(frozen=True, slots=True)
class Importer:
    """`can_read` tells by a file's first bytes whether it is of this format; `read` gives the claims it makes."""

    can_read: CanRead
    read: Read
    page: str


@dataclass(frozen=True, slots=True)
class ImportedSource:
    """The format a file was read as, and the claims it makes; at least one."""

    format: str
    claims: tuple[Claim, ...]


IMPORTERS: Registry[Importer] = Registry("importer", "bizra_lab.importers")


def importer(can_read: CanRead) -> Callable[[Read], Read]:
    """Register the decorated reader under its file's name."""

    def register(read: Read) -> Read:
        module = python.getmodule(read)
        assert module is not None, "an importer lives in a file"
        IMPORTERS.add(read.__module__, Importer(can_read, read, python.getdoc(module) or ""))
        return read

    return register


def read(path: Path, kind: str = AUTO, workers: int | None = None) -> ImportedSource:
    """
    The claims of a result file; `workers` says the concurrency where the file does not.

    Raises Unreadable with one line (file, place, what was found, what was expected) when it is not what its format, or
    any known one, should be; UnknownName for a `kind` nobody registered; SettingsError when `workers` contradicts it.
    """
    if workers is not None and workers < 1:
        raise SettingsError(f"--workers: expected at least 1, got {workers}")
    refuse_what_is_no_file(path)
    name = _only_format(path) if kind == AUTO else kind
    claims = IMPORTERS.get(name).read(path)
    if not claims:
        raise Unreadable(f"{path}: no result in it; expected at least one of {name}")
    return ImportedSource(name, tuple(_with_workers(claim, workers) for claim in claims))


def _only_format(path: Path) -> str:
    head = head_of(path)
    if not head.strip():
        raise Unreadable(f"{path}: empty; expected a result file")
    found = [name for name, each in IMPORTERS.items() if each.can_read(head)]
    if not found:
        raise Unreadable(f"{path}: of no known format; expected one of {', '.join(IMPORTERS.names())}")
    if len(found) > 1:
        raise Unreadable(f"{path}: could be {' or '.join(found)}; say which")
    return found[0]


def _with_workers(claim: Claim, workers: int | None) -> Claim:
    """The claim with its concurrency told from outside, where it says none itself."""
    declared = claim.declared.workers
    if workers is None or workers == declared:
        return claim
    if declared is not None:
        raise SettingsError(
            f"--workers: {claim.name} declares {declared} workers, got {workers}; it is only for files that do not say"
        )
    samples = claim.samples
    if samples is not None:
        load = dataclasses.replace(samples.measurement.load, workers=workers)
        samples = dataclasses.replace(samples, measurement=dataclasses.replace(samples.measurement, load=load))
    results = {name: result for name, result in claim.results.items() if name != RATIO}
    told = dataclasses.replace(claim.declared, workers=workers)
    return dataclasses.replace(claim, results=results, declared=told, samples=samples)
