"""autocannon's JSON, by real ones of 10 and 20 connections."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bizra_lab.importers.autocannon import MS_NS
from bizra_lab.model import Declared
from tests.importers.reading import REAL, ends, only_claim, reason, says, value

FAST, SLOW = REAL / "autocannon_nginx_c10.json", REAL / "autocannon_uvicorn_slow_c20.json"


def test_its_figures_are_read_in_ns_and_per_second() -> None:
    says(
        only_claim(SLOW),
        {
            "throughput_per_s": 1080.41,
            "latency_ns.min": 10e6,
            "latency_ns.mean": 18.03e6,
            "latency_ns.p50": 17e6,
            "latency_ns.p97.5": 29e6,
            "latency_ns.p99": 35e6,
            "latency_ns.p99.9": 53e6,
            "latency_ns.p99.999": 54e6,
            "latency_ns.max": 54e6,
            "share.failed": 0,
        },
    )
    assert Declared("http", "closed", 20, None, None, 5.04, 5402, 1e6) == only_claim(SLOW).declared


def test_less_than_a_millisecond_is_printed_as_0() -> None:
    claim = only_claim(FAST)
    assert 0 == value(claim, "latency_ns.p50")
    assert (0, MS_NS) == ends(claim, "latency_ns.p50")


def test_the_mean_of_what_was_cut_is_up_to_a_millisecond_low() -> None:
    claim = only_claim(FAST)
    assert (65_000, 1_075_000) == ends(claim, "latency_ns.mean")
    low_ns, high_ns = ends(claim, "latency_ns.mean")
    assert low_ns < 10 / value(claim, "throughput_per_s") * 1e9 < high_ns


def test_the_smallest_that_was_not_cut_to_0_is_no_minimum() -> None:
    assert "not cut to 0" in reason(only_claim(FAST), "latency_ns.min")


def test_pipelined_requests_are_in_flight_too(tmp_path: Path) -> None:
    path = tmp_path / "pipelined.json"
    path.write_text(json.dumps(json.loads(SLOW.read_text()) | {"pipelining": 4, "errors": 100, "non2xx": 10}))
    claim = only_claim(path)
    assert 80 == claim.declared.workers
    assert 110 / 5502 == pytest.approx(value(claim, "share.failed"))


def test_a_server_that_is_not_there_has_no_latency(tmp_path: Path) -> None:
    path = tmp_path / "refused.json"
    content = json.loads(SLOW.read_text())
    content["requests"] |= {"total": 0, "average": 0}
    content["latency"] |= {"totalCount": 0}
    path.write_text(json.dumps(content | {"errors": 7}))
    claim = only_claim(path)
    assert "no request was answered" == reason(claim, "latency_ns.mean")
    assert 1 == value(claim, "share.failed")
