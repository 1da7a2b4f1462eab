"""
The samples file: every operation of a measurement, in Parquet, readable by anything.

    scheduled_ns started_ns finished_ns   int64
    outcome                               dictionary<string>, "ok" is success
    worker                                int32
    bizra_lab.measurement                 key-value metadata: JSON, what is declared of the measurement
    bizra_lab.instrument                  key-value metadata: JSON, what the apparatus found out about itself; optional

Stamps are stored as differences (about a byte an operation), written a row group at a time: a hundred million
operations need no copy of themselves in memory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bizra_lab.errors import SettingsError, Unreadable, one_line
from bizra_lab.files import replacing
from bizra_lab.model import SUCCESS, Codes, Instrument, Ints, Load, Measurement, Samples
from bizra_lab.settings import build, canonical, mapping_of, plain

MEASUREMENT_KEY = b"bizra_lab.measurement"
INSTRUMENT_KEY = b"bizra_lab.instrument"

PARQUET_MAGIC = b"PAR1"

LOAD_KEYS = ("kind", "workers", "rate_per_s")

ROWS_PER_GROUP = 1 << 20  # 28 MB of columns: what is held beside the samples while writing

_STAMPS = ("scheduled_ns", "started_ns", "finished_ns")
_SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.int64(), nullable=False) for name in _STAMPS),
        pa.field("outcome", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("worker", pa.int32(), nullable=False),
    ]
)


def write_samples(samples: Samples, path: Path) -> str:
    """
    Write `samples` to `path` and return the file's SHA-256 in hexadecimal.

    The file appears whole or not at all. Raises Unwritable with one line when the place does not take it.
    """
    metadata = {MEASUREMENT_KEY: canonical(_declared(samples.measurement))}
    if samples.instrument is not None:
        metadata[INSTRUMENT_KEY] = canonical(samples.instrument)
    with replacing(path) as temporary:
        with pq.ParquetWriter(
            temporary,
            _SCHEMA.with_metadata(metadata),
            compression="zstd",
            use_dictionary=["outcome", "worker"],
            column_encoding=dict.fromkeys(_STAMPS, "DELTA_BINARY_PACKED"),
        ) as writer:
            for batch in _batches(samples):
                writer.write_batch(batch, row_group_size=ROWS_PER_GROUP)
        return file_digest(temporary)


def _declared(measurement: Measurement) -> dict[str, Any]:
    """What the contract of the file lists; of the load also what goes beyond it, where it is not the usual."""
    declared: dict[str, Any] = plain(measurement)
    usual = plain(Load())
    declared["load"] = {
        key: value for key, value in declared["load"].items() if key in LOAD_KEYS or value != usual[key]
    }
    return declared


def _batches(samples: Samples) -> Iterator[pa.RecordBatch]:
    names = pa.array(samples.outcomes, pa.string())
    for rows in samples.blocks(ROWS_PER_GROUP):
        outcome = pa.DictionaryArray.from_arrays(pa.array(samples.outcome[rows].astype(np.int32)), names)
        stamps = [pa.array(np.ascontiguousarray(getattr(samples, name)[rows])) for name in _STAMPS]
        worker = pa.array(np.ascontiguousarray(samples.worker[rows]))
        yield pa.RecordBatch.from_arrays([*stamps, outcome, worker], schema=_SCHEMA)


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does; one that cannot be read does not."""
    try:
        with path.open("rb") as file:
            return file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    except OSError:
        return False


def read_samples(path: Path) -> Samples:
    """
    The samples of a file, whoever wrote it.

    Raises Unreadable with one line: which column or key, what was found, what was expected.
    """
    try:
        table = pq.read_table(path, memory_map=True)
    except (OSError, pa.ArrowException) as error:
        raise Unreadable(f"{path}: {one_line(error)}; expected a samples file (Parquet)") from None
    metadata = table.schema.metadata or {}
    if MEASUREMENT_KEY not in metadata:
        raise Unreadable(f"{path}: no {MEASUREMENT_KEY.decode()} in its metadata; expected a samples file")
    outcome, outcomes = _outcome(table, path)
    try:
        return Samples(
            measurement=_measurement(_json(metadata[MEASUREMENT_KEY], path)),
            scheduled_ns=_integers(table, "scheduled_ns", path),
            started_ns=_integers(table, "started_ns", path),
            finished_ns=_integers(table, "finished_ns", path),
            outcome=outcome,
            outcomes=outcomes,
            worker=_integers(table, "worker", path).astype(np.int32),
            instrument=_instrument(metadata, path),
        )
    except (SettingsError, ValueError) as error:
        raise Unreadable(f"{path}: {one_line(error)}") from None


