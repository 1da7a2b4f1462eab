"""Declarations and values to hold against each other, drawn so that many values fit and many nearly do."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bizra_lab.components.validation import Boolean, Each, Integer, Kind, Mailbox, Number, OneOf, Record, Text

NAMES = st.sampled_from(["a", "b", "c", "ü", "quote'\"\\", "\n", ""])


def _ordered(bounds: tuple[Any, Any]) -> tuple[Any, Any]:
    return bounds if None in bounds else (min(bounds), max(bounds))


SMALL = st.none() | st.integers(-3, 3)
FLAT: st.SearchStrategy[Kind] = st.one_of(
    st.just(Boolean()),
    st.just(Mailbox()),
    st.just(OneOf(("a", "b", ""))),
    st.tuples(SMALL, SMALL).map(_ordered).map(lambda bounds: Integer(*bounds)),
    st.tuples(SMALL, st.none() | st.sampled_from([-1.5, 0.1, 2.0])).map(_ordered).map(lambda bounds: Number(*bounds)),
    st.builds(Text, at_least=st.integers(0, 2), at_most=st.integers(2, 4), controls=st.booleans()),
)


def records(fields: st.SearchStrategy[Kind]) -> st.SearchStrategy[Record]:
    """Records of such fields, some of them optional, open or closed."""

    def chosen(declared: dict[str, Kind]) -> st.SearchStrategy[Record]:
        optional = st.lists(st.sampled_from(sorted(declared)), unique=True) if declared else st.just([])
        return st.builds(Record, st.just(declared), optional.map(tuple), st.booleans())

    return st.dictionaries(NAMES, fields, max_size=4).flatmap(chosen)


def _inside(kinds: st.SearchStrategy[Kind]) -> st.SearchStrategy[Kind]:
    lists = st.builds(Each, kinds, at_least=st.integers(0, 1), at_most=st.integers(1, 3))
    return st.one_of(lists, records(kinds))


KINDS: st.SearchStrategy[Kind] = st.recursive(FLAT, _inside, max_leaves=4)
RECORDS = records(KINDS)

PLAIN: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-4, 4),
    st.sampled_from([2**63, -(2**70), 10**400, 0.0, 0.1, 2.0, 1e308, float("nan"), float("inf"), -float("inf")]),
    st.sampled_from(["", "a", "ab", "abc", "a\n", "\x85", "é", "\ud800", "😀", "a@b.cd", "a@b", "a@b.cd\n"]),
    st.text(max_size=5),
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    PLAIN | st.binary(max_size=2) | st.builds(object) | st.builds(complex),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.tuples(inside)
        | st.dictionaries(NAMES | st.integers() | st.none(), inside, max_size=4)
    ),
    max_leaves=5,
)


def nearly(kind: Kind) -> st.SearchStrategy[Any]:
    """Values that fit the kind, or would but for something small, or do not fit at all."""
    match kind:
        case Record():
            fields = {name: nearly(each) for name, each in kind.fields.items()}
            whole = st.fixed_dictionaries(
                {name: each for name, each in fields.items() if name not in kind.optional},
                optional={name: each for name, each in fields.items() if name in kind.optional},
            )
            extra = st.builds(lambda held, name: held | {name: 0}, whole, NAMES)
            fewer = st.builds(lambda held: dict(list(held.items())[1:]), whole)
            return st.one_of(whole, whole, whole, extra, fewer, PLAIN)
        case Each():
            return st.one_of(st.lists(nearly(kind.of), max_size=4), PLAIN)
        case Mailbox():
            return st.one_of(st.just("a@b.cd"), PLAIN)
        case _:
            return PLAIN
