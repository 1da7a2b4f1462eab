"""Lists that share entries."""

from __future__ import annotations

from bizra_lab.model import Declared, Weight
from tests.audit.claims import found_by, not_looked, published
from tests.audit.stating import stating


def test_entries_of_two_lists_are_counted_once() -> None:
    claim = stating(published(Declared()), sets={"evidence": ("rate", "p99", "heads"), "speed": ("p99", "rate")})
    (finding,) = found_by("counted_twice", claim)
    assert Weight.DOUBT is finding.weight
    assert finding.message == (
        "3 evidence + 2 speed are 5 counted and 3 different; counted more than once: rate, p99; "
        "it takes each of them once"
    )


def test_lists_that_share_nothing_add_up() -> None:
    assert () == found_by("counted_twice", stating(published(Declared()), sets={"a": ("x",), "b": ("y", "z")}))
    assert not_looked("counted_twice", published(Declared()))
