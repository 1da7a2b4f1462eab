"""k6's summary, flat and nested, by ones made to its format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.importers import read
from bizra_lab.model import Declared
from tests.importers.reading import MADE, in_flight, says

FLAT, NESTED = MADE / "k6_summary_export.json", MADE / "k6_handle_summary.json"


def test_iterations_are_bounded_by_the_users() -> None:
    iterations, _ = read(FLAT).claims
    says(
        iterations,
        {
            "throughput_per_s": 1266.6666666667,
            "latency_ns.min": 10.5e6,
            "latency_ns.mean": 15.75e6,
            "latency_ns.p50": 15.25e6,
            "latency_ns.p90": 19.75e6,
            "latency_ns.p95": 22e6,
            "latency_ns.max": 49e6,
        },
    )
    assert 30 == pytest.approx(iterations.declared.duration_s)
    expected = Declared("http", "closed", 20, operations=38_000, duration_s=iterations.declared.duration_s)
    assert expected == iterations.declared
    assert 19.95 == pytest.approx(in_flight(iterations))


def test_requests_may_be_several_at_once_so_their_concurrency_is_not_told() -> None:
    _, requests = read(FLAT).claims
    says(requests, {"latency_ns.mean": 15.5e6, "latency_ns.p99": 25.5e6, "share.failed": 0.001})
    assert (None, None) == (requests.declared.kind, requests.declared.workers)


def test_figures_below_values_are_read_too() -> None:
    iterations, requests = read(NESTED).claims
    says(iterations, {"throughput_per_s": 633.32277796, "latency_ns.p99.9": 81e6})
    says(requests, {"throughput_per_s": 1266.64555592, "latency_ns.p99.9": 40.125e6, "share.failed": 0})
    assert (20, 30.0005) == (iterations.declared.workers, iterations.declared.duration_s)


def test_a_script_without_requests_makes_one_claim(tmp_path: Path) -> None:
    path = tmp_path / "loop.json"
    content = json.loads(FLAT.read_text())
    content["metrics"] = {key: each for key, each in content["metrics"].items() if not key.startswith("http")}
    path.write_text(json.dumps(content))
    (iterations,) = read(path).claims
    assert None is iterations.declared.scope


def test_a_summary_without_any_is_told(tmp_path: Path) -> None:
    path = tmp_path / "empty.json"
    path.write_text('{"metrics": {"vus_max": {"value": 1}}}')
    with pytest.raises(Unreadable, match=r"empty\.json: no result in it; expected at least one of k6"):
        read(path)
