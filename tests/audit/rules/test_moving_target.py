"""One result of one thing with a limit for each document."""

from __future__ import annotations

import pytest

from bizra_lab.model import Claim, Declared, Weight
from tests.audit.claims import found_by, not_looked, published
from tests.audit.stating import limited, stating

RATE = "throughput_per_s"


def at_least(
    name: str, limit: float, declared: Declared | None = None, *, about: str = "a breaker", version: str = ""
) -> Claim:
    return stating(
        limited(RATE, "at_least", limit, declared or Declared(), throughput_per_s="523793 /s"),
        name=name,
        about=about,
        version=version or None,
    )


def test_three_limits_for_one_result_are_doubted_wherever_it_is_claimed() -> None:
    others = (at_least("b", 300e3), at_least("c", 500e3), at_least("d", 300e3))
    (finding,) = found_by("moving_target", stating(at_least("a", 25e3), beside=others))
    assert (Weight.DOUBT, (RATE,)) == (finding.weight, finding.touches)
    assert finding.message == (
        "the limit of throughput_per_s of a breaker is 25,000 /s here and 300,000 /s in b and 1 more, 500,000 /s in c; "
        "it takes one, fixed before the run"
    )


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (at_least("a", 25e3), at_least("b", 25e3)),
        (at_least("a", 25e3), at_least("b", 300e3, about="a cache")),
        (at_least("a", 25e3, version="1"), at_least("b", 300e3, version="2")),
        (at_least("a", 25e3, Declared(scope="http")), at_least("b", 300e3, Declared(scope="inproc"))),
        (at_least("a", 25e3), stating(at_least("b", 300e3), sides={RATE: "at_most"})),
    ],
)
def test_limits_of_other_things_may_differ(here: Claim, there: Claim) -> None:
    assert () == found_by("moving_target", stating(here, beside=(there,)))


def test_who_sets_no_limit_moves_none() -> None:
    assert not_looked("moving_target", published(Declared(), throughput_per_s="5 /s"))
    assert () == found_by(
        "moving_target", stating(published(Declared(), throughput_per_s="5 /s"), beside=(at_least("b", 1.0),))
    )
