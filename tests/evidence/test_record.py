"""The record: canonical bytes, and the nouns back again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bizra_lab.analysis.estimate import AnalysisSettings, estimate
from bizra_lab.audit import inspect
from bizra_lab.errors import LabError
from bizra_lab.evidence.record import (
    audit_of,
    declared_of,
    make_record,
    read_record,
    results_of,
    verdicts_of,
    write_record,
)
from bizra_lab.model import Answer, Record, Verdict
from bizra_lab.study import claim_of
from bizra_lab.testing import clean_samples

VERDICTS = (Verdict("cb.p99", "circuit_breaker.latency_ns.p99", Answer.OPEN, "too short", 2.0, True),)


def made(seed: int = 1) -> Record:
    samples = clean_samples(seed, n=1_000)
    results = estimate(samples, AnalysisSettings())
    claim = claim_of(samples, results)
    return make_record(
        study="circuit_breaker",
        question="Does it?",
        profile="smoke",
        settings={"seed": seed},
        declared=claim.declared,
        samples=samples,
        samples_digest="00",
        samples_file=None,
        environment={"cpu": "Zen"},
        results=results,
        audit=inspect(claim),
        verdicts=VERDICTS,
        gates_digest="11",
    )


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    record = made()
    write_record(record, tmp_path / "a.record.json")
    again = read_record(tmp_path / "a.record.json")
    assert (record.digest, record.content) == (again.digest, again.content)
    samples = clean_samples(1, n=1_000)
    results = estimate(samples, AnalysisSettings())
    assert dict(results) == dict(results_of(again))
    assert inspect(claim_of(samples, results)) == audit_of(again)
    assert VERDICTS == verdicts_of(again)
    assert claim_of(samples, results).declared == declared_of(again)


def test_the_bytes_are_canonical_keys_sorted_and_no_spaces(tmp_path: Path) -> None:
    write_record(made(), tmp_path / "a.record.json")
    text = (tmp_path / "a.record.json").read_text(encoding="utf-8")
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False) == text


def test_another_measurement_has_another_digest() -> None:
    assert made(1).digest == made(1).digest
    assert made(1).digest != made(2).digest


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("expected a record", b"{"),
        ("expected keys and values", b"[]"),
        ("format is None", b"{}"),
        ("format is 'bizra_lab.record/9'", b'{"format":"bizra_lab.record/9"}'),
        ("without study, question", b'{"format":"bizra_lab.record/1"}'),
    ],
)
def test_what_is_no_record_is_refused_with_one_line(text: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.record.json").write_bytes(content)
    with pytest.raises(LabError) as refused:
        read_record(tmp_path / "a.record.json")
    assert text in str(refused.value)
    assert "\n" not in str(refused.value)
