"""
Records that are good, and records with one thing wrong: what a validator is tried on.

Every record is distinct, and every invalid one has exactly one of sixteen kinds of damage. Some good ones reach a limit
on purpose: both ends of the ages, the longest local part, the longest label, the longest address.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from bizra_lab.components._validation_mailbox import ADDRESS_MAX, LABEL_MAX, LOCAL_PART_MAX
from bizra_lab.model import Tally

Person = dict[str, Any]
Accepted = Callable[[Sequence[Person]], Iterable[bool]]

AGES = (18, 120)

OF_EACH_KIND = 500  # damaged records: of 8,000 in all, 0 accepted is less than 0.05 % of such

_FIRST = ("Ana", "Bjørn", "Chen", "Dina", "Émile", "Farah", "Goran", "Hana", "Ivo", "Jun", "Karim", "Léa")
_LAST = ("Okoye", "Smith-Jones", "García", "Nguyễn", "van der Berg", "O'Neill", "Иванова", "李", "Kim", "da Silva")
_LOCAL_PARTS = (
    "ana",
    "b.jensen",
    "chen+news",
    "d_ito",
    "e-mail",
    "o'neill",
    "{curly}",
    "x=y",
    "first.middle.last",
    "4711",
)
_DOMAINS = (
    "example.com",
    "mail.example.org",
    "dept-7.uni.example.edu",
    "xn--bcher-kva.example",
    "a.b.c.d.e.example.net",
    "24-7.example",
)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Good records, and as many invalid ones by their kind of damage; all distinct."""

    valid: tuple[Person, ...]
    invalid: Mapping[str, tuple[Person, ...]]

    def tallies(self, accepted: Accepted) -> dict[str, Tally]:
        """
        How many of the invalid ones are accepted, in all and of each kind, and how many of the good ones are not.

        The records stand for all that could be drawn like them: their shares have intervals.
        """
        wrongly = {kind: sum(accepted(records)) for kind, records in self.invalid.items()}
        invalid = {kind: len(records) for kind, records in self.invalid.items()}
        return {
            "accepted_bad": Tally(sum(wrongly.values()), sum(invalid.values())),
            "rejected_good": Tally(len(self.valid) - sum(accepted(self.valid)), len(self.valid)),
            **{f"accepted_bad.{kind}": Tally(wrongly[kind], invalid[kind]) for kind in invalid},
        }


def draw(rng: np.random.Generator, of_each_kind: int = OF_EACH_KIND) -> Corpus:
    """A corpus with so many records of each kind of damage, and as many good ones as damaged ones together."""
    count = of_each_kind * len(DAMAGES)
    valid = tuple(_person(rng, serial) for serial in range(count))
    serial = count
    invalid: dict[str, tuple[Person, ...]] = {}
    for kind, damage in DAMAGES.items():
        people = [_person(rng, each) for each in range(serial, serial + of_each_kind)]
        for person in people:
            damage(person, rng)
        invalid[kind] = tuple(people)
        serial += of_each_kind
    return Corpus(valid, invalid)


def contains_at(person: Person) -> bool:
    """
    The report's own check: an @ somewhere, an age of 18 or more, the right types, nothing missing.

    Source: the NODE0 status report of 2025-10-19, whose benchmark of validation has this rule.
    """
    email, age, active, name = person.get("email"), person.get("age"), person.get("active"), person.get("name")
    return (
        isinstance(email, str)
        and "@" in email
        and isinstance(age, int | float)
        and not isinstance(age, bool)
        and age >= AGES[0]
        and isinstance(active, bool)
        and isinstance(name, str)
    )


def as_text(person: Person) -> bytes:
    """A record as JSON; where its age is not a number, as the NaN that Python writes and JSON does not know."""
    return json.dumps(person, ensure_ascii=False).encode()


def as_columns(people: Sequence[Person]) -> pa.Table:
    """Records as columns. A column has one type: what is missing, or of another type, is null in it."""

    def column(name: str, of: type, arrow: pa.DataType) -> pa.Array:
        values = (person.get(name) for person in people)
        return pa.array([value if type(value) is of else None for value in values], arrow)

    return pa.table(
        {
            "email": column("email", str, pa.string()),
            "age": column("age", int, pa.int64()),
            "active": column("active", bool, pa.bool_()),
            "name": column("name", str, pa.string()),
        }
    )


# --- good ones


