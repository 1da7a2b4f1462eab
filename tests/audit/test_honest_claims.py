"""Whoever prints what was seen, in whatever digits and however many documents, is not doubted for it."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bizra_lab.audit import inspect_together
from bizra_lab.importers import read
from bizra_lab.model import Weight

# The rules about what is printed: what a source says of its own figures, and of one thing in several places.
ABOUT_WORDS = (
    "combined_shares",
    "contradiction",
    "counted_twice",
    "cycles",
    "generator_limit",
    "limit_not_kept",
    "loose_limit",
    "moving_target",
    "one_sided_limit",
    "order_of_events",
    "rounded_away",
    "scaled_copy",
    "scaling_target",
    "stated_in_flight",
    "sum_of_parts",
    "timed_part",
    "unexplained_difference",
    "withdrawn",
)


def found(claims: list[dict[str, Any]]) -> list[tuple[str, str, Weight, str]]:
    """Every finding about the claims of a file: claim, rule, weight and sentence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "claims.yaml"
        path.write_text(yaml.safe_dump({"source": "here", "claims": claims}), encoding="utf-8")
        read_claims = read(path).claims
    return [
        (claim.name, rule, finding.weight, finding.message)
        for claim, audit in zip(read_claims, inspect_together(read_claims), strict=True)
        for rule, findings in audit.findings.items()
        for finding in findings
    ]


def doubts(claims: list[dict[str, Any]]) -> list[tuple[str, str, Weight, str]]:
    """What the rules about words hold against the claims of a file, heavier than a note."""
    return [each for each in found(claims) if each[1] in ABOUT_WORDS and each[2] is not Weight.NOTE]


def digits(value: float, count: int) -> str:
    return f"{value:.{count - 1}e}"


class Run:
    """A closed load of some workers that do nothing but operate, simulated: what is printed of it is true."""

    def __init__(self, seed: int, workers: int, each: int, spread: float) -> None:
        rng = np.random.default_rng(seed)
        times_ns = np.exp(spread * rng.standard_normal((workers, each))) * 1e6
        self.workers = workers
        self.lasted_ns = float(times_ns.sum(axis=1).max())
        self.times_ns = np.sort(times_ns.ravel())

    @property
    def rate_per_s(self) -> float:
        return len(self.times_ns) / self.lasted_ns * 1e9

    @property
    def mean_ns(self) -> float:
        return float(self.times_ns.mean())

    def printed(self, name: str, count: int, unit: str) -> dict[str, Any]:
        """The claim of one document, in so many digits."""
        scale = {"ns": 1.0, "us": 1e3, "ms": 1e6}[unit]
        found = {f"p{p}": float(np.quantile(self.times_ns, p / 100)) for p in (50, 95, 99)}
        found |= {"min": float(self.times_ns[0]), "max": float(self.times_ns[-1]), "mean": self.mean_ns}
        return {
            "name": name,
            "about": "the thing",
            "scope": "inproc",
            "kind": "closed",
            "workers": self.workers,
            "operations": len(self.times_ns),
            "throughput_per_s": digits(self.rate_per_s, count),
            "latency": {key: f"{digits(value / scale, count)} {unit}" for key, value in found.items()},
            "in_flight": digits(len(self.times_ns) * self.mean_ns / self.lasted_ns, count),
            "clock_rate": "3.000 GHz",
            "cycles_per_op": digits(self.mean_ns * 3, count),
            "duration": f"{digits(self.lasted_ns / 1e9, max(count, 3))} s",
        }


RUNS = {
    "seed": st.integers(0, 10_000),
    "workers": st.integers(1, 64),
    "each": st.integers(20, 200),
    "spread": st.floats(0.01, 1.5),
    "count": st.integers(1, 6),
    "coarser": st.integers(1, 6),
}


@settings(max_examples=60, deadline=None)
@given(**RUNS)
def test_one_run_may_stand_in_two_documents(
    seed: int, workers: int, each: int, spread: float, count: int, coarser: int
) -> None:
    run = Run(seed, workers, each, spread)
    claims = [run.printed("in ms", count, "ms"), run.printed("in us", coarser, "us"), run.printed("in ns", 4, "ns")]
    for claim in claims:
        claim["run"] = "one"
        claim["limits"] = {
            "latency_ns.p99": f"<= {digits(float(np.quantile(run.times_ns, 0.99)) * 1.4 / 1e6, 6)} ms",
            "throughput_per_s": f">= {digits(run.rate_per_s / 1.4, 6)}",
        }
    assert [] == doubts(claims)


