"""
What a value may be: the kinds that a record is declared of.

A kind says one rule three times: as source that is true of a good value, which `_validation_compiled` makes a function
of; as every fault of a bad one; and as which values of a column are good. Tests hold the three against each other.

Types are those that JSON has, exactly: True is no integer, "42" is not 42, 42.0 is no integer either, and a subclass
that only looks like its base is refused, since its own code would run while it is looked at.
"""

from __future__ import annotations

import math
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bizra_lab.components._validation_columns import bytes_of, is_text, is_utf8, values_of
from bizra_lab.components._validation_compiled import Named, accepting
from bizra_lab.components._validation_faults import Code, Fault, Path
from bizra_lab.components._validation_mailbox import (
    SURELY_SHORT,
    are_mailboxes,
    by_patterns,
    flaw,
    has_form,
    is_mailbox,
)

Truths: TypeAlias = npt.NDArray[np.bool_]

# Of texts and lists where nobody says: generous for a field of a form, small enough to look through at once.
LENGTH_MAX = 1_000

DEPTH_MAX = 32  # of records and lists declared inside each other; a declaration is written by hand

BOUND_MAX = 2**64  # of an integer: no column holds a larger one, and it must be possible to write it down

UNKNOWN_MAX = 100  # undeclared names that are listed one by one: there may be as many as memory holds

# Control signs, and halves of surrogate pairs, which UTF-8 cannot say.
_CONTROLS = r"\x00-\x1f\x7f-\x9f"
_has_control = re.compile(rf"[{_CONTROLS}\ud800-\udfff]").search
_has_surrogate = re.compile("[\ud800-\udfff]").search
_COLUMN_CONTROLS = r"[\x00-\x1f\x{7f}-\x{9f}]"


class Kind(ABC):
    """One kind of value. All are immutable and may be shared."""

    __slots__ = ()

    @abstractmethod
    def condition(self, named: Named) -> str:
        """A Python expression that is true when `value` is good; `named` gives an object a name in it."""

    def body(self, named: Named) -> list[str]:
        """The lines of a function of `value` that returns whether it is good."""
        return [f"return {self.condition(named)}"]

    @abstractmethod
    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        """Every fault of `value`, which lies at `path`; none when it is good."""

    @abstractmethod
    def good(self, column: pa.Array) -> pa.BooleanArray:
        """For each value of a column whether it is there and good; no nulls."""

    @property
    def depth(self) -> int:
        """How many kinds lie inside each other, this one included."""
        return 1


@dataclass(frozen=True, slots=True)
class Boolean(Kind):
    """True or false; never 0, 1 or a word."""

    def condition(self, named: Named) -> str:  # noqa: ARG002 — it needs no object
        return "type(value) is bool"

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        if type(value) is not bool:
            yield _wrong_type("true or false", value, path)

    def good(self, column: pa.Array) -> pa.BooleanArray:
        return column.is_valid() if pa.types.is_boolean(column.type) else _none_of(column)


@dataclass(frozen=True, slots=True)
class Integer(Kind):
    """A whole number from `at_least` to `at_most`, both included; no bound where None."""

    at_least: int | None = None
    at_most: int | None = None

    def __post_init__(self) -> None:
        for bound in (self.at_least, self.at_most):
            if bound is not None and (type(bound) is not int or abs(bound) > BOUND_MAX):
                raise TypeError(f"a bound of an integer is an int of at most 64 bits, got {type(bound).__name__}")
        _check_order(self.at_least, self.at_most)

    def condition(self, named: Named) -> str:  # noqa: ARG002 — it needs no object
        return f"type(value) is int{_between(self.at_least, self.at_most)}"

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        if type(value) is not int:
            yield _wrong_type("a whole number", value, path)
        elif not _holds(value, self.at_least, self.at_most):
            yield Fault(path, Code.RANGE, f"expected a whole number {_say_range(self.at_least, self.at_most)}")

    def good(self, column: pa.Array) -> pa.BooleanArray:
        if not pa.types.is_integer(column.type):
            return _none_of(column)
        # NumPy compares integers of unlike types by value, where Arrow would first convert one and could not always.
        values = column.fill_null(0).to_numpy()
        return _there_and(column, _all_hold(values, self.at_least, self.at_most))


