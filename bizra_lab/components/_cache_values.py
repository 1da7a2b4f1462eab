"""
Values as bytes, and the envelope in which layers below the first keep them.

The codec that is there unless another is given writes JSON, and only what JSON gives back as it was: a tuple would come
back as a list, a key of 1 as "1", so both are refused. Reading runs no code of whoever wrote the bytes, as unpickling
would; a cache that several programs share is an open door otherwise.

An envelope is two bytes, the format's number and how the rest is written, and the rest: plain, deflated, or nothing for
what the source does not have.
"""

from __future__ import annotations

import json
import zlib
from typing import Protocol, TypeVar

from bizra_lab.components._cache_keys import BadValue

V = TypeVar("V")

FORMAT = b"1"
PLAIN, DEFLATED, NOTHING = b"p", b"z", b"n"

DEFLATE_LEVEL = 1  # the fastest; a higher one takes several times as long for a tenth fewer bytes

_SCALARS = frozenset({str, int, float, bool, type(None)})


class Codec(Protocol[V]):
    """Values to bytes and back; `decode(encode(value))` must equal `value`. `encode` raises what it likes."""

    def encode(self, value: V) -> bytes: ...
    def decode(self, data: bytes) -> V: ...


class Garbled(Exception):
    """Bytes that are no envelope of ours."""


class JsonCodec:
    """Null, bool, numbers, text, lists, dicts with text as keys, and bytes that are the whole value."""

    def encode(self, value: object) -> bytes:
        """Raises BadValue for what would not come back as it was."""
        if type(value) is bytes:
            return b"b" + value
        try:
            _check(value)
            return b"j" + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        except (ValueError, RecursionError) as error:  # text that is none, a number of thousands of digits, a loop
            raise BadValue(f"a value that JSON cannot hold: {error}") from None

    def decode(self, data: bytes) -> object:
        """Raises ValueError or RecursionError for what `encode` did not write."""
        if data[:1] == b"b":
            return data[1:]
        if data[:1] != b"j":
            raise ValueError(f"a value begins with b or j, got {data[:1]!r}")
        return json.loads(data[1:])


def _check(value: object) -> None:
    kind = type(value)
    if kind in _SCALARS:
        return
    if isinstance(value, list) and kind is list:
        for each in value:
            _check(each)
    elif isinstance(value, dict) and kind is dict:
        for key, each in value.items():
            if type(key) is not str:
                raise BadValue(f"a dict in a value has text as keys, got {type(key).__name__}")
            _check(each)
    else:
        raise BadValue(f"a value is what JSON gives back as it was, got {kind.__name__}")


def sealed(data: bytes | None, deflate_above: int | None) -> bytes:
    """An encoded value, or None for what is absent, in its envelope; deflated above so many bytes, where that helps."""
    if data is None:
        return FORMAT + NOTHING
    if deflate_above is not None and len(data) > deflate_above:
        deflated = zlib.compress(data, DEFLATE_LEVEL)
        if len(deflated) < len(data):
            return FORMAT + DEFLATED + deflated
    return FORMAT + PLAIN + data


def opened(envelope: bytes, bytes_max: int) -> bytes | None:
    """What is in an envelope, None for what is absent. Raises Garbled, also for more than `bytes_max`."""
    head, rest = envelope[:2], envelope[2:]
    if head == FORMAT + PLAIN:
        return rest
    if head == FORMAT + DEFLATED:
        return _inflated(rest, bytes_max)
    if envelope == FORMAT + NOTHING:
        return None
    raise Garbled(f"an envelope of format {FORMAT!r} was expected, got {head!r}")


def _inflated(deflated: bytes, bytes_max: int) -> bytes:
    inflating = zlib.decompressobj()
    try:
        # A few KB may stand for gigabytes.
        data = inflating.decompress(deflated, bytes_max)
    except zlib.error as error:
        raise Garbled(f"cannot be inflated: {error}") from None
    if not inflating.eof or inflating.unused_data:
        raise Garbled("is cut short, too large, or followed by something else")
    return data
