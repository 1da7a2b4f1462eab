"""A folder is its own list."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bizra_lab.errors import UnknownName
from bizra_lab.registry import Registry

FOLDER = "planted_folder"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[str]]:
    package = tmp_path / FOLDER
    package.mkdir()
    (package / "__init__.py").write_text(
        "from bizra_lab.registry import Registry\nTHINGS = Registry('thing', __name__)"
    )
    for name in ("beta", "alpha", "_private"):
        text = f"from {FOLDER} import THINGS\nTHINGS.add(__name__, '{name} itself')"
        (package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield __import__(FOLDER).THINGS
    for name in [name for name in sys.modules if name.startswith(FOLDER)]:
        del sys.modules[name]


def test_every_file_without_an_underscore_is_there_in_the_order_of_the_alphabet(registry: Registry[str]) -> None:
    assert ("alpha", "beta") == registry.names()
    assert [("alpha", "alpha itself"), ("beta", "beta itself")] == list(registry.items())


def test_an_unknown_name_is_answered_with_the_nearest_one(registry: Registry[str]) -> None:
    with pytest.raises(UnknownName) as refused:
        registry.get("alpah")
    assert "no thing named 'alpah'; did you mean 'alpha'?; there are: alpha, beta" == str(refused.value)


def test_a_file_that_does_not_import_stops_the_lab(registry: Registry[str], tmp_path: Path) -> None:
    (tmp_path / FOLDER / "broken.py").write_text("import nothing_of_that_name")
    with pytest.raises(ModuleNotFoundError, match="nothing_of_that_name"):
        registry.names()
