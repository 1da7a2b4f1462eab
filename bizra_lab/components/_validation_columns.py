"""What Arrow's columns hold: as they come in, and as Python's values where a column is looked at row by row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bizra_lab.components._validation_faults import Code, refuse


def table_of(data: object) -> pa.Table:
    """
    The columns of `data`: an Arrow table or record batch, or whatever offers Arrow's C stream, as polars and pandas do.

    Raises Invalid for anything else, for two columns of one name, and where the parts of a column do not fit together.
    """
    try:
        table = data if isinstance(data, pa.Table) else pa.table(data)
        table.validate()
    except Exception as error:
        raise refuse(Code.NOT_COLUMNS, f"expected columns that Arrow can read, got {type(data).__name__}") from error
    if len(set(table.column_names)) != table.num_columns:
        raise refuse(Code.TWICE, "expected each column once")
    return table


def plain(column: pa.Array) -> pa.Array:
    """The same values in a layout that every kernel knows: no dictionary, no views."""
    if pa.types.is_dictionary(column.type):
        return plain(column.dictionary_decode())
    return column.cast(pa.large_string()) if column.type == pa.string_view() else column


def is_text(column: pa.Array) -> bool:
    """Whether a column holds texts, in either of their two layouts."""
    return any(column.type == text for text in (pa.string(), pa.large_string()))


def bytes_of(column: pa.Array) -> bytes:
    """The texts of a column one behind the other: what holds for all of their bytes need not be asked of each text."""
    _, offsets, data = column.buffers()
    if data is None or not len(column):
        return b""
    offset = np.dtype(np.int64 if column.type == pa.large_string() else np.int32)
    ends = np.frombuffer(offsets, offset, len(column) + 1, column.offset * offset.itemsize)
    raw: bytes = data.slice(ends[0], ends[-1] - ends[0]).to_pybytes()
    return raw


def is_utf8(column: pa.Array) -> bool:
    """Whether every text of a column is what its type says; Arrow does not ask when it is handed one."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def values_of(column: pa.Array) -> Iterator[object]:
    """
    Each value as JSON would have it; of a type that JSON has not, the type itself in its place.

    A field that is null is left out of its object: a column cannot tell missing from null.
    """
    column = plain(column)
    kind = column.type
    if pa.types.is_struct(kind):
        names = [field.name for field in kind]
        rows = zip(*map(values_of, column.flatten()), strict=True) if names else ((),) * len(column)
        whole = len(set(names)) == len(names)
        for there, row in zip(column.is_valid().to_pylist(), rows, strict=True):
            yield (_object(names, row) if whole else kind) if there else None
    elif any(is_one(kind) for is_one in _LISTS):
        values = values_of(column.flatten())
        for length in pc.list_value_length(column).to_pylist():
            yield None if length is None else [next(values) for _ in range(length)]
    elif is_text(column):
        yield from _texts(column)
    elif any(is_one(kind) for is_one in _SAYABLE):
        yield from column.to_pylist()
    else:
        for there in column.is_valid().to_pylist():
            yield kind if there else None


_LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
_SAYABLE = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_null)


def _texts(column: pa.Array) -> list[str | None]:
    """The texts; a byte that is no UTF-8 becomes half of a surrogate pair, which no text may hold."""
    raw = column.cast(pa.large_binary()).to_pylist()
    return [None if each is None else each.decode(errors="surrogateescape") for each in raw]


def _object(names: list[str], row: tuple[object, ...]) -> dict[str, object]:
    return {name: value for name, value in zip(names, row, strict=True) if value is not None}