@settings(max_examples=60, deadline=None)
@given(**RUNS)
def test_no_digits_make_what_was_seen_impossible(
    seed: int, workers: int, each: int, spread: float, count: int, coarser: int
) -> None:
    run = Run(seed, workers, each, spread)
    claims = [run.printed("in ms", count, "ms"), run.printed("in ns", coarser, "ns")]
    assert [] == [each for each in found(claims) if each[2] is Weight.REFUTES]


@settings(max_examples=40, deadline=None)
@given(**{**RUNS, "each": st.integers(200, 400), "spread": st.floats(0.01, 0.8)})
def test_one_thing_may_be_measured_again_and_under_other_conditions(
    seed: int, workers: int, each: int, spread: float, count: int, coarser: int
) -> None:
    again = Run(seed + 1, workers, each, spread).printed("again", coarser, "us")
    alone = Run(seed + 2, 1, each, spread).printed("alone", count, "ns")
    assert [] == doubts([Run(seed, workers, each, spread).printed("once", count, "ms"), again, alone])


@settings(max_examples=60, deadline=None)
@given(
    answers=st.lists(st.floats(0.01, 0.999), min_size=1, max_size=4),
    takes_ms=st.lists(st.floats(0.001, 100), min_size=4, max_size=4),
    count=st.integers(1, 5),
)
def test_layers_do_together_what_they_do(answers: list[float], takes_ms: list[float], count: int) -> None:
    missed, mean_ms = 1.0, 0.0
    for share, ms in zip([*answers, 1.0], [*takes_ms[: len(answers)], 50.0], strict=True):
        mean_ms, missed = mean_ms + missed * share * ms, missed * (1 - share)
    missed = math.prod(1 - share for share in answers)
    layers = {
        f"layer {place}": {"answers": f"{digits(share * 100, count)} %", "latency": f"{digits(ms, count)} ms"}
        for place, (share, ms) in enumerate(zip(answers, takes_ms, strict=False))
    }
    claim = {
        "name": "layers",
        "layers": layers,
        "shares": {
            "hit_effective": f"{digits((1 - missed) * 100, count)} %",
            "missed": f"{digits(missed * 100, count)} %",
        },
        "load_divided_by": digits(1 / missed, count),
        "latency": {"mean": f"{digits(mean_ms, count)} ms"},
    }
    assert [] == doubts([claim])


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(st.floats(0.01, 1000), min_size=1, max_size=8), count=st.integers(1, 6))
def test_a_whole_is_the_sum_of_its_parts_in_any_digits(parts: list[float], count: int) -> None:
    named = {f"part {place}": f"{digits(part, count)} ms" for place, part in enumerate(parts)}
    whole = f"{digits(sum(parts), count)} ms"
    assert [] == doubts([{"name": "whole", "figures": {"it": whole}, "parts": {"it": named}}])


@pytest.mark.parametrize(
    "claim",
    [
        {"sets": {"a": ["x", "y"], "b": ["z"]}},
        {"dated": "2026-01-02T10:00+02:00", "rests_on": {"it": "2026-01-02T07:59:59Z"}},
        {"about": "it", "scaling": {"at": "800 /s", "least": 2, "load": "2000 /s", "replicas": 3}},
        {"scope": "http", "throughput_per_s": "30000", "generator_limit_per_s": 300000},
        {"latency": {"p99": "0.10 ms"}, "limits": {"latency_ns.p99": "<= 0.1 ms"}},
        {"error_share": "0 %", "limits": {"share.failed": "<= 1 %"}},
        {"workers": 4, "in_flight": 4, "limits": {"littles_law.in_flight": ">= 3"}, "throughput_per_s": "400",
         "latency": {"mean": "10 ms"}},
    ],
)  # fmt: skip
def test_what_follows_is_left_alone(claim: dict[str, Any]) -> None:
    assert [] == doubts([{"name": "honest", **claim}])
