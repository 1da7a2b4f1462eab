"""One throughput beside two sets of latencies."""

from __future__ import annotations

import dataclasses

import pytest

from bizra_lab.model import Claim, Declared, Estimate, Weight
from tests.audit.claims import figure, found_by, published

INPROC = Declared("inproc", "closed", 50)
AUDIT = {"latency_ns__p50": "0.12 ms", "latency_ns__p95": "0.6 ms", "latency_ns__p99": "1.1 ms"}
PEAK = {"latency_ns__p50": "0.089 ms", "latency_ns__p95": "0.156 ms", "latency_ns__p99": "0.256 ms"}


def beside(ours: dict[str, str], theirs: dict[str, str], scope: Declared = INPROC) -> Claim:
    return published(INPROC, 0, (published(scope, **theirs),), **ours)


@pytest.mark.parametrize(
    ("doubted", "ours", "theirs"),
    [
        (True, AUDIT | {"throughput_per_s": "523793 /s"}, PEAK | {"throughput_per_s": "523793 /s"}),
        (False, AUDIT | {"throughput_per_s": "523793 /s"}, AUDIT | {"throughput_per_s": "523793 /s"}),
        (False, AUDIT | {"throughput_per_s": "523793 /s"}, PEAK | {"throughput_per_s": "408368 /s"}),
        (False, AUDIT | {"throughput_per_s": "520000 /s"}, PEAK | {"throughput_per_s": "520000 /s"}),  # two digits
        # 0.12 may be 0.1249 ms.
        (
            False,
            {"latency_ns__p50": "0.12 ms", "throughput_per_s": "523793 /s"},
            {"latency_ns__p50": "0.1245 ms", "throughput_per_s": "523793 /s"},
        ),
        (False, AUDIT | {"throughput_per_s": "523793 /s"}, {"throughput_per_s": "523793 /s"}),
        (False, AUDIT, PEAK),
    ],
)
def test_one_run_has_one_set_of_latencies(doubted: bool, ours: dict[str, str], theirs: dict[str, str]) -> None:
    found = found_by("duplicate_figures", beside(ours, theirs))
    assert ([Weight.DOUBT] if doubted else []) == [finding.weight for finding in found]


def test_the_finding_names_both_figures_and_touches_them() -> None:
    rate = {"throughput_per_s": "523793 /s"}
    p99 = {"latency_ns__p99": "1.1 ms"}, {"latency_ns__p99": "0.256 ms"}
    (finding,) = found_by("duplicate_figures", beside(rate | p99[0], rate | p99[1]))
    assert (
        "published prints the same 523,793 /s beside other latencies (latency_ns.p99 1.100 ms and 256.0 µs), "
        "and one run cannot have had both" == finding.message
    )
    assert ("throughput_per_s", "latency_ns.p99") == finding.touches


def test_several_are_named_in_one_finding() -> None:
    rate = {"throughput_per_s": "523793 /s"}
    other = published(INPROC, **(PEAK | rate))
    claim = published(INPROC, 0, (other, type(other)("third", other.results, other.declared)), **(AUDIT | rate))
    (finding,) = found_by("duplicate_figures", claim)
    assert finding.message.endswith("; likewise third")


def test_two_boundaries_of_one_run_have_two_sets() -> None:
    rate = {"throughput_per_s": "523793 /s"}
    assert () == found_by("duplicate_figures", beside(AUDIT | rate, PEAK | rate, Declared("http")))


def test_a_rate_in_full_is_a_tools_own_at_each_boundary_that_it_times() -> None:
    rate = Estimate(1266.6666666666667, 1266.6666666666667, 1266.6666666666667, "per_s", 1_000)
    inner, outer = (
        Claim("tool", {"throughput_per_s": rate, "latency_ns.p50": figure(p50)}, INPROC)
        for p50 in ("15.1 ms", "16.1 ms")
    )
    assert () == found_by("duplicate_figures", dataclasses.replace(inner, beside=(outer,)))


def test_a_claim_alone_has_no_duplicate() -> None:
    assert () == found_by("duplicate_figures", published(INPROC, throughput_per_s="523793 /s", **PEAK))
