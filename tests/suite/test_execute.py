"""Notebooks really executed: what happened to each is told truly, and nothing is left running."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
import pytest

from bizra_lab.errors import SettingsError
from bizra_lab.harness.quiet import FOLDER_VARIABLE
from bizra_lab.suite.execute import JobEvent, check_notebook, execute
from bizra_lab.suite.plan import plan
from bizra_lab.suite.run_folder import Run, State, create_run, open_run, to_do
from tests.suite.conftest import STARTED, WriteNotebook

RunAll = Callable[..., tuple[Run, list[JobEvent]]]

NAME = "01_circuit_breaker"
PID = "import os\nfrom pathlib import Path\nPath(out_dir, 'pid').write_text(str(os.getpid()))"


def files(run: Run) -> list[str]:
    return sorted(path.name for path in run.folder.iterdir())


def failed_notebook(run: Run) -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = nbformat.read(run.folder / f"{NAME}.failed.ipynb", as_version=4)
    return notebook


def gone(pid: int, patience_s: float = 10.0) -> bool:
    """Whether a process ends, or has ended, within the patience."""
    for _ in range(round(patience_s / 0.05)):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_a_notebook_that_runs_to_its_end_is_told_its_settings(write_notebook: WriteNotebook, run_all: RunAll) -> None:
    write_notebook(NAME, "study, profile, overrides", "import os\nos.getcwd()")
    run, events = run_all()
    assert [f"{NAME}.ipynb", "run.json"] == files(run)
    job = run.jobs["circuit_breaker"]
    assert (State.COMPLETED, None, (f"{NAME}.ipynb",)) == (job.state, job.error, job.outputs)
    executed = nbformat.read(run.folder / f"{NAME}.ipynb", as_version=4)
    assert "('circuit_breaker', 'replay', {})" == executed.cells[3].outputs[0].data["text/plain"]
    assert repr(str(run.folder.parents[2])) == executed.cells[4].outputs[0].data["text/plain"]
    assert [(1, 4), (2, 4), (3, 4), (4, 4)] == [(event.cell, event.cells) for event in events if event.cell]
    assert "Measure" == events[2].heading
    assert [State.RUNNING, State.COMPLETED] == [event.state for event in events if not event.cell]


def test_a_cell_that_raises_is_named_with_what_it_raised_and_the_rest_goes_on(
    write_notebook: WriteNotebook, run_all: RunAll
) -> None:
    write_notebook(NAME, "print('before')", "1 / 0  # on\nprint('purpose')", "print('never')")
    write_notebook("00_the_lab", "print('fine')")
    run, _ = run_all()
    job = run.jobs["circuit_breaker"]
    assert State.FAILED is job.state
    assert f"{NAME}.ipynb, cell 4 (1 / 0  # on): ZeroDivisionError: division by zero" == job.error
    assert State.COMPLETED is run.jobs["the_lab"].state
    assert ["00_the_lab.ipynb", f"{NAME}.failed.ipynb", "run.json"] == files(run)
    partial = failed_notebook(run)
    assert {"state": "failed", "error": job.error} == partial.metadata["bizra_lab"]
    assert "before" in str(partial)
    assert "traceback" not in (job.error or "").lower()


@pytest.mark.parametrize("last_words", ["os._exit(1)", "os.kill(os.getpid(), 9)"])
def test_a_killed_kernel_is_no_success(last_words: str, write_notebook: WriteNotebook, run_all: RunAll) -> None:
    write_notebook(NAME, "print('before')", f"import os\n{last_words}", "print('never')")
    run, _ = run_all()
    job = run.jobs["circuit_breaker"]
    assert State.KERNEL_DIED is job.state
    assert f"{NAME}.ipynb, cell 4 (import os): the kernel died" == job.error
    partial = failed_notebook(run)
    assert True is partial.metadata["papermill"]["exception"]
    told = [cell.metadata["papermill"]["status"] for cell in partial.cells if cell.cell_type == "code"]
    assert ["completed", "completed", "completed", "failed", "pending"] == told
    assert "before" in str(partial)


def test_a_cell_without_end_is_given_up(home: Path, write_notebook: WriteNotebook) -> None:
    write_notebook(NAME, PID, "while True: pass", "print('never')")
    jobs = [dataclasses.replace(job, patience_s=2.0) for job in plan((), "replay", {}, home)]
    run = create_run(home, jobs, {}, STARTED)
    execute(run, jobs, home, 1, print)
    job = run.jobs["circuit_breaker"]
    assert State.TIMED_OUT is job.state
    assert f"{NAME}.ipynb, cell 4 (while True: pass): no end within 2 s" == job.error
    assert gone(int((run.folder / "pid").read_text(encoding="utf-8")))


def test_a_killed_worker_takes_its_kernel_with_it_and_another_goes_on(
    write_notebook: WriteNotebook, run_all: RunAll
) -> None:
    write_notebook("00_the_lab", PID, "os.kill(os.getppid(), 9)\nimport time\ntime.sleep(60)")
    write_notebook(NAME, "print('fine')")
    run, _ = run_all(workers=1)
    job = run.jobs["the_lab"]
    assert State.FAILED is job.state
    assert "00_the_lab.ipynb, cell 4 (os.kill(os.getppid(), 9)): the worker was killed (signal 9)" == job.error
    assert State.COMPLETED is run.jobs["circuit_breaker"].state
    assert gone(int((run.folder / "pid").read_text(encoding="utf-8")))


STAMPED = """
import json, os, psutil, time
from pathlib import Path
begin = time.time()
time.sleep(4)  # long enough for the other kernel to be ready
times = [psutil.Process().create_time(), begin, time.time()]
Path(out_dir, study + ".json").write_text(json.dumps(times))
"""


def test_measuring_notebooks_take_turns_while_the_next_kernel_starts(
    write_notebook: WriteNotebook, run_all: RunAll
) -> None:
    write_notebook("00_the_lab", STAMPED)
    write_notebook(NAME, STAMPED)
    run, _ = run_all("smoke")
    spans = [json.loads((run.folder / f"{job}.json").read_text(encoding="utf-8")) for job in run.jobs]
    (_, _, first_end), (second_kernel, second_begin, _) = sorted(spans, key=lambda span: span[1])
    assert second_kernel < first_end <= second_begin


MEETING = """
import time
from pathlib import Path
Path(out_dir, study).touch()
for _ in range(600):
    if {"the_lab", "circuit_breaker"} <= {path.name for path in Path(out_dir).iterdir()}:
        break
    time.sleep(0.05)
