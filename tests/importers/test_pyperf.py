"""pyperf's JSON, by a real one of `timeit`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bizra_lab.importers import read
from tests.importers.reading import REAL, ends, only_claim, reason, says, value

REAL_ONE = REAL / "pyperf_timeit.json"


def _made(tmp_path: Path, *runs: list[float], loops: int = 1) -> Path:
    path = tmp_path / "made.json"
    metadata = {"name": "made", "loops": loops, "timer": "perf_counter, resolution: 100 ns"}
    content = {
        "version": "1.0",
        "metadata": metadata,
        "benchmarks": [{"runs": [{"values": values, "warmups": [[loops, 0.5]], "metadata": {}} for values in runs]}],
    }
    path.write_text(json.dumps(content))
    return path


def test_a_real_one_is_read_as_pyperf_shows_it() -> None:
    claim = only_claim(REAL_ONE)
    says(claim, {"latency_ns.mean": 2301.7306068417315})
    assert ("timeit", 1, 20 * 131_072) == (claim.name, claim.declared.workers, claim.declared.operations)
    assert 6.0338 == pytest.approx(claim.declared.duration_s, rel=1e-4)
    assert 0.2199 == pytest.approx(claim.declared.warmup_s, rel=1e-3)


def test_the_calls_of_a_batch_share_a_step_of_the_timer() -> None:
    assert 1 / 131_072 == only_claim(REAL_ONE).declared.clock_step_ns


def test_quantiles_of_batches_are_not_given_as_those_of_calls() -> None:
    assert "batches of 131,072 calls" in reason(only_claim(REAL_ONE), "latency_ns.p50")


def test_the_mean_is_as_open_as_processes_differ(tmp_path: Path) -> None:
    # Means of 1, 2 and 3 µs: deviation 1, and Student's 4.3027 for two degrees of freedom at 95 %.
    claim = only_claim(_made(tmp_path, [1e-6, 1e-6], [2e-6, 2e-6], [3e-6, 3e-6], loops=10))
    assert 2000 == pytest.approx(value(claim, "latency_ns.mean"))
    low_ns, high_ns = ends(claim, "latency_ns.mean")
    assert (0, 4484.14) == pytest.approx((low_ns, high_ns), rel=1e-5)
    assert "reaches down to 0" in reason(claim, "throughput_per_s")


def test_batches_of_one_call_are_calls(tmp_path: Path) -> None:
    claim = only_claim(_made(tmp_path, [1e-3, 2e-3, 6e-3]))
    says(claim, {"latency_ns.min": 1e6, "latency_ns.p50": 2e6, "latency_ns.mean": 3e6, "latency_ns.max": 6e6})
    assert (100, 0.5) == (claim.declared.clock_step_ns, claim.declared.warmup_s)


def test_runs_that_only_calibrated_have_no_mean(tmp_path: Path) -> None:
    path = tmp_path / "made.json"
    path.write_text(
        '{"version": "1.0", "metadata": {"name": "x"}, "benchmarks": [{"runs": [{"warmups": [[1, 0.1]]}]}]}'
    )
    (claim,) = read(path).claims
    assert "only calibration runs" in reason(claim, "latency_ns.mean")
