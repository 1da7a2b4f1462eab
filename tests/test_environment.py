"""pyproject.toml says what the lab needs; environment.yml and requirements.lock say the same, and nothing else."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

HOME = Path(__file__).parent.parent

# What conda has to be told besides: the interpreter, what installs the pip part, and what builds the recorder.
CONDA_ONLY = {"python", "pip", "c-compiler"}

PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = ("linux", "darwin")


@dataclass(frozen=True, slots=True)
class Locked:
    """One entry of the lock: a package at a version, where `marker` holds."""

    name: str
    version: Version
    marker: Marker | None
    hashes: tuple[str, ...]


def _project() -> dict[str, object]:
    project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert isinstance(project, dict)
    return project


def _required(here: dict[str, str] | None = None) -> dict[str, SpecifierSet]:
    """Every requirement of pyproject.toml, extras included, by name; or those of one environment."""
    project = _project()
    lines, extras = project["dependencies"], project["optional-dependencies"]
    assert isinstance(lines, list) and isinstance(extras, dict)
    return _bounds([*lines, *(line for extra in extras.values() for line in extra)], here)


def _conda() -> tuple[dict[str, SpecifierSet], list[str]]:
    """The requirements of environment.yml by name, conda's and pip's together, and the options given to pip."""
    dependencies = yaml.safe_load((HOME / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    lines = [line for line in dependencies if isinstance(line, str)]
    from_pip = [line for each in dependencies if isinstance(each, dict) for line in each["pip"]]
    options = [line for line in from_pip if line.startswith("-")]
    return _bounds([line for line in [*lines, *from_pip] if line not in options]), options


def _bounds(lines: list[str], here: dict[str, str] | None = None) -> dict[str, SpecifierSet]:
    every = [Requirement(line) for line in lines]
    requirements = [each for each in every if here is None or each.marker is None or each.marker.evaluate(here)]
    bounds: dict[str, SpecifierSet] = {canonicalize_name(each.name): each.specifier for each in requirements}
    assert len(requirements) == len(bounds), "a requirement is written twice"
    return bounds


def _lock() -> list[Locked]:
    text = (HOME / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    return [_locked(line) for line in text.splitlines() if line.strip()]


def _locked(line: str) -> Locked:
    requirement = Requirement(line.split("--hash", maxsplit=1)[0])
    (pin,) = requirement.specifier
    assert pin.operator == "==", line
    hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})(?=\s|$)", line))
    return Locked(canonicalize_name(requirement.name), Version(pin.version), requirement.marker, hashes)


def _environment(python: str, platform: str) -> dict[str, str]:
    there = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": platform}
    return {**{name: str(value) for name, value in default_environment().items()}, **there}


def test_conda_asks_for_what_pyproject_asks_for_with_the_same_bounds() -> None:
    conda, _ = _conda()
    assert _required() == {name: bounds for name, bounds in conda.items() if name not in CONDA_ONLY}


def test_conda_asks_for_the_same_pythons() -> None:
    conda, _ = _conda()
    assert SpecifierSet(str(_project()["requires-python"])) == conda["python"]


def test_conda_needs_nothing_else() -> None:
    conda, options = _conda()
    assert set(conda) - set(_required()) == CONDA_ONLY
    assert ["--editable ."] == options


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_holds_one_allowed_version_of_each_requirement(python: str, platform: str) -> None:
    here = _environment(python, platform)
    locked: dict[str, list[Version]] = {}
    for each in _lock():
        if each.marker is None or each.marker.evaluate(here):
            locked.setdefault(each.name, []).append(each.version)
    assert [] == [name for name, versions in locked.items() if len(versions) != 1]
    required = _required(here)
    assert set() == set(required) - set(locked)
    assert [] == [f"{name} {locked[name][0]}" for name, bounds in required.items() if locked[name][0] not in bounds]


def test_everything_in_the_lock_has_its_hash() -> None:
    assert [] == [each.name for each in _lock() if not each.hashes]


def test_the_lock_names_no_host() -> None:
    lock = (HOME / "requirements.lock").read_text(encoding="utf-8")
    assert [] == re.findall(r"\S*://\S*|--\S*index\S*|--find-links\S*", lock)
