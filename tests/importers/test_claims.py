"""Claims files: published figures, written down with their digits."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import pytest

from bizra_lab.errors import LabError
from bizra_lab.importers import read
from bizra_lab.model import Declared, Estimate, Layer, Scaling, Stated
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


def test_a_baseline_may_be_a_share(tmp_path: Path) -> None:
    claim = only_claim(_file(tmp_path, 'baseline: "85 %", shares: {hit: "92.8 %"}, change_claimed: "7.8 %"'))
    assert (0.845, 0.855) == ends(claim, "baseline")
    assert (0.9275, 0.9285) == ends(claim, "share.hit")
    assert (0.0775, 0.0785) == ends(claim, "change_claimed")


def test_an_exponent_needs_no_unit_behind_it(tmp_path: Path) -> None:
    claim = only_claim(_file(tmp_path, 'operations_extrapolated: "28.4e9", extrapolated_to: "3600 s"'))
    assert (28.35e9, 28.45e9) == ends(claim, "operations_extrapolated")
    assert 3600 == claim.declared.extrapolated_to_s


def test_every_condition_can_be_declared_of_the_claim_and_of_its_baseline(tmp_path: Path) -> None:
    conditions = (
        'scope: http, kind: closed, workers: 25, think: "18 s", operations: 100, duration: "2 s", warmup: "1 s", '
        'clock_step: "1 us", hardware: "a machine", cores: 4, failures_in_latency: false'
    )
    claim = only_claim(_file(tmp_path, f"{conditions}, baseline_conditions: {{{conditions}}}"))
    there = Declared("http", "closed", 25, None, 1.0, 2.0, 100, 1000.0, "a machine", 4, 18.0, False)
    assert there == claim.declared.baseline
    assert there == dataclasses.replace(claim.declared, baseline=None)


def test_what_is_set_and_what_is_kept_is_in_the_unit_of_the_result_it_names(tmp_path: Path) -> None:
    claim = only_claim(
        _file(
            tmp_path,
            'error_share: "0.3 %", latency: {p99: "1.1 ms", sd: "1 us"}, inputs: {share.failed: "0.3 %"}, '
            'limits: {latency_ns.p99: "1.5 ms"}, ratio_of: latency_ns.p99',
        )
    )
    assert {"share.failed": 0.003} == claim.declared.inputs
    assert {"latency_ns.p99": 1.5e6} == claim.declared.limits
    assert "latency_ns.p99" == claim.declared.ratio_of
    assert (500, 1500) == ends(claim, "latency_ns.sd")


def test_what_one_operation_costs_is_a_result(tmp_path: Path) -> None:
    claim = only_claim(_file(tmp_path, 'cpu_per_op: "1.5 us", timer_floor: "58 ns"'))
    assert (1450, 1550) == ends(claim, "cpu_ns.mean")
    assert (57.5, 58.5) == ends(claim, "timer.floor_ns")


def test_a_claim_keeps_the_words_of_its_source() -> None:
    said = {claim.name: claim.says for claim in read(MADE / "claims.yaml").claims}
    assert "523,793 requests per second, validated" == said["circuit_breaker"]
    assert "" == said["speedup"]


def test_a_claim_told_its_workers_keeps_what_its_source_says(tmp_path: Path) -> None:
    path = _file(tmp_path, 'says: "so fast", about: it')
    (claim,) = read(path, workers=8).claims
    assert (8, "so fast", "it") == (claim.declared.workers, claim.says, claim.stated.about)


def test_a_claim_that_says_no_more_than_its_figures_states_nothing(tmp_path: Path) -> None:
    assert Stated() == only_claim(_file(tmp_path, "throughput_per_s: 5")).stated


def test_what_a_source_says_of_its_figures_is_kept(tmp_path: Path) -> None:
    stated = only_claim(
        _file(tmp_path, "about: it, run: a run, version: v1, withdrawn: true, sets: {a: [x, y], b: [z]}")
    ).stated
    assert ("it", "a run", "v1", True) == (stated.about, stated.run, stated.version, stated.withdrawn)
    assert {"a": ("x", "y"), "b": ("z",)} == stated.sets


def test_dates_are_kept_with_what_they_leave_open(tmp_path: Path) -> None:
    stated = only_claim(
        _file(tmp_path, 'dated: "2025-10-19T00:11+04:00", rests_on: {it: "2025-10-19T00:32:43", that: "2025-10-18"}')
    ).stated
    assert stated.dated is not None
    assert (60, 4 * 3600) == (stated.dated.latest_s - stated.dated.earliest_s, stated.dated.ahead_s)
    assert [1, 86_400] == [each.latest_s - each.earliest_s for each in stated.rests_on.values()]
    assert {None} == {each.ahead_s for each in stated.rests_on.values()}


def test_a_limit_may_say_on_which_side_of_it_a_result_is_to_lie(tmp_path: Path) -> None:
    claim = only_claim(
        _file(
            tmp_path,
            'latency: {p99: "1.1 ms", p50: "1 ms"}, throughput_per_s: 9, '
            'limits: {latency_ns.p99: "<= 1.5 ms", throughput_per_s: ">= 5", latency_ns.p50: "2 ms"}',
        )
    )
    assert {"latency_ns.p99": 1.5e6, "throughput_per_s": 5, "latency_ns.p50": 2e6} == claim.declared.limits
    assert {"latency_ns.p99": "at_most", "throughput_per_s": "at_least"} == claim.stated.sides


def test_figures_of_any_kind_are_results_in_their_own_unit(tmp_path: Path) -> None:
    claim = only_claim(
        _file(tmp_path, 'figures: {memory: "1055 KB", recovery: "< 5 min", took: "363 ms", rate: "7 ops/s"}')
    )
    assert {
        "memory": Estimate(1055, 1054.5, 1055.5, "KB", 0),
        "recovery": Estimate(300e9, 0, 300e9, "ns", 0),
        "took": Estimate(363e6, 362.5e6, 363.5e6, "ns", 0),
        "rate": Estimate(7, 6.5, 7.5, "per_s", 0),
    } == claim.results


def test_parts_are_in_the_unit_of_their_whole(tmp_path: Path) -> None:
    claim = only_claim(_file(tmp_path, 'figures: {it: "5 min"}, parts: {it: {a: "30 s", b: "4 min"}}'))
    assert {"a": 30e9, "b": 240e9} == {name: part.value for name, part in claim.stated.parts["it"].items()}


def test_layers_and_scaling_are_kept_in_the_order_they_are_asked(tmp_path: Path) -> None:
    stated = only_claim(
        _file(
            tmp_path,
            'layers: {l1: {answers: "90 %", latency: "1 ms"}, l2: {answers: 0.5}}, '
            'scaling: {at: "400000 /s", least: 2, load: "500000 /s", replicas: 3}',
        )
    ).stated
    first, second = stated.layers
    assert ("l1", 0.9, "l2", 0.5) == (first.name, first.answers.value, second.name, second.answers.value)
    assert first.latency is not None and second.latency is None
    assert isinstance(first, Layer)
    at, load = Estimate(400e3, 399_999.5, 400_000.5, "per_s", 0), Estimate(500e3, 499_999.5, 500_000.5, "per_s", 0)
    assert Scaling(at, 2, load, 3) == stated.scaling


def test_what_is_worked_out_has_a_result_of_its_own(tmp_path: Path) -> None:
    claim = only_claim(
        _file(
            tmp_path,
            'in_flight: 62.9, cycles_per_op: "< 300", clock_rate: "4.0 GHz", load_divided_by: 13, '
            "generator_limit_per_s: 300000",
        )
    )
    assert [62.85, 62.95] == pytest.approx(ends(claim, "littles_law.in_flight"))
    assert (0, 300) == ends(claim, "cycles_per_op")
    assert [3.95e9, 4.05e9] == pytest.approx(ends(claim, "clock_hz"))
    assert (13, 300_000) == (value(claim, "load_divided_by"), value(claim, "generator_limit_per_s"))


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(25_000, 35_000, "25000 to 35000 /s"), (0, 500, "< 500 /s"), (499.5, 500.5, "500"), (2.5e5, 3.5e5, "3e5 /s")],
)
def test_a_range_and_a_bound_stand_for_all_between(low: float, high: float, text: str, tmp_path: Path) -> None:
    assert (low, high) == ends(only_claim(_file(tmp_path, f'throughput_per_s: "{text}"')), "throughput_per_s")


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
        ('inputs: {share.faild: "1 %"}, error_share: "1 %"', r"'share.faild' is no result .* mean 'share.failed'"),
        ('limits: {share.failed: "1 %"}', r"limits\.share\.failed: 'share.failed' is no result of this claim; there"),
        ("ratio_of: latency_ns.p50", r"ratio_of: 'latency_ns.p50' is no result of this claim"),
        ('shares: {failed: "1 %"}', r"shares\.failed: expected error_share"),
        ('shares: {"hit rate": "1 %"}', r"shares\.hit rate: expected a word such as hit_l1"),
        ("baseline_conditions: {name: other}", r"baseline_conditions\.name: unknown setting"),
        ("cores: 0", r"cores: expected above 0, got 0"),
        ('throughput_per_s: "9 to 5 /s"', r"throughput_per_s: expected a range that rises, got '9' to '5 /s'"),
        ('throughput_per_s: "< fast"', r"throughput_per_s: expected a number"),
        ('figures: {memory: "1055"}', r"figures\.memory: expected a number with its unit, such as '1055 KB'"),
        ('figures: {Memory: "5 KB"}', r"figures\.Memory: expected a word such as memory"),
        ('in_flight: 5, clock_rate: "4 GB"', r"clock_rate: expected one of Hz, MHz, GHz, got '4 GB'"),
        ('dated: "19 October"', r"dated: expected a date such as '2025-10-19T00:11\+04:00', got '19 October'"),
        ('rests_on: {it: "2025-13-01"}', r"rests_on\.it: expected a date such as"),
        ('parts: {it: {a: "5 s"}}', r"parts\.it: 'it' is no result of this claim"),
        ('figures: {it: "5 KB"}, parts: {it: {a: "5 s"}}', r"parts\.it\.a: 's' does not measure what 'KB' does"),
        ('layers: {l1: {answer: "5 %"}}', r"layers\.l1\.answer: unknown setting; did you mean 'answers'"),
        ('scaling: {at: "5 /s"}', r"scaling\.least: missing"),
        ('limits: {share.failed: "=< 1 %"}, error_share: "1 %"', r"limits\.share\.failed: expected a number"),
    ],
    ids=lambda text: text[:25],
)
def test_a_bad_entry_is_told_with_its_place(claim: str, said: str, tmp_path: Path) -> None:
    path = _file(tmp_path, claim)
    with pytest.raises(LabError, match=said) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_two_claims_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text("source: here\nclaims: [{name: made}, {name: made}]\n")
    with pytest.raises(LabError, match=r"claims\[1\]\.name: 'made' is the name of two claims"):
        read(path)


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


def test_an_amount_of_work_belongs_to_a_series(tmp_path: Path) -> None:
    declared = only_claim(_file(tmp_path, "series: loop, work: 1e5")).declared
    assert ("loop", 100_000) == (declared.series, declared.work)


@pytest.mark.parametrize(
    ("work", "said"),
    [("0", "work: expected above 0, got 0"), ("1e40", r"work: expected 0, or .*, got 1E\+40|got 1000")],
)
def test_an_amount_of_work_is_some_and_not_too_much(work: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(LabError, match=said):
        read(_file(tmp_path, f"series: loop, work: {work}"))
