"""Notebooks that end in bad ways: no false success, nothing left running, nothing said that is not so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from bizra_lab.errors import Unwritable
from bizra_lab.harness.quiet import FOLDER_VARIABLE
from bizra_lab.suite.plan import plan
from bizra_lab.suite.run import RunRequest, run_suite
from bizra_lab.suite.run_folder import State, alone_in, create_run
from tests.suite.conftest import STARTED, WriteNotebook
from tests.suite.test_execute import CHILD, NAME, PID, RunAll, gone


def test_a_cell_that_exits_with_zero_is_no_success(write_notebook: WriteNotebook, run_all: RunAll) -> None:
    write_notebook(NAME, "raise SystemExit(0)", "open(f'{out_dir}/never', 'w')")
    run, _ = run_all()
    job = run.jobs["circuit_breaker"]
    assert State.FAILED is job.state
    assert f"{NAME}.ipynb, cell 3 (raise SystemExit(0)): SystemExit before the notebook's end" == job.error
    assert not (run.folder / "never").exists()


# A grandchild whose parent, the shell, is gone before the kernel is: no walk down the tree finds it.
FAMILY = """
import os, subprocess, time
shell = subprocess.Popen(["sh", "-c", "sleep 300 >&- & echo $!"], stdout=subprocess.PIPE)
open(f"{out_dir}/grandchild", "wb").write(shell.stdout.readline())
shell.wait()
"""


@pytest.mark.parametrize("victim", ["os.getpid()", "os.getppid()"], ids=["kernel", "worker"])
def test_what_a_killed_kernel_or_worker_started_does_not_go_on(
    victim: str, write_notebook: WriteNotebook, run_all: RunAll
) -> None:
    write_notebook(NAME, f"{FAMILY}os.kill({victim}, 9)\ntime.sleep(60)")
    run, _ = run_all()
    assert run.jobs["circuit_breaker"].state in {State.KERNEL_DIED, State.FAILED}
    assert gone(int((run.folder / "grandchild").read_text(encoding="utf-8")))


# What the kernel says when a cell's last output is out, held back for longer than nbclient's usual 4 s.
LATE = """
import time
from IPython import get_ipython
kernel = get_ipython().kernel
publish = kernel._publish_status
def late(status, *arguments, **named):
    time.sleep(5 if status == "idle" else 0)
    return publish(status, *arguments, **named)
kernel._publish_status = late
"""


def test_outputs_that_come_late_are_waited_for(write_notebook: WriteNotebook, run_all: RunAll) -> None:
    write_notebook(NAME, LATE, "kernel._publish_status = publish")
    run, _ = run_all()
    assert (State.COMPLETED, None) == (run.jobs["circuit_breaker"].state, run.jobs["circuit_breaker"].error)


def test_an_executed_notebook_names_no_folder_of_the_machine(
    home: Path, write_notebook: WriteNotebook, run_all: RunAll
) -> None:
    write_notebook(NAME, "open(f'{out_dir}/here', 'w').close()")
    run, _ = run_all()
    executed = nbformat.read(run.folder / f"{NAME}.ipynb", as_version=4)
    assert str(home) not in str(executed)
    assert (f"notebooks/{NAME}.ipynb", f"{NAME}.ipynb") == tuple(
        executed.metadata["papermill"][key] for key in ("input_path", "output_path")
    )
    assert (run.folder / "here").exists()


def _child(home: Path, tmp_path: Path) -> subprocess.Popen[bytes]:
    script = tmp_path / "child.py"
    script.write_text(CHILD, encoding="utf-8")
    environment = {**os.environ, FOLDER_VARIABLE: str(tmp_path)}
    return subprocess.Popen(
        [sys.executable, str(script), str(home)],
        env=environment,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_what_a_cell_writes_past_python_is_not_in_the_output_of_the_lab(
    home: Path, tmp_path: Path, write_notebook: WriteNotebook
) -> None:
    write_notebook(NAME, "import os, subprocess\nos.write(1, b'raw')\nsubprocess.run(['echo', 'started'])")
    out, errors = _child(home, tmp_path).communicate(timeout=60)
    assert b"raw" not in out and b"started" not in out
    assert b"rawstarted\n" == errors


@pytest.mark.parametrize("after_s", [0.05, 0.3, 0.6])
def test_control_c_while_workers_start_is_quiet(
    after_s: float, home: Path, tmp_path: Path, write_notebook: WriteNotebook
) -> None:
    write_notebook(NAME, f"{PID}\nimport time\ntime.sleep(60)")
    child = _child(home, tmp_path)
    while not (home / "outputs" / "runs" / "latest").exists():
        time.sleep(0.01)
    time.sleep(after_s)
    os.killpg(child.pid, signal.SIGINT)
    _, errors = child.communicate(timeout=30)
    assert (130, b"") == (child.returncode, errors)
    ours = {str(tmp_path)}
    left = [each.pid for each in psutil.process_iter(["environ"]) if _lock_folder(each) in ours]
    assert [] == [pid for pid in left if pid != os.getpid() and not gone(pid)]


def _lock_folder(process: psutil.Process) -> str | None:
    return (process.info["environ"] or {}).get(FOLDER_VARIABLE)


def test_a_run_that_is_being_executed_is_not_resumed(home: Path, write_notebook: WriteNotebook) -> None:
    write_notebook(NAME, "1")
    run = create_run(home, plan((), "replay", {}, home), {}, STARTED)
    half_done = run.folder / f".{NAME}.running.ipynb"
    half_done.touch()
    with alone_in(run.folder), pytest.raises(Unwritable, match="this run is still being executed"):
        run_suite(home, RunRequest(resume=run.id), print)
    assert half_done.exists()
