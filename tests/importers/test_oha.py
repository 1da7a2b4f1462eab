"""oha's JSON, by ones made to its format."""

from __future__ import annotations

import pytest

from bizra_lab.model import Declared
from tests.importers.reading import MADE, in_flight, only_claim, reason, says, value


def test_its_figures_are_read_in_ns_and_per_second() -> None:
    claim = only_claim(MADE / "oha.json")
    says(
        claim,
        {
            "throughput_per_s": 2754.5104066,
            "latency_ns.min": 1_530_300,
            "latency_ns.mean": 7_237_240.965787785,
            "latency_ns.p50": 4_793_433,
            "latency_ns.p99.99": 80_292_390,
            "latency_ns.max": 82_056_274,
        },
    )
    assert Declared("http", "closed", None, None, 0.0, 10.003229588, 27_554, 1.0) == claim.declared


def test_what_the_end_cut_off_is_no_failure() -> None:
    assert 30 / 27_540 == pytest.approx(value(only_claim(MADE / "oha.json"), "share.failed"))


def test_workers_are_told_from_outside() -> None:
    claim = only_claim(MADE / "oha.json", workers=20)
    assert 20 == claim.declared.workers
    assert 19.935 == pytest.approx(in_flight(claim), abs=0.001)


def test_a_server_that_is_not_there_has_no_latency() -> None:
    claim = only_claim(MADE / "oha_all_failed.json")
    assert "no request was answered" == reason(claim, "latency_ns.mean")
    assert 1 == value(claim, "share.failed")
