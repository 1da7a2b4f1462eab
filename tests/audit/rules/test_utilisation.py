"""More processor time than there are processors."""

from __future__ import annotations

import dataclasses

import pytest

from bizra_lab.model import Declared, Instrument, Use, Weight
from bizra_lab.testing import clean_samples
from tests.audit.claims import claim_about, found_by, not_looked, published


@pytest.mark.parametrize(
    ("refuted", "rate", "cost", "cores"),
    [
        (True, "100000 /s", "25 us", 2),
        (False, "100000 /s", "20 us", 2),
        (False, "100000 /s", "20.2 us", 2),  # 2.015 at least, and clocks disagree by 1 %
        (True, "13000000 /s", "222 ns", 1),
        (False, "13000000 /s", "0.0769 us", 1),
    ],
)
def test_nobody_computes_for_longer_than_there_are_processors(refuted: bool, rate: str, cost: str, cores: int) -> None:
    claim = published(Declared(cores=cores), throughput_per_s=rate, cpu_ns__mean=cost)
    found = found_by("utilisation", claim)
    assert ([Weight.REFUTES] if refuted else []) == [finding.weight for finding in found]


def test_the_finding_says_how_many_processors_that_would_be() -> None:
    claim = published(Declared(cores=2), throughput_per_s="100000 /s", cpu_ns__mean="25.0 us")
    (finding,) = found_by("utilisation", claim)
    assert "100,000 /s × 25.00 µs of processor time keep 2.5 processors at work, and there are 2" == finding.message


@pytest.mark.parametrize(("refuted", "cores"), [(True, 2), (False, 4)])
def test_what_the_kernel_counted_is_held_against_the_processors_too(refuted: bool, cores: int) -> None:
    uses = tuple(Use(worker, 1_000_000_000, 950_000_000, 0, 0, 0, 0) for worker in range(4))
    instrument = Instrument("c", 30.0, 30.0, (), 1_000_000_000, uses=uses)
    claim = claim_about(dataclasses.replace(clean_samples(1, workers=4), instrument=instrument))
    claim = dataclasses.replace(claim, declared=dataclasses.replace(claim.declared, cores=cores))
    assert refuted == bool(found_by("utilisation", claim))


@pytest.mark.parametrize("declared", [Declared(), Declared(cores=2)])
def test_what_is_undisclosed_is_not_checked_and_raises_no_doubt(declared: Declared) -> None:
    looked = not_looked("utilisation", published(declared, throughput_per_s="5 /s"))
    assert looked is not None and not looked.undisclosed