def _person(rng: np.random.Generator, serial: int) -> Person:
    return {
        "email": _address(rng, serial),
        "age": int(rng.integers(AGES[0], AGES[1], endpoint=True)),
        "active": bool(rng.random() < 0.5),
        "name": f"{_one(rng, _FIRST)} {_one(rng, _LAST)} {serial}",
    }


def _address(rng: np.random.Generator, serial: int) -> str:
    local_part, domain = f"{_one(rng, _LOCAL_PARTS)}{serial}", _one(rng, _DOMAINS)
    match rng.integers(1_000):  # one in a thousand reaches each limit
        case 0:
            local_part = local_part.ljust(LOCAL_PART_MAX, "x")
        case 1:
            domain = f"{'x' * LABEL_MAX}.{domain}"
        case 2:
            labels = "x" * LABEL_MAX + "."
            room = ADDRESS_MAX - len(f"{local_part}@{domain}")
            domain = f"{(labels * 4)[-room:].lstrip('.').rjust(room, 'x')}{domain}"
    return f"{local_part}@{domain}"


def _one(rng: np.random.Generator, of: Sequence[str]) -> str:
    return of[int(rng.integers(len(of)))]


# --- what can be wrong with them


def _no_at(person: Person, _: np.random.Generator) -> None:
    person["email"] = person["email"].replace("@", ".")


def _two_ats(person: Person, rng: np.random.Generator) -> None:
    person["email"] = person["email"].replace("@", _one(rng, ("@@", "@home@", "@.@")))


def _no_local_part(person: Person, _: np.random.Generator) -> None:
    person["email"] = person["email"][person["email"].index("@") :]


def _stray_dot(person: Person, rng: np.random.Generator) -> None:
    local_part, _, domain = person["email"].partition("@")
    address = _one(rng, (".{0}@{1}", "{0}.@{1}", "x..{0}@{1}", "{0}@.{1}", "{0}@{1}.", "{0}@x..{1}"))
    person["email"] = address.format(local_part, domain)


def _line_feed_at_end(person: Person, _: np.random.Generator) -> None:
    person["email"] += "\n"


def _blank_or_control(person: Person, rng: np.random.Generator) -> None:
    place = int(rng.integers(len(person["email"])))
    person["email"] = f"{person['email'][:place]}{_one(rng, (' ', chr(9), chr(0), chr(127)))}{person['email'][place:]}"


def _one_label(person: Person, rng: np.random.Generator) -> None:
    person["email"] = f"{person['email'].partition('@')[0]}@{_one(rng, ('localhost', 'example', 'io'))}"


def _hyphen_at_edge(person: Person, rng: np.random.Generator) -> None:
    local_part = person["email"].partition("@")[0]
    person["email"] = f"{local_part}@{_one(rng, ('-example.com', 'example-.com', 'mail.-example.org', 'example.org-'))}"


def _local_part_too_long(person: Person, rng: np.random.Generator) -> None:
    local_part, _, domain = person["email"].partition("@")
    length = LOCAL_PART_MAX + int(rng.integers(1, 10))
    person["email"] = f"{local_part.ljust(length, 'x')}@{domain}"


def _too_young(person: Person, rng: np.random.Generator) -> None:
    person["age"] = int(rng.integers(-1, AGES[0]))


def _too_old(person: Person, rng: np.random.Generator) -> None:
    person["age"] = int(rng.integers(AGES[1] + 1, 1_000))


def _age_is_text(person: Person, _: np.random.Generator) -> None:
    person["age"] = str(person["age"])


def _age_is_true(person: Person, _: np.random.Generator) -> None:
    person["age"] = True


def _age_is_no_number(person: Person, _: np.random.Generator) -> None:
    person["age"] = math.nan


def _active_is_text(person: Person, rng: np.random.Generator) -> None:
    person["active"] = _one(rng, ("true", "false", "yes", ""))


def _name_missing(person: Person, _: np.random.Generator) -> None:
    del person["name"]


DAMAGES: Mapping[str, Callable[[Person, np.random.Generator], None]] = {
    "no_at": _no_at,
    "two_ats": _two_ats,
    "no_local_part": _no_local_part,
    "stray_dot": _stray_dot,
    "line_feed_at_end": _line_feed_at_end,
    "blank_or_control": _blank_or_control,
    "one_label": _one_label,
    "hyphen_at_edge": _hyphen_at_edge,
    "local_part_too_long": _local_part_too_long,
    "too_young": _too_young,
    "too_old": _too_old,
    "age_is_text": _age_is_text,
    "age_is_true": _age_is_true,
    "age_is_no_number": _age_is_no_number,
    "active_is_text": _active_is_text,
    "name_missing": _name_missing,
}
