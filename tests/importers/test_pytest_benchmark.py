"""pytest-benchmark's JSON, by a real one of two tests."""

from __future__ import annotations

from bizra_lab.importers import read
from bizra_lab.model import Declared
from tests.importers.reading import REAL, reason, says

SORTED, NOOP = read(REAL / "pytest_benchmark.json").claims


def test_rounds_of_one_call_are_calls() -> None:
    says(
        SORTED,
        {
            "throughput_per_s": 394_897.0597649212,
            "latency_ns.min": 1191.9996723008808,
            "latency_ns.mean": 2532.3055091757113,
            "latency_ns.p50": 1342.9998944047838,
            "latency_ns.max": 4_417_225.99998684,
        },
    )
    assert Declared("inproc", "closed", 1, None, 0.0, 0.36578393388390396, 144_447) == SORTED.declared
    assert "test_b.py::test_sorted" == SORTED.name


def test_rounds_of_many_calls_have_no_quantiles_of_calls() -> None:
    assert "batches of 100 calls" in reason(NOOP, "latency_ns.p50")
    assert "latency_ns.max" not in NOOP.results
    says(NOOP, {"latency_ns.mean": 226.9121226900776})
    assert 13_048_100 == NOOP.declared.operations
