"""λ·W against the workers declared."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.analysis.balance import balance
from bizra_lab.model import Claim, Declared, Estimate, InFlight, Instrument, Load, Samples, Weight
from bizra_lab.testing import clean_samples, samples_from
from tests.analysis.watched import DOCTORED, LOADS, honest
from tests.audit.claims import claim_about, found_by, not_looked, published, summary

SEEDS = range(20)
SEEN_BY_THE_BALANCE = [name for name in DOCTORED if name != "lost_at_random"]  # which the count finds


@pytest.mark.parametrize(
    ("refuted", "throughput_per_s", "mean_ns", "workers"),
    [
        (True, 523_793.0, 187_500.0, 50),  # the figure this suite began with, by its own mean: 98 in flight
        (True, 29_239.0, 191_100.0, 1),  # its sequential "expectation": 5.6 in flight of one worker
        (False, 523_793.0, 95_460.0, 50),  # the mean 50 workers allow
        (True, 148_906.0, 3.5e6, 512),
        (False, 148_906.0, 2.19e6, 512),  # too few in flight is only doubted
        (False, 1000.0, 1e6, 1),
    ],
)
def test_more_in_flight_than_workers_is_refuted(
    refuted: bool, throughput_per_s: float, mean_ns: float, workers: int
) -> None:
    claim = summary(workers=workers, throughput_per_s=throughput_per_s, mean_ns=mean_ns, p50_ns=1e5)
    findings = found_by("littles_law", claim)
    assert refuted == any(finding.weight is Weight.REFUTES for finding in findings)


@pytest.mark.parametrize(
    ("doubted", "throughput_per_s", "mean_ns", "workers", "think_s"),
    [
        (True, 148_906.0, 2.19e6, 512, None),  # 326 in flight of 512: a published figure of a web framework
        (True, 3_870_687.0, 48.0, 1, None),  # 0.19 of one worker: four fifths of the time is the harness
        (True, 10_000.0, 7.9e6, 100, None),
        (False, 10_000.0, 8.1e6, 100, None),
        (False, 10_000.0, 7.9e6, 100, 0.001),  # a rest that is disclosed is no missing time
        (False, 10_000.0, 9.95e6, 100, None),
    ],
)
def test_time_that_no_latency_accounts_for_is_doubted(
    doubted: bool, throughput_per_s: float, mean_ns: float, workers: int, think_s: float | None
) -> None:
    claim = summary(workers=workers, throughput_per_s=throughput_per_s, mean_ns=mean_ns, p50_ns=mean_ns)
    claim = dataclasses.replace(claim, declared=dataclasses.replace(claim.declared, think_s=think_s))
    assert ([Weight.DOUBT] if doubted else []) == [finding.weight for finding in found_by("littles_law", claim)]


def test_rests_count_against_the_workers() -> None:
    claim = summary(workers=10, throughput_per_s=1_000.0, mean_ns=5e6, p50_ns=5e6)
    resting = dataclasses.replace(claim, declared=dataclasses.replace(claim.declared, think_s=0.02))
    (finding,) = found_by("littles_law", resting)
    assert Weight.REFUTES is finding.weight
    assert "1,000 /s × 0.005 s and 20.00 ms of rest = 25 in flight" in finding.message


FIFTY = Declared("inproc", "closed", 50)
QUANTILES = {"latency_ns__min": "85 us", "latency_ns__p90": "450 us", "latency_ns__p99": "1100 us"}


@pytest.mark.parametrize(
    ("weights", "figures"),
    [
        # 523,793 /s by 50 workers: percentiles that force a mean above 95 µs, and others that do not.
        ([Weight.REFUTES], QUANTILES | {"latency_ns__p50": "120 us", "latency_ns__p95": "600 us"}),
        ([], {"latency_ns__p50": "89 us", "latency_ns__p95": "156 us", "latency_ns__p99": "256 us"}),
        ([Weight.REFUTES], {"latency_ns__min": "98 us"}),
        # A maximum bounds the mean from above: all could have taken 60 µs, 31 in flight, and no more.
        ([Weight.DOUBT], {"latency_ns__p50": "50 us", "latency_ns__max": "60 us"}),
        ([], {"latency_ns__p50": "50 us", "latency_ns__max": "6 ms"}),
    ],
)
def test_where_no_mean_is_given_percentiles_bound_it(weights: list[Weight], figures: dict[str, str]) -> None:
    claim = published(FIFTY, 10_000, throughput_per_s="523793 /s", **figures)
    assert weights == [finding.weight for finding in found_by("littles_law", claim)]


def test_the_finding_says_what_percentiles_leave_of_the_mean() -> None:
    claim = published(FIFTY, 0, throughput_per_s="1000000 /s", latency_ns__min="100 us")
    (finding,) = found_by("littles_law", claim)
    assert (
        "percentiles keep the mean at 98.50 µs or more, and λ·W = 1e+06 /s × that is 98.5 or more in flight, "
        "but 50 workers can have at most 50" == finding.message
    )


def test_without_any_latency_nothing_is_checked() -> None:
    looked = not_looked("littles_law", published(FIFTY, throughput_per_s="523793 /s"))
    assert looked is not None and looked.undisclosed


def test_the_median_is_never_taken_for_the_mean() -> None:
    claim = summary(workers=1, throughput_per_s=1000.0, mean_ns=9e5, p50_ns=5e6)
    assert () == found_by("littles_law", claim)


def test_a_hidden_second_worker_is_refuted_from_samples() -> None:
    samples = clean_samples(1, workers=2)
    one = dataclasses.replace(samples.measurement, load=dataclasses.replace(samples.measurement.load, workers=1))
    (finding,) = found_by("littles_law", claim_about(dataclasses.replace(samples, measurement=one)))
    assert "but 1 worker can have at most 1" in finding.message


@pytest.mark.parametrize("seed", range(20))
def test_workers_that_never_rest_are_within_their_limit(seed: int) -> None:
    for workers in (1, 8):
        assert () == found_by("littles_law", claim_about(clean_samples(seed, workers=workers)))


def test_an_open_load_has_no_such_limit() -> None:
    claim = claim_about(samples_from([1_000_000] * 1_000))
    opened = dataclasses.replace(claim, declared=dataclasses.replace(claim.declared, kind="open", rate_per_s=1e6))
    assert () == found_by("littles_law", opened)


def _weighed(samples: Samples) -> Claim:
    """The claim of samples that an instrument watched, its balance among the results."""
    claim = claim_about(samples)
    return dataclasses.replace(claim, results={**claim.results, **balance(samples, 0.95)})


def _stating(claim: Claim, mean_ns: float) -> Claim:
    stated = Estimate(mean_ns, mean_ns, mean_ns, "ns", len(claim.samples or ()))
    return dataclasses.replace(claim, results={**claim.results, "latency_ns.mean": stated})


@pytest.mark.parametrize("load", LOADS)
def test_an_honest_load_is_in_balance(load: str) -> None:
    assert [] == [seed for seed in SEEDS if found_by("littles_law", _weighed(honest(load, seed)))]


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("name", SEEN_BY_THE_BALANCE)
def test_doctored_records_are_out_of_balance(load: str, name: str) -> None:
    for seed in SEEDS:
        doctored = DOCTORED[name](honest(load, seed), np.random.default_rng(seed))
        (finding,) = found_by("littles_law", _weighed(doctored))
        assert Weight.REFUTES is finding.weight
        assert "(the mean of the records)" in finding.message


@pytest.mark.parametrize("load", LOADS)
def test_a_median_stated_as_the_mean_is_out_of_balance(load: str) -> None:
    for seed in SEEDS:
        samples = honest(load, seed)
        claim = _stating(_weighed(samples), float(np.median(samples.latency_ns)))
        (finding,) = found_by("littles_law", claim)
        assert Weight.REFUTES is finding.weight
        assert "(the mean stated)" in finding.message


def _one_worker(mean_ns: int) -> Claim:
    """Ten seconds of 10,000 operations, of which the gate saw that each took 1 ms."""
    gate = InFlight(10_000_000_000, 10_000_000_000, 10_000)
    instrument = Instrument("c", 30.0, 40.0, (), 10_000_000_000, in_flight=gate)
    return _weighed(dataclasses.replace(samples_from([mean_ns] * 10_000), instrument=instrument))


def test_the_finding_says_the_three_and_their_ratio() -> None:
    (finding,) = found_by("littles_law", _one_worker(500_000))
    assert (
        "L = 1 in flight by the gate, but λ·W = 1,000 /s × 500.0 µs (the mean of the records) = 0.5; "
        "L/(λ·W) = 2 (1.999 to 2.001) leaves out 1" == finding.message
    )
    assert finding.touches_result("littles_law.balance")


def test_a_mean_that_is_too_long_is_out_of_balance_too() -> None:
    for claim in (_one_worker(1_024_000), _stating(_one_worker(1_000_000), 1_024_000.0)):
        assert "L/(λ·W) = 0.9766 (0.976 to 0.9771) leaves out 1" in found_by("littles_law", claim)[-1].message


def test_a_stated_mean_of_nothing_is_out_of_balance() -> None:
    (finding,) = found_by("littles_law", _stating(_one_worker(1_000_000), 0.0))
    assert "λ·W = 1,000 /s × 0 ns (the mean stated) = 0; L/(λ·W) = inf" in finding.message


def test_an_open_load_must_balance_too() -> None:
    claim = _one_worker(500_000)
    assert claim.samples is not None
    opened = dataclasses.replace(claim.samples.measurement, load=Load("open", 1, 1_000.0))
    assert 1 == len(found_by("littles_law", _weighed(dataclasses.replace(claim.samples, measurement=opened))))


def test_samples_without_a_gate_are_checked_against_their_workers_alone() -> None:
    assert () == found_by("littles_law", _weighed(clean_samples(3)))