@dataclass(frozen=True, slots=True)
class Number(Kind):
    """A finite number, whole or not, from `at_least` to `at_most`, both included; NaN and the infinities are none."""

    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        for bound in (self.at_least, self.at_most):
            # Columns are compared as floats: a bound that none can say would mean something else there.
            if bound is not None and (type(bound) not in (int, float) or not _is_exact(bound)):
                raise TypeError(f"a bound of a number is one that a float holds exactly, got {bound!r}")
        _check_order(self.at_least, self.at_most)

    def condition(self, named: Named) -> str:
        # NaN lies between no two numbers. An int has no infinities, but may be larger than any float.
        finite = f"{named(-math.inf)} < value < {named(math.inf)}"
        return f"(type(value) is float or type(value) is int) and {finite}{_between(self.at_least, self.at_most)}"

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        if type(value) is not float and type(value) is not int:
            yield _wrong_type("a number", value, path)
        elif type(value) is float and not math.isfinite(value):
            yield Fault(path, Code.RANGE, "expected a finite number")
        elif not _holds(value, self.at_least, self.at_most):
            yield Fault(path, Code.RANGE, f"expected a number {_say_range(self.at_least, self.at_most)}")

    def good(self, column: pa.Array) -> pa.BooleanArray:
        low, high = self.at_least, self.at_most
        if pa.types.is_integer(column.type):
            # As the whole numbers between the bounds: a long one would lose its last digits as a float.
            low, high = None if low is None else math.ceil(low), None if high is None else math.floor(high)
            return _there_and(column, _all_hold(column.fill_null(0).to_numpy(), low, high))
        if not pa.types.is_floating(column.type):
            return _none_of(column)
        values = column.cast(pa.float64()).fill_null(0).to_numpy()
        return _there_and(column, np.isfinite(values) & _all_hold(values, low, high))


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """
    A text of `at_least` to `at_most` code points, without control signs unless they are allowed.

    Halves of surrogate pairs are always refused: they can be written as JSON, and as nothing else.
    """

    at_least: int = 0
    at_most: int = LENGTH_MAX
    controls: bool = False

    def __post_init__(self) -> None:
        _check_lengths(self.at_least, self.at_most)

    def condition(self, named: Named) -> str:
        has_none = named(_has_surrogate if self.controls else _has_control)
        # What is printable, nearly everything, has neither; asking that is cheapest.
        return (
            f"type(value) is str and {self.at_least} <= len(value) <= {self.at_most} and "
            f"(value.isprintable() or {has_none}(value) is None)"
        )

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        if type(value) is not str:
            yield _wrong_type("a text", value, path)
        elif not self.at_least <= len(value) <= self.at_most:
            yield _wrong_length("code points", len(value), self.at_least, self.at_most, path)
        elif _has_surrogate(value):
            yield Fault(path, Code.CONTROL, "expected a text that UTF-8 can say")
        elif not self.controls and _has_control(value):
            yield Fault(path, Code.CONTROL, "expected no control sign")

    def good(self, column: pa.Array) -> pa.BooleanArray:
        if not is_text(column):
            return _none_of(column)
        raw = bytes_of(column)
        is_ascii = raw.isascii()
        if not is_ascii and not is_utf8(column):
            return _row_by_row(self, column)
        lengths = pc.binary_length(column) if is_ascii else pc.utf8_length(column)
        good = pc.and_(pc.greater_equal(lengths, self.at_least), pc.less_equal(lengths, self.at_most))
        if not self.controls and _may_have_controls(raw):
            good = pc.and_not(good, pc.match_substring_regex(column, _COLUMN_CONTROLS))
        return good.fill_null(False)


@dataclass(frozen=True, slots=True)
class Mailbox(Kind):
    """An email address, as `_validation_mailbox` has it."""

    def condition(self, named: Named) -> str:
        if is_mailbox is not by_patterns:
            return f"type(value) is str and {named(is_mailbox)}(value)"
        # The call is spared where the form is all there is to ask, which is nearly always.
        short, any_length = named(has_form), named(by_patterns)
        return f"type(value) is str and ({short}(value) if len(value) <= {SURELY_SHORT} else {any_length}(value))"

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        if type(value) is not str:
            yield _wrong_type("a text", value, path)
        elif (sentence := flaw(value)) is not None:
            yield Fault(path, Code.MAILBOX, sentence)

    def good(self, column: pa.Array) -> pa.BooleanArray:
        return are_mailboxes(column).fill_null(False) if is_text(column) else _none_of(column)


