"""
Everything the lab refuses, as a tree.

    LabError                  the lab was given something it cannot use; one line, exit 2
    ├── SettingsError         a params file, a profile, an override: where, what was found, what was expected
    ├── UnknownName           a component, rule, gate kind … nobody registered; with the nearest valid name
    ├── Unreadable            a file that is missing, truncated or of another format
    ├── Unwritable            a folder or disk that does not take what the lab must leave
    ├── CannotMeasure         a measurement that could not be made as asked
    └── NotebookFailed        a notebook that did not run to its end: notebook, cell, exception

A number that cannot be trusted is not an error but a `Finding` or `Unavailable`; a missed target is a `Verdict`;
wrong code is an `assert`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

COULD_NOT_RUN = 2  # the exit code of whatever a LabError, or a notebook that failed, has stopped


class LabError(Exception):
    """One line for the user: where, what was found, what was expected."""


class SettingsError(LabError):
    """A setting is unknown, missing, or not what it should be."""


class UnknownName(LabError):
    """A name that no file of the registry's folder carries."""


class Unreadable(LabError):
    """A file that is missing, cut short, or not of the format it should be."""


class Unwritable(LabError):
    """A place that does not take what the lab must leave there."""


class CannotMeasure(LabError):
    """The measurement cannot be made as asked on this machine."""


class NotebookFailed(LabError):
    """A notebook did not run to its end."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The words "; did you mean 'x'?" for the known name closest to `name`, or nothing when none is close."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def one_line(error: BaseException) -> str:
    """What an exception says, on one line: its message with line breaks folded, or its type when it says nothing."""
    text = " ".join(str(error).split())
    return text or type(error).__name__
