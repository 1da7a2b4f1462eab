"""hyperfine's JSON, by a real one of /bin/true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bizra_lab.model import Declared
from tests.importers.reading import REAL, only_claim, says, value

REAL_ONE = REAL / "hyperfine_true.json"


def test_its_figures_are_read_in_ns() -> None:
    says(
        only_claim(REAL_ONE),
        {
            "throughput_per_s": 422.531417411569,
            "latency_ns.min": 1_031_015,
            "latency_ns.mean": 2_366_687.9166667,
            "latency_ns.p50": 2_307_899,
            "latency_ns.max": 4_508_277,
            "share.failed": 0,
        },
    )


def test_a_process_is_neither_in_this_one_nor_behind_http() -> None:
    declared = only_claim(REAL_ONE).declared
    assert 0.028400255 == pytest.approx(declared.duration_s)
    assert (
        Declared(None, "closed", 1, duration_s=declared.duration_s, operations=12, failures_in_latency=True) == declared
    )


def test_a_code_other_than_0_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "failing.json"
    content = json.loads(REAL_ONE.read_text())
    content["results"][0]["exit_codes"][:3] = [1, None, 139]
    path.write_text(json.dumps(content))
    assert 0.25 == value(only_claim(path), "share.failed")
