"""Stalls that a load did not see."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.harness.simulate import Exponential, OpenQueue, simulate
from bizra_lab.model import Declared, Samples, Scope, Weight
from bizra_lab.testing import clean_samples, drafted, samples_from
from tests.audit.claims import claim_about, found_by, not_looked, published


def closed(scope: Scope | None, workers: int | None, duration_s: float) -> Declared:
    return Declared(scope, "closed", workers, duration_s=duration_s)


@pytest.mark.parametrize(
    ("weight", "declared", "figures"),
    [
        # A published stall of 1.5335 s in 6.0121 s: 1.473 s for p99 if it stopped all of 20, 0.331 if one of them.
        (Weight.DOUBT, closed("http", 20, 6.0121), {"p99": "28.1 ms", "max": "1533.5 ms"}),
        (Weight.NOTE, closed("http", 20, 6.0121), {"p99": "0.34 s", "max": "1533.5 ms"}),
        (None, closed("http", 20, 6.0121), {"p99": "1.48 s", "max": "1533.5 ms"}),
        (Weight.NOTE, closed("http", None, 6.0121), {"p99": "28.1 ms", "max": "1533.5 ms"}),
        (None, closed("http", 20, 6.0121), {"p50": "11 ms", "max": "1533.5 ms"}),  # half of the time was fine
        (Weight.NOTE, closed("inproc", 1, 6.0121), {"p99": "28.1 ms", "max": "1533.5 ms"}),
        (Weight.DOUBT, closed(None, 1, 6.0121), {"p99": "28.1 ms", "max": "1533.5 ms"}),
        # Rounding: a maximum of "2 s" may be 1.5 s, which leaves p99 at 0.3 s.
        (None, closed("http", 1, 120.0), {"p99": "0.3005 s", "max": "2 s"}),
        (Weight.DOUBT, closed("http", 1, 120.0), {"p99": "0.3005 s", "max": "2.0 s"}),
    ],
)
def test_a_quantile_lies_above_the_floor_that_the_maximum_sets(
    weight: Weight | None, declared: Declared, figures: dict[str, str]
) -> None:
    claim = published(declared, **{f"latency_ns__{name}": text for name, text in figures.items()})
    found = found_by("coordinated_omission", claim)
    assert ([] if weight is None else [weight]) == [finding.weight for finding in found]


def test_the_finding_says_the_floor_and_what_must_be_believed() -> None:
    figures = {"latency_ns__p99": "28.10 ms", "latency_ns__max": "1533.5 ms"}
    (sure,) = found_by("coordinated_omission", published(closed("http", 20, 6.0121), **figures))
    assert (
        "only one of 20 workers, and callers who come evenly see a latency_ns.p99 of at least 331.0 ms, not "
        in sure.message
    )
    (perhaps,) = found_by("coordinated_omission", published(closed("http", None, 6.0121), **figures))
    assert "of at least 1.473 s; 28.10 ms holds only if the stall held up at most 3.994 % of" in perhaps.message
    assert ("latency_ns.p99",) == perhaps.touches


def test_a_stall_of_a_single_closed_worker_is_doubted_and_of_an_open_load_it_is_in_the_figures() -> None:
    rng = np.random.default_rng(4)
    times_ns = rng.integers(900_000, 1_100_000, 60_000)
    times_ns[30_000] = 5_000_000_000
    samples = samples_from(times_ns, scope="http")
    (finding,) = found_by("coordinated_omission", claim_about(samples))
    assert Weight.DOUBT is finding.weight and finding.touches_result("latency_ns.p99")
    assert finding.message.startswith("no operation ended for 5.000 s, 7.69")
    opened = simulate(OpenQueue(Exponential(), Exponential(), 0.8), 10_000, 5_000, 3)
    assert () == found_by("coordinated_omission", claim_about(opened))


def paced(rng: np.random.Generator, stall_ns: int) -> Samples:
    """A worker that starts one operation of 1 ms every 10 ms, and after a stall goes on at the next whole 10 ms."""
    times_ns = rng.integers(900_000, 1_100_000, 5_000)
    times_ns[[1_000, 3_000]] = stall_ns
    interval_ns = 10_000_000
    taken = np.maximum(1, -(-times_ns // interval_ns))
    started_ns = 1_000_000_000 + np.concatenate([[0], np.cumsum(taken)[:-1]]) * interval_ns
    plain = samples_from(times_ns)
    return type(plain)(
        plain.measurement,
        started_ns,
        started_ns,
        started_ns + times_ns,
        plain.outcome,
        plain.outcomes,
        plain.worker,
    )


@pytest.mark.parametrize(("doubted", "stall_ns"), [(True, 500_000_000), (True, 260_000_000), (False, 251_000_000)])
def test_starts_missing_from_a_plan_are_doubted(doubted: bool, stall_ns: int) -> None:
    """Two stalls of 260 ms are 50 starts of 5,000: 1 %."""
    for seed in range(10):
        claim = claim_about(paced(np.random.default_rng(seed), stall_ns))
        found = [
            each for each in found_by("coordinated_omission", claim) if "starts an operation every" in each.message
        ]
        assert doubted == bool(found)
        assert all(finding.weight is Weight.DOUBT for finding in found)


def test_without_a_maximum_or_a_duration_nothing_is_checked() -> None:
    looked = not_looked("coordinated_omission", published(closed("http", 1, 5.0), latency_ns__p99="1 ms"))
    assert looked is not None and not looked.undisclosed
    looked = not_looked("coordinated_omission", published(Declared(kind="closed"), latency_ns__max="1 ms"))
    assert looked is not None and looked.undisclosed


def test_honest_measurements_have_no_finding() -> None:
    for workers in (1, 8):
        alarms = [
            s for s in range(100) if found_by("coordinated_omission", claim_about(clean_samples(s, workers=workers)))
        ]
        assert [] == alarms


@pytest.mark.parametrize("load", ["closed_1", "closed_64", "cached_8"])
def test_a_stop_of_everything_is_doubted_wherever_it_was(load: str) -> None:
    for seed in range(3):
        draft = drafted(load, seed, 20_000)
        stopped = dataclasses.replace(draft, stops_ns=((60_000_000_000, 2_000_000_000),)).seen()
        (finding,) = found_by("coordinated_omission", claim_about(stopped))
        assert Weight.DOUBT is finding.weight and finding.message.startswith("no operation ended for 2.")


def test_workers_that_begin_together_stop_nothing() -> None:
    """64 workers whose operations all take about two seconds: for a while they end together, and nothing in between."""
    rng = np.random.default_rng(1)
    times_ns = (2e9 * np.exp(0.1 * rng.standard_normal(64 * 70))).astype(np.int64)
    found = found_by("coordinated_omission", claim_about(samples_from(times_ns, workers=64)))
    assert not [finding for finding in found if finding.weight is Weight.DOUBT]


def test_the_longest_operation_of_a_heavy_tail_stops_nothing() -> None:
    for seed in range(20):
        samples = drafted("heavy_1", seed, 20_000).seen()
        asked = dataclasses.replace(samples, measurement=dataclasses.replace(samples.measurement, scope="http"))
        found = found_by("coordinated_omission", claim_about(asked))
        assert not [finding for finding in found if finding.weight is Weight.DOUBT]


@pytest.mark.parametrize("load", ["poisson_1", "poisson_8", "poisson_spare", "constant_8"])
def test_a_plan_that_waits_for_the_system_is_doubted(load: str) -> None:
    """Everything stops for two seconds, and latencies are from when an operation was sent."""
    for seed in range(3):
        draft = drafted(load, seed, 20_000)
        stopped = dataclasses.replace(draft, stops_ns=((60_000_000_000, 2_000_000_000),)).seen()
        assert () == found_by("coordinated_omission", claim_about(stopped))
        sent = dataclasses.replace(stopped, scheduled_ns=stopped.started_ns)
        (finding,) = found_by("coordinated_omission", claim_about(sent))
        assert Weight.DOUBT is finding.weight and "the plan waited for the system" in finding.message


def test_a_plan_that_never_falls_due_while_the_worker_is_busy_is_none() -> None:
    """Nothing stops: it is only sent when there is room, and of 20,000 half should have waited."""
    samples = drafted("poisson_1", 1, 20_000).seen()
    sent = dataclasses.replace(samples, scheduled_ns=samples.started_ns)
    (finding,) = found_by("coordinated_omission", claim_about(sent))
    assert finding.message.startswith("0 operations fell due while all workers were busy, where ")
