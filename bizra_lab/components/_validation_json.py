"""
JSON texts to values, bounded: size and depth are declared, and what readers disagree about is refused.

Python's parser takes NaN and Infinity, which are no JSON, and of a name written twice it keeps the last; a proxy that
keeps the first would have validated something else (RFC 8259, section 4). Both are refused here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import NoReturn

from bizra_lab.components._validation_faults import Code, Invalid, refuse


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a JSON text may be, in bytes of UTF-8, and how deep its objects and lists may lie in each other."""

    bytes_max: int = 65_536
    depth_max: int = 32

    def __post_init__(self) -> None:
        if self.bytes_max < 1:
            raise ValueError(f"bytes_max must be at least 1, got {self.bytes_max}")
        # The parser calls itself for each level, and Python stops it at about a thousand.
        if not 1 <= self.depth_max <= 200:
            raise ValueError(f"depth_max must lie in 1..200, got {self.depth_max}")


def parse(data: object, limits: Limits) -> object:
    """
    The value of a JSON text, given as bytes or as a str.

    Raises Invalid, with one fault, for anything else and for a text beyond the limits.
    """
    text = _text(data, limits)
    if text.count("{") + text.count("[") > limits.depth_max and _is_deeper(text, limits.depth_max):
        raise refuse(Code.TOO_DEEP, f"expected at most {limits.depth_max} objects and lists inside each other")
    try:
        return _DECODER.decode(text)
    except Invalid:
        raise
    except json.JSONDecodeError as error:
        raise refuse(Code.NOT_JSON, f"not JSON at sign {error.pos}: {error.msg}") from None
    except ValueError:  # int() refuses to read a number of thousands of digits
        raise refuse(Code.NOT_JSON, "a number has too many digits") from None


def _text(data: object, limits: Limits) -> str:
    if isinstance(data, str):
        # As many signs as tell that it is too long; each is a byte or more.
        data = data[: limits.bytes_max + 1].encode(errors="surrogatepass")
    if not isinstance(data, bytes | bytearray):
        raise refuse(Code.TYPE, f"expected a JSON text as bytes or str, got {type(data).__name__}")
    if len(data) > limits.bytes_max:
        raise refuse(Code.TOO_LARGE, f"expected at most {limits.bytes_max} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise refuse(Code.NOT_JSON, f"not UTF-8 at byte {error.start}") from None


# Strings whole, so that brackets inside them are passed over. The closing quote is optional: an open string is then
# read to its end once, and not again from each of its signs.
_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


def _is_deeper(text: str, depth_max: int) -> bool:
    """Whether objects and lists lie in each other deeper than that; of what is no JSON, where its parser would go."""
    depth = 0
    for token in _TOKENS.finditer(text):
        match token[0]:
            case "{" | "[":
                depth += 1
                if depth > depth_max:
                    return True
            case "}" | "]":
                depth -= 1
    return False


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    held = dict(pairs)
    if len(held) != len(pairs):
        raise refuse(Code.TWICE, "expected each name once in an object")
    return held


def _no_constant(_: str) -> NoReturn:
    raise refuse(Code.NOT_JSON, "NaN and Infinity are not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)
