"""The summary file: a document, and the largest latencies beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bizra_lab.errors import Unreadable, Unwritable
from bizra_lab.evidence.samples_file import write_samples
from bizra_lab.evidence.summary_file import is_summary, read_summary, write_summary
from bizra_lab.testing import clean_samples

DOCUMENT: dict[str, Any] = {"runs": [{"name": "ein Lauf", "took_ns": [2**62]}], "kept": 3}
LARGEST = np.array([3, 5, 2**62])


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    write_summary(DOCUMENT, LARGEST, tmp_path / "a.parquet")
    document, largest_ns = read_summary(tmp_path / "a.parquet")
    assert DOCUMENT == document
    assert LARGEST.tolist() == largest_ns.tolist()
    assert ["a.parquet"] == [path.name for path in tmp_path.iterdir()]


def test_a_summary_is_known_by_what_it_holds(tmp_path: Path) -> None:
    write_summary(DOCUMENT, LARGEST, tmp_path / "a.parquet")
    write_samples(clean_samples(1, n=100), tmp_path / "b.parquet")
    (tmp_path / "c.parquet").write_text("hello", encoding="utf-8")
    assert [True, False, False, False] == [is_summary(tmp_path / f"{name}.parquet") for name in "abcd"]


@pytest.mark.parametrize(
    ("metadata", "columns"),
    [
        ({}, {"largest_ns": [1]}),
        ({"bizra_lab.summary": "{broken"}, {"largest_ns": [1]}),
        ({"bizra_lab.summary": "[1]"}, {"largest_ns": [1]}),
        ({"bizra_lab.summary": "{}"}, {"other": [1]}),
        ({"bizra_lab.summary": "{}"}, {"largest_ns": ["x"]}),
        ({"bizra_lab.summary": "{}"}, {"largest_ns": [1.5]}),
    ],
)
def test_what_is_no_summary_is_refused_with_one_line(
    metadata: dict[str, str], columns: dict[str, list[Any]], tmp_path: Path
) -> None:
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), tmp_path / "a.parquet")
    with pytest.raises(Unreadable, match="expected a summary") as refused:
        read_summary(tmp_path / "a.parquet")
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="expected a summary"):
        read_summary(tmp_path / "nowhere.parquet")


def test_a_place_that_takes_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unwritable):
        write_summary(DOCUMENT, LARGEST, tmp_path / "nowhere" / "a.parquet")
