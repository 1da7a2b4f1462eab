"""The page and the status of a run, gathered from what it left: state, records, verdicts, and notebooks' pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat

from bizra_lab.audit import RULES
from bizra_lab.evidence.record import audit_of, read_record, results_of, verdicts_of
from bizra_lab.files import write_atomically
from bizra_lab.reporting.page import StudyPage, page
from bizra_lab.reporting.picture import MEDIA_TYPE, PAGE_SCALE, Picture
from bizra_lab.reporting.status import Status, status_markdown
from bizra_lab.suite.run_folder import JobState, open_run
from bizra_lab.suite.verdicts import read_verdicts

REPORT_FILE = "report.html"
STATUS_FILE = "STATUS.md"


def write_report(folder: Path) -> Path:
    """Write the run's page and its status anew and return the page's path. Raises Unreadable or Unwritable."""
    run = open_run(folder)
    studies = [_study(folder, job) for job in run.jobs.values() if (folder / f"{job.stem}.record.json").is_file()]
    judged = read_verdicts(folder)
    status = Status(
        run.document(),
        {each.stem: each.audit for each in studies},
        judged.verdicts,
        judged.score,
        judged.grade,
        judged.metrics_score,
        judged.untold,
    )
    path = folder / REPORT_FILE
    write_atomically(path, page(status, studies, {name: each.page for name, each in RULES.items()}).encode())
    write_atomically(folder / STATUS_FILE, status_markdown(status).encode())
    return path


def _study(folder: Path, job: JobState) -> StudyPage:
    record = read_record(folder / f"{job.stem}.record.json")
    notebook = folder / job.notebook
    return StudyPage(
        stem=job.stem,
        title=_title(notebook) if notebook.is_file() else job.stem,
        question=record.content["question"],
        results=results_of(record),
        audit=audit_of(record),
        verdicts=verdicts_of(record),
        pictures=tuple(pictures(notebook)) if notebook.is_file() else (),
    )


def _title(notebook: Path) -> str:
    first = nbformat.read(notebook, as_version=4).cells[0].source
    return str(first.splitlines()[0].lstrip("# "))


def pictures(notebook: Path) -> Iterator[tuple[bytes, str]]:
    """Every chart an executed notebook shows, drawn again for a page, with the words that go with it."""
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if MEDIA_TYPE in data:
                picture = Picture(data[MEDIA_TYPE], str(data.get("text/plain", "")))
                yield picture.png(PAGE_SCALE), picture.summary
