"""The JSON of an audit."""

from __future__ import annotations

import json

import pytest

from bizra_lab.evidence.audit_document import AuditedSource, audit_document
from bizra_lab.model import Audit, Claim, Declared, Estimate, Finding, NotChecked, TrustVerdict, Unavailable, Weight

FINE = Audit({"too_short": ()})
DOUBTED = Audit({"too_short": (Finding(Weight.DOUBT, "19 ms"),)}, {"overlap": NotChecked("only a summary", False)})
REFUTED = Audit({"littles_law": (Finding(Weight.REFUTES, "98 of 50", ("latency_ns.*",)),)})
CLAIM = Claim(
    "breaker",
    {
        "throughput_per_s": Estimate(523_793.0, 523_792.5, 523_793.5, "per_s", 10_000),
        "latency_ns.mean": Unavailable("not printed"),
    },
    Declared(workers=50),
)


@pytest.mark.parametrize(
    ("expected", "audits"),
    [
        ("validated", [FINE]),
        ("under_audit", [FINE, DOUBTED]),
        ("refuted", [DOUBTED, REFUTED, FINE]),
        ("under_audit", []),
    ],
)
def test_a_source_is_as_good_as_its_worst_claim(expected: str, audits: list[Audit]) -> None:
    assert TrustVerdict(expected) is AuditedSource("a", "claims", [(CLAIM, audit) for audit in audits]).verdict


def test_the_document_is_plain_json_with_what_is_unknown_as_null() -> None:
    document = audit_document(AuditedSource("a.yaml", "claims", [(CLAIM, DOUBTED)]))
    assert document == json.loads(json.dumps(document, allow_nan=False))
    (claim,) = document["claims"]
    assert {
        "throughput_per_s": 523_793.0,
        "mean_ns": None,
        "l": None,
        "workers": 50,
        "ratio": None,
    } == claim["littles_law"]
    assert {"unavailable": "not printed"} == claim["results"]["latency_ns.mean"]
    assert [{"rule": "too_short", "weight": "doubt", "message": "19 ms", "touches": ["*"]}] == claim["findings"]
    assert [{"rule": "overlap", "reason": "only a summary"}] == claim["not_checked"]
