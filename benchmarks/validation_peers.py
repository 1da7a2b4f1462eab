"""Our validation beside the ones on PyPI: what a record costs, and what each lets through, in the same process."""

from __future__ import annotations

import gc
import os
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Annotated, Any

import fastjsonschema
import jsonschema_rs
import msgspec
import numpy as np
import orjson
import pyarrow as pa
import pydantic

from benchmarks._results import Table
from bizra_lab.components._validation_corpus import as_columns
from bizra_lab.components.validation import PERSON, Invalid, Person, Validator, contains_at, draw

ROUNDS = 21
RECORDS = 5_000  # a round, of each form but columns
ROWS = 100_000  # of the columns
REFERENCE = "jsonschema-rs"  # the fastest peer that takes a dict

TITLE = "Validation: what a record costs, and what is let through"
EXPLAIN = f"""\
A record has an email, an age from 18 to 120, a truth and a name of 1 to 100 signs, and nothing else; the peers are
declared as strictly as they can be, the email by the same rules. Timed are {RECORDS:,} good records, over and
over, {ROUNDS} rounds, each beginning with another library, garbage collection off; `ns a record` and `records/s`
are the median round's. `times {REFERENCE}` is how many records go through in the time of one of its, the median of
the ratios within rounds; from JSON it is of msgspec's, in columns of polars'. `accepted` are those of 8,000 records
with one thing wrong, of 16 kinds, that it lets through, and `refused` those of 8,000 good ones that it does not; in
columns, what is of another type than its column is null. Columns have {ROWS:,} rows and one thread.

`contains @` is the report's rule. `ours, every fault` says what is wrong, where others stop at yes or no, or raise at
the first. From JSON, ours also refuses names written twice, NaN and what lies too deep."""

COLUMNS = ("form", "library", "ns a record", "records/s", f"times {REFERENCE}", "accepted", "refused")

# The form of a mailbox. That what stands before the @ is short enough is asked by a second pattern where an engine
# cannot look ahead, and otherwise by looking ahead. fastjsonschema takes any $ for an end.
_ATOM = r"[A-Za-z0-9!#\x24%&'*+/=?^_`{|}~\-]"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_FORM = rf"{_ATOM}+(\.{_ATOM}+)*@({_LABEL}\.)+{_LABEL}"
FORM = f"^{_FORM}$"
SHORT_BEFORE_AT = "^[^@]{1,64}@"
LOOKING_AHEAD = rf"^(?=[^@]{{1,64}}@){_FORM}\Z"  # in Python $ stops before a line feed


def _schema(email: Mapping[str, object]) -> dict[str, object]:
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",  # in later drafts 42.0 is an integer
        "type": "object",
        "properties": {
            "email": {"type": "string", "maxLength": 254, **email},
            "age": {"type": "integer", "minimum": 18, "maximum": 120},
            "active": {"type": "boolean"},
            "name": {"type": "string", "minLength": 1, "maxLength": 100},
        },
        "required": ["email", "age", "active", "name"],
        "additionalProperties": False,
    }