else:
    raise TimeoutError("the other one never came")
"""


def test_notebooks_in_simulated_time_run_side_by_side(write_notebook: WriteNotebook, run_all: RunAll) -> None:
    write_notebook("00_the_lab", MEETING)
    write_notebook(NAME, MEETING)
    run, _ = run_all("replay")
    assert [(State.COMPLETED, None)] * 2 == [(job.state, job.error) for job in run.jobs.values()]


ENDLESS = f"{PID}\nimport time\ntime.sleep(120)"

CHILD = """
import sys
from pathlib import Path
from bizra_lab.cli import _ended_like_control_c
from bizra_lab.suite.execute import execute
from bizra_lab.suite.plan import plan
from bizra_lab.suite.run_folder import create_run
import signal
if __name__ == "__main__":
    home = Path(sys.argv[1])
    jobs = plan((), "replay", {}, home)
    run = create_run(home, jobs, {}, "2026-01-31T12:34:56Z")
    try:
        with _ended_like_control_c(signal.SIGTERM):
            execute(run, jobs, home, 1, print)
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_a_run_is_ended_no_kernel_goes_on(
    ending: signal.Signals, home: Path, tmp_path: Path, write_notebook: WriteNotebook
) -> None:
    write_notebook(NAME, "print('before')", ENDLESS)
    script = tmp_path / "child.py"
    script.write_text(CHILD, encoding="utf-8")
    environment = {**os.environ, FOLDER_VARIABLE: str(tmp_path)}
    child = subprocess.Popen([sys.executable, str(script), str(home)], env=environment)
    latest = home / "outputs" / "runs" / "latest"
    deadline = time.monotonic() + 60
    while not (latest / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    kernel = int((latest / "pid").read_text(encoding="utf-8"))
    workers = psutil.Process(child.pid).children()
    child.send_signal(ending)
    code = child.wait(timeout=30)
    assert gone(kernel)
    assert all(gone(worker.pid) for worker in workers)
    run = open_run(latest.resolve())
    if ending == signal.SIGKILL:
        assert -9 == code
        assert State.RUNNING is run.jobs["circuit_breaker"].state
        jobs = plan((), "replay", {}, home)
        assert ["circuit_breaker"] == [job.stem for job in to_do(run, jobs)]
        assert ["pid", "run.json"] == files(run)
    else:
        assert 130 == code
        assert State.INTERRUPTED is run.jobs["circuit_breaker"].state
        assert f"{NAME}.ipynb, cell 4 (import os): interrupted" == run.jobs["circuit_breaker"].error
        assert [f"{NAME}.failed.ipynb", "pid", "run.json"] == files(run)
        assert "before" in str(failed_notebook(run))


def test_a_resumed_run_does_what_was_not_done(home: Path, write_notebook: WriteNotebook, run_all: RunAll) -> None:
    write_notebook("00_the_lab", "print('fine')")
    write_notebook(NAME, "raise OSError('not yet')")
    run, _ = run_all()
    first = run.jobs["the_lab"]
    write_notebook(NAME, "print('now')")
    again, events = run_all(run=open_run(run.folder))
    assert {"circuit_breaker"} == {event.stem for event in events}
    assert State.COMPLETED is again.jobs["circuit_breaker"].state
    assert first == again.jobs["the_lab"]
    assert ["00_the_lab.ipynb", f"{NAME}.ipynb", "run.json"] == files(again)


@pytest.mark.parametrize(
    ("sentence", "parameters", "tags"),
    [
        ("0 cells are tagged parameters; expected one", "study: str = ''", ()),
        ("its parameters are profil, study; expected", "study: str = ''\nprofil: str = ''", ("parameters",)),
        ("its parameters are none; expected", "", ("parameters",)),
    ],
)
def test_a_notebook_that_would_not_take_its_settings_is_refused(
    sentence: str, parameters: str, tags: tuple[str, ...], write_notebook: WriteNotebook
) -> None:
    path = write_notebook(NAME, "1", parameters=parameters, tags=tags)
    with pytest.raises(SettingsError, match=sentence):
        check_notebook(path)


def test_what_is_no_notebook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "01_x.ipynb"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(SettingsError, match="expected a notebook"):
        check_notebook(path)
