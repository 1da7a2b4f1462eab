"""What a seal withstands, and how one file is shown to be under it: tables for the notebook on attestation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bizra_lab.reporting.table import Table


def tampering_table(said: Mapping[str, tuple[str, str]]) -> Table:
    """What was changed in a sealed run, and what was said of it then: the answer, and the sentence it rests on."""
    refused = sum(answer != "authentic" for answer, _ in said.values())
    return Table(
        f"One change each: {refused} of {len(said)} refused",
        ("what was changed", "answer", "because"),
        tuple((what, *each) for what, each in said.items()),
        empty="nothing was changed",
    )


def inclusion_table(steps: Sequence[tuple[str, str]], name: str) -> Table:
    """The way from a file to the root that was signed: what is put together at each step, and its SHA-256."""
    return Table(f"{name} is of the run", ("step", "hash"), tuple(steps), empty="there is no proof")
