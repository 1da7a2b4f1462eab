"""Queues that grow as long as the run does."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bizra_lab.harness.simulate import Exponential, LogNormal, OpenQueue, simulate
from bizra_lab.model import Claim, Declared, Ints, Load, Samples, Weight
from bizra_lab.testing import samples_from
from tests.audit.claims import claim_about, found_by, not_looked, published


def _one_after_the_other(due_ns: Ints, service_ns: Ints) -> Samples:
    """An open load of one worker, first come, first served."""
    plain = samples_from(service_ns)
    ended_ns = np.cumsum(service_ns)
    finished_ns = ended_ns + np.maximum.accumulate(due_ns - (ended_ns - service_ns))
    load = Load("open", 1, float(len(due_ns) / (due_ns[-1] / 1e9)), "poisson")
    return dataclasses.replace(
        plain,
        measurement=dataclasses.replace(plain.measurement, load=load),
        scheduled_ns=due_ns,
        started_ns=finished_ns - service_ns,
        finished_ns=finished_ns,
    )


def loaded(utilisation: float, seed: int, n: int = 20_000) -> Claim:
    rng = np.random.default_rng(seed)
    due_ns = np.cumsum(rng.standard_exponential(n) * 1e6 / utilisation).astype(np.int64)
    return claim_about(_one_after_the_other(due_ns, (rng.standard_exponential(n) * 1e6).astype(np.int64) + 1))


@pytest.mark.parametrize("utilisation", [1.05, 1.2, 2.0])
def test_more_than_can_be_done_is_void(utilisation: float) -> None:
    for seed in range(20):
        (finding,) = found_by("saturated", loaded(utilisation, seed))
        assert Weight.VOID is finding.weight
        assert finding.touches_result("latency_ns.p50") and not finding.touches_result("share.ok")


@pytest.mark.parametrize(
    ("name", "queue"),
    [
        ("M/M/1 at 0.5", OpenQueue(Exponential(), Exponential(), 0.5)),
        ("M/M/1 at 0.8", OpenQueue(Exponential(), Exponential(), 0.8)),
        ("M/M/1 at 0.9", OpenQueue(Exponential(), Exponential(), 0.9)),
        ("M/G/1 at 0.7", OpenQueue(Exponential(), LogNormal(1.0), 0.7)),
        ("M/M/4 at 0.8", OpenQueue(Exponential(), Exponential(), 0.8, servers=4)),
    ],
)
def test_a_queue_with_a_steady_state_is_left_alone(name: str, queue: OpenQueue) -> None:
    """100 runs each: at most 1 has anything found."""
    alarms = [seed for seed in range(100) if found_by("saturated", claim_about(simulate(queue, 10_000, 5_000, seed)))]
    assert len(alarms) <= 1, (name, alarms)


@pytest.mark.parametrize(
    ("doubted", "rate", "failed", "n"),
    [
        (True, "900 /s", "0 %", 108_000),
        (False, "995 /s", "0 %", 119_400),
        (False, "900 /s", "10 %", 108_000),  # the rate may be that of successes
        (True, "900 /s", "5 %", 108_000),
        (False, "970 /s", "0 %", 970),  # arrivals at random come short by so much in a second
    ],
)
def test_of_a_summary_the_rate_must_be_the_one_offered(doubted: bool, rate: str, failed: str, n: int) -> None:
    claim = published(Declared(kind="open", rate_per_s=1_000.0), n, throughput_per_s=rate, share__failed=failed)
    found = found_by("saturated", claim)
    assert ([Weight.DOUBT] if doubted else []) == [finding.weight for finding in found]


def test_an_undisclosed_rate_is_not_checked() -> None:
    looked = not_looked("saturated", published(Declared(kind="open"), throughput_per_s="5 /s"))
    assert looked is not None and looked.undisclosed


def test_a_closed_load_offers_what_it_completes() -> None:
    assert () == found_by("saturated", published(Declared(kind="closed"), throughput_per_s="5 /s"))


def test_the_finding_says_how_many_waited() -> None:
    """Every ms an operation of 2 ms: when the last of 1,000 falls due half of them wait."""
    due_ns = np.arange(1_000, dtype=np.int64) * 1_000_000
    (finding,) = found_by("saturated", claim_about(_one_after_the_other(due_ns, np.full(1_000, 2_000_000))))
    assert finding.message.startswith(
        "when the last operation fell due, 501 of 1,000 waited or were under way, and 251 half-way there"
    )
