"""wrk2's report, by one made to its format."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.importers import read
from bizra_lab.model import Declared, Estimate
from tests.importers.reading import MADE, only_claim, says

PRINTED = MADE / "wrk2_c100.txt"


def test_its_figures_are_read_in_ns_and_per_second() -> None:
    says(
        only_claim(PRINTED),
        {
            "throughput_per_s": 2000.33,
            "latency_ns.mean": 1_310_000,
            "latency_ns.p50": 1_290_000,
            "latency_ns.p99": 3_050_000,
            "latency_ns.p99.9": 6_810_000,
            "latency_ns.p99.999": 9_660_000,
            "latency_ns.max": 9_660_000,
            "share.failed": 18 / 60_024,
        },
    )


def test_the_load_is_open_and_its_first_10_s_are_not_in_the_latencies() -> None:
    claim = only_claim(PRINTED)
    assert Declared("http", "open", 100, None, 10.0, 20.0, 39_500, 1e6) == claim.declared
    p50, rate = claim.results["latency_ns.p50"], claim.results["throughput_per_s"]
    assert isinstance(p50, Estimate) and isinstance(rate, Estimate)
    assert (39_500, 60_018) == (p50.n, rate.n)


def test_latencies_without_the_wait_are_not_taken_for_those_with_it(tmp_path: Path) -> None:
    path = tmp_path / "both.txt"
    uncorrected = (
        "\n  Latency Distribution (HdrHistogram - Uncorrected Latency)\n 50.000%  100.00us\n\n  60018 requests"
    )
    path.write_text(PRINTED.read_text().replace("  60018 requests", uncorrected))
    says(only_claim(path), {"latency_ns.p50": 1_290_000})


def test_a_bad_line_is_told_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(PRINTED.read_text().replace("99.900%    6.81ms", "99.900%    6.81"))
    with pytest.raises(Unreadable, match="line 13: expected a time in ns"):
        read(path)
