"""Failures that count as speed."""

from __future__ import annotations

import numpy as np
import pytest

from bizra_lab.model import Declared, Samples, Weight
from bizra_lab.testing import samples_from
from tests.audit.claims import claim_about, found_by, not_looked, published


def mixed(share: float, failing_ns: int) -> Samples:
    outcome = np.zeros(2_000, np.int64)
    outcome[: round(share * 2_000)] = 1
    return samples_from(
        np.where(outcome == 1, failing_ns, 1_000_000), outcome=outcome.tolist(), outcomes=("ok", "CallRefused")
    )


@pytest.mark.parametrize(
    ("found", "share", "failing_ns"),
    [
        (1, 0.2, 10_000),
        (1, 0.01, 490_000),
        (0, 0.2, 600_000),  # failing takes about as long as working
        (0, 0.003, 10_000),  # too few to move a figure
        (0, 0.2, 30_000_000),  # slow failures make nothing look fast
        (0, 0.0, 10_000),
    ],
)
def test_many_fast_failures_are_doubted(found: int, share: float, failing_ns: int) -> None:
    findings = found_by("errors_as_speed", claim_about(mixed(share, failing_ns)))
    assert found == len(findings)
    assert all(finding.weight is Weight.DOUBT for finding in findings)


def test_if_everything_failed_only_failing_was_measured() -> None:
    (finding,) = found_by("errors_as_speed", claim_about(mixed(1.0, 10_000)))
    assert Weight.VOID is finding.weight


@pytest.mark.parametrize(
    ("doubted", "undisclosed", "failed", "in_latency"),
    [
        (True, None, "5 %", False),  # what timed out is in no latency
        (False, True, "5 %", True),  # in, but fast or slow?
        (False, True, "5 %", None),
        (False, True, "1 %", False),  # may be 0.5 %
        (False, None, "0.3 %", False),
        (False, None, "0 %", None),
    ],
)
def test_of_a_summary_it_is_asked_whether_failures_are_in_the_latencies(
    doubted: bool, undisclosed: bool | None, failed: str, in_latency: bool | None
) -> None:
    claim = published(Declared(failures_in_latency=in_latency), 1_000, share__failed=failed)
    assert ([Weight.DOUBT] if doubted else []) == [finding.weight for finding in found_by("errors_as_speed", claim)]
    looked = not_looked("errors_as_speed", claim)
    assert undisclosed == (looked and looked.undisclosed)


def test_who_does_not_say_how_many_failed_is_not_checked() -> None:
    looked = not_looked("errors_as_speed", published(Declared(), latency_ns__p50="1 ms"))
    assert looked is not None and not looked.undisclosed
