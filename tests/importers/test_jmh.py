"""JMH's JSON in each of its modes, by one made to its format."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.importers import read
from bizra_lab.model import Declared
from tests.importers.reading import MADE, ends, reason, says

RATE, TIME, SAMPLED, SINGLE = read(MADE / "jmh.json").claims


def test_a_rate_comes_with_the_interval_that_is_printed() -> None:
    says(RATE, {"throughput_per_s": 4e6, "latency_ns.mean": 1000})
    assert (3.9e6, 4.1e6) == ends(RATE, "throughput_per_s")
    assert (4 / 4.1e6 * 1e9, 4 / 3.9e6 * 1e9) == pytest.approx(ends(RATE, "latency_ns.mean"))
    assert "org.sample.Breaker.call thrpt state=closed" == RATE.name


def test_planned_times_are_of_every_fork() -> None:
    assert Declared("inproc", "closed", 4, None, 50.0, 2.0) == RATE.declared
    assert Declared("inproc", "closed", 1, None, 0.0, 60.0) == TIME.declared


def test_one_iteration_has_no_error() -> None:
    says(TIME, {"latency_ns.mean": 250, "throughput_per_s": 4e6})
    assert (250, 250) == ends(TIME, "latency_ns.mean")


def test_quantiles_of_iterations_are_not_given_as_those_of_calls() -> None:
    assert "mode sample only" in reason(RATE, "latency_ns.p50")
    assert {"throughput_per_s", "latency_ns.mean", "latency_ns.p50"} == set(RATE.results)


def test_sampled_calls_have_quantiles_and_their_number() -> None:
    says(
        SAMPLED,
        {
            "latency_ns.min": 250,
            "latency_ns.mean": 310,
            "latency_ns.p50": 300,
            "latency_ns.p99.9": 900,
            "latency_ns.max": 1500,
        },
    )
    assert {1000} == {result.n for name, result in SAMPLED.results.items() if hasattr(result, "n") and "p" in name}


def test_single_shots_may_say_nothing_about_a_rate() -> None:
    says(SINGLE, {"latency_ns.mean": 20e6, "latency_ns.p50": 20e6})
    assert (0, 80e6) == ends(SINGLE, "latency_ns.mean")
    assert "reaches down to 0" in reason(SINGLE, "throughput_per_s")
    assert None is SINGLE.declared.duration_s


@pytest.mark.parametrize(
    ("found", "instead", "said"),
    [
        ('"ops/ms"', '"ops/fortnight"', r"\[0\]\.primaryMetric\.scoreUnit: expected ops per time or time per op"),
        ('"score" : 4000.0', '"score" : "NaN"', r"\[0\]\.primaryMetric\.score: expected a number, got 'NaN'"),
        ('"score" : 4000.0', '"score" : -4000.0', r"\[0\]\.primaryMetric\.score: expected a number of 0 or more"),
        ('"rawDataHistogram"', '"other"', r"\[2\]\.primaryMetric: no 'rawDataHistogram'"),
        ('"threads" : 4', '"threads" : 1.5', r"\[0\]\.threads: expected a whole number, got 1\.5"),
    ],
)
def test_a_bad_value_is_told_with_its_place(found: str, instead: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "jmh.json"
    path.write_text((MADE / "jmh.json").read_text().replace(found, instead))
    with pytest.raises(Unreadable, match=said):
        read(path)
