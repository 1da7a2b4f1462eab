"""Retention: nothing sealed goes before its time or on hold, and what goes is told by the ledger."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bizra_lab.errors import SettingsError, Unreadable
from bizra_lab.suite.keyring import ledger_path
from bizra_lab.suite.retention import fates, hold, release, retain
from bizra_lab.suite.run_folder import runs_folder
from bizra_lab.suite.verify import intact_ledger, missing_runs
from tests.evidence.sealing import flip
from tests.suite.concluded import concluded, ended_run

RUN = "20260101T000000Z-replay-a"
OPEN = "20260102T000000Z-replay-b"
LONG_AGO, FAR_AHEAD = "2000-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def runs(home: Path) -> None:
    """A lab with one sealed run and one that is open."""
    concluded(ended_run(home, RUN), home)
    ended_run(home, OPEN)


def told(home: Path, now: str) -> dict[str, tuple[bool, str]]:
    return {fate.run: (fate.removed, fate.reason) for fate in fates(home, now)}


def left(home: Path) -> list[str]:
    return sorted(path.name for path in runs_folder(home).iterdir())


def keep_until(home: Path) -> str:
    entry = intact_ledger(home).sealed(RUN)
    assert entry is not None
    return entry.keep_until


def test_a_sealed_run_is_kept_until_its_time_and_not_a_second_longer(home: Path) -> None:
    end = keep_until(home)
    before = f"{np.datetime64(end[:-1], 's') - np.timedelta64(1, 's')}Z"
    assert (False, f"its time ends at {end}") == told(home, before)[RUN]
    assert (True, f"its time ended at {end}") == told(home, end)[RUN]


def test_looking_removes_nothing(home: Path) -> None:
    fates(home, FAR_AHEAD)
    assert [RUN, OPEN] == left(home)


def test_before_its_time_nothing_is_removed(home: Path) -> None:
    retain(home, LONG_AGO)
    assert [RUN, OPEN] == left(home)
    assert 1 == len(intact_ledger(home).entries)


def test_after_its_time_a_sealed_run_goes_and_the_ledger_tells(home: Path) -> None:
    retain(home, FAR_AHEAD)
    assert [OPEN] == left(home)
    assert ["runs"] == [path.name for path in runs_folder(home).parent.iterdir() if path.is_dir()]
    ledger = intact_ledger(home)
    assert ["sealed", "removed"] == [entry.kind for entry in ledger.entries]
    assert FAR_AHEAD == ledger.entries[-1].at
    assert ledger.removed(RUN)
    assert () == missing_runs(ledger, home)


def test_the_ledger_itself_stays(home: Path) -> None:
    retain(home, FAR_AHEAD)
    assert ledger_path(home).is_file()


def test_a_run_without_a_seal_is_left_to_its_owner(home: Path) -> None:
    removed, reason = told(home, FAR_AHEAD)[OPEN]
    assert not removed
    assert "without a seal" in reason


def test_a_run_on_hold_is_kept_until_it_is_released(home: Path) -> None:
    hold(home, RUN, "a dispute", LONG_AGO)
    assert (False, "on hold: a dispute") == told(home, FAR_AHEAD)[RUN]
    retain(home, FAR_AHEAD)
    assert [RUN, OPEN] == left(home)
    release(home, RUN, "settled", LONG_AGO)
    assert told(home, FAR_AHEAD)[RUN][0]
    assert ["sealed", "held", "released"] == [entry.kind for entry in intact_ledger(home).entries]


def test_a_hold_needs_a_sealed_run_and_a_reason(home: Path) -> None:
    with pytest.raises(SettingsError, match="no sealed run of that name is kept"):
        hold(home, OPEN, "a dispute", LONG_AGO)
    with pytest.raises(SettingsError, match="expected a reason"):
        hold(home, RUN, " ", LONG_AGO)
    with pytest.raises(SettingsError, match="not on hold"):
        release(home, RUN, "settled", LONG_AGO)


def test_a_run_that_is_not_authentic_is_evidence_of_that_and_kept(home: Path) -> None:
    flip(runs_folder(home) / RUN / "gates.json", 9)
    removed, reason = told(home, FAR_AHEAD)[RUN]
    assert not removed
    assert "not authentic: gates.json: changed" in reason
    (runs_folder(home) / RUN / "attestation.json").unlink()
    removed, reason = told(home, FAR_AHEAD)[RUN]
    assert not removed
    assert "cannot be verified" in reason


def test_a_removal_that_was_interrupted_is_gone_on_with_and_told_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda *_: interrupted(home))
        with pytest.raises(KeyboardInterrupt):
            retain(home, FAR_AHEAD)
    assert [RUN, OPEN] == left(home)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            retain(home, FAR_AHEAD)
    assert [OPEN] == left(home)
    retain(home, FAR_AHEAD)
    assert not (runs_folder(home).parent / ".leaving").exists()
    assert ["sealed", "removed"] == [entry.kind for entry in intact_ledger(home).entries]


def test_with_a_broken_ledger_nothing_is_removed(home: Path) -> None:
    flip(ledger_path(home), 777)
    with pytest.raises(Unreadable):
        retain(home, FAR_AHEAD)
    assert [RUN, OPEN] == left(home)
