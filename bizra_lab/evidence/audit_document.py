"""The audit of one source as a JSON document: a contract other programs read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bizra_lab.evidence.record import audit_to_json, results_to_json
from bizra_lab.model import Audit, Claim, Estimate, TrustVerdict
from bizra_lab.settings import plain

# From best to worst: a source is as trustworthy as its worst claim.
_ORDER = (TrustVerdict.VALIDATED, TrustVerdict.UNDER_AUDIT, TrustVerdict.REFUTED)


@dataclass(frozen=True, slots=True)
class AuditedSource:
    """A file, the format it was read as, and each of its claims with its audit."""

    source: str
    format: str
    claims: Sequence[tuple[Claim, Audit]]

    @property
    def verdict(self) -> TrustVerdict:
        """The worst of the claims' verdicts; a source without claims shows nothing, so it is under audit."""
        verdicts = [audit.verdict for _, audit in self.claims]
        return max(verdicts, key=_ORDER.index) if verdicts else TrustVerdict.UNDER_AUDIT


def audit_document(audited: AuditedSource) -> dict[str, Any]:
    """`{source, format, verdict, claims: […]}` as plain data."""
    return {
        "source": audited.source,
        "format": audited.format,
        "verdict": audited.verdict.value,
        "claims": [_claim(claim, audit) for claim, audit in audited.claims],
    }


def _claim(claim: Claim, audit: Audit) -> dict[str, Any]:
    said = audit_to_json(audit)
    return {
        "name": claim.name,
        "verdict": audit.verdict.value,
        "results": results_to_json(claim.results),
        "declared": plain(claim.declared),
        "littles_law": _littles_law(claim),
        "findings": said["findings"],
        "not_checked": [{"rule": each["rule"], "reason": each["reason"]} for each in said["not_checked"]],
    }


def _littles_law(claim: Claim) -> Mapping[str, Any]:
    """The terms of L = λ·W; null where the claim does not give one."""
    rate = claim.results.get("throughput_per_s")
    return {
        "throughput_per_s": rate.value if isinstance(rate, Estimate) else None,
        "mean_ns": _ends(claim, "latency_ns.mean"),
        "l": _ends(claim, "littles_law.in_flight"),
        "workers": claim.declared.workers,
        "ratio": _value(claim, "littles_law.ratio"),
    }


def _ends(claim: Claim, name: str) -> Mapping[str, float] | None:
    result = claim.results.get(name)
    return {"low": result.low, "high": result.high} if isinstance(result, Estimate) else None


def _value(claim: Claim, name: str) -> float | None:
    result = claim.results.get(name)
    return result.value if isinstance(result, Estimate) else None
