"""
The findings of an audit as SARIF 2.1.0, which code hosts show beside the audited file.

SARIF was made for what is found in lines of code. A figure has none that is known, so every result is on the first
line of its file; and since its sentence changes with every measurement, a host recognises it by what it is about.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0 (2020); GitHub, SARIF support for code
    scanning, on what a host needs of it.
"""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bizra_lab.evidence.audit_document import AuditedSource
from bizra_lab.files import write_atomically
from bizra_lab.model import Audit, Weight
from bizra_lab.settings import digest
from bizra_lab.units import printable

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

# Doubtful and void figures may be right, so they warn; what arithmetic excludes is an error.
LEVELS = {Weight.REFUTES: "error", Weight.VOID: "warning", Weight.DOUBT: "warning", Weight.NOTE: "note"}

NOT_CHECKED = "not checked"
DIGEST_SHOWN = 16  # hexadecimal digits that tell results of one file apart
DESCRIPTION_MAX = 1024  # characters that GitHub takes of a description; the whole page is the rule's help


def sarif_document(audited: AuditedSource, name: str, pages: Mapping[str, str], version: str) -> dict[str, Any]:
    """
    The SARIF log of one audit as plain data: every rule of `pages` (name → page), and each finding as a result.

    `name` is the audited file as seen from where the host's files begin (`name_inside`). What a claim withholds from a
    rule is a result too, a warning: it leaves the claim under audit as a doubt does. A claim that its source words is
    quoted in the properties.
    """
    uri = quote(name, errors="surrogateescape")
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "bizra-lab",
                        "version": version,
                        "rules": [_rule(rule, page) for rule, page in pages.items()],
                    }
                },
                "automationDetails": {"id": f"{uri}/"},  # the part before the slash tells one audited file's log apart
                "results": list(_results(audited, uri)),
                "properties": {"verdict": audited.verdict.value, "format": audited.format},
            }
        ],
    }


def write_sarif(document: Mapping[str, Any], path: Path) -> None:
    """Write a SARIF log to `path` as UTF-8, whole or not at all. Raises Unwritable with one line."""
    write_atomically(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False).encode())


def name_inside(source: str, folder: Path) -> str:
    """
    The file `source` as seen from `folder`, links followed, parts joined by `/`; outside of it, the file's name alone.

    Nothing of the machine is left in it, and a host finds the file by it when the audit was run at the root of a
    repository.
    """
    path, root = Path(source).resolve(), folder.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _rule(rule: str, page: str) -> dict[str, Any]:
    title, _, body = page.partition("\n\n")
    return {
        "id": rule,
        "shortDescription": {"text": _description(title or rule)},
        "fullDescription": {"text": _description(body or title or rule)},
        "help": {"text": _literal(page or rule)},
    }


def _description(text: str) -> str:
    return textwrap.shorten(_literal(text), DESCRIPTION_MAX, placeholder=" …")


def _results(audited: AuditedSource, uri: str) -> Iterator[dict[str, Any]]:
    """A result for each finding, in the order of the claims; those alike in all but their sentence are numbered."""
    seen: Counter[str] = Counter()
    location = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}}
    for claim, audit in audited.claims:
        name = printable(claim.name)
        says = {"says": printable(claim.says)} if claim.says else {}
        for rule, level, sentence, touches in _found(audit):
            about = digest([rule, name, touches])[:DIGEST_SHOWN]
            seen[about] += 1
            yield {
                "ruleId": rule,
                "level": level,
                "message": {"text": _literal(f"{name}: {printable(sentence)}")},
                "locations": [location],
                "partialFingerprints": {"primaryLocationLineHash": f"{about}:{seen[about]}"},
                "properties": {"verdict": audit.verdict.value, "claim": name, **says, "touches": touches},
            }


def _found(audit: Audit) -> Iterator[tuple[str, str, str, list[str]]]:
    """The (rule, level, sentence, touched results) of what an audit holds against a claim, and of its notes."""
    for rule, findings in audit.findings.items():
        for each in findings:
            yield rule, LEVELS[each.weight], each.message, [printable(name) for name in each.touches]
    for rule, withheld in audit.not_checked.items():
        if withheld.undisclosed:
            yield rule, LEVELS[Weight.DOUBT], f"{NOT_CHECKED}: {withheld.reason}", ["*"]


def _literal(text: str) -> str:
    """Text as a SARIF message that means just that: braces hold places in one, and a target makes brackets a link."""
    return text.replace("{", "{{").replace("}", "}}").replace("](", "] (")
