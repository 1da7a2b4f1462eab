"""Claims files: published figures, written down with their digits."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from bizra_lab.errors import LabError
from bizra_lab.importers import read
from bizra_lab.model import Declared
from tests.importers.reading import MADE, ends, only_claim, value


def _file(tmp_path: Path, claim: str) -> Path:
    path = tmp_path / "made.yaml"
    path.write_text(f"source: here\nclaims:\n  - {{name: made, {claim}}}\n")
    return path


def test_each_claim_is_read_in_ns_and_per_second() -> None:
    breaker, plaintext, speedup = read(MADE / "claims.yaml").claims
    assert ["circuit_breaker", "plaintext", "speedup"] == [breaker.name, plaintext.name, speedup.name]
    assert Declared("inproc", "closed", 50, None, 0.0, 0.019, 10_000, None) == breaker.declared
    assert Declared() == plaintext.declared


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("throughput_per_s", 523_792.5, 523_793.5),
        ("latency_ns.p50", 115e3, 125e3),
        ("latency_ns.p95", 550e3, 650e3),
        ("latency_ns.p99", 1.095e6, 1.105e6),
        ("latency_ns.p99.9", 1.5e6, 2.5e6),
        ("latency_ns.mean", 187_450, 187_550),
        ("share.failed", 0.0025, 0.0035),
    ],
)
def test_a_value_is_open_by_half_its_last_digit(name: str, low: float, high: float) -> None:
    assert (low, high) == ends(read(MADE / "claims.yaml").claims[0], name)


def test_a_time_of_0_is_open_upwards_only() -> None:
    assert (0, 500_000) == ends(read(MADE / "claims.yaml").claims[2], "latency_ns.p50")


def test_a_float_of_yaml_keeps_no_final_zeros() -> None:
    assert (12.5e6, 13.5e6) == ends(read(MADE / "claims.yaml").claims[2], "throughput_per_s")


def test_what_is_no_rate_and_no_latency_is_a_result_too() -> None:
    _, plaintext, speedup = read(MADE / "claims.yaml").claims
    assert (142, 1.25e9) == (value(plaintext, "bytes_per_op"), value(plaintext, "link_bytes_per_s"))
    assert (43, 300_000) == (value(speedup, "ratio_claimed"), value(speedup, "baseline"))


def test_a_baseline_may_be_a_latency(tmp_path: Path) -> None:
    result = only_claim(_file(tmp_path, 'baseline: "0.0894 ms"')).results["baseline"]
    assert "ns" == getattr(result, "unit", None)


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (
            "through_put: 5",
            r"claims\[0\]\.through_put: unknown setting; did you mean 'throughput_per_s'|unknown setting",
        ),
        ("worker: 5", r"claims\[0\]\.worker: unknown setting; did you mean 'workers'"),
        ('latency: {median: "1 ms"}', r"claims\[0\]\.latency\.median: unknown latency; did you mean 'mean'"),
        ('latency: {p50: "1"}', r"latency\.p50: expected a time with its unit, such as '0.12 ms', got '1'"),
        ("latency: {p50: 1}", r"latency\.p50: expected text, got 1"),
        ('latency: {p50: "0,12 ms"}', r"latency\.p50: expected a number of 0 or more with a decimal point"),
        ('latency: {p50: "1 parsec"}', r"latency\.p50: 'parsec' does not measure what 'ns' does"),
        ('latency: {p50: "-1 ms"}', r"latency\.p50: expected a number of 0 or more, got '-1'"),
        ('latency: {p50: "NaN ms"}', r"latency\.p50: expected a number of 0 or more, got 'NaN'"),
        ("throughput_per_s: .nan", r"throughput_per_s: expected .* got nan"),
        ("throughput_per_s: .inf", r"throughput_per_s: expected .* got inf"),
        ("throughput_per_s: -5", r"throughput_per_s: expected a number of 0 or more"),
        ("throughput_per_s: true", r"throughput_per_s: expected"),
        ('throughput_per_s: "13 M/s"', r"throughput_per_s: 'M/s' does not measure what 'per_s' does"),
        ("workers: 0", r"workers: expected above 0, got 0"),
        ("scope: cloud", r"scope: expected one of inproc, http, simulated, got 'cloud'"),
        ('duration: "long"', r"duration: expected a number"),
        ("name: other", r"'name' is written twice"),
        ("says: [1]", r"says: expected text"),
    ],
    ids=lambda text: text[:25],
)
def test_a_bad_entry_is_told_with_its_place(claim: str, said: str, tmp_path: Path) -> None:
    path = _file(tmp_path, claim)
    with pytest.raises(LabError, match=said) as caught:
        read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "source: !!python/object/apply:os.system ['touch harmed']\nclaims: []\n",
        "source: here\nclaims: !!python/name:os.system\n",
        "source: here\nclaims: [{name: x, unknown: &a [*a]}]\n",
        "source: here\nclaims: [\n",
        "source: here\nclaims: " + "[" * 5000 + "\n",
        "a: &a [x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nsource: here\nclaims: *c\n",
        "source: here\nclaims: []\n",
        "source: here\nclaims:\n- name: [&a [x, x, x, x, x, x, x, x, x], "
        + "".join(f"&{this} [{', '.join(['*' + last] * 9)}], " for last, this in pairwise("abcdefghijklmnop"))
        + "*p]\n",
    ],
    ids=["object", "name", "recursive", "cut short", "deep", "laughs", "none", "laughs in a message"],
)
def test_a_hostile_file_does_nothing(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "hostile.yaml"
    path.write_text(text)
    with pytest.raises(LabError, match=r"hostile\.yaml"):
        read(path, "claims")
    assert [path] == list(tmp_path.iterdir())
