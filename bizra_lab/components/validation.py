"""
Validation: whether a record is as declared, and all that is wrong with it where it is not.

    person = Record({"email": Mailbox(), "age": Integer(18, 120), "active": Boolean(), "name": Text(1, 100)})
    validator = Validator(person)

    validator.accepts(record)                     True or False, as fast as it goes
    validator.faults(record)                      every fault: its path, its code and a sentence; none when it is good
    validator.read(b'{"email": …}')               the record of a JSON text; raises Invalid with every fault
    validator.check(table)                        columns of Arrow, polars or pandas: which rows are good, and why not

Strict: nothing is converted. True is no integer, "42" is not 42, 42.0 is no integer, NaN is no number, and an object of
a subclass is of another type. Types are those that `json.loads` returns.

Guarantees: no input raises anything but Invalid, and no input takes more time than its length allows: texts, lists,
JSON texts and their depth have declared limits, and no pattern goes back over what it has read. A message never repeats
a value, which may be private. The three ways, dicts, texts and columns, accept the same records, but that columns
cannot tell a missing value from null, and hold integers of 64 bits.

Cost: a declaration is compiled to one Python function, so an accepted dict pays for its checks and nothing else.
Columns are checked in whole, without making a Python object of any value, but for fields that are lists or objects;
when faults are asked for, rows become objects in blocks, where a block holds one that is refused.

Threads: a validator never changes; use it from any number of them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bizra_lab.components._component import Clock, component, counted, new_tally
from bizra_lab.components._validation_columns import plain, table_of, values_of
from bizra_lab.components._validation_compiled import accepting
from bizra_lab.components._validation_corpus import (
    Accepted,
    Corpus,
    Person,
    as_columns,
    as_text,
    contains_at,
    draw,
)
from bizra_lab.components._validation_faults import Code, Fault, Invalid, Path, refuse
from bizra_lab.components._validation_json import Limits, parse
from bizra_lab.components._validation_kinds import Boolean, Each, Integer, Kind, Mailbox, Number, OneOf, Record, Text
from bizra_lab.model import Workload

__all__ = [
    "PERSON",
    "Accepted",
    "Boolean",
    "CheckedColumns",
    "Code",
    "Corpus",
    "Each",
    "Fault",
    "Form",
    "Integer",
    "Invalid",
    "Kind",
    "Limits",
    "Mailbox",
    "Number",
    "OneOf",
    "Path",
    "Person",
    "Record",
    "Settings",
    "Text",
    "Validator",
    "contains_at",
    "draw",
    "prepare",
]

# What the lab measures, and the example of everything here.
PERSON = Record({"email": Mailbox(), "age": Integer(18, 120), "active": Boolean(), "name": Text(1, 100)})

ROWS_TOGETHER = 1_024  # of columns, made Python objects at a time where one of them is refused


class Validator:
    """Checks values against one declared record; `limits` are those of JSON texts."""

    def __init__(self, record: Record, limits: Limits | None = None) -> None:
        self.record = record
        self.limits = limits or Limits()
        # Whether a value is good: the compiled declaration itself, so that no call lies in between.
        self.accepts: Callable[[object], bool] = accepting(record)

    def __reduce__(self) -> tuple[type[Validator], tuple[Record, Limits]]:
        return Validator, (self.record, self.limits)

    def faults(self, value: object) -> tuple[Fault, ...]:
        """Every fault of `value`: fields as they were declared, undeclared ones last; none when it is good."""
        return () if self.accepts(value) else tuple(self.record.faults(value, ()))

    def read(self, data: object) -> dict[str, Any]:
        """
        The record of a JSON text, given as bytes or as a str.

        Raises Invalid with every fault of the record, or with the one of a text that is no JSON or beyond the limits.
        """
        value = parse(data, self.limits)
        if faults := self.faults(value):
            raise Invalid(faults)
        assert isinstance(value, dict)
        return value

    def check(self, columns: object) -> CheckedColumns:
        """
        What is good of many records in columns, one a row: an Arrow table or record batch, a polars or pandas frame.

        Raises Invalid, with one fault, for what has no columns that Arrow can read, or two of one name. What Arrow says
        of a column is believed: of a file from elsewhere, ask `table.validate(full=True)` first.
        """
        table = table_of(columns)
        try:
            good = [self._good(batch) for batch in table.to_batches()]
        except pa.ArrowException as error:
            raise refuse(Code.NOT_COLUMNS, "expected columns that Arrow can compute with") from error
        return CheckedColumns(pa.concat_arrays(good) if good else pa.array([], pa.bool_()), table, self.record)

    def _good(self, batch: pa.RecordBatch) -> pa.BooleanArray:
        good = pa.array(np.ones(batch.num_rows, np.bool_))
        for name, kind in self.record.fields.items():
            if name in batch.schema.names:
                column = plain(batch.column(name))
                right = kind.good(column)
                good = pc.and_(good, pc.or_(right, column.is_null()) if name in self.record.optional else right)
            elif name not in self.record.optional:
                good = pa.array(np.zeros(batch.num_rows, np.bool_))
        if self.record.closed:
            for name in batch.schema.names:
                if name not in self.record.fields:
                    good = pc.and_(good, batch.column(name).is_null())
        return good


@dataclass(frozen=True, slots=True)
class CheckedColumns:
    """`good` is true for each row that is as declared; why others are not is found out when `faults` is asked."""

    good: pa.BooleanArray
    table: pa.Table
    record: Record

    @property
    def refused(self) -> int:
        """How many rows are not as declared."""
        return len(self.good) - int(self.good.true_count)

    def faults(self) -> Iterator[tuple[int, tuple[Fault, ...]]]:
        """Each refused row, counted from 0, with every fault of it; rows rising."""
        first = 0
        for batch in self.table.to_batches(max_chunksize=ROWS_TOGETHER):
            good = self.good.slice(first, batch.num_rows).to_pylist()
            if not all(good):
                for row, value in enumerate(values_of(batch.to_struct_array()), start=first):
                    if not good[row - first]:
                        yield row, tuple(self.record.faults(value, ()))
            first += batch.num_rows


# Long enough that the plan is no pattern, prime so that it never falls in step with a window.
PLAN_LENGTH = 10_007

Form = Literal["dict", "json", "columns"]


@dataclass(frozen=True, slots=True)
class Settings:
    """
    What is validated, and how: a dict, a JSON text, or a batch of columns; one a call.

    `invalid_share` of the records have something wrong with them, to one in 10,007; kinds of damage are equally many.
    """

    form: Form = "dict"
    invalid_share: float = 0.05
    batch_rows: int = 32_768  # of a batch of columns: enough that what a batch costs as such is hardly seen

    def __post_init__(self) -> None:
        if not 0 <= self.invalid_share <= 1:
            raise ValueError(f"invalid_share must be a share in 0..1, got {self.invalid_share}")
        if self.batch_rows < 1:
            raise ValueError(f"batch_rows must be at least 1, got {self.batch_rows}")


@component(settings=Settings)
def prepare(settings: Settings, rng: np.random.Generator, clock: Clock) -> Workload:  # noqa: ARG001 — it takes no time of its own
    """
    One operation validates one record of a corpus, over and over, in an order drawn beforehand; in columns, one batch.

    A refused record is no failure: refusing it is what was asked. What was judged wrongly is told by the tallies, over
    a corpus of distinct records with each judged once: judging is deterministic, and asking again would be no new case.
    """
    corpus = draw(rng)
    validator = Validator(PERSON)
    plan = _plan(corpus, settings.invalid_share, rng)
    match settings.form:
        case "dict":
            operate = _working(validator.faults, plan)
        case "json":
            operate = _working(partial(_faults_of_text, validator), list(map(as_text, plan)))
        case "columns":
            operate = _working(validator.check, _batches(plan, settings.batch_rows))
    done = new_tally()

    def counting() -> object:
        next(done)
        return operate()

    return Workload(
        f"validation.{settings.form}",
        counting,
        count=lambda: counted(done),
        tallies=lambda: corpus.tallies(partial(accepted, validator, settings.form)),
    )


def accepted(validator: Validator, form: Form, records: Sequence[Person]) -> list[bool]:
    """Which of the records are accepted when they are offered in this form."""
    match form:
        case "dict":
            return [validator.faults(record) == () for record in records]
        case "json":
            return [_faults_of_text(validator, as_text(record)) == () for record in records]
        case "columns":
            found: list[bool] = validator.check(as_columns(records)).good.to_pylist()
            return found


def _plan(corpus: Corpus, invalid_share: float, rng: np.random.Generator) -> list[Person]:
    """Records in the order in which they are offered, with as many invalid ones as asked for, well mixed."""
    invalid = [record for records in corpus.invalid.values() for record in records]
    wrong = rng.permutation(PLAN_LENGTH) < round(invalid_share * PLAN_LENGTH)
    places = rng.random(PLAN_LENGTH)
    sources = (invalid if each else corpus.valid for each in wrong)
    return [source[int(place * len(source))] for source, place in zip(sources, places, strict=True)]


def _batches(plan: Sequence[Person], rows: int) -> list[pa.Table]:
    """The plan over and over in tables of so many rows: as many as hold all of it."""
    endless = itertools.cycle(plan)
    return [as_columns(list(itertools.islice(endless, rows))) for _ in range(math.ceil(len(plan) / rows))]


def _working(judge: Callable[[Any], object], work: Sequence[object]) -> Callable[[], object]:
    """One call judges the next piece of work, in turn without end."""
    return map(judge, itertools.cycle(work)).__next__


def _faults_of_text(validator: Validator, text: bytes) -> tuple[Fault, ...]:
    try:
        validator.read(text)
    except Invalid as error:
        return error.faults
    return ()
