"""The names a notebook uses."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import bizra_lab as lab

HOME = Path(__file__).parents[1]


@pytest.mark.parametrize("name", dir(lab))
def test_every_name_is_where_the_facade_says(name: str) -> None:
    assert callable(getattr(lab, name))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'mesure'"):
        getattr(lab, "mesure")  # noqa: B009 — type checkers know that it is not there


def test_no_name_is_that_of_a_module_which_would_take_its_place() -> None:
    modules = {path.stem for path in (HOME / "bizra_lab").iterdir() if not path.name.startswith("_")}
    assert set() == modules & set(dir(lab))


def test_type_checkers_see_the_names_that_are_looked_up() -> None:
    tree = ast.parse((HOME / "bizra_lab" / "__init__.py").read_text(encoding="utf-8"))
    checked = {
        alias.asname: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith("bizra_lab.")
        for alias in node.names
    }
    assert lab._HOMES == {name: (module.removeprefix("bizra_lab."), of) for name, (module, of) in checked.items()}


def test_every_name_a_notebook_uses_is_there() -> None:
    used = {
        node.attr
        for path in (HOME / "notebooks").glob("*.ipynb")
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
        for node in ast.walk(ast.parse("".join(cell["source"])))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "lab"
    }
    assert used <= set(dir(lab))
    assert {"load", "measure", "record"} <= used


def test_listing_needs_none_of_the_heavy_libraries() -> None:
    code = "import sys, bizra_lab.cli; print(sorted({'altair', 'scipy', 'pyarrow', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout


def test_the_example_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (HOME / "README.md").read_text(encoding="utf-8")
    example = readme.partition("```python\n")[2].partition("```")[0]
    assert 10 >= len([line for line in example.splitlines() if line.strip()])
    shorter = example.replace("warmup_s=1", "warmup_s=0.01").replace("duration_s=5", "duration_s=0.05")
    exec(compile(shorter, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert "latency_ns.p50" in said
    assert "UNDER AUDIT" in said