@dataclass(frozen=True, slots=True)
class OneOf(Kind):
    """One of a few texts."""

    choices: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.choices or any(type(choice) is not str for choice in self.choices):
            raise TypeError(f"choices are one text or more, got {self.choices!r}")
        if any(map(_has_surrogate, self.choices)):
            raise ValueError(f"choices hold no half of a surrogate pair, got {self.choices!r}")

    def condition(self, named: Named) -> str:
        return f"type(value) is str and value in {named(frozenset(self.choices))}"

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        if type(value) is not str:
            yield _wrong_type("a text", value, path)
        elif value not in self.choices:
            yield Fault(path, Code.CHOICE, f"expected one of {', '.join(self.choices)}")

    def good(self, column: pa.Array) -> pa.BooleanArray:
        if not is_text(column):
            return _none_of(column)
        return pc.is_in(column, pa.array(self.choices, column.type)).fill_null(False)


@dataclass(frozen=True, slots=True)
class Each(Kind):
    """A list of `at_least` to `at_most` values of one kind."""

    of: Kind
    at_least: int = 0
    at_most: int = LENGTH_MAX

    def __post_init__(self) -> None:
        _check_lengths(self.at_least, self.at_most)
        _check_depth(self)

    @property
    def depth(self) -> int:
        return 1 + self.of.depth

    def condition(self, named: Named) -> str:
        all_good = f"all(map({named(accepting(self.of))}, value))"
        return f"type(value) is list and {self.at_least} <= len(value) <= {self.at_most} and {all_good}"

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        if type(value) is not list:
            yield _wrong_type("a list", value, path)
        elif not self.at_least <= len(value) <= self.at_most:
            yield _wrong_length("values", len(value), self.at_least, self.at_most, path)
        else:
            for position, each in enumerate(value):
                yield from self.of.faults(each, (*path, position))

    def good(self, column: pa.Array) -> pa.BooleanArray:
        return _row_by_row(self, column)


@dataclass(frozen=True, slots=True)
class Record(Kind):
    """
    An object with named fields, each of its kind; those in `optional` may be missing, none may be null.

    `closed`: a field that is not declared is a fault; otherwise it is passed over, whatever it holds.
    """

    fields: Mapping[str, Kind]
    optional: tuple[str, ...] = ()
    closed: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", dict(self.fields))  # a copy: what the caller does with theirs is no matter
        for name, kind in self.fields.items():
            if type(name) is not str or not isinstance(kind, Kind):
                raise TypeError(f"a field is a name and a kind of value, got {name!r}: {kind!r}")
        for name in self.optional:
            if name not in self.fields:
                raise ValueError(f"{name!r} is optional but not declared; there are: {', '.join(self.fields)}")
        _check_depth(self)

    @property
    def depth(self) -> int:
        return 1 + max((kind.depth for kind in self.fields.values()), default=0)

    def condition(self, named: Named) -> str:
        return f"{named(accepting(self))}(value)"

    def body(self, named: Named) -> list[str]:
        must = [name for name in self.fields if name not in self.optional]
        exact = self.closed and not self.optional
        lines = [
            "record = value",
            f"if type(record) is not dict or len(record) {'!=' if exact else '<'} {len(must)}:",
            "    return False",
            "try:",
            "    more = 0",
        ]
        for name in must:
            lines += [f"    value = record[{name!r}]", *self._unless_good(name, named, "    ")]
        for name in self.optional:
            lines += [
                f"    if {name!r} in record:",
                f"        value = record[{name!r}]",
                *self._unless_good(name, named, "        "),
                "        more += 1",
            ]
        # Mostly a name that is missing; but a name of another type has code of its own, and may raise anything.
        lines += ["except Exception:", "    return False"]
        return [*lines, f"return len(record) == {len(must)} + more" if self.closed and not exact else "return True"]

    def _unless_good(self, name: str, named: Named, indent: str) -> list[str]:
        return [f"{indent}if not ({self.fields[name].condition(named)}):", f"{indent}    return False"]

    def faults(self, value: object, path: Path) -> Iterator[Fault]:
        if type(value) is not dict:
            yield _wrong_type("an object", value, path)
            return
        try:
            held = {name: value[name] for name in self.fields if name in value}
            unknown = [name for name in value if name not in self.fields] if self.closed else []
        except Exception:  # raised by a name of another type, as in `body`
            yield Fault(path, Code.TYPE, "expected names that are text")
            return
        for name, kind in self.fields.items():
            if name in held:
                yield from kind.faults(held[name], (*path, name))
            elif name not in self.optional:
                yield Fault((*path, name), Code.MISSING, "expected a value")
        yield from _unknown(unknown, path)

    def good(self, column: pa.Array) -> pa.BooleanArray:
        return _row_by_row(self, column)


