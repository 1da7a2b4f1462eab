"""
JSON in the one form that is signed: keys by their UTF-16 code units, numbers as ECMAScript prints them, no spaces.

What is read must be in that form too. A key written twice, a space, a number in another notation is something that two
readers may understand differently, and a signature is over one meaning.

Source: RFC 8785 (2020), JSON Canonicalization Scheme.
"""

from __future__ import annotations

import json
from typing import Any

import rfc8785

from bizra_lab.errors import Unreadable, one_line


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of plain JSON data. Raises ValueError for what has none: NaN, integers beyond 2**53."""
    return rfc8785.dumps(value)


def read_canonical(data: bytes, where: str) -> Any:
    """The value of canonical bytes. Raises Unreadable with one line when they are no JSON, or another form of it."""
    try:
        value = json.loads(data)
        written = canonical_json(value)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{where}: {one_line(error)}; expected canonical JSON") from None
    if written != data:
        raise Unreadable(f"{where}: not the canonical form of its JSON (RFC 8785)")
    return value
