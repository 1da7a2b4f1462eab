"""What was measured against what the component alone would have caused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.analysis.quantiles import probability
from bizra_lab.analysis.replay import replayed
from bizra_lab.audit import RULES
from bizra_lab.harness.simulate import Exponential, OpenQueue, simulate
from bizra_lab.model import Claim, Estimate, Result, Samples, Unavailable, Weight
from bizra_lab.testing import clean_samples
from tests.analysis.test_lags import MS, every_ms, open_samples
from tests.audit.claims import claim_about, found_by, summary

QUANTILES = tuple(probability(p) for p in (0.5, 0.9, 0.99))


def claim_with_replay(samples: Samples) -> Claim:
    """The claim with what the analysis says of its replay."""
    claim = claim_about(samples)
    return dataclasses.replace(claim, results={**claim.results, **replayed(samples, QUANTILES, 0.95)})


def figures(**pairs: tuple[float, float]) -> Claim:
    """An open load's claim of only these latencies, as (measured, replayed) in ns; its clock has steps of 1 ns."""
    results: dict[str, Result] = {}
    for name, (measured_ns, replayed_ns) in pairs.items():
        results[f"latency_ns.{name}"] = Estimate(measured_ns, measured_ns, measured_ns, "ns", 4_000)
        results[f"replay.latency_ns.{name}"] = Estimate(replayed_ns, replayed_ns, replayed_ns, "ns", 4_000)
    return dataclasses.replace(claim_about(open_samples(every_ms(4_000), np.full(4_000, MS))), results=results)


@pytest.mark.parametrize("workers", [1, 4, 64])
def test_a_sleep_of_50_ms_while_workers_were_free_is_the_hosts(workers: int) -> None:
    """With few workers only the first of them were free: what waits behind those is the sleep's doing too."""
    takes_ns = np.full(4_000, MS // 2)
    sleep = [(1_000 * MS, 1_050 * MS)]
    samples = open_samples(every_ms(4_000), takes_ns, workers=workers, asleep_ns=sleep)
    (finding,) = found_by("host_lag", claim_with_replay(samples))
    assert Weight.DOUBT is finding.weight
    assert "but 500.0 µs when the plan is replayed" in finding.message
    # The sleep made the mean and the slow ones; half of the operations are as they would have been.
    touched = [name for name in ("mean", "p50", "p90", "p99", "max") if finding.touches_result(f"latency_ns.{name}")]
    # So few sleeps do not bound a p99, which is unavailable then.
    assert ["mean", "max"] == [name for name in touched if name != "p99"]


@pytest.mark.parametrize("workers", [1, 4])
def test_an_honest_queue_behind_a_slow_component_is_the_components(workers: int) -> None:
    """Each second, as many operations as there are workers take 200 ms."""
    takes_ns = np.where(np.arange(4_000) % 1_000 < workers, 200 * MS, MS // 2)
    samples = open_samples(every_ms(4_000), takes_ns, workers=workers)
    assert 100 * MS < float(np.quantile(samples.latency_ns, 0.99))
    assert () == found_by("host_lag", claim_with_replay(samples))


@pytest.mark.parametrize("utilisation", [0.8, 1.25])
def test_a_true_queue_is_never_doubted_even_when_it_grows_without_end(utilisation: float) -> None:
    samples = simulate(OpenQueue(Exponential(), Exponential(), utilisation, servers=3), 20_000, 0, seed=1)
    assert () == found_by("host_lag", claim_with_replay(samples))


def test_the_finding_gives_its_arithmetic_for_the_worst_and_names_the_others() -> None:
    (finding,) = found_by("host_lag", figures(mean=(2e6, 1.6e6), p50=(1e6, 1e6), p99=(62e6, 12.4e6)))
    assert (
        "latency_ns.p99 is 62.00 ms, but 12.40 ms when the plan is replayed with the operations' own times: 49.60 ms "
        "(80.00 %) came of the host or the generator, not of the component; likewise latency_ns.mean"
    ) == finding.message
    assert ("latency_ns.mean", "latency_ns.p99") == finding.touches


@pytest.mark.parametrize(
    ("doubted", "measured_ns", "replayed_ns"),
    [
        (True, 1e6, 899_999.0),
        (False, 1e6, 900_000.0),
        (True, 20.0, 9.0),  # eleven steps of the clock
        (False, 20.0, 10.0),  # ten, which may be rounding
        (False, 1e6, 1.2e6),
        (True, 1e6, 0.0),
    ],
)
def test_a_tenth_of_what_was_measured_and_ten_steps_of_the_clock_are_tolerated(
    doubted: bool, measured_ns: float, replayed_ns: float
) -> None:
    assert doubted == bool(found_by("host_lag", figures(mean=(measured_ns, replayed_ns))))


def test_one_hiccup_makes_a_maximum_and_no_doubt() -> None:
    assert () == found_by("host_lag", figures(p99=(1e6, 1e6), max=(9e6, 1e6)))


def test_a_closed_load_has_no_plan_to_replay() -> None:
    assert () == found_by("host_lag", claim_about(clean_samples(1)))


@pytest.mark.parametrize(
    ("reason", "results"),
    [
        ("it was not given", {}),
        ("replay.latency_ns.mean is unavailable: few", {"replay.latency_ns.mean": Unavailable("few")}),
    ],
)
def test_an_open_load_without_a_replay_is_told_to_be_unchecked(reason: str, results: dict[str, Result]) -> None:
    claim = dataclasses.replace(figures(), results=results)
    (finding,) = found_by("host_lag", claim)
    assert Weight.NOTE is finding.weight
    assert f"not compared with a replay of the plan: {reason}" == finding.message


def test_a_printed_summary_is_not_checked_and_not_blamed_for_it() -> None:
    claim = summary(throughput_per_s=1e3, mean_ns=1e6, p50_ns=1e6, workers=1)
    missing = RULES.get("host_lag").missing(claim)
    assert missing is not None and not missing.undisclosed
