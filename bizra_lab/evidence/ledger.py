"""
A ledger of runs: what was sealed, held and removed, in order, under a signed head. Nothing leaves it.

    {"entries": [{"at": …, "kind": "sealed", "run": …, …}, …], "head": {the envelope of {"ledger", "entries", "root"}}}

The head has the root of a Merkle tree over the entries. A run that is missing from its folder is still in the ledger;
an entry that is changed or taken out gives another root than was signed. Who holds the key could sign a shorter ledger;
so the newest head is remembered where the key is, every sealed run says what the ledger was before it, and a proof of
consistency shows anybody who kept a head that the ledger still begins with it.

One file, replaced at once, so that entries and head never disagree; written under a lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bizra_lab.errors import LabError, Unreadable, Unwritable, one_line
from bizra_lab.evidence.canonical import canonical_json, read_canonical
from bizra_lab.evidence.dsse import Signer, Verifier, envelope_of, sign, signed_by
from bizra_lab.evidence.merkle import leaf_hash, root
from bizra_lab.evidence.statement import LedgerMark
from bizra_lab.files import write_atomically
from bizra_lab.settings import build, plain

HEAD_TYPE = "application/vnd.bizra-lab.ledger-head+json"
LEDGER_BYTES_MAX = 256 << 20  # a million entries

Kind = Literal["sealed", "held", "released", "removed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """
    What happened to a run, and when (UTC, ISO 8601).

    `sealed` has the SHA-256 of the envelope and until when the run is kept; the others have a reason.
    """

    kind: Kind
    run: str
    at: str
    envelope: str = ""
    keep_until: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger whose head was verified; `mark` is what to remember of it."""

    entries: tuple[Entry, ...]
    signed_by: str

    @property
    def mark(self) -> LedgerMark:
        """Which ledger, how long it is, and its root."""
        return _mark(self.entries)

    def begins_with(self, mark: LedgerMark) -> bool:
        """Whether this is what that ledger has become."""
        return 0 < mark.entries <= len(self.entries) and mark == _mark(self.entries[: mark.entries])

    def sealed(self, run: str) -> Entry | None:
        """The entry of a run's seal; None when it has none."""
        return next((each for each in reversed(self.entries) if each.run == run and each.kind == "sealed"), None)

    @property
    def kept(self) -> tuple[str, ...]:
        """The runs that were sealed and not removed, in the order in which they came."""
        return tuple(run for run in dict.fromkeys(each.run for each in self.entries) if not self.removed(run))

    def removed(self, run: str) -> bool:
        """Whether the run was removed, and the ledger told so."""
        return any(each.run == run and each.kind == "removed" for each in self.entries)

    def held(self, run: str) -> str | None:
        """The reason for which a run is on hold; None when it is not."""
        told = [each for each in self.entries if each.run == run and each.kind in {"held", "released"}]
        return told[-1].reason if told and told[-1].kind == "held" else None


def read_ledger(path: Path, trusted: Mapping[str, Verifier], remembered: LedgerMark | None) -> Ledger | None:
    """
    The ledger in a file, verified; None where there is none, nor is any remembered.

    Raises Unreadable with one line when it is not what one of the `trusted` keys signed, or not what was `remembered`.
    """
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= LEDGER_BYTES_MAX else b""
    except FileNotFoundError:
        if remembered is None:
            return None
        raise Unreadable(f"{path}: gone; it had {remembered.entries} entries") from None
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or one_line(error)}; expected a ledger") from None
    if size > LEDGER_BYTES_MAX:
        raise Unreadable(f"{path}: {size:,} bytes; expected a ledger of at most {LEDGER_BYTES_MAX:,}")
    ledger = _verified(read_canonical(data, str(path)), str(path), trusted)
    if remembered is not None and not ledger.begins_with(remembered):
        raise Unreadable(
            f"{path}: not what it was; its {remembered.entries} entries of before are not the beginning of its "
            f"{len(ledger.entries)}"
        )
    return ledger


def _verified(document: Any, where: str, trusted: Mapping[str, Verifier]) -> Ledger:
    match document:
        case {"entries": [_, *_] as raw, "head": head} if len(document) == 2:
            envelope = envelope_of(head, f"{where}: head")
        case _:
            raise Unreadable(f"{where}: expected a ledger with entries and a head")
    name = signed_by(envelope, trusted)
    if name is None or envelope.payload_type != HEAD_TYPE:
        raise Unreadable(f"{where}: its head is signed with none of the {len(trusted)} trusted keys, or changed since")
    try:
        entries = tuple(build(Entry, each, f"{where}: entry {number}") for number, each in enumerate(raw))
    except LabError as error:
        raise Unreadable(one_line(error)) from None
    if envelope.payload != _head(entries):
        raise Unreadable(f"{where}: its entries are not those that its head was signed for")
    if envelope.key_id != trusted[name].key_id:
        raise Unreadable(f"{where}: its head names another key than the one it is signed with")
    return Ledger(entries, name)


def append(
    path: Path, entry: Entry, signer: Signer, trusted: Mapping[str, Verifier], remembered: LedgerMark | None
) -> Ledger:
    """
    The ledger with one entry more, signed and written. To be called with the ledger `alone`.

    Raises Unreadable when what is there is not intact: a broken ledger is not signed again.
    """
    before = read_ledger(path, trusted, remembered)
    entries = (*(() if before is None else before.entries), entry)
    head = sign(HEAD_TYPE, _head(entries), signer)
    write_atomically(path, canonical_json({"entries": plain(entries), "head": head.document()}))
    return Ledger(entries, signer.key_id)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Be the one process that adds to this ledger, waiting for whoever is."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise Unwritable(f"{path}: {error.strerror or one_line(error)}; expected a place for a ledger") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def remember(path: Path, mark: LedgerMark) -> None:
    """Write down a ledger's mark, in a file beside the key."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, canonical_json(plain(mark)))


def recall(path: Path) -> LedgerMark | None:
    """The mark that was written down; None when none was. Raises Unreadable when it cannot be read any more."""
    try:
        return build(LedgerMark, json.loads(path.read_bytes()), str(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LabError) as error:
        raise Unreadable(f"{path}: {one_line(error)}; expected what is remembered of a ledger") from None


def leaves(entries: tuple[Entry, ...]) -> list[bytes]:
    """The hashes of entries as leaves of the ledger's tree."""
    return [leaf_hash(canonical_json(plain(each))) for each in entries]


def _mark(entries: tuple[Entry, ...]) -> LedgerMark:
    # A ledger is called by its first entry, which names a run, a moment and an envelope: there is no other like it.
    hashed = leaves(entries)
    return LedgerMark(hashed[0].hex(), len(entries), root(hashed).hex())


def _head(entries: tuple[Entry, ...]) -> bytes:
    return canonical_json(plain(_mark(entries)))
