"""Which notebooks a run executes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.errors import LabError
from bizra_lab.suite.plan import notebooks_by_stem, plan
from tests.suite.conftest import WriteNotebook


def test_all_studies_that_have_a_notebook_in_the_order_of_their_numbers(
    home: Path, write_notebook: WriteNotebook
) -> None:
    write_notebook("01_circuit_breaker")
    write_notebook("00_the_lab")
    write_notebook("12_no_study_of_this_name")
    write_notebook("scratch")
    assert ["the_lab", "circuit_breaker"] == [job.stem for job in plan((), "smoke", {}, home)]
    assert ["circuit_breaker"] == [job.stem for job in plan(("circuit_breaker",), "smoke", {}, home)]
    assert ["the_lab", "circuit_breaker", "no_study_of_this_name"] == list(notebooks_by_stem(home))


def test_only_a_real_clock_measures(home: Path, write_notebook: WriteNotebook) -> None:
    write_notebook("00_the_lab")
    assert [True, False] == [plan((), profile, {}, home)[0].measuring for profile in ("smoke", "replay")]


def test_what_looks_at_the_others_comes_last(home: Path, write_notebook: WriteNotebook) -> None:
    write_notebook("00_the_lab")
    write_notebook("90_circuit_breaker")
    assert [False, True] == [job.comes_last for job in plan((), "smoke", {}, home)]


def test_a_cell_is_given_the_longer_the_more_it_measures(home: Path, write_notebook: WriteNotebook) -> None:
    write_notebook("00_the_lab")
    (audit,), (smoke,) = plan((), "audit", {}, home), plan((), "smoke", {}, home)
    assert 1200.0 == audit.patience_s
    assert smoke.patience_s < audit.patience_s


@pytest.mark.parametrize(
    ("sentence", "stems", "overrides"),
    [
        ("no study named 'the_labb'; did you mean 'the_lab'?; there are: the_lab", ("the_labb",), {}),
        ("load.wrkers: unknown setting; did you mean 'workers'?", (), {"load.wrkers": 2}),
        ("duration_s must be above 0", (), {"profile.duration_s": -1}),
    ],
)
def test_what_is_wrong_is_told_before_anything_starts(
    sentence: str, stems: tuple[str, ...], overrides: dict[str, object], home: Path, write_notebook: WriteNotebook
) -> None:
    write_notebook("00_the_lab")
    with pytest.raises(LabError) as refused:
        plan(stems, "smoke", overrides, home)
    assert sentence in str(refused.value)


def test_a_params_file_stands_in_for_one_study(home: Path, write_notebook: WriteNotebook, tmp_path: Path) -> None:
    write_notebook("00_the_lab")
    mine = tmp_path / "mine.yaml"
    mine.write_text((home / "params" / "the_lab.yaml").read_text(encoding="utf-8").replace("hash", "empty"))
    (job,) = plan(("the_lab",), "smoke", {}, home, mine)
    assert (str(mine), "empty") == (job.study, job.checked.component_settings.operation)
    with pytest.raises(LabError, match="expected one study beside it, got 0"):
        plan((), "smoke", {}, home, mine)
