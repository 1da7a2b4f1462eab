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
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from bizra_lab import columns
from bizra_lab.errors import SettingsError, Unreadable, one_line
from bizra_lab.files import replacing
from bizra_lab.model import SUCCESS, Codes, Instrument, Ints, Load, Measurement, Samples
from bizra_lab.settings import build, canonical, mapping_of, plain

MEASUREMENT_KEY = b"bizra_lab.measurement"
INSTRUMENT_KEY = b"bizra_lab.instrument"

PARQUET_MAGIC = b"PAR1"

LOAD_KEYS = ("kind", "workers", "rate_per_s")

ROWS_PER_GROUP = 1 << 20  # 28 MB of columns: what is held beside the samples while writing

BUFFER_BYTES = 1 << 20  # of each column, read ahead; by default all of the file would be

_STAMPS = ("scheduled_ns", "started_ns", "finished_ns")
_INTEGERS = (*_STAMPS, "worker")
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


@dataclass(frozen=True, slots=True)
class _Stored(Samples):
    """Samples of a file: no walk over them, and no column made of them, holds more than a block of each in memory."""

    def blocks(self, rows: int = ROWS_PER_GROUP) -> Iterator[slice]:
        """Slices of so many rows that together are all of them; what lies behind is handed back."""
        stamps = (self.scheduled_ns, self.started_ns, self.finished_ns)
        return columns.blocks(*stamps, self.outcome, self.worker, rows=rows)

    @property
    def latency_ns(self) -> Ints:
        """Response time: from when the plan said to start; what a caller waits."""
        return columns.difference(self.finished_ns, self.scheduled_ns)

    @property
    def service_ns(self) -> Ints:
        """Service time: what the operation itself took."""
        return columns.difference(self.finished_ns, self.started_ns)


def read_samples(path: Path) -> Samples:
    """
    The samples of a file, whoever wrote it: a block at a time, into columns that lie in files where they are long.

    Raises Unreadable with one line: which column or key, what was found, what was expected; and Unwritable where there
    is no room for long columns.
    """
    try:
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER_BYTES) as file:
            return _read(file, path)
    except (OSError, pa.ArrowException) as error:
        raise Unreadable(f"{path}: {one_line(error)}; expected a samples file (Parquet)") from None
    except (SettingsError, ValueError) as error:
        raise Unreadable(f"{path}: {one_line(error)}") from None


def _read(file: pq.ParquetFile, path: Path) -> Samples:
    metadata = file.schema_arrow.metadata or {}
    if MEASUREMENT_KEY not in metadata:
        raise Unreadable(f"{path}: no {MEASUREMENT_KEY.decode()} in its metadata; expected a samples file")
    measurement, instrument = _measurement(_json(metadata[MEASUREMENT_KEY], path)), _instrument(metadata, path)
    _check_columns(file.schema_arrow, path)
    n = file.metadata.num_rows
    scheduled_ns, started_ns, finished_ns = (columns.room(n, np.int64) for _ in _STAMPS)
    worker = columns.room(n, np.int32)
    integers: tuple[npt.NDArray[np.integer[Any]], ...] = (scheduled_ns, started_ns, finished_ns, worker)
    outcome: Codes = columns.room(n, np.uint8)
    codes = {SUCCESS: 0}
    as_planned, last = True, 0
    for batch in file.iter_batches(ROWS_PER_GROUP, columns=_SCHEMA.names):
        rows = slice(last, last := last + len(batch))
        for name, column in zip(_INTEGERS, integers, strict=True):
            column[rows] = _present(batch, name, path).to_numpy()
        found = _codes(_present(batch, "outcome", path), codes)
        if len(codes) > np.iinfo(outcome.dtype).max + 1:
            outcome = _widened(outcome)
        outcome[rows] = found
        as_planned = as_planned and np.array_equal(scheduled_ns[rows], started_ns[rows])
        columns.hand_back(*integers, outcome)
    for column in (*integers, outcome):
        column.setflags(write=False)
    return _Stored(
        measurement=measurement,
        scheduled_ns=started_ns if as_planned else scheduled_ns,
        started_ns=started_ns,
        finished_ns=finished_ns,
        outcome=outcome,
        outcomes=tuple(codes),
        worker=worker,
        instrument=instrument,
    )


def _check_columns(schema: pa.Schema, path: Path) -> None:
    for name in _SCHEMA.names:
        if name not in schema.names:
            raise Unreadable(f"{path}: no column {name}; it has {', '.join(schema.names)}")
    for name in _INTEGERS:
        if not pa.types.is_integer(schema.field(name).type):
            raise Unreadable(f"{path}: {name} is {schema.field(name).type}; expected integers")
    kind = schema.field("outcome").type
    names = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (pa.types.is_string(names) or pa.types.is_large_string(names)):
        raise Unreadable(f"{path}: outcome is {kind}; expected a dictionary of strings")


def _present(batch: pa.RecordBatch, name: str, path: Path) -> pa.Array:
    column = batch.column(name)
    if column.null_count:
        raise Unreadable(
            f"{path}: {name} is empty in {column.null_count} of {len(column)} rows; expected a value in each"
        )
    return column


def _codes(column: pa.Array, codes: dict[str, int]) -> Codes:
    """The outcomes of a block as codes; names that are new get the next ones."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    own = [codes.setdefault(str(name), len(codes)) for name in column.dictionary.to_pylist()]
    found: Codes = np.array(own, dtype=np.uint32)[column.indices.to_numpy()]
    return found


def _widened(outcome: Codes) -> Codes:
    """The same codes with room for more of them than a byte tells."""
    wide = columns.room(len(outcome), np.uint32)
    for rows in columns.blocks(outcome, wide):
        wide[rows] = outcome[rows]
    return wide


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
