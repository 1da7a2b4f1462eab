"""
Foreign files, read with a bound on every length, so that a hostile one costs a message and no memory.

Every fault is `Unreadable`, one line that names the file and the place in it. Nothing is decompressed, resolved,
executed or written.
"""

from __future__ import annotations

import csv
import json
import re
import reprlib
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from bizra_lab.errors import Unreadable, one_line
from bizra_lab.importers._printed import decimal_of, finite

HEAD_BYTES = 65_536  # a format shows itself in its first lines

REPORT_BYTES_MAX = 1_000_000  # a report for the terminal is a few KB
JSON_BYTES_MAX = 32_000_000  # as objects, JSON takes up to twenty times its size
LINE_BYTES_MAX = 1_000_000  # a row of a table is some hundred bytes
NAME_LENGTH_MAX = 200  # a name is for reading

_KEY = re.compile(rb'"([^"\\]{1,64})"\s*:')


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}; expected a result file") from None


def refuse_what_is_no_file(path: Path) -> None:
    """Raise Unreadable for a folder, and for a pipe or a device: their content is read once, and may never end."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # a NUL in a name is a ValueError
        reason = error.strerror if isinstance(error, OSError) else one_line(error)
        raise Unreadable(f"{path}: {reason}; expected a result file") from None
    if not stat.S_ISREG(mode):
        found = "Is a directory" if stat.S_ISDIR(mode) else "no regular file"
        raise Unreadable(f"{path}: {found}; expected a result file")


def head_of(path: Path) -> bytes:
    """The first 64 KiB of a file, without a byte order mark."""
    with _opened(path) as file:
        head: bytes = file.read(HEAD_BYTES)
    return head.removeprefix(b"\xef\xbb\xbf")


def chunks_of(path: Path, size: int) -> Iterator[bytes]:
    """The file's bytes, so many at a time."""
    with _opened(path) as file:
        while chunk := file.read(size):
            yield chunk


def json_keys(head: bytes) -> frozenset[str]:
    """The keys that stand in the beginning of a JSON document; none when it does not begin as one."""
    if not head.lstrip().startswith((b"{", b"[")):
        return frozenset()
    return frozenset(key.decode("ascii", "replace") for key in _KEY.findall(head))


def text_of(path: Path, bytes_max: int) -> str:
    """The whole file as text, its line ends as they are."""
    with _opened(path) as file:
        content: bytes = file.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise Unreadable(f"{path}: more than {bytes_max:,} bytes; expected a smaller result file")
    return _decoded(content, str(path))


def _decoded(content: bytes, where: str) -> str:
    if 0 in content:
        raise Unreadable(f"{where}: byte {content.index(0)} is 0; expected text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{where}: byte {error.start} is not UTF-8; expected text") from None