def _column(table: pa.Table, name: str, path: Path) -> pa.ChunkedArray:
    if name not in table.column_names:
        raise Unreadable(f"{path}: no column {name}; it has {', '.join(table.column_names)}")
    column = table.column(name)
    if column.null_count:
        raise Unreadable(f"{path}: {name} is empty in {column.null_count} rows; expected a value in each")
    return column


def _integers(table: pa.Table, name: str, path: Path) -> Ints:
    column = _column(table, name, path)
    if not pa.types.is_integer(column.type):
        raise Unreadable(f"{path}: {name} is {column.type}; expected integers")
    result: Ints = column.to_numpy().astype(np.int64, copy=False)
    return result


def _outcome(table: pa.Table, path: Path) -> tuple[Codes, tuple[str, ...]]:
    """The outcome column as codes into its names, "ok" moved to the front."""
    column = _column(table, "outcome", path)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if not (pa.types.is_string(column.type.value_type) or pa.types.is_large_string(column.type.value_type)):
        raise Unreadable(f"{path}: outcome is {column.type}; expected a dictionary of strings")
    column = column.unify_dictionaries().combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # what combining gives for no rows at all
        return np.zeros(0, np.uint8), (SUCCESS,)
    found = [str(name) for name in column.dictionary.to_pylist()]
    names = (SUCCESS, *(name for name in dict.fromkeys(found) if name != SUCCESS))
    places = np.array([names.index(name) for name in found], dtype=np.uint8 if len(names) <= 256 else np.uint32)
    codes: Codes = places[column.indices.to_numpy()] if found else np.zeros(0, np.uint8)
    return codes, names


def _json(text: bytes, path: Path) -> dict[str, Any]:
    try:
        return mapping_of(json.loads(text), MEASUREMENT_KEY.decode())
    except ValueError as error:
        raise Unreadable(f"{path}: {MEASUREMENT_KEY.decode()}: {one_line(error)}; expected JSON") from None


def _measurement(raw: dict[str, Any]) -> Measurement:
    # What other programs add is theirs; what is missing or of a wrong type is refused.
    known = {field.name for field in fields(Measurement)}
    load = raw.get("load")
    if isinstance(load, dict):
        raw = raw | {"load": {key: load[key] for key in load if key in {field.name for field in fields(Load)}}}
    return build(Measurement, {key: raw[key] for key in raw if key in known}, MEASUREMENT_KEY.decode())


def _instrument(metadata: dict[bytes, bytes], path: Path) -> Instrument | None:
    text = metadata.get(INSTRUMENT_KEY)
    return None if text is None else build(Instrument, _json(text, path), INSTRUMENT_KEY.decode())


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal: what `sha256sum` prints."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def columns_digest(samples: Samples) -> str:
    """
    SHA-256 of the columns themselves, in hexadecimal, whatever file they are in.

    The same operations give the same digest under every version of the Parquet writer.
    """
    summed = hashlib.sha256(canonical({"measurement": plain(samples.measurement), "outcomes": samples.outcomes}))
    for rows in samples.blocks(ROWS_PER_GROUP):
        for name in _STAMPS:
            summed.update(np.ascontiguousarray(getattr(samples, name)[rows], dtype="<i8").tobytes())
        summed.update(np.ascontiguousarray(samples.outcome[rows], dtype="<u4").tobytes())
        summed.update(np.ascontiguousarray(samples.worker[rows], dtype="<i4").tobytes())
    return summed.hexdigest()
