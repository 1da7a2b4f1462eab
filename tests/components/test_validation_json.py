"""JSON texts: what is read, and what is refused before or instead of it."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizra_lab.components._validation_faults import Code, Invalid
from bizra_lab.components._validation_json import Limits, parse

LIMITS = Limits(bytes_max=1_000, depth_max=4)


def refusal(data: object, limits: Limits = LIMITS) -> Code:
    with pytest.raises(Invalid) as caught:
        parse(data, limits)
    [fault] = caught.value.faults
    assert () == fault.path
    return fault.code


@pytest.mark.parametrize(
    "data", [b'{"a": [1, 2.5, null]}', bytearray(b'{"a": [1, 2.5, null]}'), '{"a": [1, 2.5, null]}']
)
def test_a_text_may_come_as_bytes_or_as_a_str(data: object) -> None:
    assert {"a": [1, 2.5, None]} == parse(data, LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"a": 1,}',
        b"{'a': 1}",
        b"nul",
        b"1 2",
        b"01",
        b'"\x01"',
        b"\xff",
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf1",
        "\ud800",
        b"NaN",
        b"-Infinity",
        b"[Infinity]",
    ],
)
def test_what_is_no_json_is_refused(data: object) -> None:
    assert Code.NOT_JSON is refusal(data)


def test_a_name_written_twice_is_refused_wherever_it_lies() -> None:
    assert Code.TWICE is refusal(b'{"age": 30, "age": 17}')
    assert Code.TWICE is refusal(b'[{"a": {"b": 1, "\\u0062": 2}}]')


@pytest.mark.parametrize("data", [None, 1, 1.5, {}, [b"{}"], memoryview(b"{}")])
def test_what_is_no_text_is_refused(data: object) -> None:
    assert Code.TYPE is refusal(data)


def test_a_text_as_long_as_allowed_is_read_and_a_longer_one_is_not() -> None:
    assert "x" * 998 == parse(b'"' + b"x" * 998 + b'"', LIMITS)
    assert Code.TOO_LARGE is refusal(b'"' + b"x" * 999 + b'"')
    assert Code.TOO_LARGE is refusal('"' + "x" * 999 + '"')


def test_the_limit_is_of_bytes_however_the_text_comes() -> None:
    assert "é" * 499 == parse('"' + "é" * 499 + '"', LIMITS)
    assert Code.TOO_LARGE is refusal('"' + "é" * 500 + '"')


def test_depth_is_counted_in_objects_and_lists_and_not_in_their_number() -> None:
    assert [[[[]]]] == parse(b"[[[[]]]]", LIMITS)
    assert [[], [], [], [], []] == parse(b"[[], [], [], [], []]", LIMITS)
    assert Code.TOO_DEEP is refusal(b"[[[[[]]]]]")
    assert Code.TOO_DEEP is refusal(b'[{"a": [{"b": {}}]}]')


def test_brackets_inside_texts_are_not_counted() -> None:
    assert ["[[[[[[", '"[[[', "\\"] == parse(b'["[[[[[[", "\\"[[[", "\\\\"]', LIMITS)


def test_depth_beyond_pythons_own_limit_is_told_the_same_way() -> None:
    assert Code.TOO_DEEP is refusal(b"[" * 50_000, Limits())
    assert Code.TOO_DEEP is refusal(b'{"a":' * 10_000, Limits())


def test_an_open_text_hides_no_depth_that_the_parser_would_reach() -> None:
    assert Code.NOT_JSON is refusal(b'["[[[[[[')
    assert Code.NOT_JSON is refusal(b'["\\"[[[[[[')


def test_a_number_of_more_digits_than_python_reads_is_refused() -> None:
    assert Code.NOT_JSON is refusal(b"9" * 5_000, Limits())
    assert 10**900 == parse(b"1" + b"0" * 900, LIMITS)


def test_the_message_says_where_and_not_what() -> None:
    with pytest.raises(Invalid, match=r"^record: not JSON at sign 8: Expecting value$"):
        parse(b'{"pin": secret}', LIMITS)


@pytest.mark.parametrize(("name", "value"), [("bytes_max", 0), ("depth_max", 0), ("depth_max", 201)])
def test_limits_that_cannot_be_meant_are_refused(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{name} must .*, got {value}"):
        Limits(**{name: value})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=10,
)


def _depth(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, dict | list) + max(map(_depth, inside), default=0)


@given(VALUES, st.integers(1, 6))
def test_what_json_wrote_is_read_unless_it_is_deeper_than_allowed(value: Any, depth_max: int) -> None:
    text = json.dumps(value)
    limits = Limits(depth_max=depth_max)
    if _depth(value) > depth_max:
        assert Code.TOO_DEEP is refusal(text, limits)
    else:
        assert value == parse(text, limits)


# Bytes that mean something to a parser, so that many begin as JSON and go wrong.
SIGNS = st.lists(st.sampled_from([b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\", b"a", b"1", b"-", b"e", b"\xc3"]))


@given(st.one_of(st.binary(), st.text(), SIGNS.map(b"".join)))
def test_nothing_but_its_own_refusal_is_raised(data: object) -> None:
    with contextlib.suppress(Invalid):
        parse(data, LIMITS)
