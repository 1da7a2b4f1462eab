"""
Validation under a fuzzer that follows the code's branches: `python -m tests.fuzz_validation -runs=1000000`.

Takes libFuzzer's options. What ends it: anything raised but Invalid; a text that is read otherwise than the standard
library reads it, or judged otherwise than the object it stands for; a mailbox that no mail could go to; and, by
`-timeout`, an input that takes longer than its length allows.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["bizra_lab"]):
    from bizra_lab.components.validation import PERSON, Invalid, Validator

VALIDATOR = Validator(PERSON)
GOOD = {"email": "a@example.org", "age": 44, "active": True, "name": "Ada"}

# What it begins from: the further a text gets, the more there is to go wrong.
SEEDS = sorted((Path(__file__).parent / "data" / "fuzz").iterdir())

MAILBOX_LENGTH_MAX = 254  # RFC 5321's path of 256 without its brackets


def fuzz_one(data: bytes) -> None:
    """As a whole text, and as one field of a record that is good otherwise."""
    check_text(data)
    check_mailbox(data.decode("utf-8", "replace"))


def check_text(data: bytes) -> None:
    """What is read is what `json.loads` reads, and its object is accepted as itself."""
    try:
        record = VALIDATOR.read(data)
    except Invalid:
        return
    assert record == json.loads(data)
    assert VALIDATOR.accepts(record) and not VALIDATOR.faults(record)


def check_mailbox(text: str) -> None:
    """A record with this address is accepted as an object and as a text, or as neither."""
    record = GOOD | {"email": text}
    accepted = VALIDATOR.accepts(record)
    assert accepted == (not VALIDATOR.faults(record))
    assert accepted == (_read(json.dumps(record).encode()) == record)
    if accepted:
        local, _, domain = text.rpartition("@")
        assert local and "." in domain and len(text.encode()) <= MAILBOX_LENGTH_MAX and text.isprintable()


def _read(data: bytes) -> object:
    with contextlib.suppress(Invalid):
        return VALIDATOR.read(data)
    return None


if __name__ == "__main__":
    atheris.Setup([sys.argv[0], f"-seed_inputs={','.join(map(str, SEEDS))}", *sys.argv[1:]], fuzz_one)
    atheris.Fuzz()
