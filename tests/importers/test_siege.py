"""siege's report, by real ones: JSON of 20 users, text of 5."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.importers import read
from bizra_lab.model import Declared
from tests.importers.reading import MADE, REAL, ends, only_claim, reason, says

JSON, TEXT = REAL / "siege_c20.json", MADE / "siege_c5.txt"


def test_its_figures_are_read_in_ns_and_per_second() -> None:
    claim = only_claim(JSON)
    says(
        claim,
        {
            "throughput_per_s": 907.30,
            "latency_ns.min": 10e6,
            "latency_ns.mean": 20e6,
            "latency_ns.max": 40e6,
            "littles_law.in_flight": 19.85,
            "share.failed": 0,
        },
    )
    assert Declared("http", "closed", None, None, 0.0, 4.11, 3729, 1e7) == claim.declared
    assert "siege prints no quantiles" == reason(claim, "latency_ns.p50")


def test_hundredths_of_a_second_leave_much_open() -> None:
    assert (15e6, 25e6) == ends(only_claim(JSON), "latency_ns.mean")


def test_text_says_the_same() -> None:
    claim = only_claim(TEXT)
    says(claim, {"throughput_per_s": 750.0, "latency_ns.mean": 10e6, "littles_law.in_flight": 4.94})
    assert (2.02, 1515) == (claim.declared.duration_s, claim.declared.operations)


@pytest.mark.parametrize(
    ("found", "instead", "said"),
    [
        ("907.30", "907,30", "line 8: expected a number"),
        ("response_time", "reply_time", "no line 'response_time'"),
        ("0.02,", "-0.02,", "line 7: expected a number of 0 or more, got '-0.02'"),
    ],
)
def test_a_bad_line_is_told_with_its_number(found: str, instead: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(JSON.read_text().replace(found, instead))
    with pytest.raises(Unreadable, match=said):
        read(path)
