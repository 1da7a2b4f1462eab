"""A run from end to end: plan, execute, judge, report, seal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bizra_lab.errors import COULD_NOT_RUN, SettingsError
from bizra_lab.gates import Gates, load_gates
from bizra_lab.harness.doctor import glance
from bizra_lab.harness.environment import now_utc, read_code, read_host, read_python
from bizra_lab.settings import plain
from bizra_lab.suite.execute import JobEvent, execute
from bizra_lab.suite.plan import Job, plan
from bizra_lab.suite.run_folder import Run, State, alone_in, create_run, find_run, open_run, to_do
from bizra_lab.suite.seal import Concluded, conclude, sealed_at
from bizra_lab.suite.verdicts import ALL_PASS, SOME_OPEN, RunVerdicts
from bizra_lab.suite.verify import judge_again


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
    """
    Where a run was left, what its gates say, and one line for each notebook that did not run to its end.

    `unsealed` is the reason for which it has no seal; empty where it has one.
    """

    folder: Path
    judged: RunVerdicts
    failures: tuple[str, ...]
    open_expected: bool
    unsealed: str = ""

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
    Execute what `request` asks for, judge it, write gates.json and report.html beside the notebooks, and seal it all.

    Raises LabError with one line for what stops it before it starts; a notebook that fails is told in the result.
    """
    gates = load_gates(home / "params" / "gates.yaml")
    if request.resume is None:
        jobs = plan(request.studies, request.profile, request.overrides, home, request.params)
        if not jobs:
            raise SettingsError(f"{home / 'notebooks'}: no study has a notebook; expected NN_<study>.ipynb")
        run = create_run(home, jobs, _about(home, request, jobs), now_utc())
        with alone_in(run.folder):
            concluded = _execute_and_conclude(run, jobs, home, request.workers, gates, on_event)
    else:
        folder = find_run(home, request.resume)
        with alone_in(folder):
            run = open_run(folder)
            jobs = _planned_before(run, home)
            if sealed_at(folder, home) is not None:  # it is whole, and stays as it is
                concluded = Concluded(judge_again(folder, home, gates), "")
            else:
                concluded = _execute_and_conclude(run, jobs, home, request.workers, gates, on_event)
    return FinishedRun(
        run.folder,
        concluded.judged,
        _failures(run),
        all(job.checked.profile.open_expected for job in jobs),
        concluded.unsealed,
    )


def _execute_and_conclude(
    run: Run, jobs: Sequence[Job], home: Path, workers: int, gates: Gates, on_event: Callable[[JobEvent], None]
) -> Concluded:
    left = to_do(run, jobs)
    for last in (False, True):
        execute(run, [job for job in left if job.comes_last is last], home, workers, on_event)
    # A run that is not whole is left open, to be gone on with.
    return conclude(run, home, gates, "a notebook did not run to its end" if _failures(run) else "")


def _failures(run: Run) -> tuple[str, ...]:
    return tuple(
        job.error or f"{job.notebook}: {job.state}" for job in run.jobs.values() if job.state is not State.COMPLETED
    )


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
