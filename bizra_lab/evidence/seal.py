"""
A seal: signed files beside a run's own, by which anybody can tell later whether one bit of it has changed.

    attestation.json           the envelope: the statement, signed
    statement.json             the same statement, to be read
    attestation.sigstore.json  the same envelope as a Sigstore bundle v0.3
    pub.pem                    the key that it says to be signed with; nobody should trust it for lying here
    SHA256SUMS                 the statement's subjects, for sha256sum
    VERIFY.sh                  how to check all this without the lab

All but the envelope follow from it and the key, to the byte, so that they are checked by writing them again. What is
verified can be read (`Sealed.read`), and nothing else: bytes are handed out that were hashed as they were read.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bizra_lab.errors import LabError, Unreadable, Unwritable, one_line
from bizra_lab.evidence.canonical import canonical_json
from bizra_lab.evidence.dsse import (
    ENVELOPE_BYTES_MAX,
    Envelope,
    Signer,
    Verifier,
    read_envelope,
    sign,
    signed_by,
    write_envelope,
)
from bizra_lab.evidence.keys import public_pem
from bizra_lab.evidence.statement import PAYLOAD_TYPE, Judged, LedgerMark, Statement, is_name, read_statement
from bizra_lab.evidence.verify_script import VERIFY_SCRIPT
from bizra_lab.files import remove_temporaries, write_atomically

ENVELOPE_FILE = "attestation.json"
STATEMENT_FILE = "statement.json"
BUNDLE_FILE = "attestation.sigstore.json"
KEY_FILE = "pub.pem"
SUMS_FILE = "SHA256SUMS"
SCRIPT_FILE = "VERIFY.sh"
SEAL_FILES = frozenset({ENVELOPE_FILE, STATEMENT_FILE, BUNDLE_FILE, KEY_FILE, SUMS_FILE, SCRIPT_FILE})

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a run is not authentic: the file that it is about, and what is wrong with it."""

    file: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Sealed:
    """
    What was found of a sealed folder; authentic where there is no problem.

    Without `signed_by`, the name of the trusted key, nothing is known of it: there is no statement either. `intact` of
    the statement's subjects are as they were sealed.
    """

    folder: Path
    envelope_digest: str
    signed_by: str | None
    statement: Statement | None
    intact: int
    problems: tuple[Problem, ...]

    @property
    def authentic(self) -> bool:
        """Whether all of it is as it was sealed, by a key that is trusted."""
        return not self.problems

    def read(self, name: str) -> bytes:
        """
        The bytes of one file as they were sealed: their digest is taken of what is handed out.

        Raises Unreadable with one line when it is no subject, or has changed.
        """
        subjects = {} if self.statement is None else self.statement.subjects
        if name not in subjects:
            raise Unreadable(f"{self.folder / name}: not a file that was verified")
        with _open(self.folder / name) as file:
            data = file.read()
        if hashlib.sha256(data).hexdigest() != subjects[name]:
            raise Unreadable(f"{self.folder / name}: changed since it was sealed")
        return data


def is_sealed(folder: Path) -> bool:
    """Whether there is an envelope in the folder; that says nothing about whether it is authentic."""
    return (folder / ENVELOPE_FILE).is_file()


def seal(
    folder: Path, signer: Signer, tests: Judged, configuration: tuple[str, ...] = (), ledger: LedgerMark | None = None
) -> Statement:
    """
    Seal every file of `folder` as it is now, in place of an earlier seal; returns what was signed.

    `configuration` names those among them that the tests were made by. Raises Unwritable for what cannot be sealed:
    a link, a folder, a name that a shell could trip over.
    """
    unseal(folder)
    remove_temporaries(folder)
    subjects = {}
    for entry in _entries(folder):
        if not entry.is_file(follow_symlinks=False) or not is_name(entry.name):
            raise Unwritable(f"{folder / entry.name}: cannot be sealed; expected plain files with plain names")
        subjects[entry.name] = _digest(folder / entry.name)
    statement = Statement(subjects, tests, {name: subjects[name] for name in configuration}, ledger)
    envelope = sign(PAYLOAD_TYPE, statement.payload(), signer)
    # The envelope comes last: where it is, the rest is.
    for name, data in seal_files(envelope, statement, signer.public).items():
        write_atomically(folder / name, data)
    return statement


def unseal(folder: Path) -> None:
    """Remove a seal, the envelope first, so that what is left is no whole one."""
    for name in (ENVELOPE_FILE, *sorted(SEAL_FILES - {ENVELOPE_FILE})):
        (folder / name).unlink(missing_ok=True)


