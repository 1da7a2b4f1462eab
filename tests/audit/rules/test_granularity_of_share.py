"""Shares that no number of operations has, and shares of too few."""

from __future__ import annotations

import numpy as np
import pytest

from bizra_lab.model import Declared, Weight
from bizra_lab.testing import samples_from
from tests.audit.claims import claim_about, found_by, not_looked, published


@pytest.mark.parametrize(
    ("possible", "share", "n"),
    [
        (False, "98.5 %", 20),
        (True, "95 %", 20),
        (True, "98.5 %", 200),
        (False, "96.1 %", 200),
        (True, "98.5 %", 203),  # the least number that both shares of the planner can be of
        (True, "96.1 %", 203),
        (False, "98.5 %", 60),
        (True, "98.5 %", 67),
        (True, "0 %", 7),
        (True, "100 %", 7),
        (False, "99.9 %", 300),
    ],
)
def test_a_share_is_a_whole_number_over_another(possible: bool, share: str, n: int) -> None:
    found = found_by("granularity_of_share", published(Declared(), n, share__valid=share))
    assert ([] if possible else [Weight.REFUTES]) == [finding.weight for finding in found]


def test_the_finding_says_which_shares_there_are() -> None:
    (finding,) = found_by("granularity_of_share", published(Declared(operations=20), share__valid="98.5 %"))
    assert (
        "share.valid of 98.50 % is impossible with 20 operations: 19 of them are 95.00 %, 20 are 100.0 %"
        == finding.message
    )


@pytest.mark.parametrize(
    ("doubted", "share", "n", "limit"),
    [
        (True, "98.5 %", 200, 0.98),
        (False, "98.5 %", 4_000, 0.98),
        (True, "98.5 %", 1_000, 0.98),
        (False, "98.5 %", 200, 0.90),
        (True, "0.0 %", 100, 0.01),  # none of 100: up to 3.7 %
        (False, "0.0 %", 1_000, 0.01),
    ],
)
def test_a_share_of_few_does_not_tell_on_which_side_of_its_limit_it_is(
    doubted: bool, share: str, n: int, limit: float
) -> None:
    claim = published(Declared(limits={"share.valid": limit}), n, share__valid=share)
    found = found_by("granularity_of_share", claim)
    assert ([Weight.DOUBT] if doubted else []) == [finding.weight for finding in found]


def test_the_doubt_says_how_many_would_tell() -> None:
    claim = published(Declared(limits={"share.valid": 0.98}), 200, share__valid="98.5 %")
    (finding,) = found_by("granularity_of_share", claim)
    assert "is 95.68 to 99.49 % with 95 % confidence" in finding.message
    assert finding.message.endswith("about 3,012 operations would tell")


def test_a_share_of_an_undisclosed_number_is_not_checked() -> None:
    looked = not_looked("granularity_of_share", published(Declared(), share__valid="98.5 %"))
    assert looked is not None and looked.undisclosed


def test_shares_that_were_counted_are_possible() -> None:
    for seed in range(100):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(400, 3_000))
        failed = (rng.random(n) < 0.1).astype(int).tolist()
        samples = samples_from([1_000_000] * n, outcome=failed, outcomes=("ok", "Refused"))
        assert () == found_by("granularity_of_share", claim_about(samples))
