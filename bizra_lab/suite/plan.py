"""Which notebooks a run executes, in which order, with which settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bizra_lab.errors import SettingsError, UnknownName, nearest
from bizra_lab.study import Study, load, studies

# A cell may take so many times what its study measures (a notebook measures more than once), and this much besides.
PATIENCE_SPANS = 4
PATIENCE_S = 600.0

LAST = 90  # notebooks from this number on look at what the others have left, so they wait for them

_NUMBERED = re.compile(r"^\d\d_(?P<stem>\w+)$")


@dataclass(frozen=True, slots=True)
class Job:
    """One notebook of a run: the study as the notebook is told it, and all that was asked for, checked."""

    stem: str
    notebook: Path
    study: str  # a stem, or the absolute path of a params file
    profile: str
    overrides: Mapping[str, Any]
    checked: Study
    patience_s: float  # for one cell

    @property
    def comes_last(self) -> bool:
        """Whether it looks at what the others have left."""
        return int(self.notebook.name[:2]) >= LAST

    @property
    def measuring(self) -> bool:
        """Whether it measures in real time, and so must have the host to itself."""
        return self.checked.profile.clock == "real"


def plan(
    stems: Sequence[str], profile: str, overrides: Mapping[str, Any], home: Path, params: Path | None = None
) -> tuple[Job, ...]:
    """
    The jobs of a run in the order of the notebooks' numbers; of all studies when no stem is named.

    Every study is loaded here, so that a wrong setting stops the run before anything starts. `params` stands in for
    the params file of the one study named. Raises UnknownName or SettingsError with one line.
    """
    notebooks = notebooks_by_stem(home)
    known = [stem for stem in notebooks if stem in studies(home)]
    if params is not None and len(stems) != 1:
        raise SettingsError(f"--params: expected one study beside it, got {len(stems)}")
    for stem in stems:
        if stem not in known:
            raise UnknownName(f"no study named {stem!r}{nearest(stem, known)}; there are: {', '.join(known)}")
    chosen = [stem for stem in known if not stems or stem in stems]
    return tuple(_job(stem, notebooks[stem], profile, overrides, home, params) for stem in chosen)


def _job(stem: str, notebook: Path, profile: str, overrides: Mapping[str, Any], home: Path, params: Path | None) -> Job:
    study = stem if params is None else str(params.resolve())
    checked = load(study, profile, overrides, home)
    span_s = checked.profile.warmup_s + checked.profile.duration_s
    return Job(stem, notebook, study, profile, overrides, checked, PATIENCE_S + PATIENCE_SPANS * span_s)


def notebooks_by_stem(home: Path) -> dict[str, Path]:
    """The numbered notebooks by stem, in the order of their numbers."""
    found: dict[str, Path] = {}
    for path in sorted((home / "notebooks").glob("*.ipynb")):
        match = _NUMBERED.match(path.stem)
        if match is not None:
            found[match["stem"]] = path
    return found
