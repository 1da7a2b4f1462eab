"""A lab of its own for each test: real params, notebooks of a few cells, locks and outputs in a temporary folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
import pytest

from bizra_lab.harness.quiet import FOLDER_VARIABLE
from bizra_lab.suite.execute import JobEvent, execute
from bizra_lab.suite.plan import plan
from bizra_lab.suite.run_folder import Run, create_run, to_do

HOME = Path(__file__).parents[2]
STARTED = "2026-01-31T12:34:56Z"
PARAMETERS = 'study: str = ""\nprofile: str = ""\nout_dir: str = ""\noverrides: dict = {}'

WriteNotebook = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a lab with the real params and no notebooks; its locks are its own."""
    lab = tmp_path / "a lab"
    (lab / "notebooks").mkdir(parents=True)
    shutil.copytree(HOME / "params", lab / "params")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    return lab


@pytest.fixture
def write_notebook(home: Path) -> WriteNotebook:
    """A function that writes notebooks/<name>.ipynb with these code cells, below a title and a parameters cell."""

    def write(name: str, *cells: str, parameters: str = PARAMETERS, tags: Sequence[str] = ("parameters",)) -> Path:
        first = nbformat.v4.new_code_cell(parameters)
        first.metadata["tags"] = list(tags)
        body = [nbformat.v4.new_code_cell(source) for source in cells]
        title = nbformat.v4.new_markdown_cell("# A title\n\n## Measure")
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(cells=[title, first, *body], metadata={"kernelspec": kernel})
        path = home / "notebooks" / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return path

    return write


@pytest.fixture
def run_all(home: Path) -> Callable[..., tuple[Run, list[JobEvent]]]:
    """A function that executes all notebooks of the lab and returns the run and what was told of it."""

    def run_all(profile: str = "replay", workers: int = 2, run: Run | None = None) -> tuple[Run, list[JobEvent]]:
        jobs = plan((), profile, {}, home)
        run = create_run(home, jobs, {}, STARTED) if run is None else run
        events: list[JobEvent] = []
        execute(run, to_do(run, jobs), home, workers, events.append)
        return run, events

    return run_all
