"""
Runs of many machines as one, without their operations.

    merge_files([here.parquet, there.parquet], out)     samples or summaries in, one summary out, and the claim it makes

A machine makes a summary of its own samples by merging them alone; what it sends is a few hundred kilobytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from pathlib import Path

from bizra_lab.analysis.summary import Summary, document_of, merge, summary, summary_from
from bizra_lab.errors import LabError
from bizra_lab.evidence.samples_file import columns_digest, read_samples
from bizra_lab.evidence.summary_file import is_summary, read_summary, write_summary
from bizra_lab.model import Claim
from bizra_lab.study import claim_of_summary


def merge_files(paths: Sequence[Path], out: Path) -> Claim:
    """
    Write the summary of all runs in these files to `out`, and return what it claims: results, and what is declared.

    Runs are taken as made side by side: workers, rates and throughputs add up. Raises Unreadable for a file that is
    neither samples nor a summary, Unwritable for a place that takes none, and LabError for a run that comes twice, runs
    that are not of one study, or no file at all.
    """
    if not paths:
        raise LabError("no files; expected samples or summaries to merge")
    merged = reduce(merge, map(read, paths))
    write_summary(document_of(merged), merged.exact.tail, out)
    return claim_of_summary(merged)


def read(path: Path) -> Summary:
    """The summary in a file, or of the samples in it."""
    if is_summary(path):
        return summary_from(*read_summary(path), str(path))
    samples = read_samples(path)
    return summary(samples, columns_digest(samples))
