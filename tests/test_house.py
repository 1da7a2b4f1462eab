"""The house keeps its own rules: a test beside each file, names that say what they hold, nothing of a machine."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

HOME = Path(__file__).parent.parent
PACKAGE = HOME / "bizra_lab"

# Folders in which a file registers itself by its name.
REGISTRIES = ("audit/rules", "components", "gates/kinds", "importers", "reporting/charts")

PAGE = ("Claim", "Reason", "Threshold", "Source")  # what a rule's docstring says after its title, in this order

COMMITTED_BYTES_MAX = 1_000_000  # a larger file is a result or a binary, and belongs in outputs/

VAGUE = re.compile(r"(^|_)(utils?|helpers?|managers?|coverage)(_|$)")  # names that say where code went, not what it is

# Written in pieces, so that this file does not hold what it forbids.
MACHINE_PATHS = tuple(f"/{folder}/" for folder in ("home", "root", "Users", "work"))
REGISTRY_HOSTS = tuple(
    ".".join(name)
    for name in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("debian", "org"),
        ("anaconda", "org"),
        ("anaconda", "com"),
    )
)


def _registered(folder: str) -> list[str]:
    return sorted(path.stem for path in (PACKAGE / folder).glob("*.py") if not path.stem.startswith("_"))


def _everything_registered() -> list[str]:
    return [f"{folder}/{stem}" for folder in REGISTRIES for stem in _registered(folder)]


def _page(name: str) -> str:
    """The docstring of a registered file: its page wherever it is listed."""
    return ast.get_docstring(ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))) or ""


def _sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def _studies() -> dict[str, str]:
    """Each study with the component it measures; a params file that names none is not a study."""
    read = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (HOME / "params").glob("*.yaml")}
    return {stem: params["component"]["name"] for stem, params in read.items() if "component" in params}


def _committed() -> list[Path]:
    """Every file that is in git or would be added to it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=HOME,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    paths = [HOME / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file()]


def _committed_texts() -> Iterator[tuple[Path, str]]:
    for path in _committed():
        try:
            yield path.relative_to(HOME), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


@pytest.mark.parametrize("name", _everything_registered())
def test_each_registered_file_has_its_test_file(name: str) -> None:
    folder, _, stem = name.rpartition("/")
    assert (HOME / "tests" / folder / f"test_{stem}.py").is_file()


@pytest.mark.parametrize("name", _everything_registered())
def test_each_registered_file_says_what_it_is(name: str) -> None:
    assert _page(name)


@pytest.mark.parametrize("rule", _registered("audit/rules"))
def test_a_rules_page_gives_its_claim_its_reason_its_threshold_and_its_source(rule: str) -> None:
    title, _, body = _page(f"audit/rules/{rule}").partition("\n\n")
    assert title.endswith(".")
    assert list(PAGE) == re.findall(r"^(\w+): \S", body, re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in _everything_registered() if name.startswith(("audit", "gates"))])
def test_each_threshold_says_its_unit_and_why(name: str) -> None:
    text = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
    lines = text.splitlines()
    bare = [
        lines[node.lineno - 1]
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
        if isinstance(node.value.value, int | float)
        if "  # " not in lines[(node.end_lineno or 0) - 1] and not lines[node.lineno - 2].startswith("# ")
    ]
    assert [] == bare


@pytest.mark.parametrize("component", _registered("components"))
def test_a_component_is_measured_by_a_study(component: str) -> None:
    assert component in set(_studies().values())


def test_a_study_carries_its_stem_into_one_notebook() -> None:
    notebooks = [path.stem.partition("_")[2] for path in (HOME / "notebooks").glob("[0-9][0-9]_*.ipynb")]
    assert [] == [study for study in _studies() if notebooks.count(study) != 1]


def _runs_as_a_program(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test) == "__name__ == '__main__'"


def test_only_the_command_line_prints_and_exits() -> None:
    speaking = [
        f"{path.relative_to(HOME)}:{node.lineno}"
        for path, tree in _sources()
        if path.parent != PACKAGE or path.name not in {"cli.py", "__main__.py"}
        for statement in tree.body
        if not _runs_as_a_program(statement)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "sys.exit", "exit", "quit"}
    ]
    assert [] == speaking


def test_names_say_what_things_are() -> None:
    names = {part for path in _committed() for part in (path.stem, *path.relative_to(HOME).parent.parts)}
    assert [] == sorted(name for name in names if VAGUE.search(name))


def test_no_large_file_is_committed() -> None:
    large = {str(path.relative_to(HOME)): path.stat().st_size for path in _committed()}
    assert {} == {name: size for name, size in large.items() if size > COMMITTED_BYTES_MAX}


@pytest.mark.parametrize("forbidden", [*MACHINE_PATHS, *REGISTRY_HOSTS])
def test_nothing_committed_names_a_machines_folders_or_a_registry(forbidden: str) -> None:
    # Inside a longer path such a folder is anybody's.
    pattern = re.compile(rf"(?<![\w.~}}/-]){re.escape(forbidden)}" if forbidden[0] == "/" else re.escape(forbidden))
    assert [] == [str(path) for path, text in _committed_texts() if pattern.search(text)]
