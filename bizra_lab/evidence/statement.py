"""
What is said of a sealed run: an in-toto Statement whose subjects are its files, with a test result as predicate.

    subject         every file of the run, by name, with its SHA-256
    predicate       result, and the tests that passed, warned (under audit, or open) and failed
      configuration params and gates the run was judged by, as digests of the copies it holds
                    `evidence`: the root of the Merkle tree over the subjects
                    `ledger`: which ledger the run is entered in, and what that held before

The tree's leaves are the subjects' own canonical JSON, in the order of their names, so that one file can be shown to be
of the run to somebody who is given neither the others nor their names.

Source: in-toto Attestation Framework, Statement v1 and Test Result v0.1, github.com/in-toto/attestation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bizra_lab.errors import Unreadable
from bizra_lab.evidence.canonical import canonical_json, read_canonical
from bizra_lab.evidence.merkle import leaf_hash, root

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"

TREE, LEDGER = "evidence", "ledger"  # names in the configuration that are no files
TREE_DIGEST = "rfc9162Sha256"

# A file's name as this lab writes them: no separator, no sign that a shell, a terminal or SHA256SUMS takes for its own.
NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.+-]{0,254}")

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Judged:
    """Names of what was judged, by answer; warned is what is neither good nor bad: under audit, or open."""

    passed: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def result(self) -> str:
        """The word for all of them."""
        return "FAILED" if self.failed else "WARNED" if self.warned else "PASSED"


@dataclass(frozen=True, slots=True)
class LedgerMark:
    """A ledger as it once was: which one, how many entries, and the root of the tree over them, in hexadecimal."""

    ledger: str
    entries: int
    root: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed of a run; `subjects` and `configuration` are SHA-256 in hexadecimal by name."""

    subjects: Mapping[str, str]
    tests: Judged
    configuration: Mapping[str, str]
    ledger: LedgerMark | None = None

    @property
    def leaves(self) -> tuple[bytes, ...]:
        """The hashes of the subjects as leaves of their tree, in the order of their names."""
        return tuple(leaf_hash(canonical_json(each)) for each in _descriptors(self.subjects))

    @property
    def root(self) -> bytes:
        """The root of that tree, which is signed with the rest."""
        return root(self.leaves)

    def leaf(self, name: str) -> tuple[int, bytes]:
        """Where a subject's leaf is, and what it holds. Raises KeyError for a name that is no subject."""
        names = sorted(self.subjects)
        if name not in self.subjects:
            raise KeyError(name)
        return names.index(name), canonical_json(_descriptor(name, self.subjects[name]))

    def payload(self) -> bytes:
        """The canonical bytes that are signed."""
        return canonical_json(self._document())

    def _document(self) -> dict[str, Any]:
        return {
            "_type": STATEMENT_TYPE,
            "subject": list(_descriptors(self.subjects)),
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "result": self.tests.result,
                "configuration": [*_descriptors(self.configuration), *self._marks()],
                "passedTests": list(self.tests.passed),
                "warnedTests": list(self.tests.warned),
                "failedTests": list(self.tests.failed),
            },
        }

    def _marks(self) -> Iterable[dict[str, Any]]:
        yield {
            "name": TREE,
            "digest": {TREE_DIGEST: self.root.hex()},
            "annotations": {"leaves": len(self.subjects)},
        }
        if self.ledger is not None:
            yield {
                "name": LEDGER,
                "digest": {TREE_DIGEST: self.ledger.root},
                "annotations": {"id": self.ledger.ledger, "entries": self.ledger.entries},
            }


def read_statement(payload: bytes, where: str) -> Statement:
    """
    The statement in a payload whose signature was verified.

    Raises Unreadable with one line unless it is what this lab would have written: names that stay inside their folder,
    digests that are some, a root that is that of the subjects.
    """
    document = read_canonical(payload, where)
    try:
        statement = _statement(document)
        same = statement.payload() == payload
    except (KeyError, TypeError, ValueError, AttributeError):
        same = False
    if not same:
        raise Unreadable(f"{where}: not a statement about a run as this lab makes them")
    for name, digest in (*statement.subjects.items(), *statement.configuration.items()):
        if not is_name(name) or not _SHA256.fullmatch(digest):
            raise Unreadable(f"{where}: {name!r} is no plain file name with a SHA-256")
    return statement


def is_name(name: str) -> bool:
    """Whether a file may be called so in a sealed run."""
    return NAME.fullmatch(name) is not None and name not in {".", ".."}


def _statement(document: Any) -> Statement:
    predicate = document["predicate"]
    configuration = {each["name"]: each for each in predicate["configuration"]}
    configuration.pop(TREE)
    ledger = configuration.pop(LEDGER, None)
    return Statement(
        {each["name"]: each["digest"]["sha256"] for each in document["subject"]},
        Judged(*(tuple(predicate[key]) for key in ("passedTests", "warnedTests", "failedTests"))),
        {name: each["digest"]["sha256"] for name, each in configuration.items()},
        None
        if ledger is None
        else LedgerMark(ledger["annotations"]["id"], ledger["annotations"]["entries"], ledger["digest"][TREE_DIGEST]),
    )


def _descriptors(digests: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    for name in sorted(digests):
        yield _descriptor(name, digests[name])


def _descriptor(name: str, digest: str) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": digest}}
