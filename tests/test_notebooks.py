"""Every notebook is the same walk; its golden copy is that notebook, executed, under the profile that repeats."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

HOME = Path(__file__).parent.parent
NOTEBOOKS = sorted(path.name for path in (HOME / "notebooks").glob("*.ipynb"))
GOLDEN = HOME / "outputs" / "golden"

WALK = ["Measure", "Results", "Audit", "Gates", "Evidence", "Reading"]

STATEMENTS_MAX = 3  # of a cell: one result each, and what led to it

# What defines or decides; a notebook does neither, the package does.
DEFINING = (
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.For,
    ast.FunctionDef,
    ast.If,
    ast.IfExp,
    ast.Lambda,
    ast.Match,
    ast.Try,
    ast.While,
)


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def _tagged(notebook: Any, tag: str) -> list[Any]:
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def _code(notebook: Any) -> Iterator[tuple[Any, list[ast.stmt]]]:
    """Each code cell with its statements."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield cell, ast.parse(cell.source).body


def _headings(notebook: Any, mark: str) -> list[str]:
    """The headings of one level, in order: `mark` is "# " or "## "."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return [line.removeprefix(mark).strip() for text in texts for line in text.splitlines() if line.startswith(mark)]


def _without_parameters_of_the_run(notebook: Any) -> list[tuple[str, str]]:
    added = _tagged(notebook, "injected-parameters")
    return [(cell.cell_type, cell.source) for cell in notebook.cells if cell not in added]


@pytest.mark.parametrize("name", NOTEBOOKS)
class TestANotebook:
    def test_opens_with_its_title_its_question_and_what_is_expected(self, name: str) -> None:
        notebook = _read(HOME / "notebooks" / name)
        opening = notebook.cells[0]
        assert "markdown" == opening.cell_type
        assert opening.source.startswith("# ")
        assert 1 == len(_headings(notebook, "# "))
        assert 0 < opening.source.find("**Question") < opening.source.find("**Expectation")

    def test_walks_from_measuring_to_reading(self, name: str) -> None:
        assert _headings(_read(HOME / "notebooks" / name), "## ") == WALK

    def test_has_one_cell_of_parameters_with_their_types_and_what_they_are(self, name: str) -> None:
        (parameters,) = _tagged(_read(HOME / "notebooks" / name), "parameters")
        statements = ast.parse(parameters.source).body
        assert [] == [ast.unparse(each) for each in statements if not isinstance(each, ast.AnnAssign)]
        assert len(statements) == sum("  # " in line for line in parameters.source.splitlines())

    def test_imports_in_its_first_cell_and_nowhere_else(self, name: str) -> None:
        notebook = _read(HOME / "notebooks" / name)
        parameters = _tagged(notebook, "parameters")
        importing = [
            any(isinstance(node, ast.Import | ast.ImportFrom) for each in body for node in ast.walk(each))
            for cell, body in _code(notebook)
            if cell not in parameters
        ]
        assert [True] + [False] * (len(importing) - 1) == importing

    def test_has_cells_of_one_to_three_statements_that_define_and_decide_nothing(self, name: str) -> None:
        notebook = _read(HOME / "notebooks" / name)
        parameters = _tagged(notebook, "parameters")
        for cell, body in _code(notebook):
            calls = [each for each in body if not isinstance(each, ast.Import | ast.ImportFrom)]
            assert cell in parameters or 1 <= len(calls) <= STATEMENTS_MAX, cell.source
            assert not any(isinstance(node, DEFINING) for each in body for node in ast.walk(each)), cell.source

    def test_is_stored_without_outputs(self, name: str) -> None:
        kept = [cell.source for cell, _ in _code(_read(HOME / "notebooks" / name)) if cell.outputs]
        counted = [cell.source for cell, _ in _code(_read(HOME / "notebooks" / name)) if cell.execution_count]
        assert ([], []) == (kept, counted)

    def test_has_a_golden_copy_of_what_it_now_says(self, name: str) -> None:
        golden = _without_parameters_of_the_run(_read(GOLDEN / name))
        assert golden == _without_parameters_of_the_run(_read(HOME / "notebooks" / name))

    def test_has_a_golden_copy_run_under_the_profile_that_repeats(self, name: str) -> None:
        (parameters,) = _tagged(_read(GOLDEN / name), "injected-parameters")
        given = {
            ast.unparse(each.targets[0]): ast.literal_eval(each.value)
            for each in ast.parse(parameters.source).body
            if isinstance(each, ast.Assign)
        }
        assert "replay" == given["profile"]

    def test_has_a_golden_copy_in_which_every_cell_was_executed(self, name: str) -> None:
        cells = list(_code(_read(GOLDEN / name)))
        assert [] == [cell.source for cell, _ in cells if not cell.execution_count]
        # nbval compares nothing where nothing is stored, and passes: a cell that ends in a value must show it.
        assert [] == [cell.source for cell, body in cells if isinstance(body[-1], ast.Expr) and not cell.outputs]

    def test_has_a_golden_copy_without_errors_or_warnings(self, name: str) -> None:
        outputs = [output for cell, _ in _code(_read(GOLDEN / name)) for output in cell.outputs]
        assert [] == [each for each in outputs if each.output_type == "error" or each.get("name") == "stderr"]


def test_every_golden_notebook_still_has_its_original() -> None:
    assert [] == sorted({path.name for path in GOLDEN.glob("*.ipynb")} - set(NOTEBOOKS))
