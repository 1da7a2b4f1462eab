"""vegeta's JSON report, by ones made to its format."""

from __future__ import annotations

from bizra_lab.model import Declared
from tests.importers.reading import MADE, only_claim, reason, says


def test_its_figures_are_read_in_ns_and_per_second() -> None:
    says(
        only_claim(MADE / "vegeta.json"),
        {
            "throughput_per_s": 54.4082,
            "latency_ns.min": 836_338,
            "latency_ns.mean": 6_566_694,
            "latency_ns.p50": 2_864_535,
            "latency_ns.p90": 18_211_907,
            "latency_ns.p95": 23_284_373,
            "latency_ns.p99": 30_921_207,
            "latency_ns.max": 41_417_781,
            "share.failed": 2 / 1090,
        },
    )


def test_the_load_is_open_and_its_workers_are_not_told() -> None:
    expected = Declared("http", "open", None, 54.53657865678303, 0.0, 19.996953214, 1090, 1.0, failures_in_latency=True)
    assert expected == only_claim(MADE / "vegeta.json").declared


def test_a_report_that_was_never_closed_has_no_figures() -> None:
    claim = only_claim(MADE / "vegeta_never_closed.json")
    assert "never closed" in reason(claim, "latency_ns.mean")
    assert "never closed" in reason(claim, "throughput_per_s")
    assert "never closed" in reason(claim, "share.failed")