Accepts = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which records come: what is timed, and how many of the invalid and good ones are accepted."""

    times_ns: Mapping[str, list[float]]
    accepted: Mapping[str, tuple[int, int]]
    reference: str


def run() -> Table:
    """One row a form and library: ns per record, records per second, against the fastest peer, and what is wrong."""
    corpus = draw(np.random.default_rng(20251019))
    invalid = [record for records in corpus.invalid.values() for record in records]
    gc.collect()
    gc.disable()
    try:
        forms = {
            "a dict": _single(_from_dict(), corpus.valid, invalid, lambda record: record, REFERENCE),
            "JSON": _single(_from_json(), corpus.valid, invalid, _written, "msgspec"),
            "columns": _in_columns(corpus.valid, invalid),
        }
    finally:
        gc.enable()
    return Table(COLUMNS, [row for name, form in forms.items() for row in _rows(name, form)])


def _rows(name: str, form: Form) -> list[tuple[str | float, ...]]:
    rows: list[tuple[str | float, ...]] = []
    for library, own_ns in form.times_ns.items():
        median_ns = statistics.median(own_ns)
        beside = form.times_ns[form.reference]
        ratio = statistics.median(theirs / ours for theirs, ours in zip(beside, own_ns, strict=True))
        accepted, refused = form.accepted[library]
        rows.append((name, library, round(median_ns, 1), round(1e9 / median_ns), round(ratio, 2), accepted, refused))
    return rows


# --- what is timed


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(
        strict=True, extra="forbid", regex_engine="python-re"
    )  # the other cannot look ahead
    email: Annotated[str, pydantic.Field(max_length=254, pattern=LOOKING_AHEAD)]
    age: Annotated[int, pydantic.Field(ge=18, le=120)]
    active: bool
    name: Annotated[str, pydantic.Field(min_length=1, max_length=100)]


class _Struct(msgspec.Struct, forbid_unknown_fields=True):
    email: Annotated[str, msgspec.Meta(max_length=254, pattern=LOOKING_AHEAD)]
    age: Annotated[int, msgspec.Meta(ge=18, le=120)]
    active: bool
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


def _from_dict() -> dict[str, Accepts]:
    ours = Validator(PERSON)
    rust = _in_rust()
    return {
        "contains @": contains_at,
        "ours": ours.accepts,
        "ours, every fault": lambda record: not ours.faults(record),
        REFERENCE: rust.is_valid,
        "hand-written": _by_hand,
        "pydantic": _unless_raised(_Strict.model_validate, pydantic.ValidationError),
        "msgspec": _unless_raised(lambda record: msgspec.convert(record, _Struct), msgspec.ValidationError),
        "fastjsonschema": _unless_raised(
            fastjsonschema.compile(_schema({"pattern": LOOKING_AHEAD}), use_default=False),
            fastjsonschema.JsonSchemaException,
        ),
    }


def _in_rust() -> jsonschema_rs.Draft4Validator:
    email = {"pattern": FORM, "allOf": [{"pattern": SHORT_BEFORE_AT}]}
    return jsonschema_rs.Draft4Validator(_schema(email), pattern_options=jsonschema_rs.RegexOptions())


_is_email = re.compile(LOOKING_AHEAD).match


def _by_hand(record: Person) -> bool:
    """What somebody would write who knew the record, with one pattern."""
    email, age, name = record.get("email"), record.get("age"), record.get("name")
    return (
        isinstance(email, str)
        and len(email) <= 254
        and _is_email(email) is not None
        and type(age) is int
        and 18 <= age <= 120
        and isinstance(record.get("active"), bool)
        and isinstance(name, str)
        and 1 <= len(name) <= 100
        and len(record) == 4
    )


def _from_json() -> dict[str, Accepts]:
    ours = Validator(PERSON)
    rust = _in_rust()
    decode = msgspec.json.Decoder(_Struct).decode
    return {
        "ours": _unless_raised(ours.read, Invalid),
        "orjson, ours": lambda text: _loaded(text, ours.accepts),
        "orjson, jsonschema-rs": lambda text: _loaded(text, rust.is_valid),
        "msgspec": _unless_raised(decode, msgspec.DecodeError),
        "pydantic": _unless_raised(_Strict.model_validate_json, pydantic.ValidationError),
    }


def _loaded(text: bytes, accepts: Accepts) -> object:
    try:
        return accepts(orjson.loads(text))
    except orjson.JSONDecodeError:
        return False


def _written(record: Person) -> bytes:
    return msgspec.json.encode(record)


def _unless_raised(check: Callable[[Any], object], refusal: type[Exception]) -> Accepts:
    def accepts(value: object) -> bool:
        try:
            check(value)
        except refusal:
            return False
        return True

    return accepts


def _single(
    libraries: Mapping[str, Accepts],
    valid: Sequence[Person],
    invalid: Sequence[Person],
    form: Callable[[Person], object],
    reference: str,
) -> Form:
    good, bad = [form(record) for record in valid], [form(record) for record in invalid]
    accepted = {
        name: (sum(map(bool, map(accepts, bad))), sum(not accepts(record) for record in good))
        for name, accepts in libraries.items()
    }
    timed = good[:RECORDS]
    return Form(_timed({name: _over(accepts, timed) for name, accepts in libraries.items()}), accepted, reference)


def _in_columns(valid: Sequence[Person], invalid: Sequence[Person]) -> Form:
    pa.set_cpu_count(1)
    ours, polars = Validator(PERSON), _polars()
    libraries: dict[str, Callable[[pa.Table], object]] = {
        "ours": lambda table: ours.check(table).good,
        "polars": polars,
    }
    good, bad = as_columns(valid), as_columns(invalid)
    accepted = {name: (_accepted(check, bad), len(good) - _accepted(check, good)) for name, check in libraries.items()}
    rows = as_columns(list(islice(cycle(valid), ROWS)))
    timed: dict[str, Callable[[], float]] = {name: _once(check, rows) for name, check in libraries.items()}
    damaged = as_columns(list(islice(cycle([*valid[: len(valid) * 19 // 20], *invalid[:: len(invalid) // 400]]), ROWS)))
    timed["ours, 5 % refused"] = _once(ours.check, damaged)
    timed["ours, 5 % refused, every fault"] = _once(lambda table: list(ours.check(table).faults()), damaged)
    accepted |= {name: accepted["ours"] for name in timed if name not in accepted}
    return Form(_timed(timed), accepted, "polars")


def _polars() -> Callable[[pa.Table], object]:
    os.environ["POLARS_MAX_THREADS"] = "1"  # read when it is imported
    import polars as pl  # noqa: PLC0415 — see above

    email, name = pl.col("email"), pl.col("name")
    good = pl.all_horizontal(
        email.str.contains(FORM) & email.str.contains(SHORT_BEFORE_AT) & (email.str.len_bytes() <= 254),
        pl.col("age").is_between(18, 120),
        pl.col("active").is_not_null(),
        name.str.len_chars().is_between(1, 100),
    ).fill_null(False)
    frames: dict[int, pl.DataFrame] = {}

    def check(table: pa.Table) -> object:
        # Its own layout, made once: what is timed is the check, as for the others.
        frame = frames.setdefault(id(table), pl.DataFrame(pl.from_arrow(table)))
        return frame.select(good).to_series()

    return check


def _accepted(check: Callable[[pa.Table], object], table: pa.Table) -> int:
    return int(np.asarray(check(table), np.bool_).sum())


# --- how it is timed


def _timed(drives: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """For each name its ns per record, one a round."""
    names = list(drives)
    times_ns: dict[str, list[float]] = {name: [] for name in names}
    for number in range(ROUNDS):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            times_ns[name].append(drives[name]())
    return times_ns


def _over(accepts: Accepts, records: Sequence[object]) -> Callable[[], float]:
    def drive() -> float:
        began_ns = time.perf_counter_ns()
        for record in records:
            accepts(record)
        return (time.perf_counter_ns() - began_ns) / len(records)

    return drive


def _once(check: Callable[[pa.Table], object], rows: pa.Table) -> Callable[[], float]:
    def drive() -> float:
        began_ns = time.perf_counter_ns()
        check(rows)
        return (time.perf_counter_ns() - began_ns) / len(rows)

    return drive
