"""The judgement shown before a run is over: the same gates, on what is there so far."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bizra_lab.errors import LabError
from bizra_lab.model import Answer
from bizra_lab.study import claim_of, estimate, inspect, load, record
from bizra_lab.suite.rehearsal import rehearse
from bizra_lab.testing import clean_samples

HOME = Path(__file__).parents[2]


def left_behind(folder: Path) -> None:
    """An honest record of the breaker, as its notebook leaves it."""
    study = load("circuit_breaker", "replay", home=HOME)
    samples = clean_samples(3)
    results = estimate(samples, study.analysis)
    record(study, samples, results, inspect(claim_of(samples, results)), (), folder)


def test_the_records_of_a_run_so_far_are_judged_and_their_seal_is_rehearsed(tmp_path: Path) -> None:
    left_behind(tmp_path)
    rehearsed = rehearse(load("evidence_gates", "smoke", home=HOME), tmp_path)
    answers = {each.gate: each.answer for each in rehearsed.judged.verdicts}
    assert ["circuit_breaker"] == list(rehearsed.audits)
    assert Answer.FAIL is answers["evidence.circuit_breaker.throughput"]  # a few hundred a second
    assert Answer.PASS is answers["evidence.attestation.verifies"]
    assert "evidence.consensus.heads" in rehearsed.judged.untold


def test_nothing_is_left_in_the_folder_that_is_looked_at(tmp_path: Path) -> None:
    left_behind(tmp_path)
    before = sorted(tmp_path.iterdir())
    rehearse(load("evidence_gates", "smoke", home=HOME), tmp_path)
    assert before == sorted(tmp_path.iterdir())


def test_where_no_run_is_named_and_none_was_made_that_is_said(tmp_path: Path) -> None:
    study = replace(load("evidence_gates", "smoke", home=HOME), home=tmp_path)
    (tmp_path / "params").symlink_to(HOME / "params")
    with pytest.raises(LabError, match="latest: no run of that name"):
        rehearse(study)
