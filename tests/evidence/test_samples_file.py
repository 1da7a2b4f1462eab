"""The samples file, as we write it and as others may."""

from __future__ import annotations

import dataclasses
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bizra_lab.errors import Unreadable, Unwritable
from bizra_lab.evidence.samples_file import columns_digest, file_digest, read_samples, write_samples
from bizra_lab.model import Collection, Instrument, Samples
from bizra_lab.testing import clean_samples, samples_from

DECLARED: dict[str, Any] = {
    "name": "theirs",
    "scope": "http",
    "load": {"kind": "open", "workers": 4, "rate_per_s": 100.0},
    "warmup_s": 30,
    "duration_s": 120,
    "clock_step_ns": 1,
    "operations_attempted": 3,
}
COLUMNS: dict[str, Any] = {
    "scheduled_ns": pa.array([0, 10, 20], pa.int64()),
    "started_ns": pa.array([1, 11, 21], pa.int64()),
    "finished_ns": pa.array([5, 15, 25], pa.int64()),
    "outcome": pa.array(["timeout", "ok", "ok"]).dictionary_encode(),
    "worker": pa.array([0, 1, 2], pa.int32()),
}


def write_theirs(path: Path, declared: Any = DECLARED, **changed: Any) -> Path:
    columns = {name: column for name, column in (COLUMNS | changed).items() if column is not None}
    table = pa.table(columns)
    text = declared if isinstance(declared, bytes) else json.dumps(declared).encode()
    pq.write_table(table.replace_schema_metadata({b"bizra_lab.measurement": text}), path)
    return path


def same(expected: Samples, found: Samples) -> bool:
    return columns_digest(expected) == columns_digest(found) and expected.instrument == found.instrument


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    samples = clean_samples(1, n=3_000, workers=3)
    outcome = np.zeros(3_000, np.uint8)
    outcome[7] = 1
    instrument = Instrument("c", 30.0, 20.0, (28.0, 45.3), 120, (Collection(1, 2, 0),), 5, "ab")
    samples = dataclasses.replace(samples, outcome=outcome, outcomes=("ok", "TimeoutError"), instrument=instrument)
    digest = write_samples(samples, tmp_path / "a.parquet")
    assert same(samples, read_samples(tmp_path / "a.parquet"))
    assert file_digest(tmp_path / "a.parquet") == digest
    assert ["a.parquet"] == [path.name for path in tmp_path.iterdir()]


def test_the_columns_and_the_metadata_are_as_promised(tmp_path: Path) -> None:
    write_samples(samples_from([5, 6, 7]), tmp_path / "a.parquet")
    schema = pq.read_schema(tmp_path / "a.parquet")
    assert {
        "scheduled_ns": "int64",
        "started_ns": "int64",
        "finished_ns": "int64",
        "outcome": "dictionary<values=string, indices=int32, ordered=0>",
        "worker": "int32",
    } == {field.name: str(field.type) for field in schema}
    declared = json.loads(schema.metadata[b"bizra_lab.measurement"])
    assert set(DECLARED) == set(declared)
    assert {"kind", "workers", "rate_per_s"} == set(declared["load"])
    assert "ZSTD" == pq.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0).column(0).compression


def test_more_operations_than_a_row_group_holds_are_all_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bizra_lab.evidence.samples_file.ROWS_PER_GROUP", 1_000)
    samples = clean_samples(2, n=2_500)
    write_samples(samples, tmp_path / "a.parquet")
    assert 3 == pq.ParquetFile(tmp_path / "a.parquet").num_row_groups
    assert same(samples, read_samples(tmp_path / "a.parquet"))


def test_no_operations_are_a_file_too(tmp_path: Path) -> None:
    write_samples(samples_from([]), tmp_path / "a.parquet")
    assert 0 == len(read_samples(tmp_path / "a.parquet"))


def test_somebody_elses_file_is_read_with_ok_first(tmp_path: Path) -> None:
    samples = read_samples(write_theirs(tmp_path / "b.parquet", DECLARED | {"also": "theirs"}))
    assert ("ok", "timeout") == samples.outcomes
    assert [1, 0, 0] == samples.outcome.tolist()
    assert [5, 5, 5] == samples.latency_ns.tolist()
    assert [4, 4, 4] == samples.service_ns.tolist()
    assert (100.0, 120.0) == (samples.measurement.load.rate_per_s, samples.measurement.duration_s)


def test_outcomes_as_plain_strings_are_read_alike(tmp_path: Path) -> None:
    path = write_theirs(tmp_path / "b.parquet", outcome=pa.array(["timeout", "ok", "ok"]))
    assert same(read_samples(write_theirs(tmp_path / "c.parquet")), read_samples(path))


