"""A run's folder."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bizra_lab.errors import LabError, Unreadable, Unwritable
from bizra_lab.suite.plan import plan
from bizra_lab.suite.run_folder import State, create_run, find_run, open_run, runs, to_do
from tests.suite.conftest import STARTED, WriteNotebook


@pytest.fixture(autouse=True)
def one_notebook(write_notebook: WriteNotebook) -> None:
    write_notebook("00_the_lab")


def test_a_run_is_named_by_when_how_and_what(home: Path) -> None:
    run = create_run(home, plan((), "smoke", {}, home), {}, STARTED)
    assert re.fullmatch(r"20260131T123456Z-smoke-[0-9a-f]{8}", run.id)
    assert run.folder == (home / "outputs" / "runs" / "latest").resolve()
    other = create_run(home, plan((), "smoke", {"seed": 2}, home), {}, STARTED)
    assert run.id[:-8] == other.id[:-8] and run.id != other.id


def test_two_runs_of_the_same_second_do_not_share_a_folder(home: Path) -> None:
    first, second = (create_run(home, plan((), "smoke", {}, home), {}, STARTED) for _ in range(2))
    assert f"{first.id}-2" == second.id
    assert (first.folder, second.folder) == runs(home)


def test_what_is_noted_is_on_disk_at_once(home: Path) -> None:
    run = create_run(home, plan((), "smoke", {}, home), {"git": {"commit": None}}, STARTED)
    run.note("the_lab", state=State.FAILED, error="one line", outputs=("a", "b"))
    document = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    assert {
        "stem": "the_lab",
        "notebook": "00_the_lab.ipynb",
        "state": "failed",
        "started": None,
        "finished": None,
        "error": "one line",
        "outputs": ["a", "b"],
    } == document["jobs"][0]
    assert (run.id, "smoke", STARTED, None, {"commit": None}) == tuple(
        document[key] for key in ("id", "profile", "started", "finished", "git")
    )
    again = open_run(run.folder)
    assert (run.jobs, run.about) == (again.jobs, again.about)


def test_a_completed_job_is_done_only_while_its_outputs_are_there(home: Path) -> None:
    jobs = plan((), "smoke", {}, home)
    run = create_run(home, jobs, {}, STARTED)
    (run.folder / "00_the_lab.ipynb").touch()
    run.note("the_lab", state=State.COMPLETED, outputs=("00_the_lab.ipynb",))
    assert () == to_do(run, jobs)
    (run.folder / "00_the_lab.ipynb").unlink()
    assert jobs == to_do(run, jobs)


def test_a_run_is_found_by_its_id_its_path_and_as_the_latest(home: Path) -> None:
    run = create_run(home, plan((), "smoke", {}, home), {}, STARTED)
    assert {run.folder} == {find_run(home, name) for name in (run.id, str(run.folder), "latest")}
    with pytest.raises(Unreadable, match="no run of that name"):
        find_run(home, "20200101T000000Z-smoke-00000000")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"jobs": [{"stem": 1}]}', '{"jobs": [{"state": "odd"}]}', "{}"])
def test_a_broken_state_is_refused_with_one_line(content: str, home: Path) -> None:
    run = create_run(home, plan((), "smoke", {}, home), {}, STARTED)
    (run.folder / "run.json").write_text(content, encoding="utf-8")
    with pytest.raises(LabError) as refused:
        open_run(run.folder)
    assert "run.json" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_no_place_for_runs_is_told(home: Path) -> None:
    (home / "outputs").write_text("in the way", encoding="utf-8")
    with pytest.raises(Unwritable, match="expected a folder for runs"):
        create_run(home, plan((), "smoke", {}, home), {}, STARTED)
