"""Documents that are older than what they quote."""

from __future__ import annotations

import pytest

from bizra_lab.importers._written import moment
from bizra_lab.model import Claim, Declared, Weight
from tests.audit.claims import found_by, not_looked, published
from tests.audit.stating import stating


def dated(date: str, **rests_on: str) -> Claim:
    earlier = {name: moment(each, "here") for name, each in rests_on.items()}
    return stating(published(Declared()), dated=moment(date, "here"), rests_on=earlier)


@pytest.mark.parametrize(
    ("weight", "date", "earlier"),
    [
        (Weight.REFUTES, "2025-10-18T20:56:39Z", "2025-10-19T01:24+04:00"),
        (None, "2025-10-18T21:56:39Z", "2025-10-19T01:24+04:00"),
        (Weight.DOUBT, "2025-10-19T00:11+04:00", "2025-10-19T00:32:43"),
        (None, "2025-10-19T00:37+04:00", "2025-10-18T20:37:20Z"),  # within the same minute
        (None, "2025-10-19", "2025-10-19T23:59"),
        (Weight.DOUBT, "2025-10-18", "2025-10-19"),
        (None, "2025-10-19", "2025-10-18"),
        (Weight.REFUTES, "2025-10-19T01:00-02:00", "2025-10-19T03:30Z"),
    ],
)
def test_what_is_quoted_was_there_before(weight: Weight | None, date: str, earlier: str) -> None:
    assert ([] if weight is None else [weight]) == [
        each.weight for each in found_by("order_of_events", dated(date, it=earlier))
    ]


def test_the_finding_says_by_how_much() -> None:
    (finding,) = found_by("order_of_events", dated("2025-10-18T20:56:39Z", request="2025-10-19T01:24+04:00"))
    assert finding.message == (
        "dated 2025-10-18T20:56:39Z, it rests on request of 2025-10-19T01:24+04:00, 1,640 s later"
    )


def test_a_date_alone_is_in_order() -> None:
    assert not_looked("order_of_events", dated("2025-10-18"))
    assert not_looked("order_of_events", published(Declared()))
