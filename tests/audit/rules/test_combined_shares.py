"""Layers that are asked in turn."""

from __future__ import annotations

import pytest

from bizra_lab.model import Claim, Declared, Layer, Weight
from tests.audit.claims import figure, found_by, not_looked, published
from tests.audit.stating import stating

L1, L2, L3 = ("l1", "92.8 %", "1.3 ms"), ("l2", "87 %", "8 ms"), ("l3", "72 %", "45 ms")


def layered(*layers: tuple[str, str, str], **figures: str) -> Claim:
    made = tuple(Layer(name, figure(answers), figure(latency)) for name, answers, latency in layers)
    return stating(published(Declared(), **figures), layers=made)


@pytest.mark.parametrize(
    ("weight", "layers", "figures"),
    [
        (None, (L1, L2, L3), {"share__hit_effective": "99.7 %"}),
        (None, (L1, L2, L3), {"share__hit_effective": "99.8 %"}),  # 99.754 %, it may be
        (Weight.REFUTES, (L1, L2), {"share__hit_effective": "99.8 %"}),
        (None, (L1, L2), {"share__missed": "0.94 %"}),
        (Weight.REFUTES, (L1, L2), {"share__missed": "0.20 %"}),
        (None, (L1,), {"load_divided_by": "13.9"}),
        (Weight.NOTE, (L1,), {"load_divided_by": "13"}),  # which is cut, and modest
        (Weight.REFUTES, (L1,), {"load_divided_by": "20"}),
        (None, (L1, L2, L3), {"latency_ns__mean": "2.1 ms"}),
        (Weight.REFUTES, (L1, L2, L3), {"latency_ns__mean": "1.0 ms"}),
        (None, (L1, L2, L3), {"latency_ns__mean": "20 ms"}),  # what no layer answers may take that long
    ],
)
def test_what_layers_do_together_follows_from_each(
    weight: Weight | None, layers: tuple[tuple[str, str, str], ...], figures: dict[str, str]
) -> None:
    found = found_by("combined_shares", layered(*layers, **figures))
    assert ([] if weight is None else [weight]) == [finding.weight for finding in found]


def test_the_finding_names_the_layers_and_what_they_make() -> None:
    (finding,) = found_by("combined_shares", layered(L1, L2, share__hit_effective="99.8 %"))
    assert finding.message == (
        "share.hit_effective of 99.80 % is claimed, but l1 of 92.80 % in 1.300 ms, l2 of 87.00 % in 8.000 ms "
        "make it 99.02 to 99.11 %"
    )


def test_who_has_no_layers_is_left_alone() -> None:
    assert not_looked("combined_shares", published(Declared(), share__hit_effective="99.8 %"))