def name_of(text: str) -> str:
    """A foreign name on one line, for reading: no control characters, at most 200 letters. Never a path to write to."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())[:NAME_LENGTH_MAX]


@dataclass(frozen=True, slots=True)
class Found:
    """What a pattern found in one line: its groups, and where that is."""

    where: str
    groups: tuple[str, ...]

    def text(self, group: int = 0) -> str:
        """A group as it stands."""
        return self.groups[group]

    def number(self, group: int = 0) -> Decimal:
        """A group as a number of 0 or more, digits kept."""
        return decimal_of(self.groups[group], self.where)

    def whole(self, group: int = 0) -> int:
        """A group as a whole number of 0 or more."""
        return whole(self.number(group), self.where)


@dataclass(frozen=True, slots=True)
class Report:
    """The lines of a report made for the terminal, numbered from `first`."""

    path: Path
    lines: tuple[str, ...]
    first_line: int = 1

    def every(self, pattern: str) -> Iterator[Found]:
        """Each line that the pattern matches from its beginning."""
        compiled = re.compile(pattern)
        for number, line in enumerate(self.lines, self.first_line):
            match = compiled.match(line)
            if match:
                yield Found(f"{self.path}: line {number}", tuple(group or "" for group in match.groups()))

    def first(self, pattern: str) -> Found | None:
        """The first line that the pattern matches, or None."""
        return next(self.every(pattern), None)

    def the(self, pattern: str, what: str) -> Found:
        """The first line that the pattern matches; raises Unreadable, naming `what`, when there is none."""
        found = self.first(pattern)
        if found is None:
            raise Unreadable(f"{self.path}: no line {what!r} in its {len(self.lines)} lines; expected a whole report")
        return found

    def after(self, title: str) -> Report:
        """The lines below the one that begins with `title`, up to the next empty one; none where it is not there."""
        for place, line in enumerate(self.lines):
            if line.strip().startswith(title):
                below = self.lines[place + 1 :]
                length = next((at for at, each in enumerate(below) if not each.strip()), len(below))
                return Report(self.path, below[:length], self.first_line + place + 1)
        return Report(self.path, ())


def report_of(path: Path) -> Report:
    """The lines of a text report. Raises Unreadable when it is too long or not UTF-8."""
    return Report(path, tuple(text_of(path, REPORT_BYTES_MAX).splitlines()))


@dataclass(frozen=True, slots=True)
class Place:
    """A value of a JSON document that knows where it lies, so that what is wrong with it can be said."""

    value: Any
    where: str

    def __getitem__(self, key: str) -> Place:
        found = self.get(key)
        if found is None:
            raise Unreadable(f"{self.where}: no {key!r}; expected one")
        return found

    def get(self, key: str) -> Place | None:
        """The member called `key`, or None where it is not there or null."""
        value = self._mapping().get(key)
        return None if value is None else Place(value, f"{self.where}.{key}")

    def members(self) -> Iterator[tuple[str, Place]]:
        """Each member that is not null, by its key."""
        for key, value in self._mapping().items():
            if value is not None:
                yield key, Place(value, f"{self.where}.{key}")

    def elements(self) -> Iterator[Place]:
        """Each element of a list."""
        if not isinstance(self.value, list):
            raise self._wrong("a list")
        for position, value in enumerate(self.value):
            yield Place(value, f"{self.where}[{position}]")

    def decimal(self) -> Decimal:
        """A number of 0 or more, its digits as written."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | Decimal):
            raise self._wrong("a number")
        return finite(Decimal(self.value), self.where)

    def number(self) -> float:
        """A number of 0 or more."""
        return float(self.decimal())

    def whole(self) -> int:
        """A whole number of 0 or more."""
        return whole(self.decimal(), self.where)

    def text(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            raise self._wrong("text")
        return self.value

    def _mapping(self) -> Mapping[str, Any]:
        if not isinstance(self.value, dict):
            raise self._wrong("keys and values")
        return self.value

    def _wrong(self, expected: str) -> Unreadable:
        shown = str(self.value) if isinstance(self.value, Decimal) else reprlib.repr(self.value)
        return Unreadable(f"{self.where}: expected {expected}, got {shown[:60]}")


def json_of(path: Path) -> Place:
    """
    The document of a JSON file, numbers with their digits.

    Raises Unreadable where it is cut short or no JSON; NaN, infinities and a key written twice are refused.
    """
    text = text_of(path, JSON_BYTES_MAX)
    try:
        value = json.loads(text, parse_float=_decimal, parse_constant=_refuse, object_pairs_hook=_once_each)
    except json.JSONDecodeError as error:
        raise Unreadable(f"{path}: line {error.lineno}, column {error.colno}: {error.msg}; expected JSON") from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{path}: {one_line(error)}; expected JSON") from None
    return Place(value, str(path))


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:  # of an exponent that not even Decimal takes
        raise ValueError(f"{text[:60]} is too large a number") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise ValueError(f"{key[:60]!r} is written twice")
        members[key] = value
    return members


def whole(number: Decimal, where: str) -> int:
    """The number as an int; raises Unreadable when it is not whole."""
    if number != number.to_integral_value():
        raise Unreadable(f"{where}: expected a whole number, got {number}")
    return int(number)


@dataclass(frozen=True, slots=True)
class Table:
    """A file of rows under a header, read as it is asked for; `columns` gives each name its place in a row."""

    path: Path
    columns: Mapping[str, int]
    rows: Iterator[tuple[int, list[str]]]  # the line's number, and as many fields as the header has

    def column(self, name: str) -> int:
        """The place of the column called `name`; raises Unreadable when there is none."""
        if name not in self.columns:
            raise Unreadable(f"{self.path}: no column {name!r}; it has {', '.join(self.columns)[:NAME_LENGTH_MAX]}")
        return self.columns[name]


def table_of(path: Path, delimiter: str = ",") -> Table:
    """A table whose rows are read one at a time. Raises Unreadable, also while they are read, with the line."""
    rows = table_rows(path, delimiter)
    header = next(rows, None)
    if header is None:
        raise Unreadable(f"{path}: empty; expected a table with a header")
    columns = {name.strip(): place for place, name in enumerate(header[1])}
    return Table(path, columns, _whole_rows(path, rows, len(header[1])))


def _whole_rows(path: Path, rows: Iterator[tuple[int, list[str]]], width: int) -> Iterator[tuple[int, list[str]]]:
    for number, row in rows:
        if len(row) != width:
            raise Unreadable(f"{path}: line {number}: {len(row)} fields; expected {width}, as in the header")
        yield number, row


def table_rows(path: Path, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """The rows of a table that are not empty, however many fields they have, each with its line's number."""
    reader = csv.reader(_lines(path), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise Unreadable(f"{path}: line {reader.line_num}: {one_line(error)}; expected a table") from None


def _lines(path: Path) -> Iterator[str]:
    """The lines of a file, each bounded and whole; what is not UTF-8 raises Unreadable."""
    with _opened(path) as file:
        number = 0
        while line := file.readline(LINE_BYTES_MAX):
            number += 1
            if len(line) == LINE_BYTES_MAX:
                raise Unreadable(f"{path}: line {number}: longer than {LINE_BYTES_MAX:,} bytes; expected a table")
            if not line.endswith(b"\n"):
                # Cut short, its last number is another one.
                raise Unreadable(f"{path}: line {number}: ends without a line break; expected a whole table")
            yield _decoded(line, f"{path}: line {number}")
