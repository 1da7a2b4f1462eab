"""
How long sealed runs are kept: as long as their entry in the ledger says, and on hold for longer.

The time is fixed when a run is sealed; nothing shortens it afterwards. A removal is entered in the ledger before the
first file goes, so that what is gone is known to have been there; the ledger itself, runs without a seal, and runs that
are not authentic any more are left to people.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from bizra_lab.errors import LabError, SettingsError, one_line
from bizra_lab.evidence.ledger import Entry, Ledger
from bizra_lab.suite.keyring import own_signer
from bizra_lab.suite.run_folder import alone_in, runs, runs_folder
from bizra_lab.suite.seal import add_entry
from bizra_lab.suite.verify import intact_ledger, verify

LEAVING = ".leaving"  # the folder of runs that are being removed; what is in there is gone already


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a run, and why."""

    run: str
    removed: bool
    reason: str


def fates(home: Path, now: str) -> tuple[Fate, ...]:
    """What would become of every run at `now` (UTC, ISO 8601), oldest first. Raises Unreadable without a ledger."""
    ledger = intact_ledger(home)
    return tuple(_fate(folder, home, ledger, now) for folder in runs(home))


def retain(home: Path, now: str) -> tuple[Fate, ...]:
    """
    Remove the runs whose time is over at `now`, and say what became of every one.

    Each removal is in the ledger before it begins; one that was interrupted is gone on with. Raises LabError.
    """
    leaving = runs_folder(home).parent / LEAVING
    leaving.mkdir(parents=True, exist_ok=True)
    told = fates(home, now)
    signer = own_signer(home)
    for fate in told:
        if not fate.removed:
            continue
        folder = runs_folder(home) / fate.run
        with alone_in(folder):
            if not intact_ledger(home).removed(fate.run):
                add_entry(home, signer, Entry("removed", fate.run, now, reason=fate.reason))
            folder.rename(leaving / fate.run)  # out of the way at once, and then file by file
    shutil.rmtree(leaving)
    return told


def hold(home: Path, run: str, reason: str, now: str) -> None:
    """Keep a sealed run until it is released, whatever its time; the ledger has the reason. Raises SettingsError."""
    _enter(home, run, Entry("held", run, now, reason=reason))


def release(home: Path, run: str, reason: str, now: str) -> None:
    """Let a run's time count again. Raises SettingsError when it is not on hold."""
    if intact_ledger(home).held(run) is None:
        raise SettingsError(f"{run}: not on hold")
    _enter(home, run, Entry("released", run, now, reason=reason))


def _enter(home: Path, run: str, entry: Entry) -> None:
    if run not in intact_ledger(home).kept:
        raise SettingsError(f"{run}: no sealed run of that name is kept; see `bizra-lab list runs`")
    if not entry.reason.strip():
        raise SettingsError(f"{run}: expected a reason, which the ledger keeps")
    add_entry(home, own_signer(home), entry)


def _fate(folder: Path, home: Path, ledger: Ledger, now: str) -> Fate:
    run = folder.name
    entry = ledger.sealed(run)
    if entry is None:
        return Fate(run, False, "without a seal: nothing is promised of it, and it is left to you")
    if ledger.removed(run):
        return Fate(run, True, "its removal is in the ledger, and was not finished")
    held = ledger.held(run)
    if held is not None:
        return Fate(run, False, f"on hold: {held}")
    if now < entry.keep_until:  # both in the one notation in which the alphabet's order is that of time
        return Fate(run, False, f"its time ends at {entry.keep_until}")
    try:
        found = verify(folder.resolve(), home)
    except LabError as error:
        return Fate(run, False, f"left to you, since it cannot be verified: {one_line(error)}")
    if not found.authentic:
        return Fate(run, False, f"left to you, since it is not authentic: {found.problems[0]}")
    return Fate(run, True, f"its time ended at {entry.keep_until}")