# --- declarations that cannot be meant


def _check_order(at_least: float | None, at_most: float | None) -> None:
    if at_least is not None and at_most is not None and at_least > at_most:
        raise ValueError(f"at_least must not be above at_most, got {at_least} and {at_most}")


def _check_lengths(at_least: int, at_most: int) -> None:
    if type(at_least) is not int or type(at_most) is not int or at_least < 0:
        raise TypeError(f"lengths are whole numbers from 0, got {at_least!r} and {at_most!r}")
    _check_order(at_least, at_most)


def _check_depth(kind: Kind) -> None:
    if kind.depth > DEPTH_MAX:
        raise ValueError(f"expected at most {DEPTH_MAX} kinds inside each other, got {kind.depth}")


# --- expressions


def _between(low: float | None, high: float | None) -> str:
    """The rest of a condition that compares `value` with the bounds there are."""
    if low is None and high is None:
        return ""
    return f" and {'' if low is None else f'{low!r} <= '}value{'' if high is None else f' <= {high!r}'}"


# --- faults


def _unknown(names: Sequence[object], path: Path) -> Iterator[Fault]:
    for name in names[:UNKNOWN_MAX]:
        if type(name) is str:
            yield Fault((*path, name), Code.UNKNOWN, "expected no field of this name")
        else:
            yield Fault(path, Code.UNKNOWN, "expected no field whose name is no text")
    if len(names) > UNKNOWN_MAX:
        yield Fault(path, Code.UNKNOWN, f"expected none of {len(names) - UNKNOWN_MAX} more fields")


_TYPE_NAMES: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a floating-point number",
    str: "a text",
    list: "a list",
    dict: "an object",
}


def _wrong_type(expected: str, value: object, path: Path) -> Fault:
    return Fault(path, Code.TYPE, f"expected {expected}, got {_type_name(value)}")


def _type_name(value: object) -> str:
    """What a value is, in JSON's words where it has one; of an Arrow type, that type."""
    if isinstance(value, pa.DataType):
        return str(value)
    return "null" if value is None else _TYPE_NAMES.get(type(value), type(value).__name__)


def _wrong_length(of: str, length: int, at_least: int, at_most: int, path: Path) -> Fault:
    return Fault(path, Code.LENGTH, f"expected {at_least} to {at_most} {of}, got {length}")


def _is_exact(bound: float) -> bool:
    return abs(bound) <= sys.float_info.max and float(bound) == bound


def _holds(value: Any, low: float | None, high: float | None) -> bool:
    return (low is None or low <= value) and (high is None or value <= high)


def _say_range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"up to {high}"
    return f"of {low} or more" if high is None else f"from {low} to {high}"


# --- columns


def _none_of(column: pa.Array) -> pa.BooleanArray:
    return pa.array(np.zeros(len(column), np.bool_))


def _there_and(column: pa.Array, good: Truths) -> pa.BooleanArray:
    return pc.and_(pa.array(good), column.is_valid())


def _all_hold(values: npt.NDArray[Any], low: float | None, high: float | None) -> Truths:
    good = np.ones(len(values), np.bool_)
    if low is not None:
        good &= values >= low
    if high is not None:
        good &= values <= high
    return good


def _may_have_controls(raw: bytes) -> bool:
    """Whether some byte could belong to a control sign; 0xC2 leads U+0080 to U+00BF, of which the first half are."""
    return bool(raw) and (int(np.frombuffer(raw, np.uint8).min()) < 0x20 or b"\x7f" in raw or b"\xc2" in raw)


def _row_by_row(kind: Kind, column: pa.Array) -> pa.BooleanArray:
    return pa.array(map(accepting(kind), values_of(column)), pa.bool_())
