"""Each kind by example; and what is compiled of it against what is walked for its faults."""

from __future__ import annotations

import collections
import enum
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how_much
from hypothesis import strategies as st

from bizra_lab.components.validation import (
    Boolean,
    Code,
    Each,
    Integer,
    Kind,
    Mailbox,
    Number,
    OneOf,
    Record,
    Text,
    Validator,
)
from tests.components.declared import ANYTHING, RECORDS, nearly


def code_of(kind: Kind, value: object) -> Code | None:
    """What is wrong with a single value; None when it is good."""
    found = [fault.code for fault in Validator(Record({"it": kind})).faults({"it": value})]
    assert len(found) <= 1
    return found[0] if found else None


class Word(str):
    """Looks like a text, and could do anything when it is looked at."""

    __slots__ = ()


class Level(enum.IntEnum):
    """An int by its own account."""

    ADULT = 18


@pytest.mark.parametrize("value", [True, False, 18.0, "18", None, Level.ADULT, Decimal(18), np.int64(18), [18], b"18"])
def test_nothing_but_an_int_is_a_whole_number(value: object) -> None:
    assert Code.TYPE is code_of(Integer(), value)


@pytest.mark.parametrize(("value", "code"), [(17, Code.RANGE), (18, None), (120, None), (121, Code.RANGE)])
def test_both_bounds_of_an_integer_belong_to_it(value: int, code: Code | None) -> None:
    assert code is code_of(Integer(18, 120), value)


@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_an_integer_without_bounds_may_be_of_any_size(value: int) -> None:
    assert code_of(Integer(), value) is None
    assert Code.RANGE is code_of(Integer(-5, 5), value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_no_number_whatever_the_bounds(value: float) -> None:
    assert [Code.RANGE] * 3 == [code_of(kind, value) for kind in (Number(), Number(0), Number(at_most=0))]


def test_a_number_may_be_whole_and_true_is_none() -> None:
    assert [None, None, None] == [code_of(Number(0, 2), value) for value in (0, 1.5, 2)]
    assert Code.RANGE is code_of(Number(0, 2), 2.0000001)
    assert [Code.TYPE, Code.TYPE] == [code_of(Number(), value) for value in (True, "1")]


@pytest.mark.parametrize("value", [0, 1, None, "true", np.True_])
def test_nothing_but_true_and_false_is_a_truth(value: object) -> None:
    assert Code.TYPE is code_of(Boolean(), value)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", Code.LENGTH),
        ("é", None),
        ("😀😀😀", None),
        ("abcd", Code.LENGTH),
        (Word("a"), Code.TYPE),
        (b"a", Code.TYPE),
        ("a\n", Code.CONTROL),
        ("\0", Code.CONTROL),
        ("\x7f", Code.CONTROL),
        ("\x9f", Code.CONTROL),
        ("\xa0", None),
        ("a\u200db", None),  # a joiner, which some scripts need
        ("\ud800", Code.CONTROL),
    ],
)
def test_a_text_has_so_many_code_points_and_no_control_sign(value: object, code: Code | None) -> None:
    assert code is code_of(Text(1, 3), value)


def test_control_signs_may_be_allowed_and_halves_of_pairs_may_not() -> None:
    assert code_of(Text(controls=True), "two\nlines\t\0") is None
    assert Code.CONTROL is code_of(Text(controls=True), "\ud800")


@pytest.mark.parametrize(
    ("value", "code"), [("a@b.cd", None), ("a@b", Code.MAILBOX), (Word("a@b.cd"), Code.TYPE), (None, Code.TYPE)]
)
def test_a_mailbox_is_a_text_first(value: object, code: Code | None) -> None:
    assert code is code_of(Mailbox(), value)


def test_a_mailbox_of_more_than_67_signs_is_judged_by_the_same_rules() -> None:
    assert code_of(Mailbox(), "x" * 64 + "@example.com") is None
    assert Code.MAILBOX is code_of(Mailbox(), "x" * 65 + "@example.com")
    assert Code.MAILBOX is code_of(Mailbox(), "x" * 1_000_000)


@pytest.mark.parametrize(
    ("value", "code"), [("red", None), ("Red", Code.CHOICE), (Word("red"), Code.TYPE), (1, Code.TYPE)]
)
def test_a_choice_is_one_of_those_declared(value: object, code: Code | None) -> None:
    assert code is code_of(OneOf(("red", "green")), value)


def test_a_list_has_so_many_values_each_with_its_place() -> None:
    validator = Validator(Record({"ages": Each(Integer(18), 1, 3)}))
    assert () == validator.faults({"ages": [18, 19]})
    assert [("/ages/0", Code.RANGE), ("/ages/2", Code.TYPE)] == [
        (fault.pointer, fault.code) for fault in validator.faults({"ages": [17, 18, "19"]})
    ]
    assert [Code.LENGTH] * 2 == [code_of(Each(Integer(), 1, 3), value) for value in ([], [1, 2, 3, 4])]
    assert Code.TYPE is code_of(Each(Integer()), (1, 2))


def test_a_list_that_is_too_long_is_not_looked_into() -> None:
    looked: list[object] = []

    class Watched(list[int]):
        def __iter__(self) -> Any:
            looked.append(self)
            return super().__iter__()

    assert Code.LENGTH is code_of(Each(Integer(), 0, 3), list(range(4)))
    assert Code.TYPE is code_of(Each(Integer()), Watched([1]))
    assert [] == looked


ADDRESS = Record({"city": Text(1, 20), "zip": Integer(0)}, optional=("zip",))


