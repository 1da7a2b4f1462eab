"""Records against a counter that is not the records."""

from __future__ import annotations

import pytest

from bizra_lab.model import Weight
from bizra_lab.testing import samples_from
from tests.audit.claims import claim_about, found_by


@pytest.mark.parametrize(("found", "attempted"), [(0, 1_000), (0, 1_004), (0, 996), (1, 1_005), (1, 1_020), (1, 900)])
def test_only_operations_in_flight_at_the_edges_may_differ(found: int, attempted: int) -> None:
    claim = claim_about(samples_from([1_000] * 1_000, workers=4, attempted=attempted))
    findings = found_by("missing_operations", claim)
    assert found == len(findings)
    assert all(finding.weight is Weight.VOID for finding in findings)


def test_two_percent_lost_are_said_to_be_lost() -> None:
    (finding,) = found_by("missing_operations", claim_about(samples_from([1_000] * 980, attempted=1_000)))
    assert "980 records of 1,000 operations attempted: 20 (2.00%) left no record" == finding.message
