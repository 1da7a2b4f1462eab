"""Inputs reported as outcomes."""

from __future__ import annotations

import pytest

from bizra_lab.model import Declared, Weight
from bizra_lab.testing import clean_samples
from tests.audit.claims import claim_about, found_by, not_looked, published


@pytest.mark.parametrize(
    ("void", "inputs"),
    [
        (True, {"share.failed": 0.003}),  # a failure simulation set to 0.3 %
        (True, {"share.failed": 0.00326}),  # rounds to 0.3 %
        (False, {"share.failed": 0.01}),
        (False, {"share.hit": 0.93}),  # what is not reported is no outcome
        (False, {}),
    ],
)
def test_a_result_that_is_what_was_set_is_void(void: bool, inputs: dict[str, float]) -> None:
    claim = published(Declared(inputs=inputs), 10_000, share__failed="0.3 %", throughput_per_s="523793 /s")
    found = found_by("injected", claim)
    assert ([("share.failed",)] if void else []) == [finding.touches for finding in found]
    assert all(finding.weight is Weight.VOID for finding in found)


def test_the_finding_says_both() -> None:
    (finding,) = found_by("injected", published(Declared(inputs={"share.hit": 0.93}), share__hit="93 %"))
    assert (
        "share.hit of 93.00 % is what the benchmark was set to, 93.00 %: an input, reported as an outcome"
        == finding.message
    )


def test_who_does_not_say_what_was_set_is_not_checked_and_not_doubted() -> None:
    looked = not_looked("injected", claim_about(clean_samples(1, n=1_000)))
    assert looked is not None and not looked.undisclosed