def test_a_record_inside_a_record_says_where_inside() -> None:
    validator = Validator(Record({"address": ADDRESS, "others": Each(ADDRESS)}))
    assert () == validator.faults({"address": {"city": "Ulm"}, "others": [{"city": "Rom", "zip": 1}]})
    faults = validator.faults({"address": {"city": ""}, "others": [{"city": "Rom"}, {"zip": -1, "x": 0}]})
    assert ["/address/city", "/others/1/city", "/others/1/zip", "/others/1/x"] == [fault.pointer for fault in faults]
    assert [Code.LENGTH, Code.MISSING, Code.RANGE, Code.UNKNOWN] == [fault.code for fault in faults]


def test_an_optional_field_may_be_missing_and_not_null() -> None:
    assert code_of(ADDRESS, {"city": "Ulm"}) is None
    assert Code.TYPE is code_of(ADDRESS, {"city": "Ulm", "zip": None})


def test_an_open_record_passes_over_what_is_not_declared() -> None:
    assert code_of(Record({"a": Boolean()}, closed=False), {"a": True, "b": object()}) is None
    assert Code.MISSING is code_of(Record({"a": Boolean()}, closed=False), {"b": True})
    assert Code.UNKNOWN is code_of(Record({"a": Boolean()}), {"a": True, "b": 1})


@pytest.mark.parametrize("of", [collections.OrderedDict, collections.Counter, lambda held: held.items()])
def test_nothing_but_a_dict_is_an_object(of: Any) -> None:
    assert Code.TYPE is code_of(Record({}), of({}))


class Hostile:
    """A name with code of its own, which raises."""

    def __hash__(self) -> int:
        return hash("city")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError


@pytest.mark.parametrize("name", [1, None, (), b"city"])
def test_a_name_that_is_no_text_is_of_no_field(name: object) -> None:
    assert [("/it", Code.UNKNOWN)] == [
        (fault.pointer, fault.code)
        for fault in Validator(Record({"it": ADDRESS})).faults({"it": {"city": "Ulm", name: 1}})
    ]
    assert code_of(Record({}, closed=False), {name: 1}) is None


def test_a_name_that_raises_when_it_is_compared_makes_its_record_invalid_and_no_more() -> None:
    assert Code.TYPE is code_of(ADDRESS, {Hostile(): "Ulm"})


def test_of_very_many_undeclared_fields_the_first_are_listed_and_the_rest_counted() -> None:
    faults = Validator(Record({})).faults({str(number): 0 for number in range(100_000)})
    assert 101 == len(faults)
    assert "/99" == faults[99].pointer
    assert "expected none of 99900 more fields" == faults[100].message


@pytest.mark.parametrize("name", ["'", '"', "\\", "\n", "{x}", "'] or True #", "\ud800", "__import__('os')"])
def test_a_name_of_a_field_is_never_read_as_code(name: str) -> None:
    validator = Validator(Record({name: Integer(1)}, optional=()))
    assert validator.accepts({name: 1})
    assert not validator.accepts({name: 0})
    assert not validator.accepts({"other": 1})


@pytest.mark.parametrize(
    ("declare", "sentence"),
    [
        (lambda: Integer(2, 1), "at_least must not be above at_most, got 2 and 1"),
        (lambda: Integer(True), "a bound of an integer is an int of at most 64 bits, got bool"),
        (lambda: Integer(10**5000), "a bound of an integer is an int of at most 64 bits, got int"),
        (lambda: Number(float("nan")), "that a float holds exactly"),
        (lambda: Number(2**53 + 1), "that a float holds exactly"),
        (lambda: Number(10**400), "that a float holds exactly"),
        (lambda: Text(-1), "lengths are whole numbers from 0"),
        (lambda: Text(5, 4), "at_least must not be above at_most"),
        (lambda: Each(Integer(), 0, 1.5), "lengths are whole numbers from 0"),  # type: ignore[arg-type]
        (lambda: OneOf(()), "choices are one text or more"),
        (lambda: OneOf(("a", 1)), "choices are one text or more"),  # type: ignore[arg-type]
        (lambda: OneOf(("\ud800",)), "no half of a surrogate pair"),
        (lambda: Record({"a": int}), "a field is a name and a kind of value"),  # type: ignore[dict-item]
        (lambda: Record({"a": Boolean()}, optional=("b",)), "'b' is optional but not declared"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused_when_it_is_made(declare: Any, sentence: str) -> None:
    with pytest.raises((TypeError, ValueError), match=sentence):
        declare()


def test_a_declaration_has_a_depth_that_no_value_can_exceed() -> None:
    kind: Kind = Integer()
    for _ in range(31):
        kind = Each(kind)
    with pytest.raises(ValueError, match="at most 32 kinds inside each other, got 33"):
        Each(kind)
    itself: list[object] = []
    itself.append(itself)
    assert Code.TYPE is code_of(Each(Each(Integer())), itself)


def test_a_record_keeps_what_it_was_declared_of() -> None:
    fields: dict[str, Kind] = {"a": Boolean()}
    record = Record(fields)
    fields["b"] = Boolean()
    assert ["a"] == list(record.fields)


DRAWN = RECORDS.flatmap(lambda record: st.tuples(st.just(record), st.one_of(nearly(record), ANYTHING)))


@how_much(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(DRAWN)
def test_what_is_compiled_accepts_exactly_what_has_no_fault(drawn: tuple[Record, Any]) -> None:
    record, value = drawn
    faults = list(record.faults(value, ()))
    assert Validator(record).accepts(value) == (faults == [])
    assert all(fault.message.startswith("expected") for fault in faults)
