"""The records of the service: judged when they come, kept where they are good."""

from __future__ import annotations

from dataclasses import dataclass

from bizra_lab.components.validation import PERSON, Code, Invalid, Person, Validator

RECORDS_KEPT = 10_000  # the latest; what a long measurement posts would fill the memory

_STATUS = {Code.NOT_JSON: 400, Code.TWICE: 400, Code.TOO_DEEP: 400, Code.TOO_LARGE: 413}
_NOT_AS_DECLARED = 422


@dataclass(frozen=True, slots=True)
class Judged:
    """How many records came, by what became of them; one that was accepted and could not be stored is not stored."""

    accepted: int
    refused: int
    stored: int


class Records:
    """The latest records, by number from 0; for one event loop."""

    def __init__(self) -> None:
        self._validator = Validator(PERSON)
        self._kept: dict[int, Person] = {}
        self._accepted = self._refused = self._stored = 0

    def read(self, data: bytes) -> Person:
        """The record of a JSON text. Raises Invalid with every fault."""
        try:
            record = self._validator.read(data)
        except Invalid:
            self._refused += 1
            raise
        self._accepted += 1
        return record

    def store(self, record: Person) -> int:
        """Keep a record; its number."""
        number = self._stored
        self._stored += 1
        self._kept[number] = record
        self._kept.pop(number - RECORDS_KEPT, None)
        return number

    def get(self, number: int) -> Person | None:
        """The record of this number; None where it is not there, or not any more."""
        return self._kept.get(number)

    def judged(self) -> Judged:
        """What became of all that came so far."""
        return Judged(self._accepted, self._refused, self._stored)


def status_of(invalid: Invalid) -> int:
    """The status of the answer to what is not as declared: 422, unless nobody could read it."""
    return _STATUS.get(invalid.faults[0].code, _NOT_AS_DECLARED)
