"""What hostile texts cost: the time for one of twice the length, which is twice the time where nothing is gone over."""

from __future__ import annotations

import contextlib
import gc
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import pyarrow as pa

from benchmarks._results import Table
from bizra_lab.components._validation_mailbox import are_mailboxes, has_form
from bizra_lab.components.validation import Each, Integer, Invalid, Limits, Record, Text, Validator

ROUNDS = 9
SHORT = 16_384  # signs of the shortest text
DOUBLINGS = 5
NAIVE_SHORT = 10  # signs for a pattern that does go back: it doubles its time with each
LIFTED = Limits(bytes_max=100_000_000)

TITLE = "Validation: what hostile texts cost"
EXPLAIN = f"""\
Each text is made to be gone over again and again: it nearly fits, and fails at its end. Its length is doubled
{DOUBLINGS} times from {SHORT:,} signs, and `time for twice the length` is the median of the ratios of times, each the
median of {ROUNDS}, and `at most` the greatest: 2 is linear, 4 quadratic. The limits of length are lifted, since they
would refuse such texts unread: as declared, a mailbox has at most 254 signs and a JSON text 65,536 bytes. The last
row is a pattern as they are often written, from {NAIVE_SHORT} signs to twice as many."""

COLUMNS = ("what is asked", "text", "signs", "ns a sign", "time for twice the length", "at most")


@dataclass(frozen=True, slots=True)
class Case:
    """A question, and how a text of about so many signs is made that is hard for it."""

    asked: str
    text: str
    make: Callable[[int], object]
    ask: Callable[[Any], object]
    short: int = SHORT
    doublings: int = DOUBLINGS


def run() -> Table:
    """One row a hostile text: its longest length, ns per sign there, and the ratios of times per doubling."""
    gc.collect()
    gc.disable()
    try:
        return Table(COLUMNS, [_row(case) for case in _cases()])
    finally:
        gc.enable()


def _cases() -> list[Case]:
    mailboxes: dict[str, Callable[[int], str]] = {
        "aaa…": lambda length: "a" * length,
        "a.a.a.…": lambda length: "a." * (length // 2),
        "a@a-a-a-…": lambda length: "a@" + "a-" * (length // 2),
        "a@a.a.a.…!": lambda length: "a@" + "a." * (length // 2) + "!",
        "a@aaa…-": lambda length: "a@" + "a" * length + "-",
    }
    texts: dict[str, Callable[[int], str]] = {
        # With enough brackets, inside the text or behind it, that their depth is looked at.
        '"\\"\\"\\"…, open': lambda length: '"' + "[" * 99 + '\\"' * (length // 2),
        '""""…': lambda length: '""' * (length // 2) + "[" * 99,
        "[[[…": lambda length: "[" * length,
        "[],[],…": lambda length: "[" + "[]," * (length // 3),
        '{"a":{"a":…': lambda length: '{"a":' * (length // 5),
    }
    numbers = Validator(Record({"it": Each(Integer(), 0, 10**9), "text": Text(0, 10**9)}), LIFTED)
    naive = re.compile(r"([A-Za-z0-9]+[._-]?)+@").match
    return [
        *(Case("mailbox", name, make, has_form) for name, make in mailboxes.items()),
        *(Case("mailbox in a column", name, partial(_column, make), are_mailboxes) for name, make in mailboxes.items()),
        *(Case("JSON text", name, make, partial(_read, numbers)) for name, make in texts.items()),
        Case("record", "a list of wrong numbers", lambda length: {"it": ["1"] * length, "text": ""}, numbers.faults),
        Case(
            "record",
            "a text of é and a line feed",
            lambda length: {"it": [], "text": "é" * length + "\n"},
            numbers.faults,
        ),
        Case("mailbox, naive pattern", "aaa…", lambda length: "a" * length, naive, NAIVE_SHORT, 1),
    ]


def _column(make: Callable[[int], str], length: int) -> pa.Array:
    return pa.array([make(length)])


def _read(validator: Validator, text: object) -> None:
    with contextlib.suppress(Invalid):
        validator.read(text)


def _row(case: Case) -> tuple[str | float, ...]:
    lengths = [case.short << doubling for doubling in range(case.doublings + 1)]
    texts = [case.make(length) for length in lengths]
    rounds = [[_timed(case.ask, text) for text in texts] for _ in range(ROUNDS)]
    times_ns = [statistics.median(each) for each in zip(*rounds, strict=True)]
    ratios = [longer / shorter for shorter, longer in pairwise(times_ns)]
    shown = (case.asked, f"`{case.text}`", lengths[-1], round(times_ns[-1] / lengths[-1], 2))
    return (*shown, round(statistics.median(ratios), 2), round(max(ratios), 2))


def _timed(ask: Callable[[Any], object], text: object) -> int:
    began_ns = time.perf_counter_ns()
    ask(text)
    return time.perf_counter_ns() - began_ns
