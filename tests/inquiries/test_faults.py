"""Honest records are green and doctored ones red, by what was told of them elsewhere."""

from __future__ import annotations

import dataclasses

import pytest

from bizra_lab.inquiries.faults import CANNOT_TELL, GREEN, RED, weigh_doctored
from bizra_lab.model import Estimate, Result
from bizra_lab.testing import DOCTORED, LOADS, honest, samples_from


def _value(result: Result) -> float:
    assert isinstance(result, Estimate), result
    return result.value


@pytest.mark.parametrize("load", LOADS)
def test_honest_records_are_green_and_doctored_ones_red(load: str) -> None:
    found = {name: verdict for name, (_, verdict, _) in weigh_doctored(honest(load, 5), 5).items()}
    assert {"honest": GREEN, **dict.fromkeys(DOCTORED, RED)} == found


def test_each_verdict_says_what_it_rests_on() -> None:
    sentences = {name: sentence for name, (*_, sentence) in weigh_doctored(honest("bimodal_8", 5)).items()}
    assert "no other instrument contradicts them" == sentences["honest"]
    assert sentences["wrong_unit"].startswith("littles_law: L = ")
    assert sentences["lost_at_random"].startswith("missing_operations: ")
    assert "; missing_operations: " in sentences["slowest_dropped"]


def test_times_divided_by_a_wrong_unit_are_out_by_it() -> None:
    results, *_ = weigh_doctored(honest("lognormal_8", 5))["wrong_unit"]
    assert 1.024 == pytest.approx(_value(results["littles_law.balance"]), abs=1e-3)
    assert 1.0 == pytest.approx(_value(results["records.counted"]), abs=1e-3)


def test_what_nothing_watched_cannot_be_told() -> None:
    found = weigh_doctored(samples_from([1_000_000] * 1_000))
    ((_, verdict, sentence),) = found.values()
    assert ["honest"] == list(found)
    assert (CANNOT_TELL, "no gate counted what was in flight") == (verdict, sentence)


def test_a_finding_about_the_windows_length_makes_no_record_red() -> None:
    """An operation that an edge cut was longer than every recorded one, which is doubted; the records are in order."""
    samples = honest("lognormal_8", 5)
    assert samples.instrument is not None and samples.instrument.cut is not None
    cut = dataclasses.replace(samples.instrument.cut, longest_ns=10**12)
    instrument = dataclasses.replace(samples.instrument, cut=cut)
    _, verdict, _ = weigh_doctored(dataclasses.replace(samples, instrument=instrument))["honest"]
    assert GREEN == verdict
