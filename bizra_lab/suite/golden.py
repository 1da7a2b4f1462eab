"""
The golden notebooks: each notebook as it runs in simulated time, which every machine must reproduce to the digit.

`python -m bizra_lab.suite.golden` executes them anew into outputs/golden. Nothing that differs between two executions
is kept (times, random ids), so that an unchanged notebook leaves an unchanged file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat
import papermill

from bizra_lab.files import write_atomically
from bizra_lab.study import find_home, studies
from bizra_lab.suite.plan import plan

PROFILE = "replay"
INJECTED = "injected-parameters"  # the tag and, here, the id of the cell papermill adds


def main() -> int:
    """Execute every notebook under `replay`, write it to outputs/golden, and return 0."""
    home = find_home()
    golden = home / "outputs" / "golden"
    golden.mkdir(parents=True, exist_ok=True)
    kept = set()
    for job in plan(studies(home), PROFILE, {}, home, None):
        sys.stderr.write(f"{job.notebook.name}\n")
        write_atomically(golden / job.notebook.name, execute(job.notebook, job.study, home))
        kept.add(job.notebook.name)
    for stale in golden.glob("*.ipynb"):
        if stale.name not in kept:
            stale.unlink()
    return 0


def execute(notebook: Path, study: str, home: Path) -> bytes:
    """The bytes of `notebook` executed under `replay`, without whatever differs between two executions."""
    with tempfile.TemporaryDirectory() as folder:
        executed = papermill.execute_notebook(
            notebook,
            Path(folder) / notebook.name,
            parameters={"study": study, "profile": PROFILE, "out_dir": "", "overrides": {}},
            cwd=home,
            progress_bar=False,
        )
    text: str = nbformat.writes(without_accidents(executed))
    return text.encode() + b"\n"


def without_accidents(executed: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without times, durations, random ids and the version of the interpreter that ran it."""
    executed.metadata = {"kernelspec": executed.metadata["kernelspec"], "language_info": {"name": "python"}}
    for cell in executed.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags} if tags else {}
        if INJECTED in tags:
            cell.id = INJECTED
    return executed


if __name__ == "__main__":
    sys.exit(main())
