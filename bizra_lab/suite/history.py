"""
A result over the runs of this lab, oldest first, and the runs with which it changed.

Runs of another profile, host or policy are set aside and counted: a step between two machines is no change of the
code. A run that cannot be read is named and left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bizra_lab.analysis.history import Change, changes
from bizra_lab.errors import LabError, UnknownName, nearest, one_line
from bizra_lab.evidence.record import results_of, results_to_json
from bizra_lab.model import Estimate, Record, Result, Unavailable
from bizra_lab.reporting import table
from bizra_lab.reporting.table import Table
from bizra_lab.suite.comparable import host_of_record, policy_of_record
from bizra_lab.suite.run_folder import runs
from bizra_lab.suite.verdicts import read_records

SEED = 20260101  # of the shuffles, so that the same runs always have the same changes
RUNS_LOOKED_AT = 365  # the newest; time grows with the square of their number, and these take two seconds

# What is met in a record that calls itself one and holds something else; one of them must not hide all the others.
_BROKEN = (LabError, AttributeError, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class History:
    """
    One result run by run, oldest first, all of one profile, host and policy.

    `changes` count only runs in which the result is available. `set_aside` is how many runs are of another profile,
    host or policy; `left_out` has one line for each run that could not be read.
    """

    name: str
    profile: str
    host: str
    policy: str
    runs: Mapping[str, Result]
    changes: tuple[Change, ...] | Unavailable
    set_aside: int
    left_out: tuple[str, ...]

    def changed(self) -> dict[str, Change]:
        """The changes by the run they begin with."""
        told = [run for run, result in self.runs.items() if isinstance(result, Estimate)]
        return {} if isinstance(self.changes, Unavailable) else {told[each.index]: each for each in self.changes}


@dataclass(frozen=True, slots=True)
class Names:
    """Each `<study>.<result>` there is, alphabetical, with the number of runs that have it."""

    runs: Mapping[str, int]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What runs must have in common to be one history."""

    profile: str
    host: str
    policy: str


def names(home: Path) -> Names:
    """The names of all results that any run has."""
    read, left_out = _read(home)
    found = Counter(
        f"{study}.{name}"
        for records in read.values()
        for study, record in records.items()
        for name in results_of(record)
    )
    return Names(dict(sorted(found.items())), left_out)


def history(home: Path, name: str, profile: str | None = None, last: int = RUNS_LOOKED_AT) -> History:
    """
    The result `<study>.<result>` over the last so many runs that are of the kind of the newest, or newest of `profile`.

    Raises UnknownName, with the nearest name there is, when no run has it.
    """
    read, left_out = _read(home)
    study, _, result = name.partition(".")
    found = {
        run: (_kind(record), results_of(record)[result])
        for run, records in read.items()
        if (record := records.get(study)) is not None and result in record.content["results"]
    }
    wanted = {run: kind for run, (kind, _) in found.items() if profile in (None, kind.profile)}
    if not wanted:
        known = names(home).runs
        of_profile = "" if profile is None else f" of profile {profile}"
        raise UnknownName(f"no run{of_profile} has a result named {name!r}{nearest(name, known)}; see `history`")
    kind = list(wanted.values())[-1]
    alike = {run: value for run, (each, value) in found.items() if each == kind}
    shown = dict(list(alike.items())[-last:])
    return History(
        name=name,
        profile=kind.profile,
        host=kind.host,
        policy=kind.policy,
        runs=shown,
        changes=_changes(list(shown.values())),
        set_aside=len(found) - len(alike),
        left_out=left_out,
    )


def _changes(values: Sequence[Result]) -> tuple[Change, ...] | Unavailable:
    told = [each.value for each in values if isinstance(each, Estimate)]
    return changes(told, np.random.default_rng(SEED))


def _kind(record: Record) -> _Kind:
    return _Kind(record.content["profile"], host_of_record(record), policy_of_record(record))


def _read(home: Path) -> tuple[dict[str, dict[str, Record]], tuple[str, ...]]:
    """The records of every run that can be read, oldest first, and a line for each that cannot."""
    read: dict[str, dict[str, Record]] = {}
    left_out: list[str] = []
    for folder in runs(home):
        try:
            records = read_records(folder)
            for record in records.values():
                _kind(record)
                results_of(record)
        except _BROKEN as error:
            left_out.append(f"{folder.name}: left out: {one_line(error)}")
        else:
            read[folder.name] = records
    return read, tuple(left_out)


def history_table(found: History) -> Table:
    """A history run by run, oldest first, with its changes."""
    changed = {run: (each.before, each.after, each.p_value) for run, each in found.changed().items()}
    return table.history_table(found.name, found.runs, changed)


def said(found: History) -> str:
    """One line on what the table is of, and what is not in it."""
    parts = [f"profile {found.profile}, host {found.host or 'undisclosed'}, policy {found.policy or 'undisclosed'}"]
    if found.set_aside:
        parts.append(f"runs of another profile, host or policy set aside: {found.set_aside}")
    if isinstance(found.changes, Unavailable):
        parts.append(found.changes.reason)
    return "; ".join(parts)


def history_document(found: History) -> dict[str, Any]:
    """
    What `history NAME --json` prints.

    `{name, profile, host, policy, runs: [{run, …}], changes: [{run, before, after, p_value}], set_aside, left_out}`.
    """
    return {
        "name": found.name,
        "profile": found.profile,
        "host": found.host,
        "policy": found.policy,
        "runs": [{"run": run, **each} for run, each in results_to_json(found.runs).items()],
        "changes": _changes_document(found),
        "set_aside": found.set_aside,
        "left_out": list(found.left_out),
    }


def _changes_document(found: History) -> Any:
    if isinstance(found.changes, Unavailable):
        return {"unavailable": found.changes.reason}
    return [
        {"run": run, "before": each.before, "after": each.after, "p_value": each.p_value}
        for run, each in found.changed().items()
    ]
