"""What is said of a record that is not as declared: every fault with its place, its code and a sentence."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]  # names of fields and places in lists, from the record inwards

SAID_MAX = 3  # faults in the message of an exception: all of them are in its `faults`


class Code(enum.StrEnum):
    """What is wrong, for a program. The last five are about a text or a table as a whole, and stand alone."""

    MISSING = "missing"  # a field that must be there
    UNKNOWN = "unknown"  # a field that nobody declared
    TYPE = "type"  # of another type, and never converted
    RANGE = "range"  # a number that is too small, too large, or none
    LENGTH = "length"  # a text or list that is too short or too long
    CONTROL = "control"  # a text with a control sign, or half of a surrogate pair
    MAILBOX = "mailbox"
    CHOICE = "choice"  # a text that is not among those declared
    NOT_JSON = "not_json"
    TWICE = "twice"  # an object that has a name twice: readers disagree which of the two holds
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    NOT_COLUMNS = "not_columns"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. The message never repeats the value: it may be private, or a million signs long."""

    path: Path
    code: Code
    message: str

    @property
    def pointer(self) -> str:
        """The place as a JSON Pointer (RFC 6901): "" is the record itself, "/tags/3" the fourth of its tags."""
        return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in self.path)

    def __str__(self) -> str:
        return f"{self.pointer or 'record'}: {self.message}"


class Invalid(ValueError):
    """Something is not as declared; `faults` is all of it. The only exception that a validator raises."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(tuple(faults))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every fault, in the order of the fields' declaration."""
        faults: tuple[Fault, ...] = self.args[0]
        return faults

    def __str__(self) -> str:
        said = "; ".join(map(str, self.faults[:SAID_MAX]))
        more = len(self.faults) - SAID_MAX
        return f"{said}; and {more} more" if more > 0 else said


def refuse(code: Code, message: str) -> Invalid:
    """The exception for what is wrong as a whole."""
    return Invalid([Fault((), code, message)])
