"""More bytes than the wire carries."""

from __future__ import annotations

import pytest

from bizra_lab.model import Declared, Weight
from tests.audit.claims import found_by, not_looked, published


@pytest.mark.parametrize(
    ("refuted", "rate", "size", "link"),
    [
        (True, "28733734 /s", "142 bytes", "1250000000 bytes_per_s"),  # 4.08 GB/s over 10 Gbit/s
        (False, "8800000 /s", "142 bytes", "1250000000 bytes_per_s"),
        (True, "10000000 /s", "126 bytes", "1250000000 bytes_per_s"),
        (False, "9920000 /s", "126 bytes", "1250000000 bytes_per_s"),  # 125.5 bytes would fit
        (False, "1300 /s", "1 bytes", "1000 bytes_per_s"),  # "1" may be 0.5
    ],
)
def test_what_is_answered_must_fit_through_the_link(refuted: bool, rate: str, size: str, link: str) -> None:
    claim = published(Declared(), throughput_per_s=rate, bytes_per_op=size, link_bytes_per_s=link)
    found = found_by("bandwidth", claim)
    assert ([Weight.REFUTES] if refuted else []) == [finding.weight for finding in found]


def test_the_finding_says_what_would_fit() -> None:
    claim = published(
        Declared(),
        throughput_per_s="28733734 /s",
        bytes_per_op="142.0 bytes",
        link_bytes_per_s="1250000000 bytes_per_s",
    )
    (finding,) = found_by("bandwidth", claim)
    assert (
        "28,733,734 /s × 142 bytes = 4,080.2 MB/s, but the link carries 1,250 MB/s, enough for 8.80592e+06 /s"
        == finding.message
    )


@pytest.mark.parametrize("figures", [{}, {"bytes_per_op": "142 bytes"}, {"link_bytes_per_s": "9 bytes_per_s"}])
def test_what_is_undisclosed_is_not_checked_and_raises_no_doubt(figures: dict[str, str]) -> None:
    looked = not_looked("bandwidth", published(Declared(), throughput_per_s="5 /s", **figures))
    assert looked is not None and not looked.undisclosed
