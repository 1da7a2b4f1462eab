"""What holds for every chart there is."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from bizra_lab.analysis import attribution, curves, tails
from bizra_lab.analysis.extremes import extremes
from bizra_lab.model import Estimate, Outliers
from bizra_lab.reporting.charts._chart import CHARTS
from bizra_lab.reporting.claims import ClaimedInFlight
from bizra_lab.reporting.picture import SCHEMA, Picture
from bizra_lab.reporting.planning import Planned
from bizra_lab.reporting.self_test import Power, Tried
from bizra_lab.testing import clean_samples
from tests.reporting.charts.drawn import axis_titles

SPEC_BYTES_MAX = 20_000  # an executed notebook of ten charts is committed, and read as text

SAMPLES = clean_samples(1, workers=8)
LATENCY_NS = SAMPLES.latency_ns
THRESHOLDS = tails.candidates(LATENCY_NS)
ONE = Estimate(0.5, 0.4, 0.6, "share", 9)
DRAWN: dict[str, Callable[[], Picture]] = {
    "accepted_by_damage": lambda: CHARTS.get("accepted_by_damage")(
        {rule: {f"share.accepted_bad.{kind}": ONE for kind in "abcdefgh"} for rule in ("lax", "strict")},
        "Eight workers",
    ),
    "claimed_in_flight": lambda: CHARTS.get("claimed_in_flight")(
        [ClaimedInFlight("a_claim", 76.5, math.inf, 50, None, None, None)], "Eight workers"
    ),
    "conflict": lambda: CHARTS.get("conflict")({0.67: 0.35, 0.8: 0.6}, {0.67: 0.34, 0.8: 0.6}, "Eight workers"),
    "confusion": lambda: CHARTS.get("confusion")(
        [
            Tried(name, "", ("drift",), 9, Estimate(1.0, 0.9, 1.0, "share", 9), {"drift": 9, "pauses": 1})
            for name in "abc"
        ],
        "Eight workers",
    ),
    "exceedance": lambda: CHARTS.get("exceedance")(
        curves.exceedance(SAMPLES, 0.95), "Eight workers", limit_ns=5e7, clock_step_ns=1.0
    ),
    "failures": lambda: CHARTS.get("failures")(
        Planned("a planner on cases", 100, {}, {}, {"wrong_tool": 9, "refused": 4}), "Eight workers"
    ),
    "growth": lambda: CHARTS.get("growth")(
        {"median": {10**each: Estimate(9.0, 8.0, 9.5, "ns", 9) for each in range(1, 6)}},
        "Eight workers",
        unit="ns",
        of="blocks",
    ),
    "in_flight": lambda: CHARTS.get("in_flight")(curves.timeline(SAMPLES), "Eight workers", workers=8),
    "intervals": lambda: CHARTS.get("intervals")(
        {"one way": [Estimate(10.0, 9.0, 11.0, "ns", 9)] * 80, "another": [Estimate(9.0, 8.0, 9.5, "ns", 9)] * 80},
        10.0,
        "Eight workers",
        result="latency_ns.p90",
    ),
    "mean_residual_life": lambda: CHARTS.get("mean_residual_life")(
        tails.mean_residual_life(LATENCY_NS, THRESHOLDS, 0.95, "ns"), "Eight workers", chosen_ns=float(THRESHOLDS[0])
    ),
    "outliers": lambda: CHARTS.get("outliers")(_outliers(), "Eight workers"),
    "power": lambda: CHARTS.get("power")(
        [Power(name, "slower", 0.2, {0.1: Estimate(0.5, 0.4, 0.6, "share", 9)}) for name in "abcdef"], "Eight workers"
    ),
    "return_level": lambda: CHARTS.get("return_level")(
        tails.level_curve(_tail(), 0.95), tails.seen_levels(_tail()), "Eight workers"
    ),
    "scalability": lambda: CHARTS.get("scalability")(
        ((1, 1_000.0), (8, 3_000.0)),
        {name: {float(each): 100.0 * each for each in range(1, 41)} for name in ("law", "bound", "exact")},
        "Eight workers",
        peak=Estimate(6.0, 5.0, 7.0, "workers", 8),
    ),
    "threshold_choice": lambda: CHARTS.get("threshold_choice")(
        extremes(SAMPLES).distance, "Eight workers", chosen_ns=float(THRESHOLDS[0])
    ),
    "threshold_stability": lambda: CHARTS.get("threshold_stability")(
        tails.stability(LATENCY_NS, THRESHOLDS, 0.95, "ns").shape, "Eight workers", chosen_ns=float(THRESHOLDS[0])
    ),
    "timeline": lambda: CHARTS.get("timeline")(curves.timeline(SAMPLES), "Eight workers"),
}


def _tail() -> tails.ParetoTail:
    fitted = tails.fit(LATENCY_NS, float(THRESHOLDS[0]), "ns")
    assert isinstance(fitted, tails.ParetoTail)
    return fitted


def _outliers() -> Outliers:
    found = attribution.outliers(SAMPLES)
    assert isinstance(found, Outliers)
    return found


def _bytes(picture: Picture) -> bytes:
    return json.dumps(dict(picture.spec), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def test_every_chart_is_drawn_here() -> None:
    assert CHARTS.names() == tuple(DRAWN)


@pytest.mark.parametrize("name", DRAWN)
class TestAChart:
    def test_carries_its_data_in_a_small_spec(self, name: str) -> None:
        assert 1_000 < len(_bytes(DRAWN[name]())) < SPEC_BYTES_MAX

    def test_asks_nothing_of_a_network(self, name: str) -> None:
        words = _bytes(DRAWN[name]()).decode().replace(SCHEMA, "")
        assert "://" not in words
        assert '"url"' not in words

    def test_says_the_unit_of_each_axis(self, name: str) -> None:
        titles = axis_titles(DRAWN[name]())
        assert 2 == len(titles)
        assert all(title.endswith(")") for title in titles), titles

    def test_is_described_by_its_summary(self, name: str) -> None:
        picture = DRAWN[name]()
        assert picture.summary == picture.spec["description"]
        assert picture.summary.startswith("Eight workers · ")

    def test_is_drawn_to_a_png(self, name: str) -> None:
        assert DRAWN[name]().png().startswith(b"\x89PNG")


def test_specs_are_the_same_in_every_process() -> None:
    script = (
        "import hashlib; from tests.reporting.charts.test_chart import DRAWN, _bytes; "
        "print([hashlib.sha256(_bytes(draw())).hexdigest() for draw in DRAWN.values()])"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert 3 * 64 < len(said[0])
    assert said[0] == said[1]
