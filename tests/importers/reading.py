"""Reading the result files that tests have: real outputs of the tools, and ones made to their documented format."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.importers import read
from bizra_lab.model import Claim, Estimate, Unavailable

REAL = Path(__file__).parent.parent / "data" / "results"
MADE = Path(__file__).parent / "data"


def only_claim(path: Path, workers: int | None = None) -> Claim:
    """The claim of a file that makes one."""
    (claim,) = read(path, workers=workers).claims
    return claim


def value(claim: Claim, name: str) -> float:
    """What a result is said to be."""
    result = claim.results[name]
    assert isinstance(result, Estimate), result
    return result.value


def ends(claim: Claim, name: str) -> tuple[float, float]:
    """Both ends of a result's interval, to nine digits."""
    result = claim.results[name]
    assert isinstance(result, Estimate), result
    return float(f"{result.low:.9g}"), float(f"{result.high:.9g}")


def reason(claim: Claim, name: str) -> str:
    """Why a result is not to be had."""
    result = claim.results[name]
    assert isinstance(result, Unavailable), result
    return result.reason


def in_flight(claim: Claim) -> float:
    """λ·W, operations."""
    return value(claim, "throughput_per_s") * value(claim, "latency_ns.mean") / 1e9


def says(claim: Claim, expected: dict[str, float]) -> None:
    """Check many results at once, each to nine digits."""
    assert expected == pytest.approx({name: value(claim, name) for name in expected}, rel=1e-9)
