"""
The summary file: what stays of runs without their operations, in Parquet; some 100 kB, however long they were.

    largest_ns           int64: the largest latencies of all runs, rising
    bizra_lab.summary    key-value metadata: JSON, everything else
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bizra_lab.errors import LabError, Unreadable, one_line
from bizra_lab.files import replacing
from bizra_lab.model import Ints
from bizra_lab.settings import canonical, mapping_of

SUMMARY_KEY = b"bizra_lab.summary"
COLUMN = "largest_ns"


def write_summary(document: Mapping[str, Any], largest_ns: Ints, path: Path) -> None:
    """Write a summary to `path`, whole or not at all. Raises Unwritable with one line when the place takes none."""
    schema = pa.schema([pa.field(COLUMN, pa.int64(), nullable=False)], {SUMMARY_KEY: canonical(document)})
    with replacing(path) as temporary:
        pq.write_table(
            pa.table([pa.array(largest_ns)], schema=schema),
            temporary,
            compression="zstd",
            use_dictionary=False,
            column_encoding={COLUMN: "DELTA_BINARY_PACKED"},
        )


def is_summary(path: Path) -> bool:
    """Whether a file is a summary by its metadata; one that cannot be read is none."""
    try:
        return SUMMARY_KEY in (pq.read_schema(path).metadata or {})
    except (OSError, pa.ArrowException):
        return False


def read_summary(path: Path) -> tuple[dict[str, Any], Ints]:
    """A summary as plain data, and its largest latencies. Raises Unreadable with one line for what is none."""
    try:
        table = pq.read_table(path)
        document = mapping_of(json.loads((table.schema.metadata or {})[SUMMARY_KEY]), SUMMARY_KEY.decode())
        largest_ns: Ints = table.column(COLUMN).to_numpy().astype(np.int64, casting="safe")
    except (OSError, KeyError, TypeError, ValueError, LabError, pa.ArrowException) as error:
        raise Unreadable(f"{path}: {one_line(error)}; expected a summary (Parquet)") from None
    return document, largest_ns
