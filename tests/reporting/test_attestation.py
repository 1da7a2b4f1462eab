"""The tables of the notebook on attestation."""

from __future__ import annotations

from bizra_lab.reporting.attestation import inclusion_table, tampering_table


def test_the_title_counts_what_was_refused() -> None:
    table = tampering_table({"nothing": ("authentic", "signed"), "a bit": ("REFUSED", "a file: changed")})
    assert "One change each: 1 of 2 refused" == table.title
    assert ("a bit", "REFUSED", "a file: changed") == table.rows[1]


def test_a_way_is_a_row_a_step() -> None:
    table = inclusion_table([("leaf", "aa"), ("the root that was signed", "bb")], "gates.json")
    assert "gates.json is of the run" == table.title
    assert (("leaf", "aa"), ("the root that was signed", "bb")) == table.rows
