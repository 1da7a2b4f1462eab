"""
What one changed bit does to a sealed run: each of its parts is changed in turn, and the run is verified.

The run is a planted one, sealed with a key made of a seed, so that what is said of it repeats to the digit; the code
that seals it and looks at it is what seals and looks at every run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bizra_lab.components.attestation import SEED_BYTES, SigningKey, VerifyingKey
from bizra_lab.errors import LabError, one_line
from bizra_lab.evidence.keys import public_pem
from bizra_lab.evidence.ledger import Entry, append, read_ledger
from bizra_lab.evidence.merkle import climb, inclusion_proof, leaf_hash
from bizra_lab.evidence.seal import KEY_FILE, SEAL_FILES, check, seal
from bizra_lab.evidence.statement import Judged, LedgerMark, Statement

__all__ = ["PlantedRun", "inclusion", "tamper"]

AUTHENTIC, REFUSED = "authentic", "REFUSED"

LEDGER_FILE = "ledger.json"
TRUSTED = "the maker's key"

# As a run's files are called, and about as large as small ones are.
PLANTED = {
    "01_circuit_breaker.ipynb": 20_000,
    "circuit_breaker.params.yaml": 400,
    "circuit_breaker.record.json": 12_000,
    "circuit_breaker.samples.parquet": 80_000,
    "gates.json": 4_000,
    "gates.yaml": 3_600,
    "run.json": 5_000,
}

# The answer, and the sentence it rests on.
Said = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PlantedRun:
    """A sealed run in `folder`, with the ledger it is entered in beside it; `remembered` is the ledger as last seen."""

    folder: Path
    ledger: Path
    key: SigningKey
    statement: Statement
    remembered: LedgerMark

    @contextmanager
    def copy(self) -> Iterator[PlantedRun]:
        """The same in a folder of its own that is gone after the block."""
        with tempfile.TemporaryDirectory() as scratch:
            shutil.copytree(self.folder.parent, scratch, dirs_exist_ok=True)
            yield replace(self, folder=Path(scratch) / self.folder.name, ledger=Path(scratch) / self.ledger.name)

    def said(self) -> Said:
        """Whether the run and its ledger are authentic, and what was found."""
        trusted = {TRUSTED: VerifyingKey(self.key.public)}
        found: list[str] = []
        try:
            found += map(str, check(self.folder, trusted).problems)
            read_ledger(self.ledger, trusted, self.remembered)
        except LabError as error:
            found.append(one_line(error).replace(f"{self.folder.parent}{os.sep}", "").replace(f"run{os.sep}", ""))
        return (REFUSED, "; ".join(found)) if found else (AUTHENTIC, f"signed with {TRUSTED}")


def tamper(seed: int) -> Mapping[str, Said]:
    """What is said of a planted run as it was sealed, and after each change to it, by what was changed."""
    said = {}
    planting, changing = np.random.SeedSequence(seed).spawn(2)  # who forges does not draw the maker's key again
    with planted_run(np.random.default_rng(planting)) as run:
        for change, make in _changes().items():
            with run.copy() as copy:
                make(copy, np.random.default_rng(changing))
                said[change] = copy.said()
    return said


def inclusion(seed: int, name: str) -> tuple[tuple[str, str], ...]:
    """
    How one file of a planted run is shown to be of it without the others: the way up the tree, with each hash.

    Raises KeyError for a file that the run has not.
    """
    with planted_run(np.random.default_rng(seed)) as run:
        statement = run.statement
    index, described = statement.leaf(name)
    leaf = leaf_hash(described)
    proof = inclusion_proof(statement.leaves, index)
    rows = [(f"leaf {index} of {len(statement.leaves)}: {described.decode()}", leaf.hex())]
    for step in climb(len(statement.leaves), leaf, index, proof):
        rows.append((f"given, to stand on its {'left' if step.on_the_left else 'right'}", step.beside.hex()))
        rows.append(("the two together", step.node.hex()))
    return (*rows, ("the root that was signed", statement.root.hex()))


@contextmanager
def planted_run(rng: np.random.Generator) -> Iterator[PlantedRun]:
    """A sealed run of `PLANTED` files that is gone after the block; its bytes and its key are drawn from `rng`."""
    key = SigningKey(rng.bytes(SEED_BYTES))
    trusted = {TRUSTED: VerifyingKey(key.public)}
    with tempfile.TemporaryDirectory() as scratch:
        folder, ledger = Path(scratch) / "run", Path(scratch) / LEDGER_FILE
        folder.mkdir()
        for name, size in PLANTED.items():
            (folder / name).write_bytes(rng.bytes(size))
        before = Entry("sealed", "an earlier run", "2026-01-01T00:00:00Z", "0" * 64, "2026-06-30T00:00:00Z")
        mark = append(ledger, before, key, trusted, None).mark
        statement = seal(folder, key, Judged(passed=("circuit_breaker.p99",)), ("gates.yaml",), mark)
        sealed = check(folder, trusted)
        entry = Entry("sealed", "run", "2026-01-31T00:00:00Z", sealed.envelope_digest, "2026-07-30T00:00:00Z")
        yield PlantedRun(folder, ledger, key, statement, append(ledger, entry, key, trusted, mark).mark)


Change = Callable[[PlantedRun, np.random.Generator], object]


def _changes() -> dict[str, Change]:
    """By what is changed, how."""
    files = (*PLANTED, *sorted(SEAL_FILES))
    return {
        "nothing": lambda run, rng: None,  # noqa: ARG005 — the one that is left alone
        **{f"one bit of {name}": _one_bit_of(name) for name in files},
        "a file added": lambda run, rng: (run.folder / "more.csv").write_bytes(rng.bytes(100)),
        "a file removed": lambda run, _: (run.folder / "gates.json").unlink(),
        "a file, for a link to its copy": _linked,
        "all of it, and sealed anew with another key": _sealed_by_another,
        f"one bit of {LEDGER_FILE}": lambda run, rng: _flip(run.ledger, rng),
        "the ledger's last entry, cut off": _shortened,
        "the ledger's last entry, cut off and signed anew with the key": _shortened_and_signed,
        "the ledger removed": lambda run, _: run.ledger.unlink(),
    }


def _one_bit_of(name: str) -> Change:
    return lambda run, rng: _flip(run.folder / name, rng)


def _flip(path: Path, rng: np.random.Generator) -> None:
    data = bytearray(path.read_bytes())
    data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    path.write_bytes(data)


def _linked(run: PlantedRun, _: np.random.Generator) -> None:
    path = run.folder / "gates.json"
    path.rename(run.folder.parent / "copy")
    path.symlink_to(run.folder.parent / "copy")


def _sealed_by_another(run: PlantedRun, rng: np.random.Generator) -> None:
    other = SigningKey(rng.bytes(SEED_BYTES))
    _flip(run.folder / "circuit_breaker.record.json", rng)
    seal(run.folder, other, Judged(passed=("circuit_breaker.p99",)), ("gates.yaml",))
    assert public_pem(other.public) == (run.folder / KEY_FILE).read_bytes(), "the run brings the forger's key"


def _shortened(run: PlantedRun, _: np.random.Generator) -> None:
    text = run.ledger.read_bytes()
    first, last = text.index(b',{"at"'), text.index(b'],"head"')
    run.ledger.write_bytes(text[:first] + text[last:])


def _shortened_and_signed(run: PlantedRun, _: np.random.Generator) -> None:
    trusted = {TRUSTED: VerifyingKey(run.key.public)}
    ledger = read_ledger(run.ledger, trusted, run.remembered)
    assert ledger is not None, "the planted run is in a ledger"
    run.ledger.unlink()
    append(run.ledger, ledger.entries[0], run.key, trusted, None)
