"""Columns: every layout they come in, and that a row is judged as the same record would be by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how_much
from hypothesis import strategies as st

from bizra_lab.components.validation import (
    PERSON,
    Boolean,
    Code,
    Each,
    Integer,
    Invalid,
    Number,
    OneOf,
    Record,
    Text,
    Validator,
)
from tests.components.declared import KINDS, SMALL

PEOPLE = [
    {"email": "ana@example.com", "age": 30, "active": True, "name": "Ana"},
    {"email": "bo@localhost", "age": 17, "active": True, "name": "Bo"},
    {"email": "chen@example.com", "age": None, "active": False, "name": "李"},
    {"email": "dina@example.com", "age": 120, "active": False, "name": "Di\nna"},
]
GOOD = [True, False, False, False]
WRONG = [
    (1, [("/email", Code.MAILBOX), ("/age", Code.RANGE)]),
    (2, [("/age", Code.MISSING)]),
    (3, [("/name", Code.CONTROL)]),
]


def wrong_rows(validator: Validator, columns: object) -> list[tuple[int, list[tuple[str, Code]]]]:
    checked = validator.check(columns)
    found = [(row, [(fault.pointer, fault.code) for fault in faults]) for row, faults in checked.faults()]
    assert checked.refused == len(found)
    return found


def good_of(kind: Any, column: pa.Array) -> list[bool]:
    good: list[bool] = Validator(Record({"it": kind})).check(pa.table({"it": column})).good.to_pylist()
    return good


def test_each_row_has_its_verdict_and_each_refused_one_all_its_faults() -> None:
    table = pa.Table.from_pylist(PEOPLE)
    assert GOOD == Validator(PERSON).check(table).good.to_pylist()
    assert WRONG == wrong_rows(Validator(PERSON), table)


def test_columns_may_come_as_a_batch_a_frame_in_pieces_or_by_name() -> None:
    table = pa.Table.from_pylist(PEOPLE)
    pieces = pa.concat_tables([table.slice(0, 1), table.slice(1, 2), table.slice(3)])
    frame = pd.DataFrame(PEOPLE).astype({"age": "Int64"})
    for columns in (table.to_batches()[0], pieces, frame, table.to_pydict()):
        assert WRONG == wrong_rows(Validator(PERSON), columns)


@pytest.mark.parametrize(
    "layout", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_texts_are_the_same_in_every_layout(layout: pa.DataType) -> None:
    table = pa.Table.from_pylist(PEOPLE)
    for place, name in ((0, "email"), (3, "name")):
        table = table.set_column(place, name, table[name].cast(layout))
    assert WRONG == wrong_rows(Validator(PERSON), table)


@pytest.mark.parametrize("of", [pa.int8(), pa.uint8(), pa.int16(), pa.uint32(), pa.int64(), pa.uint64()])
def test_integers_are_compared_by_value_whatever_their_width(of: pa.DataType) -> None:
    column = pa.array([17, 18, 120, 121, None], of)
    assert [False, True, True, False, False] == good_of(Integer(18, 120), column)
    assert [True, True, True, True, False] == good_of(Integer(-(2**63), 2**64), column)
    assert [True, True, True, True, False] == good_of(Number(-0.5, 121), column)


def test_long_integers_are_not_rounded_to_be_compared() -> None:
    column = pa.array([2**63, 2**64 - 1], pa.uint64())
    assert [True, False] == good_of(Integer(2**63, 2**64 - 2), column)
    assert [True, False] == good_of(Number(2**63, 2**64 - 2**11), column)
    assert [True, False] == good_of(Number(at_most=2.0**63), pa.array([2**63, 2**63 + 1], pa.uint64()))


@pytest.mark.parametrize("of", [pa.float16(), pa.float32(), pa.float64()])
def test_numbers_are_finite_in_columns_too_and_floats_are_no_integers(of: pa.DataType) -> None:
    column = pa.array([np.float16(value) for value in (0.5, 2, np.nan, np.inf)], pa.float16()).cast(of)
    assert [True, True, False, False] == good_of(Number(0, 2), column)
    assert [True, True, False, False] == good_of(Number(), column)
    assert [False] * 4 == good_of(Integer(), column)


def test_a_float_of_half_the_width_is_compared_as_the_number_it_is() -> None:
    assert [False] == good_of(Number(at_most=0.1), pa.array([0.1], pa.float32()))


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, 0]),
        pa.array(["true", "false"]),
        pa.array([b"a", b"b"]),
        pa.array([0, 1], pa.timestamp("ns")),
        pa.array([1, 2], pa.decimal128(30, 2)),
        pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64())),
        pa.array([b"0" * 16, b"1" * 16], pa.uuid()),
        pa.RunEndEncodedArray.from_arrays(pa.array([1, 2], pa.int32()), pa.array([1, 2])),
        pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])]),
    ],
    ids=lambda column: str(column.type),
)
def test_a_column_of_another_type_is_refused_in_every_row_and_says_so(column: pa.Array) -> None:
    assert [(0, [("/it", Code.TYPE)]), (1, [("/it", Code.TYPE)])] == wrong_rows(
        Validator(Record({"it": Boolean()})), pa.table({"it": column})
    )


@pytest.mark.parametrize("control", ["\n", "\x7f", "\x80", "\x85", "\x9f"])
def test_a_control_sign_is_found_in_a_column_wherever_it_stands(control: str) -> None:
    assert [True, False, True] == good_of(Text(), pa.array(["a", f"b{control}c", "\xa0é"]))
    assert [True, True, True] == good_of(Text(controls=True), pa.array(["a", f"b{control}c", "\xa0é"]))


def test_a_column_counts_code_points_too() -> None:
    assert [True, False, True, False] == good_of(Text(1, 3), pa.array(["ééé", "éééé", "😀😀😀", ""]))
    assert [True, False] == good_of(Text(1, 3), pa.array(["abc", "abcd"]))


def test_bytes_that_are_no_utf8_are_no_text() -> None:
    offsets = pa.py_buffer(np.array([0, 1, 2], np.int32))
    column = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"\xffa"))
    assert [False, True] == good_of(Text(), column)
    assert [False, False] == good_of(OneOf(("b",)), column)
    assert [(0, [("/email", Code.MAILBOX)]), (1, [("/email", Code.MAILBOX)])] == wrong_rows(
        Validator(Record({"email": PERSON.fields["email"]})), pa.table({"email": column})
    )


def test_a_column_that_is_missing_is_missing_in_every_row_and_one_too_many_where_it_holds_something() -> None:
    validator = Validator(Record({"a": Integer(), "b": Integer()}, optional=("b",)))
    assert [(0, [("/a", Code.MISSING)]), (1, [("/a", Code.MISSING)])] == wrong_rows(
        validator, pa.table({"b": pa.array([1, None])})
    )
    table = pa.table({"a": [1, 2], "c": pa.array([None, b"x"])})
    assert [(1, [("/c", Code.UNKNOWN)])] == wrong_rows(validator, table)
    assert [] == wrong_rows(Validator(Record({"a": Integer()}, closed=False)), table)


def test_lists_and_objects_are_looked_into() -> None:
    validator = Validator(
        Record({"at": Record({"city": Text(1), "zip": Integer()}, optional=("zip",)), "n": Each(Integer(1), 1)})
    )
    table = pa.table(
        {
            "at": [{"city": "Ulm", "zip": None}, {"city": "", "zip": 1}, None],
            "n": [[1, 2], [0, None], []],
        }
    )
    assert [
        (1, [("/at/city", Code.LENGTH), ("/n/0", Code.RANGE), ("/n/1", Code.TYPE)]),
        (2, [("/at", Code.MISSING), ("/n", Code.LENGTH)]),
    ] == wrong_rows(validator, table)
    assert [(0, [("/at", Code.MISSING), ("/n", Code.LENGTH)])] == wrong_rows(validator, table.slice(2))


def test_a_table_without_rows_has_none_that_are_refused() -> None:
    checked = Validator(PERSON).check(pa.Table.from_pylist(PEOPLE).slice(0, 0))
    assert ([], 0, []) == (checked.good.to_pylist(), checked.refused, list(checked.faults()))


@pytest.mark.parametrize("columns", [None, 1, "email", [1], [PEOPLE[0]], b"PAR1", {"email": 1}, object()])
def test_what_has_no_columns_is_refused_in_one_sentence(columns: object) -> None:
    with pytest.raises(Invalid) as caught:
        Validator(PERSON).check(columns)
    assert [Code.NOT_COLUMNS] == [fault.code for fault in caught.value.faults]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(Invalid, match="expected each column once"):
        Validator(PERSON).check(pa.table([pa.array([1]), pa.array([2])], names=["age", "age"]))


def test_rows_keep_their_numbers_beyond_the_first_block() -> None:
    ages = [30] * 5_000
    ages[1_023] = ages[1_024] = ages[4_999] = 17
    validator = Validator(Record({"age": Integer(18)}))
    assert [1_023, 1_024, 4_999] == [row for row, _ in validator.check(pa.table({"age": ages})).faults()]


UTF8 = st.text(st.characters(codec="utf-8"), max_size=4)

# A column has one type: what is drawn for it is of that type, or null.
OF_TYPES: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [
    (pa.bool_(), st.booleans()),
    (pa.int8(), st.integers(-4, 4)),
    (pa.uint64(), st.integers(0, 4) | st.just(2**64 - 1)),
    (pa.float32(), st.floats(-3, 3, width=32) | st.just(float("nan"))),
    (pa.float64(), st.floats(-3, 3) | st.sampled_from([float("inf"), float("nan"), 0.1])),
    (pa.string(), st.sampled_from(["", "a", "ab", "é", "a\n", "\x85", "a@b.cd", "a@b"]) | UTF8),
    (pa.list_(pa.int64()), st.lists(st.none() | st.integers(-4, 4), max_size=3)),
    (pa.struct([("a", pa.string()), ("b", pa.int64())]), st.fixed_dictionaries({"a": st.none() | UTF8, "b": SMALL})),
    (pa.null(), st.none()),
]
TYPED = st.one_of(
    [st.tuples(st.just(of), st.lists(st.none() | values, min_size=1, max_size=4)) for of, values in OF_TYPES]
)


def _record_of(value: Any) -> Any:
    """A row's value as the record would hold it: without the fields that are null."""
    if isinstance(value, dict):
        return {name: _record_of(each) for name, each in value.items() if each is not None}
    return value


@how_much(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(KINDS, TYPED, st.booleans(), st.booleans(), st.integers(0, 1))
def test_a_row_is_judged_as_its_record_is(
    kind: Any, typed: tuple[pa.DataType, list[Any]], optional: bool, closed: bool, skipped: int
) -> None:
    of, values = typed
    column = pa.array(values, of)
    validator = Validator(Record({"it": kind}, optional=("it",) if optional else (), closed=closed))
    table = pa.table({"it": column}).slice(skipped)
    records = [_record_of({"it": value}) for value in column.to_pylist()[skipped:]]
    checked = validator.check(table)
    assert [validator.accepts(record) for record in records] == checked.good.to_pylist()
    assert [
        (row, validator.faults(record)) for row, record in enumerate(records) if not validator.accepts(record)
    ] == list(checked.faults())
