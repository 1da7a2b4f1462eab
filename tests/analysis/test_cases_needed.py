"""How many cases a share needs before its interval keeps a limit."""

from __future__ import annotations

import pytest

from bizra_lab.analysis.cases_needed import cases_needed
from bizra_lab.analysis.shares import share_interval
from bizra_lab.model import Estimate, Result, Unavailable


def _number(needed: Result) -> int:
    assert isinstance(needed, Estimate)
    assert "cases" == needed.unit
    return needed.n


def test_of_98_point_5_percent_above_98_it_takes_2830() -> None:
    assert 2830 == _number(cases_needed(0.985, 0.98))


def test_of_96_point_1_percent_above_95_it_takes_1470() -> None:
    assert 1470 == _number(cases_needed(0.961, 0.95))


def test_all_right_takes_190_cases_above_98_percent() -> None:
    assert 190 == _number(cases_needed(1.0, 0.98))


@pytest.mark.parametrize(("share", "limit"), [(0.99, 0.95), (0.7, 0.5), (0.2, 0.1), (0.955, 0.95)])
def test_so_many_are_enough_and_ten_fewer_are_not(share: float, limit: float) -> None:
    needed = _number(cases_needed(share, limit))
    assert share_interval(round(share * needed), needed, 0.95)[0] >= limit
    assert share_interval(round(share * (needed - 10)), needed - 10, 0.95)[0] < limit


def test_a_higher_confidence_takes_more() -> None:
    assert _number(cases_needed(0.985, 0.98, 0.99)) > 2830


def test_near_the_limit_it_takes_millions() -> None:
    assert 10**7 < _number(cases_needed(0.9501, 0.95))


@pytest.mark.parametrize("share", [0.95, 0.9])
def test_at_the_limit_or_below_no_number_is_enough(share: float) -> None:
    assert isinstance(cases_needed(share, 0.95), Unavailable)


@pytest.mark.parametrize("limit", [0.0, 1.0, -0.1])
def test_a_limit_that_is_no_share_between_none_and_all_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="limit"):
        cases_needed(0.5, limit)
