"""The same records judged by the report's check and by the declared record."""

from __future__ import annotations

import functools
from pathlib import Path

from bizra_lab.inquiries.acceptance import accepted_by_rule
from bizra_lab.measuring import measure
from bizra_lab.model import Estimate, Result, Results
from bizra_lab.study import estimate, load

HOME = Path(__file__).parents[2]


def _share(result: Result) -> float:
    assert isinstance(result, Estimate)
    return result.value


@functools.cache
def _by_rule() -> dict[str, Results]:
    return accepted_by_rule(load("validation", "replay", None, HOME))


def test_the_reports_check_accepts_nine_kinds_of_sixteen_and_the_declared_record_none() -> None:
    found = _by_rule()
    assert 0.5625 == _share(found["contains @"]["share.accepted_bad"])
    assert 0.0 == _share(found["declared"]["share.accepted_bad"])


def test_neither_refuses_a_good_record() -> None:
    assert [0.0, 0.0] == [_share(results["share.rejected_good"]) for results in _by_rule().values()]


def test_the_shares_of_the_declared_record_are_those_that_the_study_measures() -> None:
    study = load("validation", "replay", {"profile.duration_s": 0.01}, HOME)
    measured = estimate(measure(study), study.analysis)
    assert {name: result for name, result in measured.items() if name in _by_rule()["declared"]} == _by_rule()[
        "declared"
    ]
