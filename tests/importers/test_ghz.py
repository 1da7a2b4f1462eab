"""ghz's JSON, by one made to its format."""

from __future__ import annotations

import json
from pathlib import Path

from bizra_lab.model import Declared, Estimate
from tests.importers.reading import MADE, only_claim, says

MADE_ONE = MADE / "ghz.json"


def test_its_figures_are_read_in_ns_and_per_second() -> None:
    claim = only_claim(MADE_ONE)
    says(
        claim,
        {
            "throughput_per_s": 9523.809523809523,
            "latency_ns.min": 1.2e6,
            "latency_ns.mean": 5e6,
            "latency_ns.p50": 4.9e6,
            "latency_ns.p99": 9.6e6,
            "latency_ns.max": 9.8e6,
            "share.failed": 0.02,
        },
    )
    assert Declared("http", "closed", 50, None, 0.0, 0.021, 200, 1.0, failures_in_latency=False) == claim.declared
    assert "helloworld.Greeter.SayHello" == claim.name


def test_the_mean_is_of_all_calls_and_quantiles_are_of_successes() -> None:
    mean, p50 = (only_claim(MADE_ONE).results[f"latency_ns.{name}"] for name in ("mean", "p50"))
    assert isinstance(mean, Estimate) and isinstance(p50, Estimate)
    assert (200, 196) == (mean.n, p50.n)


def test_calls_that_are_not_waited_for_are_an_open_load(tmp_path: Path) -> None:
    path = tmp_path / "async.json"
    content = json.loads(MADE_ONE.read_text())
    content["options"] |= {"async": True, "rps": 500}
    path.write_text(json.dumps(content))
    declared = only_claim(path).declared
    assert ("open", None, 500) == (declared.kind, declared.workers, declared.rate_per_s)