@pytest.mark.parametrize(
    ("text", "declared", "changed"),
    [
        ("no column worker", DECLARED, {"worker": None}),
        ("started_ns is double; expected integers", DECLARED, {"started_ns": pa.array([0.5, 1.5, 2.5])}),
        ("finished_ns is empty in 1 of 3 rows", DECLARED, {"finished_ns": pa.array([1, None, 3], pa.int64())}),
        (
            "outcome is int64; expected a dictionary of strings",
            DECLARED,
            {"outcome": pa.array([1, 2, 3]).dictionary_encode()},
        ),
        ("bizra_lab.measurement.duration_s: missing", {k: v for k, v in DECLARED.items() if k != "duration_s"}, {}),
        ("expected one of inproc, http, simulated", DECLARED | {"scope": "htp"}, {}),
        ("warmup_s: expected a number, got 'long'", DECLARED | {"warmup_s": "long"}, {}),
        ("an open load needs rate_per_s", DECLARED | {"load": {"kind": "open", "workers": 1}}, {}),
        ("expected JSON", b"{broken", {}),
        ("expected keys and values", b"[1]", {}),
    ],
)
def test_a_file_of_another_shape_is_refused_with_one_line(
    text: str, declared: Any, changed: dict[str, Any], tmp_path: Path
) -> None:
    path = write_theirs(tmp_path / "b.parquet", declared, **changed)
    with pytest.raises(Unreadable) as refused:
        read_samples(path)
    assert text in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"PAR1"])
def test_what_is_no_parquet_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match="expected a samples file"):
        read_samples(path)


def test_half_a_file_is_refused(tmp_path: Path) -> None:
    write_samples(clean_samples(1, n=1_000), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Unreadable, match="expected a samples file"):
        read_samples(tmp_path / "a.parquet")


def test_a_file_without_declaration_or_missing_altogether_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table(COLUMNS), tmp_path / "d.parquet")
    with pytest.raises(Unreadable, match=r"no bizra_lab\.measurement"):
        read_samples(tmp_path / "d.parquet")
    with pytest.raises(Unreadable, match="expected a samples file"):
        read_samples(tmp_path / "nowhere.parquet")


def test_a_place_that_takes_no_file_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(Unwritable):
        write_samples(samples_from([1]), tmp_path / "file" / "a.parquet")
    assert ["file"] == [path.name for path in tmp_path.iterdir()]


def test_the_columns_digest_is_of_the_operations_not_of_the_file() -> None:
    samples = clean_samples(1, n=100)
    assert columns_digest(samples) == columns_digest(clean_samples(1, n=100))
    moved = dataclasses.replace(samples, finished_ns=samples.finished_ns + 1)
    assert columns_digest(samples) != columns_digest(moved)


def test_more_outcomes_than_a_byte_tells_are_told_apart(tmp_path: Path) -> None:
    names = [f"Error{each}" for each in range(700)]
    times = pa.array(range(700), pa.int64())
    path = write_theirs(
        tmp_path / "b.parquet",
        outcome=pa.array(names),
        worker=pa.array([0] * 700, pa.int32()),
        scheduled_ns=times,
        started_ns=times,
        finished_ns=times,
    )
    samples = read_samples(path)
    assert names == [samples.outcomes[code] for code in samples.outcome.tolist()]


def test_what_began_as_planned_has_its_stamps_once(tmp_path: Path) -> None:
    write_samples(samples_from([5, 6, 7]), tmp_path / "a.parquet")
    closed = read_samples(tmp_path / "a.parquet")
    assert closed.scheduled_ns is closed.started_ns
    theirs = read_samples(write_theirs(tmp_path / "b.parquet"))
    assert ([0, 10, 20], [1, 11, 21]) == (theirs.scheduled_ns.tolist(), theirs.started_ns.tolist())


def test_columns_in_files_are_the_same_samples_and_so_is_what_is_made_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = clean_samples(1, n=3_000, workers=3)
    write_samples(samples, tmp_path / "a.parquet")
    monkeypatch.setattr("bizra_lab.columns.IN_FILE_FROM", 1)
    monkeypatch.setattr("bizra_lab.evidence.samples_file.ROWS_PER_GROUP", 1_000)
    stored = read_samples(tmp_path / "a.parquet")
    assert same(samples, stored)
    assert samples.latency_ns.tolist() == stored.latency_ns.tolist()
    assert samples.service_ns.tolist() == stored.service_ns.tolist()
    assert [slice(0, 2_000), slice(2_000, 3_000)] == list(stored.blocks(2_000))


def test_a_long_file_is_read_into_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """300,000 operations are 8.7 MB of columns; a block of 10,000 is 0.3 MB."""
    write_samples(clean_samples(1, n=300_000), tmp_path / "a.parquet")
    monkeypatch.setattr("bizra_lab.columns.IN_FILE_FROM", 1)
    monkeypatch.setattr("bizra_lab.evidence.samples_file.ROWS_PER_GROUP", 10_000)
    tracemalloc.start()
    samples = read_samples(tmp_path / "a.parquet")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 300_000 == len(samples)
    assert most < 1_000_000
