"""Other load generators say the same of the same service, or the table says what differs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.quiet import FOLDER_VARIABLE
from bizra_lab.inquiries.witnesses import _agreement, _busy, cross_check
from bizra_lab.model import Estimate, Result, Results, Unavailable
from bizra_lab.reporting.table import witnesses_table
from bizra_lab.study import load

HOME = Path(__file__).parents[2]
SHORT = {"profile.warmup_s": 0.1, "profile.duration_s": 1.0, "load": {"kind": "closed", "workers": 4}}


@pytest.fixture(autouse=True)
def _a_host_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing here says how fast anything is, so nobody else has to be quiet.
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))


def test_all_who_are_installed_keep_four_connections_busy_and_agree_with_each_other() -> None:
    witnesses = cross_check(load("http_service", "smoke", {**SHORT, "component.service_ms": 10}, HOME))
    assert ["ours", "wrk", "hey"] == [each.name for each in witnesses]
    for each in witnesses:
        if each.name != "ours" and shutil.which(each.name) is None:
            assert Unavailable(f"{each.name} is not installed") == each.rate
            continue
        assert isinstance(each.busy, Estimate), each
        assert 0.9 < each.busy.value < 1.1
        assert isinstance(each.wait, Estimate)
        assert 10e6 < each.wait.value < 30e6


def test_in_simulated_time_nobody_else_can_be_asked() -> None:
    ours, *others = cross_check(load("http_service", "replay", {"profile.duration_s": 2.0}, HOME))
    assert isinstance(ours.wait, Estimate)
    assert {Unavailable("simulated time has no sockets")} == {each.rate for each in others}
    assert 2 == witnesses_table((ours, *others)).html().count("simulated time has no sockets")


def test_what_others_cannot_reach_is_refused() -> None:
    with pytest.raises(
        CannotMeasure, match=r"^circuit_breaker: nobody else can reach it; expected a component with an"
    ):
        cross_check(load("circuit_breaker", "smoke", {"profile.duration_s": 0.1}, HOME))


SLOWER = (
    "λ is 0.80 and W 1.25 of ours; both keep N in flight, so answers took another time: clients share the CPUs with "
    "the server"
)
TIME_MISSING = (
    "λ is 1.00 and W 0.50 of ours; λ·W falls short of N: time is missing from its mean, or its connections rested"
)


def figures(rate_per_s: float, wait_ms: float, spread: float = 0.01) -> Results:
    def about(value: float, unit: str) -> Estimate:
        return Estimate(value, value * (1 - spread), value * (1 + spread), unit, 1000)

    return {"throughput_per_s": about(rate_per_s, "per_s"), "latency_ns.mean": about(wait_ms * 1e6, "ns")}


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        (figures(1000, 4.0), "agrees within the intervals"),
        (figures(990, 4.05, 0.0), "agrees within the intervals"),
        (figures(800, 5.0), SLOWER),
        (figures(1000, 2.0), TIME_MISSING),
        ({**figures(1000, 4.0), "latency_ns.mean": Unavailable("not printed")}, "not comparable"),
    ],
    ids=["the same", "within our spread", "slower answers", "time missing", "no mean"],
)
def test_what_differs_is_told_in_a_sentence(theirs: Results, expected: str) -> None:
    rate, wait = theirs["throughput_per_s"], theirs["latency_ns.mean"]
    busy: Result = _busy(rate, wait, 4)
    assert expected == _agreement(rate, wait, busy, figures(1000, 4.0))