def seal_files(envelope: Envelope, statement: Statement, public: bytes) -> dict[str, bytes]:
    """Every file of a seal by name, the envelope last; they follow from it and the key it was signed with."""
    sums = "".join(f"{statement.subjects[name]}  {name}\n" for name in sorted(statement.subjects))
    return {
        STATEMENT_FILE: envelope.payload,
        BUNDLE_FILE: canonical_json(_bundle(envelope)) + b"\n",
        KEY_FILE: public_pem(public),
        SUMS_FILE: sums.encode(),
        SCRIPT_FILE: VERIFY_SCRIPT.encode(),
        ENVELOPE_FILE: write_envelope(envelope),
    }


def _bundle(envelope: Envelope) -> dict[str, Any]:
    return {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {"publicKey": {"hint": envelope.key_id}, "tlogEntries": []},
        "dsseEnvelope": envelope.document(),
    }


def check(folder: Path, trusted: Mapping[str, Verifier]) -> Sealed:
    """
    Whether the folder is as it was sealed, by one of the `trusted` keys; every problem is named.

    The signature comes first: where it does not hold, nothing that the envelope says is looked at. Raises Unreadable
    with one line where there is no envelope, or none that can be read.
    """
    path = folder / ENVELOPE_FILE
    with _open(path) as file:
        data = file.read(ENVELOPE_BYTES_MAX + 1)
    envelope = read_envelope(data, str(path))
    digest = hashlib.sha256(data).hexdigest()
    name = signed_by(envelope, trusted)
    if name is None:
        problem = Problem(ENVELOPE_FILE, f"signed with none of the {len(trusted)} trusted keys, or changed since")
        return Sealed(folder, digest, None, None, 0, (problem,))
    if envelope.payload_type != PAYLOAD_TYPE:
        problem = Problem(ENVELOPE_FILE, f"what was signed is {envelope.payload_type!r}; expected {PAYLOAD_TYPE!r}")
        return Sealed(folder, digest, name, None, 0, (problem,))
    try:
        statement = read_statement(envelope.payload, ENVELOPE_FILE)
    except Unreadable as error:
        return Sealed(folder, digest, name, None, 0, (Problem(*one_line(error).split(": ", 1)),))
    own = Envelope(envelope.payload_type, envelope.payload, trusted[name].key_id, envelope.signature)
    written = seal_files(own, statement, trusted[name].public)
    changed = tuple(_changed(folder, statement))
    problems = (*changed, *_seal_changed(folder, written), *_added(folder, statement))
    return Sealed(folder, digest, name, statement, len(statement.subjects) - len(changed), problems)


def _changed(folder: Path, statement: Statement) -> Iterator[Problem]:
    for name, sealed in statement.subjects.items():
        try:
            found = _digest(folder / name)
        except LabError:
            yield _gone(folder, name)
            continue
        if found != sealed:
            yield Problem(name, f"changed; sealed as SHA-256 {sealed[:16]}…, found {found[:16]}…")


def _seal_changed(folder: Path, written: Mapping[str, bytes]) -> Iterator[Problem]:
    for name, expected in written.items():
        try:
            with _open(folder / name) as file:
                same = file.read(len(expected) + 1) == expected
        except LabError:
            yield _gone(folder, name)
            continue
        if not same:
            yield Problem(name, "changed; it does not follow from the envelope")


def _gone(folder: Path, name: str) -> Problem:
    return Problem(name, "no file of its own any more" if os.path.lexists(folder / name) else "missing")


def _added(folder: Path, statement: Statement) -> Iterator[Problem]:
    for entry in _entries(folder):
        if entry.name not in statement.subjects:
            yield Problem(ascii(entry.name)[1:-1], "added after the run was sealed")


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Everything in the folder but the seal, alphabetical."""
    try:
        with os.scandir(folder) as entries:
            return sorted((each for each in entries if each.name not in SEAL_FILES), key=lambda each: each.name)
    except OSError as error:
        raise Unreadable(f"{folder}: {error.strerror or one_line(error)}; expected a run's folder") from None


@contextlib.contextmanager
def _open(path: Path) -> Iterator[io.BufferedReader]:
    """The file itself, open: not where a link leads, and nothing that could keep us waiting. Raises Unreadable."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Unreadable(f"{path}: expected a file")
            yield file
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror or one_line(error)}; expected a sealed run's file") from None


def _digest(path: Path) -> str:
    with _open(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
