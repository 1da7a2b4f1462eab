"""Rows of a foreign file, gathered within bounds."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from bizra_lab.errors import Unreadable
from bizra_lab.importers import _rows
from bizra_lab.importers._rows import Columns, claim_of, ns_of
from bizra_lab.model import Declared


def _columns(*rows: tuple[int, int, str]) -> Columns:
    columns = Columns(Path("some.csv"))
    for line, (started_ns, latency_ns, failure) in enumerate(rows, 2):
        columns.add(line, started_ns, latency_ns, 0, failure)
    return columns


def test_times_count_from_the_first_start() -> None:
    columns = _columns((1_000, 50, ""), (900, 10, "503"))
    samples = claim_of(columns, columns.worker, 1, Declared(clock_step_ns=1.0), "made", {}).samples
    assert samples is not None
    assert [100, 0] == samples.started_ns.tolist()
    assert [150, 10] == samples.finished_ns.tolist()
    assert ("ok", "503") == samples.outcomes
    assert [0, 1] == samples.outcome.tolist()


def test_ends_become_starts_by_the_time_taken() -> None:
    columns = _columns((100, 30, ""), (200, 50, ""))
    columns.stamps_are_ends()
    assert [70, 150] == columns.started_ns.tolist()


def test_a_failure_called_ok_is_still_a_failure() -> None:
    assert ("ok", "failed") == _columns((0, 1, "ok")).outcomes


def test_failures_of_endless_names_end_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_rows, "OUTCOMES_MAX", 3)
    assert ("ok", "a", "b", "failed") == _columns(*((0, 1, name) for name in "abcdefg")).outcomes


def test_rows_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_rows, "ROWS_MAX", 2)
    with pytest.raises(Unreadable, match=r"some\.csv: line 4: more than 2 operations"):
        _columns(*[(0, 1, "")] * 3)


def test_seconds_are_whole_ns() -> None:
    assert 1_234_567_890 == ns_of(Decimal("1.2345678901"), "here")


def test_an_operation_of_a_year_is_none() -> None:
    with pytest.raises(Unreadable, match="here: expected a time within 100 days, got 31536000 s"):
        ns_of(Decimal(365 * 86_400), "here")


def test_starts_of_different_years_are_no_run() -> None:
    columns = _columns((0, 1, ""), (365 * 86_400 * 10**9, 1, ""))
    with pytest.raises(Unreadable, match="starts more than 100 days apart"):
        claim_of(columns, columns.worker, 1, Declared(clock_step_ns=1.0), "made", {})


def test_no_rows_are_no_run() -> None:
    with pytest.raises(Unreadable, match="no operations"):
        claim_of(_columns(), np.zeros(0, np.int32), 1, Declared(clock_step_ns=1.0), "made", {})
