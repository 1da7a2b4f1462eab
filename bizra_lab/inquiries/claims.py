"""
A claims file of the lab with the audit of each claim, and the rule about Little's Law that the seed report used.

    report = audit_claims("bizra_node0")
    report.audits["breaker_shipped"].verdict
    report.in_flight                        what the figures put in flight, for both rules

The report's rule: λ times "average latency" must exceed 0.1. It took the median for W; it knows no workers, so that no
L is ever too large for it.

Source: AUDIT-FINDINGS of BIZRA NODE0, 2025-10-19; the claims in params/claims/bizra_node0.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bizra_lab.audit._published import forced_mean
from bizra_lab.audit._rule import given
from bizra_lab.audit.rules.littles_law import in_flight
from bizra_lab.errors import UnknownName, nearest
from bizra_lab.model import Audit, Claim, Estimate, Finding, NotChecked
from bizra_lab.reporting.claims import HEAVIEST_FIRST, ClaimedInFlight, TheirRule
from bizra_lab.study import audit_source, find_home
from bizra_lab.units import SECOND_NS

RULE = "littles_law"
THEIR_L_MIN = 0.1  # operations in flight; the report calls whatever exceeds it physically plausible


@dataclass(frozen=True, slots=True)
class AuditedClaims:
    """
    The claims of a file by name: what each says, and its audit; all in the order of the file.

    `in_flight` holds those that give a rate and a latency, for which alone there is an L.
    """

    says: Mapping[str, str]
    audits: Mapping[str, Audit]
    in_flight: tuple[ClaimedInFlight, ...]


def audit_claims(name: str, home: Path | None = None) -> AuditedClaims:
    """
    The claims of `params/claims/<name>.yaml`, audited together.

    Raises UnknownName for a file that is not there, Unreadable or SettingsError for one that is not as it should be.
    """
    folder = (find_home() if home is None else home) / "params" / "claims"
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise UnknownName(f"no claims file named {name!r}{nearest(name, known)}; there are: {', '.join(known)}")
    claims = audit_source(folder / f"{name}.yaml", "claims").claims
    claimed = (claimed_in_flight(claim, audit) for claim, audit in claims)
    return AuditedClaims(
        {claim.name: claim.says for claim, _ in claims},
        {claim.name: audit for claim, audit in claims},
        tuple(each for each in claimed if each is not None),
    )


def claimed_in_flight(claim: Claim, audit: Audit) -> ClaimedInFlight | None:
    """
    How many operations the claim's figures put in flight, by our rule and by the report's.

    None where it gives no rate, or neither a mean latency nor percentiles that bound one.
    """
    rate, mean = given(claim, "throughput_per_s"), given(claim, "latency_ns.mean")
    wait = mean if mean is not None else forced_mean(claim)
    if rate is None or wait is None:
        return None
    low, high = in_flight(rate, wait, printed=claim.samples is None)
    return ClaimedInFlight(
        claim.name,
        low,
        high,
        claim.declared.workers if claim.declared.kind == "closed" else None,
        _found(audit),
        _their_rule(rate, given(claim, "latency_ns.p50")),
        _their_rule(rate, mean),
    )


def _their_rule(rate: Estimate, wait: Estimate | None) -> TheirRule | None:
    if wait is None:
        return None
    product = rate.value * wait.value / SECOND_NS
    return TheirRule(product, product > THEIR_L_MIN)


def _found(audit: Audit) -> Finding | NotChecked | None:
    if RULE in audit.not_checked:
        return audit.not_checked[RULE]
    return min(audit.findings[RULE], key=lambda finding: HEAVIEST_FIRST.index(finding.weight), default=None)
