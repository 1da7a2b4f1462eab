"""Which texts are mailboxes: published cases, the limits, and three ways to ask that must answer alike."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bizra_lab.components._validation_mailbox import are_mailboxes, by_patterns, flaw
from bizra_lab.components._validation_mailbox import is_mailbox as fastest

# By what its source says of an address; where they come from stands in NOTICE.md beside them.
MAILBOXES = Path(__file__).parents[1] / "data" / "mailboxes"
ISEMAIL: dict[str, list[str]] = json.loads((MAILBOXES / "isemail.json").read_text(encoding="utf-8"))
JSON_SCHEMA: dict[str, list[str]] = json.loads((MAILBOXES / "json_schema.json").read_text(encoding="utf-8"))


def is_mailbox(text: str) -> bool:
    """What both say: the patterns, and C where it was built."""
    assert by_patterns(text) == fastest(text)
    return by_patterns(text)


ACCEPTED = {"valid", "valid, but no such host", "valid, of a numeric top level"}
PUBLISHED = [(case, group) for source in (ISEMAIL, JSON_SCHEMA) for group, cases in source.items() for case in cases]


@pytest.mark.parametrize(("address", "group"), PUBLISHED)
def test_published_cases_are_judged_as_published_but_for_what_is_refused_by_policy(address: str, group: str) -> None:
    assert (group in ACCEPTED) == is_mailbox(address)


def test_nothing_else_is_refused_by_policy() -> None:
    refused = {group for source in (ISEMAIL, JSON_SCHEMA) for group in source if group.startswith("valid")} - ACCEPTED
    assert {"valid, of one label", "valid, quoted or an address literal"} == refused


def test_the_published_cases_are_all_there() -> None:
    assert (64, 13, 8) == tuple(len(set(ISEMAIL[each])) for each in ("erroneous", "valid", "valid, but no such host"))
    assert (44, 8) == tuple(len(set(JSON_SCHEMA[each])) for each in ("invalid", "valid"))


@pytest.mark.parametrize(
    ("longest", "too_long"),
    [
        ("x" * 64 + "@a.b", "x" * 65 + "@a.b"),
        ("a@" + "x" * 63 + ".b", "a@" + "x" * 64 + ".b"),
        ("a@b." + "x" * 63, "a@b." + "x" * 64),
        ("a@" + "x." * 125 + "xx", "a@" + "x." * 125 + "xxx"),
        ("x" * 32 + "." + "x" * 31 + "@a.b", "x" * 32 + "." + "x" * 32 + "@a.b"),
    ],
)
def test_a_limit_is_reached_and_not_exceeded(longest: str, too_long: str) -> None:
    assert is_mailbox(longest)
    assert not is_mailbox(too_long)


@pytest.mark.parametrize(
    "sign", ["\n", "\r\n", " ", "\t", "\0", "\x7f", "\x85", "\u2028", "\ufeff", "\u200b", "\ud800"]
)
def test_no_blank_or_control_may_stand_at_either_end_or_inside(sign: str) -> None:
    assert [False] * 4 == [is_mailbox(text.format(sign)) for text in ("{}a@b.cd", "a@b.cd{}", "a{}@b.cd", "a@b{}.cd")]


@pytest.mark.parametrize("address", ["аna@example.com", "ana@exаmple.com", "ana@ex\u0131mple.com", "ana@１２.com"])
def test_letters_and_digits_of_other_scripts_are_none(address: str) -> None:
    assert not address.isascii()
    assert not is_mailbox(address)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("x" * 255, "at most 254 signs, got 255"),
        ("ana.example.com", "expected an @"),
        ("x" * 65 + "@a.b", "at most 64 signs before the @, got 65"),
        ("a..b@c.de", "before the @, joined by single dots"),
        ("a@b..de", "behind the @, joined by single dots"),
        ("a@" + "x" * 64 + ".b", "labels of at most 63 signs"),
        ("a@localhost", "a domain of two labels or more"),
    ],
)
def test_a_flaw_is_a_sentence_that_does_not_repeat_the_address(address: str, sentence: str) -> None:
    found = flaw(address)
    assert found is not None
    assert sentence in found
    assert address not in found


# Much of what is drawn is nearly a mailbox: labels and atoms, joined by what may join them and by what may not.
PARTS = st.one_of(
    st.text("ab0-_", min_size=1, max_size=4),
    st.sampled_from(["x" * 62, "x" * 63, "x" * 64, "x" * 65, "é", "\n", '"', "[", "\0", ""]),
)
NEARLY = st.lists(st.one_of(PARTS, st.sampled_from([".", "@", ".", "-"])), max_size=12).map("".join)
TIDY = st.builds(
    lambda atoms, labels: ".".join(atoms) + "@" + ".".join(labels),
    st.lists(st.text(string.ascii_letters + "!#$%&'*+-/=?^_`{|}~", min_size=1, max_size=40), min_size=1, max_size=3),
    st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,64}[a-z0-9])?", fullmatch=True), min_size=1, max_size=5),
)
TEXTS = st.one_of(NEARLY, TIDY, st.text())


def _by_the_book(text: str) -> bool:
    """The rules once more, sign by sign, as somebody would write them who had only read them."""
    if len(text) > 254 or text.count("@") != 1:
        return False
    local_part, domain = text.split("@")
    labels = domain.split(".")
    atom_signs = set(string.ascii_letters + string.digits + "!#$%&'*+-/=?^_`{|}~")
    label_signs = set(string.ascii_letters + string.digits + "-")
    return (
        len(local_part) <= 64
        and all(atom and set(atom) <= atom_signs for atom in local_part.split("."))
        and len(labels) >= 2
        and all(1 <= len(label) <= 63 and set(label) <= label_signs for label in labels)
        and not any(label.startswith("-") or label.endswith("-") for label in labels)
    )


@given(TEXTS)
def test_the_pattern_says_what_the_rules_say_sign_by_sign(text: str) -> None:
    assert _by_the_book(text) == is_mailbox(text)


@pytest.mark.skipif(fastest is by_patterns, reason="there is nothing in C here")
def test_what_is_no_text_is_refused_in_c() -> None:
    with pytest.raises(TypeError, match="expected a str, got bytes"):
        fastest(b"a@b.cd")  # type: ignore[arg-type]


@given(TEXTS)
def test_what_has_a_flaw_is_no_mailbox_and_nothing_else(text: str) -> None:
    assert is_mailbox(text) == (flaw(text) is None)


@given(
    st.lists(st.one_of(st.none(), TEXTS.filter(lambda text: not any("\ud800" <= sign <= "\udfff" for sign in text))))
)
def test_a_column_is_judged_as_its_texts_are(texts: list[str | None]) -> None:
    expected = [None if text is None else is_mailbox(text) for text in texts]
    for layout in (pa.string(), pa.large_string()):
        column = pa.array([*texts, "a@b.cd"], layout)
        assert [*expected, True] == are_mailboxes(column).to_pylist()
        assert [*expected, True][1:] == are_mailboxes(column.slice(1)).to_pylist()
