"""A load generator that did not keep its plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from bizra_lab.analysis.lags import lags
from bizra_lab.audit import RULES
from bizra_lab.harness.simulate import Exponential, OpenQueue, simulate
from bizra_lab.model import Claim, Estimate, Finding, Result, Samples, Unavailable, Weight
from bizra_lab.testing import samples_from
from tests.analysis.test_lags import MS, every_ms, open_samples
from tests.audit.claims import claim_about, found_by, summary

Find = Callable[[Samples], tuple[Finding, ...]]


def told(samples: Samples) -> Claim:
    """The claim with what the analysis says of its generator."""
    claim = claim_about(samples)
    return dataclasses.replace(claim, results={**claim.results, **lags(samples, 0.95)})


def untold(samples: Samples) -> Claim:
    """The claim with nothing but its operations."""
    return dataclasses.replace(claim_about(samples), results={})


def asleep(begin_ms: int, *, sleep_ms: int, workers: int) -> Samples:
    """A generator that slept once within 4,000 operations of a millisecond, one due every millisecond."""
    return open_samples(
        every_ms(4_000),
        np.full(4_000, MS),
        workers=workers,
        asleep_ns=[(begin_ms * MS, (begin_ms + sleep_ms) * MS)],
    )


@pytest.fixture(params=[told, untold], ids=["told", "untold"])
def found(request: pytest.FixtureRequest) -> Find:
    """What the rule finds in samples, whether the analysis spoke of them or not: it must be the same."""
    makes_claim: Callable[[Samples], Claim] = request.param
    return lambda samples: found_by("late_starts", makes_claim(samples))


def test_a_sleep_of_50_ms_while_workers_were_free_is_doubted(found: Find) -> None:
    (finding,) = found(asleep(1_000, sleep_ms=50, workers=64))
    assert Weight.DOUBT is finding.weight
    # The latest is 50 ms late and each next 1 ms less; beyond the 3,960th of 4,000 lie 40.
    assert (
        "of the operations whose worker was free, one in a hundred started 10.00 ms late or later, against a median "
        "response of 1.000 ms; it takes less than 10.00 % of it, 100.0 µs"
    ) == finding.message
    assert finding.touches_result("latency_ns.p99")
    assert not finding.touches_result("service_ns.p99")


@pytest.mark.parametrize(("doubted", "late_ns"), [(True, 100_000), (False, 99_999)])
def test_a_lag_of_a_tenth_of_the_median_response_is_doubted(found: Find, doubted: bool, late_ns: int) -> None:
    """All response times are 1 ms, of which an operation waited so much for the generator."""
    kept = open_samples(every_ms(4_000), np.full(4_000, MS - late_ns), workers=4)
    late = dataclasses.replace(kept, started_ns=kept.started_ns + late_ns, finished_ns=kept.finished_ns + late_ns)
    assert doubted == bool(found(late))


def test_a_queue_behind_a_slow_component_is_no_fault_of_the_generator(found: Find) -> None:
    """Each second one operation takes 200 ms."""
    takes_ns = np.where(np.arange(4_000) % 1_000 == 500, 200 * MS, MS // 2)
    assert () == found(open_samples(every_ms(4_000), takes_ns))


@pytest.mark.parametrize("seed", range(5))
def test_a_true_queue_is_never_doubted(found: Find, seed: int) -> None:
    assert () == found(simulate(OpenQueue(Exponential(), Exponential(), 0.8, servers=3), 20_000, 0, seed))


def test_a_plan_that_cannot_be_kept_is_doubted_with_its_arithmetic(found: Find) -> None:
    """Operations of 1.25 ms by one worker, one due every ms."""
    (finding,) = found(open_samples(every_ms(4_001), np.full(4_001, 5 * MS // 4)))
    assert Weight.DOUBT is finding.weight
    assert ("a plan of 4.000 s was started over 5.000 s, at 80.00 % of its rate; it takes 99.50 %") == finding.message
    assert finding.touches_result("throughput_per_s") and finding.touches_result("latency_ns.p50")


@pytest.mark.parametrize(("doubted", "late_ms"), [(False, 20), (True, 21)])
def test_the_last_start_may_be_half_a_percent_of_the_plan_late(found: Find, doubted: bool, late_ms: int) -> None:
    """A plan of 4 s whose last operation waits for the one before it."""
    takes_ns = np.full(4_001, MS // 2)
    takes_ns[-2] = (late_ms + 1) * MS
    assert doubted == bool(found(open_samples(every_ms(4_001), takes_ns)))


@pytest.mark.parametrize(("void", "attempted"), [(False, 4_004), (True, 4_005)])
def test_operations_that_never_started_void_everything(found: Find, void: bool, attempted: int) -> None:
    """Four workers may have had one each under way when the window closed."""
    findings = found(open_samples(every_ms(4_000), np.full(4_000, MS), workers=4, attempted=attempted))
    assert ([Weight.VOID] if void else []) == [finding.weight for finding in findings]


def test_the_finding_counts_those_that_never_started(found: Find) -> None:
    (finding,) = found(open_samples(every_ms(4_000), np.full(4_000, MS), workers=4, attempted=5_000))
    assert "1,000 of 5,000 operations planned (20.00 %) were never started" in finding.message
    assert finding.touches_result("throughput_per_s") and finding.touches_result("latency_ns.p50")


def test_a_plan_of_which_nothing_was_started_says_so(found: Find) -> None:
    (finding,) = found(open_samples([], [], attempted=9))
    assert Weight.VOID is finding.weight


def test_what_the_analysis_says_is_preferred_to_what_the_rule_can_count() -> None:
    claim = untold(open_samples(every_ms(4_000), np.full(4_000, MS)))
    results: dict[str, Result] = {
        "generator.achieved": Estimate(0.9, 0.9, 0.9, "share", 4_000),
        "latency_ns.p50": Unavailable("few"),
    }
    (finding,) = found_by("late_starts", dataclasses.replace(claim, results=results))
    assert "at 90.00 % of its rate" in finding.message


def test_a_closed_load_has_no_plan_to_keep() -> None:
    """What it leaves unrecorded is another rule's business."""
    assert () == found_by("late_starts", claim_about(samples_from([MS] * 4_000, attempted=5_000)))


def test_a_printed_summary_is_not_checked_and_not_blamed_for_it() -> None:
    claim = summary(throughput_per_s=1e3, mean_ns=1e6, p50_ns=1e6, workers=1)
    missing = RULES.get("late_starts").missing(claim)
    assert missing is not None and not missing.undisclosed
