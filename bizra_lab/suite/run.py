"""A run from end to end: plan, execute, judge, report."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bizra_lab.errors import COULD_NOT_RUN, SettingsError
from bizra_lab.files import write_atomically
from bizra_lab.gates import Gates, load_gates
from bizra_lab.harness.doctor import glance
from bizra_lab.harness.environment import now_utc, read_code, read_host, read_python
from bizra_lab.settings import plain
from bizra_lab.suite.execute import JobEvent, execute
from bizra_lab.suite.plan import Job, plan
from bizra_lab.suite.report import write_report
from bizra_lab.suite.run_folder import Run, State, alone_in, create_run, find_run, open_run, to_do
from bizra_lab.suite.verdicts import ALL_PASS, SOME_OPEN, RunVerdicts, gates_document, judge_run, read_records


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What was asked for; `resume` names a run to go on with, which then says the rest."""

    studies: tuple[str, ...] = ()
    profile: str = "smoke"
    params: Path | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    workers: int = 2
    resume: str | None = None


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """Where a run was left, what its gates say, and one line for each notebook that did not run to its end."""

    folder: Path
    judged: RunVerdicts
    failures: tuple[str, ...]
    open_expected: bool

    @property
    def exit_code(self) -> int:
        """2 when a notebook did not run; else the gates' own, open ones being no bad news where they are expected."""
        if self.failures:
            return COULD_NOT_RUN
        if self.judged.exit_code == SOME_OPEN and self.open_expected:
            return ALL_PASS
        return self.judged.exit_code


def run_suite(home: Path, request: RunRequest, on_event: Callable[[JobEvent], None]) -> FinishedRun:
    """
    Execute what `request` asks for, judge it, and write gates.json and report.html beside the notebooks.

    Raises LabError with one line for what stops it before it starts; a notebook that fails is told in the result.
    """
    gates = load_gates(home / "params" / "gates.yaml")
    if request.resume is None:
        jobs = plan(request.studies, request.profile, request.overrides, home, request.params)
        if not jobs:
            raise SettingsError(f"{home / 'notebooks'}: no study has a notebook; expected NN_<study>.ipynb")
        run = create_run(home, jobs, _about(home, request, jobs), now_utc())
        with alone_in(run.folder):
            judged = _execute_and_judge(run, jobs, home, request.workers, gates, on_event)
    else:
        folder = find_run(home, request.resume)
        with alone_in(folder):
            run = open_run(folder)
            jobs = _planned_before(run, home)
            judged = _execute_and_judge(run, jobs, home, request.workers, gates, on_event)
    failures = tuple(
        job.error or f"{job.notebook}: {job.state}" for job in run.jobs.values() if job.state is not State.COMPLETED
    )
    return FinishedRun(run.folder, judged, failures, all(job.checked.profile.open_expected for job in jobs))


def _execute_and_judge(
    run: Run, jobs: Sequence[Job], home: Path, workers: int, gates: Gates, on_event: Callable[[JobEvent], None]
) -> RunVerdicts:
    execute(run, to_do(run, jobs), home, workers, on_event)
    judged = judge_run(run.id, read_records(run.folder) if _any_record(run) else {}, gates)
    text = json.dumps(gates_document(judged), indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(run.folder / "gates.json", text.encode() + b"\n")
    run.finish(now_utc())
    write_report(run.folder)
    return judged


def _about(home: Path, request: RunRequest, jobs: tuple[Job, ...]) -> dict[str, Any]:
    """What run.json says of a run beside its jobs."""
    code = read_code(home)
    host, python = read_host(), read_python()
    return {
        "params": {job.stem: plain(job.checked.settings) for job in jobs},
        "git": {"commit": code.commit, "dirty": code.dirty},
        "lock_digest": code.lock_digest,
        "packages": code.packages,
        "python": plain(python),
        "host": {"fingerprint": host.fingerprint, **plain(host)},
        "doctor": plain(glance(host, python)),
        "request": {
            "studies": list(request.studies),
            "profile": request.profile,
            "params": None if request.params is None else str(request.params.resolve()),
            "overrides": dict(request.overrides),
        },
    }


def _planned_before(run: Run, home: Path) -> tuple[Job, ...]:
    asked = run.about["request"]
    params = None if asked["params"] is None else Path(asked["params"])
    jobs = plan(asked["studies"], asked["profile"], asked["overrides"], home, params)
    changed = [job.stem for job in jobs if plain(job.checked.settings) != run.about["params"].get(job.stem)]
    if changed:
        raise SettingsError(
            f"{run.id}: the settings of {', '.join(changed)} have changed since; expected the same, or a new run"
        )
    return jobs


def _any_record(run: Run) -> bool:
    return any(run.folder.glob("*.record.json"))
