"""Short windows and cold starts."""

from __future__ import annotations

import dataclasses

import pytest

from bizra_lab.analysis.estimate import estimate
from bizra_lab.model import Tally, Weight
from bizra_lab.study import claim_of
from bizra_lab.testing import honest
from tests.audit.claims import found_by, summary


@pytest.mark.parametrize(
    ("sentences", "measured_s", "warmup_s"),
    [
        ([], 120.0, 30.0),
        ([], 119.99, 29.99),  # a deadline met to the millisecond
        (["19.09 ms were measured; it takes 120 s"], 0.01909, 30.0),
        (["0 ns of warm-up; it takes 30 s"], 120.0, 0.0),
        (["20.00 s were measured; it takes 120 s", "5.000 s of warm-up; it takes 30 s"], 20.0, 5.0),
    ],
)
def test_each_missing_second_is_told(sentences: list[str], measured_s: float, warmup_s: float) -> None:
    claim = summary(workers=1, throughput_per_s=1e3, mean_ns=1e6, p50_ns=1e6)
    claim = dataclasses.replace(
        claim, declared=dataclasses.replace(claim.declared, duration_s=measured_s, warmup_s=warmup_s)
    )
    findings = found_by("too_short", claim)
    assert sentences == [finding.message for finding in findings]
    assert all(finding.weight is Weight.DOUBT and finding.touches_result("share.ok") for finding in findings)


def test_what_was_counted_of_all_there_is_needs_no_window() -> None:
    samples = honest("lognormal_1", 1, n=2_000)
    assert samples.instrument is not None
    tallies = {"heads_agree": Tally(3, 3, complete=True), "hit_l1": Tally(9, 10)}
    samples = dataclasses.replace(samples, instrument=dataclasses.replace(samples.instrument, tallies=tallies))
    (short,) = found_by("too_short", claim_of(samples, estimate(samples)))
    assert not short.touches_result("share.heads_agree")
    assert all(short.touches_result(name) for name in ("share.hit_l1", "throughput_per_s", "share.ok"))
