"""Runs of many machines as one file, without their operations."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.errors import LabError, Unreadable
from bizra_lab.evidence.samples_file import write_samples
from bizra_lab.harness.simulate import Exponential, OpenQueue, simulate
from bizra_lab.model import Estimate, NotChecked, TrustVerdict
from bizra_lab.study import audit_source
from bizra_lab.suite.merge import merge_files

QUEUE = OpenQueue(Exponential(), Exponential(), 0.5)


@pytest.fixture
def machines(tmp_path: Path) -> list[Path]:
    """Three samples files of one study."""
    paths = [tmp_path / f"machine{seed}.parquet" for seed in range(3)]
    for seed, path in enumerate(paths):
        write_samples(simulate(QUEUE, 5_000, 500, seed), path)
    return paths


def test_summaries_made_where_the_samples_are_merge_to_what_the_samples_do(
    machines: list[Path], tmp_path: Path
) -> None:
    sent = [path.with_suffix(".summary") for path in machines]
    for path, summary in zip(machines, sent, strict=True):
        merge_files([path], summary)
    at_once, from_summaries = merge_files(machines, tmp_path / "a"), merge_files(sent, tmp_path / "b")
    by_and_by = (
        merge_files([sent[2], tmp_path / "c"], tmp_path / "d") if merge_files(sent[:2], tmp_path / "c") else None
    )
    assert at_once == from_summaries == by_and_by
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == (tmp_path / "d").read_bytes()


def test_a_summary_is_audited_as_printed_figures_are(machines: list[Path], tmp_path: Path) -> None:
    claim = merge_files(machines, tmp_path / "all.parquet")
    audited = audit_source(tmp_path / "all.parquet")
    ((found, audit),) = audited.claims
    assert ("summary", claim) == (audited.format, found)
    assert TrustVerdict.UNDER_AUDIT is audit.verdict
    assert isinstance(audit.not_checked["drift"], NotChecked)
    rate = found.results["throughput_per_s"]
    assert isinstance(rate, Estimate) and 15_000 == rate.n
    assert (3, 15_000) == (found.declared.workers, found.declared.operations)


def test_a_run_that_comes_twice_is_refused_and_nothing_is_written(machines: list[Path], tmp_path: Path) -> None:
    merge_files(machines[:2], tmp_path / "two.parquet")
    with pytest.raises(LabError, match="is in both; expected each once"):
        merge_files([tmp_path / "two.parquet", machines[0]], tmp_path / "all.parquet")
    assert not (tmp_path / "all.parquet").exists()


def test_no_file_and_one_that_is_no_measurement_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no files"):
        merge_files([], tmp_path / "all.parquet")
    (tmp_path / "text.parquet").write_text("hello", encoding="utf-8")
    with pytest.raises(Unreadable, match="expected a samples file"):
        merge_files([tmp_path / "text.parquet"], tmp_path / "all.parquet")
