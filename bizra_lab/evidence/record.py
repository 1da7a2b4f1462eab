"""
The record of a study: everything a stranger needs to check it, and the digest of the raw columns it rests on.

Format history:
    1  question, settings, declared, instrument, environment, results, audit, gates, samples; documents, where some are
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bizra_lab.errors import Unreadable, one_line
from bizra_lab.files import write_atomically
from bizra_lab.model import (
    Audit,
    Declared,
    Estimate,
    Finding,
    NotChecked,
    Record,
    Result,
    Results,
    Samples,
    TrustVerdict,
    Unavailable,
    Verdict,
    Weight,
)
from bizra_lab.settings import build, canonical, digest, mapping_of, plain

FORMAT = "bizra_lab.record/1"

_KEYS = (
    "study",
    "question",
    "profile",
    "settings",
    "declared",
    "measurement",
    "instrument",
    "samples",
    "environment",
    "results",
    "audit",
    "gates",
)


def make_record(
    *,
    study: str,
    question: str,
    profile: str,
    settings: Mapping[str, Any],
    declared: Declared,
    samples: Samples,
    samples_digest: str,
    samples_file: Mapping[str, str] | None,
    environment: Any,
    results: Results,
    audit: Audit,
    verdicts: Iterable[Verdict],
    gates_digest: str,
    documents: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> Record:
    """
    The record of one study, with the digest of its canonical bytes.

    `samples_digest` is of the columns; `samples_file` names the file that holds them and its SHA-256, where one was
    written; `environment` is a dataclass of plain facts. `documents` are further evidence: `{name, sha256}` of each by
    what it is.
    """
    content = plain(
        {
            "format": FORMAT,
            "study": study,
            "question": question,
            "profile": profile,
            "settings": settings,
            "declared": declared,
            "measurement": samples.measurement,
            "instrument": samples.instrument,
            "samples": {"operations": len(samples), "columns_sha256": samples_digest, "file": samples_file},
            "environment": environment,
            "results": results_to_json(results),
            "audit": audit_to_json(audit),
            "gates": {"sha256": gates_digest, "verdicts": [plain(each) for each in verdicts]},
            **({"documents": documents} if documents else {}),
        }
    )
    return Record(content, digest(content))


def write_record(record: Record, path: Path) -> None:
    """Write the record's canonical bytes to `path`, whole or not at all. Raises Unwritable with one line."""
    write_atomically(path, canonical(record.content))


def read_record(path: Path) -> Record:
    """The record in a file. Raises Unreadable with one line when it is missing, cut short, or of another format."""
    try:
        content = mapping_of(json.loads(path.read_bytes()), str(path))
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path}: {one_line(error)}; expected a record") from None
    if content.get("format") != FORMAT:
        raise Unreadable(f"{path}: format is {content.get('format')!r}; expected {FORMAT!r}")
    missing = [key for key in _KEYS if key not in content]
    if missing:
        raise Unreadable(f"{path}: without {', '.join(missing)}; expected a whole record")
    return Record(content, digest(content))


def results_to_json(results: Results) -> dict[str, Any]:
    """Results as plain data: `{value, low, high, unit, n}` or `{unavailable: reason}` by name."""
    return {
        name: {"unavailable": result.reason} if isinstance(result, Unavailable) else plain(result)
        for name, result in results.items()
    }


def audit_to_json(audit: Audit) -> dict[str, Any]:
    """An audit as plain data: its verdict, the rules that looked, the findings, and what was not checked."""
    return {
        "verdict": audit.verdict.value,
        "looked": sorted(audit.findings),
        "findings": [
            {"rule": rule, "weight": each.weight.value, "message": each.message, "touches": list(each.touches)}
            for rule, found in audit.findings.items()
            for each in found
        ],
        "not_checked": [
            {"rule": rule, "reason": each.reason, "undisclosed": each.undisclosed}
            for rule, each in audit.not_checked.items()
        ],
    }


def results_of(record: Record) -> Results:
    """The results a record holds, as nouns again."""
    return {name: _result(raw, name) for name, raw in record.content["results"].items()}


def audit_of(record: Record) -> Audit:
    """The audit a record holds, as nouns again."""
    raw = record.content["audit"]
    findings: dict[str, tuple[Finding, ...]] = dict.fromkeys(raw["looked"], ())
    for each in raw["findings"]:
        finding = Finding(Weight(each["weight"]), each["message"], tuple(each["touches"]))
        findings[each["rule"]] = (*findings.get(each["rule"], ()), finding)
    not_checked = {each["rule"]: NotChecked(each["reason"], each["undisclosed"]) for each in raw["not_checked"]}
    audit = Audit(findings, not_checked)
    assert audit.verdict is TrustVerdict(raw["verdict"]), "a record's verdict follows from its findings"
    return audit


def declared_of(record: Record) -> Declared:
    """What a record says was declared of its measurement."""
    return build(Declared, record.content["declared"], "declared")


def verdicts_of(record: Record) -> tuple[Verdict, ...]:
    """The verdicts a record holds, as nouns again."""
    return tuple(build(Verdict, each, "gates.verdicts") for each in record.content["gates"]["verdicts"])


def _result(raw: Mapping[str, Any], name: str) -> Result:
    if "unavailable" in raw:
        return Unavailable(raw["unavailable"])
    return build(Estimate, raw, name)
